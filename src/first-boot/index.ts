export { seedKernelParameter, withoutSeedParameter } from './boot-parameters.js';
export { SEED_LABEL, firstBootOf, hashedPassword, seedContent, seedMedium, type FirstBoot } from './first-boot.js';
export { SeedOffers } from './seed-offers.js';
export type { GuestNic, QethDevice } from './guest-nic.js';
