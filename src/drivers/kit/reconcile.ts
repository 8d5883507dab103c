import { ComputeError, type ErrorCode } from '../../common/errors/index.js';
import type { ChangeResult, Reconciliation, StatelessResult } from '../../compute/contract/index.js';
import type { Backend, BackendFailure } from './backend.js';
import type { Change } from './change.js';
import { lastStepOf, type LastStep } from './checkpoints.js';

/**
 * Finds out what became of an operation that is a sequence of writes, each of which looks before it is sent: the last one is
 * waited for, then the operation can be called again.
 *
 * @param conclude what callers are told when all of it is there already, so that there is nothing to go on with
 */
export async function reconcileSequence<C extends Change>(
  change: C,
  conclude: (change: C) => Promise<ChangeResult | StatelessResult | undefined> = () => Promise.resolve(undefined),
): Promise<Reconciliation> {
  return await lookAfter(change, async (last) => {
    await outlast(change, last);
    const result = await conclude(change);
    return result === undefined ? { verdict: 'continue' } : { verdict: 'concluded', result };
  });
}

/** Waits until the request of a step cannot be under way any more. */
export async function outlast({ ctx }: Change, { isAnswered, requestTimeoutMs }: LastStep): Promise<void> {
  if (!isAnswered) await ctx.clock.sleep(requestTimeoutMs, ctx.signal);
}

/**
 * Looks after the last step that was begun, and makes a verdict of every failure that ends it. A backend that says nothing is none.
 *
 * @throws ComputeError BACKEND_UNREACHABLE, BACKEND_TIMEOUT: whoever asked may ask again
 */
export async function lookAfter(
  change: Change,
  look: (last: LastStep) => Promise<Reconciliation>,
): Promise<Reconciliation> {
  const { ctx, backend } = change;
  const last = lastStepOf(ctx.checkpoints);
  if (last === undefined) return { verdict: 'continue' };
  let silence: BackendFailure | undefined;
  try {
    return await change.run(`finding out what became of ${change.noun}`, async () => {
      try {
        return await look(last);
      } catch (error) {
        silence = silenceOf(backend, error);
        throw error;
      }
    });
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof ComputeError)) throw error;
    if (silence?.isTransient === true) throw error;
    // What was sent may have been carried out, and we are not let in to see.
    if (silence !== undefined && !last.isAnswered) return { verdict: 'unknown', reason: error.message };
    // Without a step under way the end is known: it failed.
    if (change.underWay === undefined || error.code === 'INSTANCE_NOT_FOUND') return { verdict: 'failed', error };
    if (backend.failureOf(error.cause)?.isTransient === true) throw error;
    return { verdict: 'unknown', reason: error.message };
  }
}

const OF_SILENCE: ReadonlySet<ErrorCode> = new Set(['BACKEND_UNREACHABLE', 'BACKEND_TIMEOUT']);

/** How the backend failed to say anything; undefined when something else went wrong, such as a job of which it has told. */
function silenceOf(backend: Backend, error: unknown): BackendFailure | undefined {
  const said = error instanceof ComputeError && OF_SILENCE.has(error.code) ? error.cause : error;
  const failure = backend.failureOf(said);
  return failure?.isTransient === true || failure?.isOver === false ? failure : undefined;
}
