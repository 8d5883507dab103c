import { z } from 'zod';
import { ComputeError } from '../../../common/errors/index.js';
import {
  STEP_CHECKPOINT,
  type Checkpoint,
  type OperationContext,
  type Reconciliation,
  type Target,
} from '../../../compute/contract/index.js';
import type { PowerChange, StepName } from '../mapping/next-action.js';
import { observe } from '../mapping/partition-status.js';
import type { HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { CANCELLED_CHECKPOINT } from './job.js';
import { becameVisible, JOB_CHECKPOINT, seeThrough } from './step.js';

const StepDataSchema = z.object({ step: z.enum(['start', 'stop']), request_timeout_ms: z.number() });
const JobDataSchema = z.object({ uri: z.string().startsWith('/api/') });

/** The step that an operation ends with; any other is followed by more. */
const LAST_STEP: Record<PowerChange, StepName> = { powerOn: 'start', powerOff: 'stop', reboot: 'start' };

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
  // A job that was cancelled with its operation has ended, and the partition is as it was before the step.
  if (last === undefined || last.isCancelled) return { verdict: 'continue' };
  const partitionChange = new PartitionChange(ctx, place, target);
  try {
    return await partitionChange.run('finding out what became of partition', async () => {
      if (last.jobUri === undefined && !(await becameVisible(partitionChange, last.step, last.latestArrivalAt))) {
        return { verdict: 'continue' };
      }
      const { status } = await seeThrough(partitionChange, last.step, last.jobUri);
      if (last.step !== LAST_STEP[change]) return { verdict: 'continue' };
      return { verdict: 'concluded', result: { outcome: 'done', state: observe(status, ctx.clock.now()) } };
    });
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof ComputeError)) throw error;
    // Without a step under way the end is known: it failed.
    if (partitionChange.underWay === undefined || error.code === 'INSTANCE_NOT_FOUND')
      return { verdict: 'failed', error };
    // Whoever asked may ask again: the HMC said nothing about the outcome.
    if (error.code === 'BACKEND_UNREACHABLE' || error.code === 'BACKEND_BUSY' || error.code === 'BACKEND_PROTOCOL')
      throw error;
    return { verdict: 'unknown', reason: error.message };
  }
}

interface LastStep {
  readonly step: StepName;
  /** Moment from which its request cannot be under way any more, milliseconds since the epoch. */
  readonly latestArrivalAt: number;
  readonly jobUri: string | undefined;
  readonly isCancelled: boolean;
}

function lastStep(checkpoints: readonly Checkpoint[]): LastStep | undefined {
  const index = checkpoints.findLastIndex(({ name }) => name === STEP_CHECKPOINT);
  const checkpoint = checkpoints[index];
  if (checkpoint === undefined) return undefined;
  const { step, request_timeout_ms } = StepDataSchema.parse(checkpoint.data);
  const since = checkpoints.slice(index);
  const job = since.find(({ name }) => name === JOB_CHECKPOINT);
  return {
    step,
    latestArrivalAt: checkpoint.at + request_timeout_ms,
    jobUri: job === undefined ? undefined : JobDataSchema.parse(job.data).uri,
    isCancelled: since.some(({ name }) => name === CANCELLED_CHECKPOINT),
  };
}
