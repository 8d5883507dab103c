import { z } from 'zod';
import { ComputeError, toComputeError } from '../../../common/errors/index.js';
import type {
  CallContext,
  ChangeParams,
  ChangeResult,
  Flavor,
  OperationWork,
  OperationWorks,
  PlannedStep,
  Target,
} from '../../../compute/contract/index.js';
import type { Partition, PartitionDetails } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { flavorExtras } from '../mapping/flavor-extras.js';
import { earlierSizeOf, LONGEST_DESCRIPTION, withEarlierSize, withoutEarlierSize } from '../mapping/marks.js';
import { isRunning } from '../mapping/partition-status.js';
import {
  differing,
  hasSize,
  sizeChanges,
  sizeNow,
  stopReason,
  type SizeProperties,
} from '../mapping/partition-size.js';
import { becomeSize, sizeSteps, stopObstacle, type SizeWrite } from './become-size.js';
import { requireCapacity } from './capacity.js';
import { notedAs, noteUndoing, undoingOf, undone } from '../../kit/index.js';
import { requireDpmCpc } from './cpc.js';
import type { CpcPlace } from './hmc-place.js';
import { partitionUri } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';

/** Left before the first step: `{is_running, size}`, with the size before, or the one to be gone back to. */
const BEFORE_CHECKPOINT = 'before-resize';
/** Left when a new size cannot be had and the old one is given back: the error that callers will be told. */
const UNDOING_CHECKPOINT = 'undoing-resize';

const BeforeSchema = z.object({
  is_running: z.boolean(),
  size: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])),
});
type Before = z.infer<typeof BeforeSchema>;

/**
 * Other sizes of partitions. The earlier size stands in the description of the partition until it is confirmed or reverted: so
 * whoever comes next finds it, and it is written down in the very request that makes the new size.
 */
export function resizeWorks(place: CpcPlace): OperationWorks<'resize' | 'confirmResize' | 'revertResize'> {
  return { resize: resize(place), confirmResize: confirmResize(place), revertResize: revertResize(place) };
}

