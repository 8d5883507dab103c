// Hosts that instances can move between, and what callers ask of them. They are in the memory of each worker, and begin anew
// with it: what is looked at there is when operations run, and not what becomes of instances.

/** Guests that change their memory as fast as it is copied: their migration ends when it is forced to, or ended. */
export const busyGuests = ['busy-1', 'busy-2'];

/** The instances that each begins with. */
export const sites = {
  'site-a': ['guest-1', 'guest-2', 'guest-3', ...busyGuests],
  'site-b': ['guest-4', 'guest-5', 'guest-6'],
};

const methods = {
  'compute.live_migrate': 8,
  'compute.power_on': 5,
  'compute.power_off': 2,
  'compute.reboot': 2,
  'power.off': 2,
  'compute.evacuate': 3,
  'host.set_maintenance': 2,
};
const movesAway = new Set(['compute.live_migrate', 'compute.evacuate']);

/** What callers do about a migration besides: each control twice, as impatient people do. */
const migrationHabits = { none: 6, force_complete: 5, abort: 4, cancel: 3, 'repeat at once': 2, twin: 2 };
const habits = { none: 8, 'repeat at once': 2, 'repeat later': 2, twin: 2, cancel: 3 };

/** @param {string} host */
export const isSite = (host) => Object.hasOwn(sites, host);

/**
 * @param {import('../random.mjs').Random} random
 * @param {string} host
 */
export function drawOnSite(random, host) {
  const method = random.weighted(methods);
  const other = random.pick(Object.keys(sites).filter((name) => name !== host));
  const instance = random.pick(Object.values(sites).flat());
  const isMigration = method === 'compute.live_migrate';
  const isOfHost = method === 'host.set_maintenance' || (method === 'compute.evacuate' && random.chance(0.4));
  const habit = random.weighted(isMigration ? migrationHabits : habits);
  const options = {
    ...(movesAway.has(method) ? { destination: other } : {}),
    ...(method === 'power.off' ? { preempt: true } : {}),
    ...(method === 'host.set_maintenance' ? maintenance(random, other) : {}),
    // What may move busy guests would never end by itself.
    ...(method === 'host.set_maintenance' || (isMigration && busyGuests.includes(instance))
      ? { deadline_ms: random.int(2000, 5000) }
      : {}),
  };
  return { method, instance: isOfHost ? undefined : instance, habit, options };
}

function maintenance(random, destination) {
  if (random.chance(0.5)) return { enabled: false };
  return { enabled: true, ...(random.chance(0.5) ? { destination } : {}) };
}
