import type { Clock } from './clock.js';
import { ComputeError } from './errors/index.js';

export interface PollOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** First pause; it grows by `factor` up to `maxIntervalMs`. */
  readonly intervalMs: number;
  readonly maxIntervalMs?: number;
  readonly factor?: number;
  /** How a pause is spent; default: asleep. It may end before its time. @throws the signal's reason */
  readonly pause?: (ms: number) => Promise<void>;
  /** Total time allowed; then BACKEND_TIMEOUT. */
  readonly timeoutMs: number;
  /** What is awaited, for the error message: "LPAR ubuntu01 to become active". */
  readonly what: string;
}

/**
 * The one way to wait for a device: asks, and asks again, until `probe` gives something other than undefined.
 *
 * @throws ComputeError BACKEND_TIMEOUT (outcome unknown) when the time is over, the signal's reason when it aborts,
 *   and whatever `probe` throws.
 */
export async function pollUntil<T>(probe: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const { clock, signal, timeoutMs, factor = 1.5, what } = options;
  const pause = options.pause ?? ((ms: number) => clock.sleep(ms, signal));
  const maxIntervalMs = options.maxIntervalMs ?? options.intervalMs;
  const endsAt = clock.now() + timeoutMs;
  let intervalMs = options.intervalMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await probe();
    if (answer !== undefined) return answer;
    const leftMs = endsAt - clock.now();
    if (leftMs <= 0) {
      throw new ComputeError('BACKEND_TIMEOUT', `waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain`);
    }
    await pause(Math.min(intervalMs, leftMs));
    intervalMs = Math.min(intervalMs * factor, maxIntervalMs);
  }
}