function resize(place: CpcPlace): OperationWork<ChangeParams<'resize'>, ChangeResult> {
  return {
    async run(ctx, target, { flavor }) {
      const extras = admitFlavor(flavor);
      const change = new PartitionChange(ctx, place, target);
      return await change.run('resizing partition', async () => {
        const refusal = undoingOf(ctx, UNDOING_CHECKPOINT);
        if (refusal !== undefined) throw await takenBack(change, refusal);
        const partition = await change.lookWhole();
        const changes = sizeChanges(flavor, extras, partition);
        const noted = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema);
        if (noted === undefined && isNone(changes)) return change.ended(false, partition);
        const earlier = earlierSizeOf(partition.description);
        if (earlier !== undefined && earlier.operationId !== ctx.operationId) throw unconfirmed(target);
        if (noted === undefined) await requireCapacity(ctx, place, await requireDpmCpc(ctx, place), changes);
        const before = noted ?? (await note(change, partition, sizeNow(changes, partition)));
        const write: SizeWrite = {
          changes,
          description:
            earlier === undefined ? remembering(change, partition, before.size) : (partition.description ?? ''),
          isSo: (now) => hasSize(changes, now) && earlierSizeOf(now.description)?.operationId === ctx.operationId,
          step: 'resize',
          noun: 'new size of the partition',
          doing: `resizing partition ${target.name}`,
        };
        try {
          return change.ended(true, await becomeSize(change, partition, write, before.is_running));
        } catch (error) {
          const failure = toComputeError(error);
          if (failure.code !== 'CAPACITY_EXHAUSTED' || ctx.signal.aborted) throw error;
          await noteUndoing(ctx, UNDOING_CHECKPOINT, failure);
          throw await takenBack(change, failure);
        }
      });
    },
    plan: (ctx, target, { flavor }) =>
      planWhole(ctx, place, target, (partition) => {
        const changes = sizeChanges(flavor, admitFlavor(flavor), partition);
        if (isNone(changes)) return [];
        if (earlierSizeOf(partition.description) !== undefined) throw unconfirmed(target);
        return planned(target, partition, changes);
      }),
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

function confirmResize(place: CpcPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('keeping the new size of partition', async () => {
        const partition = await change.lookWhole();
        await earlierSize(change, partition);
        return change.ended(true, await becomeSize(change, partition, forgetting(partition, {}), false));
      });
    },
    plan: (ctx, target) =>
      planWhole(ctx, place, target, (partition) => {
        if (earlierSizeOf(partition.description) === undefined) throw unresized(target);
        return [{ action: 'confirm-resize', description: `forget the earlier size of partition ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

function revertResize(place: CpcPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('giving its earlier size to partition', async () => {
        const partition = await change.lookWhole();
        return change.ended(true, await goBack(change, partition, await earlierSize(change, partition)));
      });
    },
    plan: (ctx, target) =>
      planWhole(ctx, place, target, (partition) => {
        const earlier = earlierSizeOf(partition.description);
        if (earlier === undefined) throw unresized(target);
        return planned(target, partition, differing(earlier.properties, partition));
      }),
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

/** Gives it the size that it had, and forgets that it had another. */
async function goBack(change: PartitionChange, partition: PartitionDetails, before: Before): Promise<Partition> {
  const changes = differing(before.size, partition);
  return await becomeSize(change, partition, forgetting(partition, changes), before.is_running);
}

function forgetting(partition: PartitionDetails, changes: SizeProperties): SizeWrite {
  const isBack = !isNone(changes);
  return {
    changes,
    description: withoutEarlierSize(partition.description),
    isSo: (now) => hasSize(changes, now) && earlierSizeOf(now.description) === undefined,
    step: isBack ? 'revert-resize' : 'confirm-resize',
    noun: isBack ? 'return to the earlier size' : 'end of the resize',
    doing: isBack
      ? `giving partition ${partition.name} its earlier size`
      : `forgetting the earlier size of partition ${partition.name}`,
  };
}

/** A partition that cannot be had in its new size is as it was before. @returns what the caller is told */
async function takenBack(change: PartitionChange, cause: ComputeError): Promise<ComputeError> {
  const { ctx, place, target } = change;
  const before = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema) ?? { is_running: false, size: {} };
  const back = new PartitionChange(ctx, place, target);
  return await undone(change, cause, {
    undo: async () => void (await goBack(back, await back.lookWhole(), before)),
    undone: 'It has its earlier size again',
    stays: () => 'It could not be given its earlier size either; repeat that with compute.revert_resize',
    retry: cause.retry,
    onFailure: (err) => ctx.log.warn('a size that cannot be had could not be taken back', { hmc: place.hmc, err }),
  });
}

/** The size to go back to, written down before it is forgotten. @throws ComputeError STATE_CONFLICT when there is none */
async function earlierSize(change: PartitionChange, partition: PartitionDetails): Promise<Before> {
  const noted = notedAs(change.ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema);
  if (noted !== undefined) return noted;
  const earlier = earlierSizeOf(partition.description);
  if (earlier === undefined) throw unresized(change.target);
  return await note(change, partition, earlier.properties);
}

async function note(change: PartitionChange, partition: PartitionDetails, size: SizeProperties): Promise<Before> {
  const before = { is_running: isRunning(partition), size };
  await change.ctx.checkpoint(BEFORE_CHECKPOINT, before);
  return before;
}

/** The description with the earlier size in it. @throws ComputeError STATE_CONFLICT when it has no room for that */
function remembering(change: PartitionChange, partition: PartitionDetails, properties: SizeProperties): string {
  const text = withEarlierSize(partition.description, { operationId: change.ctx.operationId, properties });
  if (text.length <= LONGEST_DESCRIPTION) return text;
  throw change.error(
    'STATE_CONFLICT',
    `the description of partition ${partition.name} has no room for its earlier size; shorten it on the HMC by ${text.length - LONGEST_DESCRIPTION} characters`,
    partition.status,
  );
}

/** What a flavor says beside its size is refused, not ignored. @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
function admitFlavor(flavor: Flavor) {
  if (flavor.root_gib !== undefined) {
    throw new ComputeError(
      'FEATURE_LIMITED',
      'flavor.root_gib: a resize changes processors and memory; a volume grows with compute.extend_volume',
      { driver: DRIVER_NAME, details: { path: 'flavor.root_gib' } },
    );
  }
  return flavorExtras(flavor);
}

async function planWhole(
  ctx: CallContext,
  place: CpcPlace,
  target: Target,
  steps: (partition: PartitionDetails) => PlannedStep[],
): Promise<PlannedStep[]> {
  return await planning(place, target, async () =>
    steps(await place.client(ctx).partitionDetails(partitionUri(target.id), ctx.signal)),
  );
}

/** @throws ComputeError STATE_CONFLICT when it could not even begin */
function planned(target: Target, partition: PartitionDetails, changes: SizeProperties): PlannedStep[] {
  const why = stopReason(changes, partition) === undefined ? undefined : stopObstacle(partition);
  if (why !== undefined) throw conflict(target, `partition ${target.name} cannot be stopped for it: ${why}`);
  return sizeSteps(partition, changes);
}

function isNone(changes: SizeProperties): boolean {
  return Object.keys(changes).length === 0;
}

function unconfirmed(target: Target): ComputeError {
  return conflict(target, `an earlier resize of partition ${target.name} is neither confirmed nor reverted`);
}

function unresized(target: Target): ComputeError {
  return conflict(target, `partition ${target.name} has no resize to be confirmed or reverted`);
}

function conflict(target: Target, text: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', text, { driver: DRIVER_NAME, target: target.key });
}
