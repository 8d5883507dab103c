import type {
  OperationWork,
  OperationWorks,
  PlannedStep,
  Reconciliation,
  StatelessResult,
  Target,
} from '../../../compute/contract/index.js';
import { unlessGone } from '../client/hmc-many.js';
import { deletePartition } from '../client/hmc-partitions.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import { rootGroupOf } from '../mapping/marks.js';
import { DPM_RULES } from '../mapping/mode-rules.js';
import { obstacle, plannedSteps } from '../mapping/planned-steps.js';
import { bringTo } from './bring-to.js';
import { lastStep } from './checkpoints.js';
import { requireDpmCpc } from './cpc.js';
import type { CpcPlace } from './hmc-place.js';
import { halt } from './halt.js';
import { partitionUri } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { cpcUriOf, refuseLocked } from './partition-facts.js';
import { cannotBeDone, planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';
import { removeRootStorage } from './root-storage.js';
import { makeSo } from '../../kit/index.js';

/** What the HMC user must be allowed. */
const TASKS = ['Stop Partition', 'Delete Partition', 'Partition Details', 'Configure Storage - System Programmer'];

/** The last step of the end of a partition. */
const DELETION = 'delete-partition';

/**
 * Ends partitions. One that was made here is deleted with its NICs and the storage group that was made with it; other groups are
 * detached and stay. One that was adopted was there before and stays: it is stopped.
 */
export function terminateWorks(place: CpcPlace): OperationWorks<'destroy'> {
  return { destroy: destroy(place) };
}

function destroy(place: CpcPlace): OperationWork<object, StatelessResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'destroying partition',
        async () => {
          const partition = await unlessGone(() => change.lookWhole());
          if (partition === undefined) return await tidied(change, place);
          if (target.origin === 'adopted') {
            const { hasActed } = await bringTo(change, 'stopped', partition);
            return ended(hasActed || change.carriedOut.size > 0);
          }
          await removePartition(change, partition);
          return ended(true);
        },
        TASKS,
      );
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const client = place.client(ctx);
        const partition = await unlessGone(() => client.partitionDetails(partitionUri(target.id), ctx.signal));
        return partition === undefined ? [] : planned(target, partition);
      }),
    async reconcile(ctx, target) {
      const found = await reconcileSequence(new PartitionChange(ctx, place, target));
      return isGone(found) ? { verdict: 'continue' } : found;
    },
  };
}

/** Did the partition go away while its last step was looked after? For what ends it that is no failure. */
function isGone(found: Reconciliation): boolean {
  return found.verdict === 'failed' && found.error.code === 'INSTANCE_NOT_FOUND';
}

/** Stops a partition and removes it with all that belongs to it alone. @throws ComputeError STATE_CONFLICT when it is locked */
export async function removePartition(change: PartitionChange, partition: PartitionDetails): Promise<void> {
  const { client, ctx, target, uri } = change;
  refuseLocked(change, partition);
  await halt(change, partition);
  const group = rootGroupOf(partition.description);
  if (group !== undefined) await removeRootStorage(change, cpcUriOf(partition), target.id, group, uri);
  await makeSo(change, {
    step: DELETION,
    noun: 'deletion of the partition',
    doing: `deleting partition ${target.name}`,
    isSo: async () => (await unlessGone(() => client.partition(uri, ctx.signal))) === undefined,
    send: async (timeoutMs) => {
      await unlessGone(() => deletePartition(client, uri, timeoutMs));
      return true;
    },
  });
}

/** One that went away without us, or in an earlier attempt. */
async function tidied(change: PartitionChange, place: CpcPlace): Promise<StatelessResult> {
  // What its end has sent last may have been answered, or not.
  const isOurs = lastStep(change.ctx.checkpoints)?.step === DELETION;
  if (change.target.origin !== 'adopted') await tidy(change, place);
  return ended(isOurs);
}

/** Removes what a partition that is gone has left. */
export async function tidy(change: PartitionChange, place: CpcPlace): Promise<void> {
  const cpc = await requireDpmCpc(change.ctx, place);
  await removeRootStorage(change, cpc['object-uri'], change.target.id, undefined);
}

function planned(target: Target, partition: PartitionDetails): PlannedStep[] {
  const isAdopted = target.origin === 'adopted';
  const why =
    obstacle(DPM_RULES, 'powerOff', partition) ??
    (!isAdopted && partition['is-locked'] === true ? 'it is locked' : undefined);
  if (why !== undefined) throw cannotBeDone(target, `partition ${target.name}`, partition, why);
  const stop = plannedSteps(DPM_RULES, 'powerOff', partition);
  if (isAdopted) return stop;
  const group = rootGroupOf(partition.description);
  return [
    ...stop,
    ...(group === undefined
      ? []
      : [
          {
            action: 'delete-storage-group',
            description: `detach and delete storage group ${group} with its volumes, which was made for it`,
          },
        ]),
    { action: DELETION, description: `delete partition ${target.name}; other storage groups stay` },
  ];
}

function ended(hasActed: boolean): StatelessResult {
  return { outcome: hasActed ? 'done' : 'already', state: null };
}
