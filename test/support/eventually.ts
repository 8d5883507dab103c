import { setTimeout as delay } from 'node:timers/promises';

/** What takes seconds takes many on a machine that does other things too; and a test has longer, so that this is told. */
const EVENTUALLY_MS = 60_000;

/** Waits until `probe` gives something truthy; fails loudly when it does not within `timeoutMs`. */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  what: string | (() => string),
  timeoutMs = EVENTUALLY_MS,
): Promise<NonNullable<T>> {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > endsAt) {
      throw new Error(`waited ${timeoutMs} ms in vain: ${typeof what === 'function' ? what() : what}`);
    }
    await delay(10);
  }
}
