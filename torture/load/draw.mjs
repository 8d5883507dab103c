// What callers ask for, drawn from the seed.
import { drawOnSite, isSite } from './sites.mjs';

const methods = { 'compute.power_on': 4, 'compute.power_off': 3, 'compute.reboot': 2, 'power.on': 2, 'power.off': 2 };
/** Fewer places than requests, so that they meet. */
const hosts = {
  sqlite: { cpc1: 4, 'cpc1-too': 2, cpc2: 3, fake: 2, 'site-a': 1.5, 'site-b': 1.5 },
  // Instances in memory would be others in every worker.
  postgres: { cpc1: 4, 'cpc1-too': 2, cpc2: 3, 'site-a': 1.5, 'site-b': 1.5 },
};
const hotPartitions = 6;

/** What a caller does besides sending its request once. */
const habits = {
  none: 50,
  /** The same message twice, as a broker or an impatient caller may do. */
  twin: 10,
  /** The same request again at once, from another caller. */
  'repeat at once': 10,
  /** The same request again when its outcome is known, or not. */
  'repeat later': 10,
  cancel: 8,
  /** Another request under the same key. */
  misuse: 2,
};

/**
 * @param {import('../random.mjs').Random} random
 * @param {{ database: 'sqlite' | 'postgres', partitions: number, callers: readonly unknown[], newKey: () => string }} from
 */
export function draw(random, { database, partitions, callers, newKey }) {
  const host = random.weighted(hosts[database]);
  const { habit, method, instance, options } = isSite(host)
    ? drawOnSite(random, host)
    : drawPower(random, host, partitions);
  const hasKey = random.chance(0.6);
  const caller = random.pick(callers);
  return {
    caller,
    other: random.pick(callers),
    habit,
    pauseMs: random.int(0, 600),
    spec: {
      method,
      host,
      instance,
      key: hasKey || !caller.confirms ? newKey() : undefined,
      options: {
        ...(random.chance(0.25) ? { wait: 'accepted' } : {}),
        ...(random.chance(0.15) ? { deadline_ms: random.int(200, 4000) } : {}),
        ...options,
      },
    },
  };
}

function drawPower(random, host, partitions) {
  const number = random.chance(0.7) ? random.int(1, hotPartitions) : random.int(1, partitions);
  const method = random.weighted(methods);
  const habit = random.weighted(habits);
  // Another request under its key must be one that another method understands.
  const preempts = method === 'power.off' && habit !== 'misuse' && random.chance(0.5);
  return { method, instance: instanceName(host, number), habit, options: preempts ? { preempt: true } : {} };
}

export function instanceName(host, number) {
  const digits = String(number);
  return host === 'fake' || host === 'slow'
    ? `instance-${digits.padStart(4, '0')}`
    : `${host.slice(0, 4)}-${digits.padStart(3, '0')}`;
}
