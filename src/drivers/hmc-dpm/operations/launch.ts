import { ComputeError, toComputeError } from '../../../common/errors/index.js';
import {
  createdOf,
  noteCreated,
  type ChangeResult,
  type OperationContext,
  type OperationWork,
  type OperationWorks,
  type Reconciliation,
  type Target,
} from '../../../compute/contract/index.js';
import { unlessGone } from '../client/hmc-many.js';
import type { Partition } from '../client/hmc-schemas.js';
import { isRunning } from '../mapping/partition-status.js';
import { describeSize } from '../mapping/partition-size.js';
import { bringTo } from './bring-to.js';
import { isOfBackend, noteUndoing, undoingOf, undone } from '../../kit/index.js';
import { lastStep } from './checkpoints.js';
import { requireDpmCpc } from './cpc.js';
import type { CpcPlace } from './hmc-place.js';
import { admitDescription, type Description, type WantedPartition } from './description.js';
import type { StartSources } from './first-start.js';
import { furnish, furnishingSteps } from './furnish.js';
import { HmcChange } from './hmc-change.js';
import { explaining } from './hmc-place.js';
import { lookUp, type LookedUp } from './launch-lookup.js';
import { ensurePartition, findMade, refuseTakenName } from './new-partition.js';
import { PartitionChange } from './partition-change.js';
import { reconcileSequence } from './reconcile.js';
import { removePartition, tidy } from './terminate.js';

/** Left when a launch has failed and what it made is removed again: the error that callers will be told. */
const UNDOING_CHECKPOINT = 'undoing-launch';
const DOING = 'launching partition';
/** What the HMC user must be allowed. */
const TASKS = [
  'New Partition',
  'Partition Details',
  'Start Partition',
  'Stop Partition',
  'Delete Partition',
  'Configure Storage - System Programmer',
];

/** Makes partitions of descriptions. Every step looks before it sends, so that a launch can be gone through again at any time. */
export function launchWorks(place: CpcPlace, sources: StartSources): OperationWorks<'spawn'> {
  return { spawn: spawn(place, sources) };
}

function spawn(place: CpcPlace, sources: StartSources): OperationWork<Description, ChangeResult> {
  return {
    async run(ctx, target, description) {
      const wanted = admitDescription(description, sources);
      const noted = createdOf(ctx.checkpoints);
      const { made, found } =
        noted === undefined ? await make(ctx, place, target, wanted) : { made: noted, found: undefined };
      const change = new PartitionChange(ctx, place, made);
      return await change.run(
        DOING,
        async () => {
          const refusal = undoingOf(ctx, UNDOING_CHECKPOINT);
          if (refusal !== undefined) throw await removed(change, place, refusal);
          if (found === undefined) await requireThere(change, place);
          try {
            return change.ended(true, await finish(change, place, sources, wanted, found));
          } catch (error) {
            if (ctx.signal.aborted || change.underWay !== undefined || !isOfBackend(change, error)) throw error;
            const cause = toComputeError(change.explain(DOING, error, TASKS));
            await noteUndoing(ctx, UNDOING_CHECKPOINT, cause);
            throw await removed(change, place, cause);
          }
        },
        TASKS,
      );
    },
    plan: (ctx, target, description) =>
      explaining(place, { what: `planning partition ${target.name}`, subject: 'cpc' }, async () => {
        const wanted = admitDescription(description, sources);
        const cpc = await requireDpmCpc(ctx, place);
        await refuseTakenName(ctx, place, wanted.name);
        const found = await lookUp(ctx, place, cpc, wanted, undefined);
        const { name, size, start } = wanted;
        return [
          { action: 'create-partition', description: `create partition ${name} with ${describeSize(size)}` },
          ...furnishingSteps(wanted, found),
          ...(start ? [{ action: 'start', description: `start partition ${name}` }] : []),
        ];
      }),
    reconcile: (ctx, target, { start = true }) => reconcile(ctx, place, target, start),
  };
}

