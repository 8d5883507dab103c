import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { ChangeOptions } from '../contract/index.js';

/** Longest that one timer can wait; a later end needs none, since no operation lives that long. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The moment after which nothing of a request may begin (DESIGN 5.3); null when it does not say. A caller whose clock is
 * fast does not get more time for it.
 */
export function notAfter(request: ChangeOptions, sentAt: number | null, now: number): number | null {
  if (request.not_after !== undefined) return Date.parse(request.not_after);
  if (request.deadline_ms === undefined) return null;
  const asked = request.requested_at === undefined ? sentAt : Date.parse(request.requested_at);
  return Math.min(asked ?? now, now) + request.deadline_ms;
}

export function deadlineExceeded(what: string): ComputeError {
  return new ComputeError('DEADLINE_EXCEEDED', `the time for ${what} was over before it began; nothing was done`);
}

/** What a read that took too long is told; nothing was changed. */
export function notAnswered(method: string, timeoutMs: number): ComputeError {
  return new ComputeError('BACKEND_TIMEOUT', `no answer to ${method} within ${timeoutMs / 1000} s`, {
    retry: 'safe',
    outcome: 'not-applied',
  });
}

/** Calls `end` at a moment, unless cancelled before. Answers the cancelling function. */
export function at(clock: Clock, moment: number | null, end: () => void): () => void {
  const leftMs = moment === null ? Number.POSITIVE_INFINITY : moment - clock.now();
  return leftMs <= MAX_TIMER_MS ? clock.after(Math.max(0, leftMs), end) : () => undefined;
}

/** Runs `work` with a signal that aborts at a moment, with the error that `overdue` makes, unless the work is over by then. */
export async function limited<T>(
  clock: Clock,
  moment: number,
  overdue: () => ComputeError,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = at(clock, moment, () => controller.abort(overdue()));
  try {
    return await work(controller.signal);
  } finally {
    stop();
  }
}
