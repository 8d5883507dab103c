import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../stage/stage.mjs';

/** A request that is held up arrives while its sender still waits for it: later, no client could know. */
const heldUpMs = { least: 100, most: limits.requestTimeoutMs * 0.4 };

/** Faults of the HMC. `after` comes with a change that was carried out, and may outlast the patience of who waits. */
const faults = [
  (random) => ({
    kind: 'slow',
    method: 'GET',
    when: 'before',
    delay_ms: random.int(100, 2000),
    times: random.int(1, 6),
  }),
  (random) => ({
    kind: 'slow',
    path: '*/operations/*',
    when: 'before',
    delay_ms: random.int(heldUpMs.least, heldUpMs.most),
    times: random.int(1, 3),
  }),
  (random) => ({
    kind: 'slow',
    path: '*/operations/*',
    when: 'after',
    delay_ms: random.int(100, 2500),
    times: random.int(1, 3),
  }),
  (random) => ({ kind: 'busy', path: '*/operations/*', times: random.int(1, 3) }),
  (random) => ({ kind: 'unavailable', times: random.int(1, 3) }),
  (random) => ({ kind: 'session-expired', times: random.int(1, 3) }),
  (random) => ({ kind: 'connection-reset', path: random.pick(['*', '*/operations/*']), times: random.int(1, 2) }),
  (random) => ({
    kind: 'answer-lost',
    path: random.pick(['*', '*/operations/*', '/api/sessions']),
    times: random.int(1, 2),
  }),
  (random) => ({ kind: 'html-error', when: random.pick(['before', 'after']), times: random.int(1, 2) }),
  (random) => ({ kind: 'truncated-json', times: random.int(1, 2) }),
  () => ({ kind: 'job-lost' }),
];

/**
 * Faults of the HMC, and of the connections of workers to broker, database and HMC.
 *
 * @param {import('../stage/stage.mjs').Stage} stage
 */
export function wireEvents(stage) {
  const { simulator } = stage;
  const someLink = (random) => random.pick(random.pick(stage.workers).links);
  return {
    'HMC fault': { weight: 8, happen: async (random) => void simulator.fault(random.pick(faults)(random)) },
    'HMC restarted': { weight: 1, happen: (random) => simulator.restart({ downMs: random.int(200, 1500) }) },
    'HMC forgot its sessions': { weight: 1, happen: async () => simulator.dropSessions() },
    'connections cut': { weight: 3, happen: async (random) => void someLink(random).cut(() => random.chance(0.7)) },
    'connections closed by halves': {
      weight: 1,
      happen: async (random) => void someLink(random).halfClose(() => random.chance(0.5)),
    },
    'connections stalled': {
      weight: 2,
      happen: async (random) => {
        const link = someLink(random);
        link.stall();
        await delay(random.int(heldUpMs.least, heldUpMs.most));
        link.flow();
      },
    },
    'connections down': {
      weight: 2,
      happen: async (random) => {
        const link = someLink(random);
        link.down();
        await delay(random.int(300, 3000));
        link.flow();
      },
    },
  };
}
