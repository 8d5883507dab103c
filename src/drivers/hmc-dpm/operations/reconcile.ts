import { ComputeError } from '../../../common/errors/index.js';
import type { OperationContext, Reconciliation, Target } from '../../../compute/contract/index.js';
import { HmcError } from '../client/hmc-error.js';
import type { Goal, PowerChange } from '../mapping/next-action.js';
import { lastStep } from './checkpoints.js';
import type { HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { becameVisible, seeThrough } from './step.js';

/**
 * Finds out what became of an operation by what it left in the journal: the last step that was about to be sent, and
 * its job. Nothing is sent that changes the partition.
 */
export async function reconcileChange(
  ctx: OperationContext,
  place: HmcPlace,
  change: PowerChange,
  target: Target,
): Promise<Reconciliation> {
  const last = lastStep(ctx.checkpoints);
  if (last === undefined) return { verdict: 'continue' };
  // Whoever comes to ask here sends no more, and nobody before him does. When the step was written down says less: it is
  // sent after its commit, which may have taken long, and the clock that said it may be another machine's.
  const latestArrivalAt = ctx.clock.now() + last.requestTimeoutMs;
  const partitionChange = new PartitionChange(ctx, place, target);
  if (last.isCancelled) return { verdict: 'failed', error: partitionChange.cancelled(last.step) };
  try {
    return await partitionChange.run('finding out what became of', async () => {
      if (last.jobUri === undefined && !(await becameVisible(partitionChange, last.step, latestArrivalAt))) {
        return { verdict: 'continue' };
      }
      const partition = await seeThrough(partitionChange, last.step, last.jobUri);
      const { rules } = partitionChange.mode;
      const isThere = rules.nextAction(lastGoal(change), partition).kind === 'reached';
      if (!isThere) return { verdict: 'continue' };
      return {
        verdict: 'concluded',
        result: { outcome: 'done', state: rules.observe(partition.status, ctx.clock.now()) },
      };
    });
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof ComputeError)) throw error;
    // Without a step under way the end is known: it failed.
    if (partitionChange.underWay === undefined || error.code === 'INSTANCE_NOT_FOUND')
      return { verdict: 'failed', error };
    // Whoever asked may ask again: the HMC said nothing about the outcome.
    if (error.cause instanceof HmcError && error.cause.isTransient) throw error;
    return { verdict: 'unknown', reason: error.message };
  }
}

/** Where an operation ends. */
function lastGoal(change: PowerChange): Goal {
  return change === 'powerOff' ? 'stopped' : 'running';
}
