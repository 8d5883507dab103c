// The power controllers of a fleet: simulated HMCs and webhook servers, which count what they are asked.
import { HmcSimulator } from '../../dist/simulators/hmc/index.js';
import { WebhookSimulator } from '../../dist/simulators/webhook/index.js';
import { peerOptions, ready } from '../support/peer-process.mjs';

const { hmcs: hmcCount, cpcs, partitions, webhooks: webhookCount, machines, user, password } = peerOptions();
const LONG_MS = 3_600_000;

const hmcs = await Promise.all(
  Array.from({ length: hmcCount }, (_, i) =>
    HmcSimulator.start({
      port: 0,
      isControlEnabled: false,
      inventory: {
        hmc: { name: `HMC${i}` },
        users: [{ name: user, password }],
        cpcs: Array.from({ length: cpcs }, (__, cpc) => ({
          name: `CPC${cpc}`,
          mode: 'dpm',
          generate: [{ pattern: `c${cpc}-{n:4}`, count: partitions, first: 0, statuses: ['active', 'stopped'] }],
        })),
      },
    }),
  ),
);
const webhooks = await Promise.all(
  Array.from({ length: webhookCount }, () =>
    WebhookSimulator.start({
      port: 0,
      inventory: { machines: Array.from({ length: machines }, (_, n) => ({ name: `m${n}`, status: 'running' })) },
    }),
  ),
);
process.once('SIGTERM', () => void end());

let fault;
ready({
  places: () => ({ hmcs: hmcs.map(({ port }) => port), webhooks: webhooks.map(({ url }) => url) }),
  /** Requests since the last time, by controller. */
  counts() {
    const counts = {
      hmcs: hmcs.map(({ wireLog }) => wireLog.count()),
      logons: hmcs.map(({ wireLog }) => wireLog.logons()),
      webhooks: webhooks.map(({ wireLog }) => wireLog.count()),
    };
    for (const { wireLog } of [...hmcs, ...webhooks]) wireLog.clear();
    return counts;
  },
  /** The first HMC takes requests and answers none. */
  hang: () => {
    fault = hmcs[0].fault({ kind: 'slow', times: 'always', delay_ms: LONG_MS });
  },
  mend: () => hmcs[0].faults.remove(fault),
});

async function end() {
  await Promise.all([...hmcs, ...webhooks].map((simulator) => simulator.stop()));
  process.exit(0);
}
