import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `probe` gives something truthy, and resolves to it; to undefined when it does not in time.
 *
 * @template T
 * @param {() => T | Promise<T>} probe
 * @param {number} [withinMs]
 */
export async function until(probe, withinMs = 60_000) {
  const endsAt = Date.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > endsAt) return undefined;
    await delay(10);
  }
}
