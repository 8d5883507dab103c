import type {
  ChangeResult,
  OperationContext,
  Reconciliation,
  StatelessResult,
  Target,
} from '../../../compute/contract/index.js';
import { lookAfter, noteAnswered, outlast, type LastStep } from '../../kit/index.js';
import type { PowerChange } from '../mapping/next-action.js';
import { isPowerStep, jobOf, lastStep, nounOf, type StepJob } from './checkpoints.js';
import type { HmcPlace } from './hmc-place.js';
import type { HmcChange } from './hmc-change.js';
import { PartitionChange, type Seen } from './partition-change.js';
import { becameVisible, seeThrough } from './step.js';

/**
 * Finds out what became of a change of the power state by what it left in the journal: the last step that was about to be
 * sent, and its job. Nothing is sent that changes the partition.
 */
export async function reconcileChange(
  ctx: OperationContext,
  place: HmcPlace,
  operation: PowerChange,
  target: Target,
): Promise<Reconciliation> {
  return await lookAfterStep(new PartitionChange(ctx, place, target), async (change, last) => {
    const ended = await endStep(change, last);
    const { rules } = change.mode;
    // The step before the last one leads elsewhere.
    const goal = operation === 'powerOff' ? 'stopped' : 'running';
    if (ended === undefined || rules.nextAction(goal, ended).kind !== 'reached') return { verdict: 'continue' };
    return { verdict: 'concluded', result: change.ended(true, ended) };
  });
}

/**
 * The same for an operation that is a sequence of writes and steps, each of which looks before it is sent: the last one is
 * waited for, then the operation can be called again.
 *
 * @param conclude what callers are told when all of it is there already, so that there is nothing to go on with
 */
export async function reconcileSequence<C extends HmcChange>(
  change: C,
  conclude: (change: C) => Promise<ChangeResult | StatelessResult | undefined> = () => Promise.resolve(undefined),
): Promise<Reconciliation> {
  return await lookAfterStep(change, async (_, last) => {
    if (!isPowerStep(last.step)) await outlast(change, last);
    else if (change instanceof PartitionChange) await endStep(change, last);
    const result = await conclude(change);
    return result === undefined ? { verdict: 'continue' } : { verdict: 'concluded', result };
  });
}

/** Looks after the last step that was begun, unless its job was cancelled with its operation. */
export async function lookAfterStep<C extends HmcChange>(
  change: C,
  look: (change: C, last: LastStep & StepJob) => Promise<Reconciliation>,
): Promise<Reconciliation> {
  const last = lastStep(change.ctx.checkpoints);
  if (last?.isCancelled === true) return { verdict: 'failed', error: change.cancelled(last.step) };
  return await lookAfter(change, (step) => look(change, { ...step, ...jobOf(step) }));
}

/**
 * Sees a start or a stop to its end that an earlier attempt was about to send.
 *
 * @returns undefined when it was not carried out
 */
async function endStep(
  change: PartitionChange,
  { step, job, requestTimeoutMs }: LastStep & StepJob,
): Promise<Seen | undefined> {
  if (!isPowerStep(step)) return undefined;
  // Whoever comes to ask here sends no more, and nobody before him does. When the step was written down says less: it is
  // sent after its commit, which may have taken long, and the clock that said it may be another machine's.
  const latestArrivalAt = change.ctx.clock.now() + requestTimeoutMs;
  if (job === undefined && !(await becameVisible(change, step, latestArrivalAt))) return undefined;
  const ended = await seeThrough(change, step, job?.uri);
  const noun = nounOf(step);
  // Whoever goes on has to know that it was this operation which did it.
  if (job === undefined && noun !== undefined) await noteAnswered(change.ctx, step, noun);
  return ended;
}
