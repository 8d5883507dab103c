// Two simulated HMCs, one with a few partitions and one with many, which count what they are asked and take their time.
import { HmcSimulator } from '../../dist/simulators/hmc/index.js';
import { peerOptions, ready } from '../support/peer-process.mjs';

const { users, timing, cpc, small, large, certificates } = peerOptions();
const properties = {
  'boot-device': 'storage-volume',
  'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
};

const start = (name, partitions) =>
  HmcSimulator.start({
    port: 0,
    isControlEnabled: false,
    certificateFile: certificates[name],
    inventory: { hmc: { name }, timing, users, cpcs: [{ name: cpc, mode: 'dpm', ...partitions }] },
  });
const simulators = {
  small: await start('small', { partitions: small.map((entry) => ({ properties, ...entry })) }),
  large: await start('large', {
    generate: [{ pattern: 'p{n:3}', count: large, statuses: ['active', 'stopped'], properties }],
  }),
};
const all = Object.values(simulators);
process.once('SIGTERM', () => void end());

let rules = [];
ready({
  places: () =>
    Object.fromEntries(
      Object.entries(simulators).map(([name, { port, stompPort }]) => [
        name,
        { port, stompPort, certificate: certificates[name] },
      ]),
    ),
  /** From now on every request, and every notification, is so late. */
  latency(delayMs) {
    for (const { simulator, id } of rules) simulator.faults.remove(id);
    rules =
      delayMs === 0
        ? []
        : all.flatMap((simulator) =>
            ['slow', 'notification-late'].map((kind) => ({
              simulator,
              id: simulator.fault({ kind, times: 'always', delay_ms: delayMs }),
            })),
          );
  },
  /** Requests since the last time. */
  requests() {
    const count = all.reduce((sum, { wireLog }) => sum + wireLog.count(), 0);
    for (const { wireLog } of all) wireLog.clear();
    return count;
  },
  sessions: (user) => all.reduce((sum, simulator) => sum + simulator.sessionCount(user), 0),
  status: (name) => simulators.small.status(name),
  setStatus: ({ name, status }) => simulators.small.setStatus(name, status),
});

async function end() {
  await Promise.all(all.map((simulator) => simulator.stop()));
  process.exit(0);
}
