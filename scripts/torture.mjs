/** `npm run torture [-- <arguments>]`: the torture harness, which starts the servers that it breaks by itself. */
import { build } from './environment/build.mjs';
import { inCheckout } from './environment/checkout.mjs';
import { prepare } from './environment/prepare.mjs';
import { showTethered } from './environment/run.mjs';
import { main } from './environment/stop.mjs';

await main(async () => {
  await prepare({ broker: 'installed', postgres: 'installed', oslo: true });
  await build();
  const program = [inCheckout('torture', 'main.mjs'), ...process.argv.slice(2)];
  return (await showTethered(program)).status;
});
