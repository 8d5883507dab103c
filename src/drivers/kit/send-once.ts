import { ComputeError } from '../../common/errors/index.js';
import { BUSY_PATIENCE_MS, type Change } from './change.js';

/** A request to the guest, of which nothing at the backend shows whether it was carried out. */
export interface BlindWrite<T> {
  /** Stable word for the journal. */
  readonly step: string;
  /** For people, as a noun: "PSW restart". */
  readonly noun: string;
  /** For people, while it is done: "restarting the PSW of partition web01". */
  readonly doing: string;
  /** Sends the request, once, not bound to the operation's signal. */
  readonly send: (timeoutMs: number) => Promise<T>;
}

/**
 * Sends a request at most once. Only one that was proven not to be carried out is sent again, when the backend was busy; one whose
 * answer was lost is not looked for, since there is nothing to look at.
 *
 * Whoever calls it writes the answer down, and ends `change.underWay`.
 *
 * @throws ComputeError OUTCOME_UNKNOWN, BACKEND_TIMEOUT; the backend's error for a refusal; what beginStep throws
 */
export async function sendOnce<T>(change: Change, { step, noun, doing, send }: BlindWrite<T>): Promise<T> {
  const { ctx, backend } = change;
  const { requestTimeoutMs, poll } = backend.pacing;
  const giveUpAt = ctx.clock.now() + Math.min(BUSY_PATIENCE_MS, change.remainingMs);
  let pauseMs = poll.initialMs;
  for (;;) {
    if (change.remainingMs === 0) throw change.timeOver(noun);
    await ctx.beginStep({ name: step, description: doing, requestTimeoutMs });
    change.underWay = noun;
    try {
      return await send(requestTimeoutMs);
    } catch (error) {
      const failure = backend.failureOf(error);
      if (failure === undefined) throw error;
      if (failure.mayHaveRun) throw outcomeUnknown(change, doing, failure.message, error);
      change.underWay = undefined;
      if (!failure.isBusy || ctx.clock.now() + pauseMs > giveUpAt) throw error;
      await ctx.clock.sleep(pauseMs, ctx.signal);
      pauseMs = Math.min(pauseMs * 2, poll.maxMs);
    }
  }
}

function outcomeUnknown({ target, backend }: Change, doing: string, said: string, lost: unknown): ComputeError {
  return new ComputeError(
    'OUTCOME_UNKNOWN',
    `the answer to ${doing} was lost (${backend.label}: ${said}), and nothing at ${backend.noun} shows whether it was carried out; look at the guest before you repeat it`,
    { driver: backend.driver, target: target.key, native: backend.nativeOf(lost), cause: lost },
  );
}

/** Why nobody can tell any more what became of a request of an earlier attempt. */
export function untold({ label, backend }: Change, noun: string): string {
  return `the ${noun} of ${label} was about to be sent when its worker ended, and nothing at ${backend.noun} shows whether it was; look at the guest before you repeat it`;
}
