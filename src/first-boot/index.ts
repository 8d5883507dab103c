export { seedKernelParameter } from './boot-parameters.js';
export { SEED_LABEL, firstBootOf, seedContent, seedMedium, type FirstBoot } from './first-boot.js';
export { SeedOffers } from './seed-offers.js';
export { busId, nicName, type GuestNic, type QethDevice } from './guest-nic.js';