/** Makes the partition, once all that it is to have was found; or finds the one that an earlier attempt has made. */
async function make(
  ctx: OperationContext,
  place: CpcPlace,
  target: Target,
  wanted: WantedPartition,
): Promise<{ readonly made: Target; readonly found: LookedUp | undefined }> {
  const change = new HmcChange(ctx, place, target);
  return await change.run(
    DOING,
    async () => {
      const before = await findMade(change, place);
      if (before !== undefined) {
        await noteCreated(ctx, before);
        return { made: before, found: undefined };
      }
      const cpc = await requireDpmCpc(ctx, place);
      const found = await lookUp(ctx, place, cpc, wanted, undefined);
      const made = await ensurePartition(change, place, cpc, wanted);
      await noteCreated(ctx, made);
      return { made, found };
    },
    TASKS,
  );
}

/** Gives the partition what it is to have, and starts it. @param before what an attempt has found that made the partition itself */
async function finish(
  change: PartitionChange,
  place: CpcPlace,
  sources: StartSources,
  wanted: WantedPartition,
  before: LookedUp | undefined,
): Promise<Partition> {
  const { ctx } = change;
  const found = before ?? (await lookUp(ctx, place, await requireDpmCpc(ctx, place), wanted, change.uri));
  await furnish(change, wanted, found, sources);
  return wanted.start ? (await bringTo(change, 'running')).partition : await change.look();
}

/** The partition that was noted may have been removed since, by others or by us. @throws ComputeError OPERATION_FAILED */
async function requireThere(change: PartitionChange, place: CpcPlace): Promise<void> {
  if ((await unlessGone(() => change.look())) !== undefined) return;
  await tidy(change, place);
  change.tookBack();
  throw gone(change.target);
}

function gone({ key, name }: Target): ComputeError {
  return new ComputeError('OPERATION_FAILED', `partition ${name} was made, and is gone since`, {
    target: key,
    outcome: 'not-applied',
  });
}

/** Removes what a launch has made that came to no good end. @returns what the caller is told */
async function removed(change: PartitionChange, place: CpcPlace, cause: ComputeError): Promise<ComputeError> {
  const { ctx, target } = change;
  // It has a time of its own: that of the launch may be over.
  const removal = new PartitionChange(ctx, place, target);
  return await undone(change, cause, {
    undo: async () => {
      const partition = await unlessGone(() => removal.lookWhole());
      if (partition === undefined) await tidy(removal, place);
      else await removePartition(removal, partition);
    },
    undone: `Nothing is left of partition ${target.name}`,
    stays: ({ message }) =>
      `Partition ${target.name} was made for it, and could not be removed again (${message}); destroy it`,
    retry: cause.retry === 'never' ? 'never' : 'safe',
    explain: (error) => removal.explain('removing partition', error, TASKS),
  });
}

async function reconcile(
  ctx: OperationContext,
  place: CpcPlace,
  target: Target,
  isToRun: boolean,
): Promise<Reconciliation> {
  const noted = createdOf(ctx.checkpoints);
  const isUndoing = undoingOf(ctx, UNDOING_CHECKPOINT) !== undefined;
  if (noted === undefined) {
    return await reconcileSequence(new HmcChange(ctx, place, target), async (change) => {
      const made = await findMade(change, place);
      if (made !== undefined) await noteCreated(ctx, made);
      return undefined;
    });
  }
  const found = await reconcileSequence(new PartitionChange(ctx, place, noted), async (change) => {
    if (isUndoing || !isToRun || lastStep(ctx.checkpoints)?.step !== 'start') return undefined;
    const partition = await change.look();
    return isRunning(partition) ? change.ended(true, partition) : undefined;
  });
  // Whoever goes on finds out what it has left, and takes the next step or removes what was made.
  const isCancelled = found.verdict === 'failed' && found.error.code === 'OPERATION_CANCELLED';
  return found.verdict === 'failed' && !isCancelled ? { verdict: 'continue' } : found;
}
