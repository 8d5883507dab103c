import { ComputeError } from '../../common/errors/index.js';
import type { ChangeResult, Reconciliation, StatelessResult } from '../../compute/contract/index.js';
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
    const result = await whileUntold(change, last, () => conclude(change));
    return result === undefined ? { verdict: 'continue' } : { verdict: 'concluded', result };
  });
}

/** Waits until the request of a step cannot be under way any more. */
export async function outlast({ ctx }: Change, { isAnswered, requestTimeoutMs }: LastStep): Promise<void> {
  if (!isAnswered) await ctx.clock.sleep(requestTimeoutMs, ctx.signal);
}

/** Looks what became of a step. As long as the backend does not tell, a request that nobody saw answered may have been carried out. */
export async function whileUntold<T>(
  change: Change,
  { isAnswered, step }: LastStep,
  look: () => Promise<T>,
): Promise<T> {
  try {
    return await look();
  } catch (error) {
    const { backend } = change;
    const failure = backend.failureOf(error) ?? (error instanceof Error ? backend.failureOf(error.cause) : undefined);
    if (!isAnswered && failure?.isTransient === true) change.underWay ??= step;
    throw error;
  }
}

/** Looks after the last step that was begun, and makes a verdict of every failure that ends it. */
export async function lookAfter(
  change: Change,
  look: (last: LastStep) => Promise<Reconciliation>,
): Promise<Reconciliation> {
  const { ctx, backend } = change;
  const last = lastStepOf(ctx.checkpoints);
  if (last === undefined) return { verdict: 'continue' };
  try {
    return await change.run(`finding out what became of ${change.noun}`, () => look(last));
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof ComputeError)) throw error;
    // Without a step under way the end is known: it failed.
    if (change.underWay === undefined || error.code === 'INSTANCE_NOT_FOUND') return { verdict: 'failed', error };
    // Whoever asked may ask again: the backend said nothing about the outcome.
    if (backend.failureOf(error.cause)?.isTransient === true) throw error;
    return { verdict: 'unknown', reason: error.message };
  }
}
