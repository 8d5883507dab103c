import { ComputeError } from '../../../common/errors/index.js';
import { HmcError } from '../client/hmc-error.js';
import { DRIVER_NAME, nativeOf } from '../hmc-dpm.errors.js';
import type { HmcChange } from './hmc-change.js';

/** How long an HMC that says "not now" is asked again. */
const BUSY_PATIENCE_MS = 60_000;

/** A request to the guest, of which nothing at the HMC shows whether it was carried out. */
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
 * Sends a request at most once. Only one that was proven not to be carried out is sent again, when the HMC was busy; one whose
 * answer was lost is not looked for, since there is nothing to look at.
 *
 * Whoever calls it writes the answer down, and ends `change.underWay`.
 *
 * @throws ComputeError OUTCOME_UNKNOWN, BACKEND_TIMEOUT; HmcError for a refusal; what beginStep throws
 */
export async function sendOnce<T>(change: HmcChange, { step, noun, doing, send }: BlindWrite<T>): Promise<T> {
  const { ctx, place } = change;
  const { requestTimeoutMs, poll } = place.pacing;
  const giveUpAt = ctx.clock.now() + Math.min(BUSY_PATIENCE_MS, change.remainingMs);
  let pauseMs = poll.initialMs;
  for (;;) {
    if (change.remainingMs === 0) throw change.timeOver(noun);
    await ctx.beginStep({ name: step, description: doing, requestTimeoutMs });
    change.hasBegun = true;
    change.underWay = noun;
    try {
      return await send(requestTimeoutMs);
    } catch (error) {
      if (!(error instanceof HmcError)) throw error;
      if (error.mayHaveRun) throw outcomeUnknown(change, doing, error);
      change.underWay = undefined;
      if (!error.isBusy || ctx.clock.now() + pauseMs > giveUpAt) throw error;
      await ctx.clock.sleep(pauseMs, ctx.signal);
      pauseMs = Math.min(pauseMs * 2, poll.maxMs);
    }
  }
}

function outcomeUnknown({ target, place }: HmcChange, doing: string, lost: HmcError): ComputeError {
  return new ComputeError(
    'OUTCOME_UNKNOWN',
    `the answer to ${doing} was lost (HMC ${place.hmc}: ${lost.message}), and nothing at the HMC shows whether it was carried out; look at the guest before you repeat it`,
    { driver: DRIVER_NAME, target: target.key, native: nativeOf(lost), cause: lost },
  );
}

/** Why nobody can tell any more what became of a request of an earlier attempt. */
export function untold({ target }: HmcChange, noun: string): string {
  return `the ${noun} of partition ${target.name} was about to be sent when its worker ended, and nothing at the HMC shows whether it was; look at the guest before you repeat it`;
}
