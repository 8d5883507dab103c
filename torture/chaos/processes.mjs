import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../stage/stage.mjs';

/** Longer than an operation stays its owner's when it says nothing, with and without the longest request on top. */
const longerThanLease = { least: limits.leaseMs + 300, most: limits.leaseMs + limits.requestTimeoutMs + 2500 };

/**
 * Ends and interruptions of workers, broker and database.
 *
 * @param {import('../stage/stage.mjs').Stage} stage
 */
export function processEvents(stage) {
  const { broker, postgres } = stage;
  const some = (random) => random.pick(stage.workers);
  /** Its successor finds broker or database away, or not; it gets ready when they are there. */
  const replace = async (worker, signal, pauseMs) => {
    await worker.end(signal);
    await delay(pauseMs);
    await worker.start({ isAwaited: false });
  };
  const freeze = async (worker, ms) => {
    worker.freeze();
    await delay(ms);
    worker.thaw();
  };
  const outage = async (server, end, pauseMs) => {
    await server[end]();
    await delay(pauseMs);
    await server.restart();
  };

  return {
    'worker killed': { weight: 5, happen: (random) => replace(some(random), 'SIGKILL', random.int(0, 1500)) },
    'all workers killed': {
      weight: 1,
      happen: async (random) => {
        const pauseMs = random.int(0, 500);
        await Promise.all(stage.workers.map((worker) => replace(worker, 'SIGKILL', pauseMs)));
      },
    },
    'worker stopped in order': { weight: 1, happen: (random) => replace(some(random), 'SIGTERM', random.int(0, 500)) },
    'worker frozen': { weight: 2, happen: (random) => freeze(some(random), random.int(200, 1500)) },
    'worker frozen beyond its lease': {
      weight: 2,
      happen: (random) => freeze(some(random), random.int(longerThanLease.least, longerThanLease.most)),
    },
    'broker killed': { weight: 1, happen: (random) => outage(broker, 'kill', random.int(0, 1000)) },
    'broker restarted': { weight: 1, happen: (random) => outage(broker, 'halt', random.int(0, 1000)) },
    ...(postgres === undefined
      ? {}
      : {
          'database killed': { weight: 1, happen: (random) => outage(postgres, 'kill', random.int(0, 1000)) },
          'database restarted': { weight: 1, happen: (random) => outage(postgres, 'halt', random.int(0, 1000)) },
        }),
  };
}
