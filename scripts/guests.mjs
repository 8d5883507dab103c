/**
 * `node scripts/guests.mjs`: makes the systems that guests of libvirt start in tests, and tells where they are. Tests make them by
 * themselves too.
 */
import { prepare } from './environment/prepare.mjs';
import { main } from './environment/stop.mjs';
import { guestsDirectory } from './guests/make.mjs';

await main(async () => {
  await prepare({ guests: true });
  console.log(guestsDirectory);
  return 0;
});
