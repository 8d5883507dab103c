/** `node scripts/bench.mjs <name>`: runs bench/<name>.bench.mjs, a plain module that measures what dist holds. */
import { readdirSync } from 'node:fs';
import { inCheckout } from './environment/checkout.mjs';
import { launch } from './environment/launch.mjs';
import { main, Stop } from './environment/stop.mjs';

/** One that is not listed needs a broker. @type {Record<string, import('./environment/prepare.mjs').Needs>} */
const needs = {
  rpc: { broker: 'reachable', oslo: true },
  hmc: { broker: 'reachable', fence: true },
  libvirt: { broker: 'reachable', libvirt: true, libvirtPeers: true },
  journal: { broker: 'reachable', postgres: 'reachable' },
};

const suffix = '.bench.mjs';

await main(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const names = readdirSync(inCheckout('bench'))
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
  if (!names.includes(name)) throw new Stop(`Which benchmark? There are: ${names.join(', ') || 'none'}`);
  return launch(`bench/${name}${suffix}`, args, { needs: needs[name] ?? { broker: 'reachable' } });
});
