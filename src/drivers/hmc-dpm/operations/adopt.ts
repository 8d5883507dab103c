import type { ChangeResult, OperationWork, OperationWorks } from '../../../compute/contract/index.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import { isMade, withoutMaker } from '../mapping/marks.js';
import { ensureProperties } from './ensure-properties.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';

/** Takes partitions that others made into our hands, and gives partitions out of them. */
export function ownershipWorks(place: HmcPlace): OperationWorks<'adopt' | 'release'> {
  return { adopt: adoption(place), release: release(place) };
}

/** Whose a partition is stands in our journal, so that nothing is changed. */
function adoption(place: HmcPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('adopting partition', async () => {
        const partition = await change.look();
        if (partition['is-locked'] === true) {
          const why = `partition ${target.name} cannot be adopted: it is locked on the HMC against disruptive tasks; unlock it there first`;
          throw change.error('STATE_CONFLICT', why, partition.status);
        }
        return change.ended(false, partition);
      });
    },
    plan: () => Promise.resolve([]),
    reconcile: () => Promise.resolve({ verdict: 'continue' }),
  };
}

/** A partition that was made here is no longer marked as that. */
function release(place: HmcPlace): OperationWork<object, ChangeResult> {
  const isFree = ({ description }: PartitionDetails): boolean => !isMade(description);
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('releasing partition', async () => {
        const partition = await change.lookWhole();
        const { found, hasActed } = await ensureProperties(change, {
          step: 'unmark-partition',
          noun: 'removal of the mark',
          doing: `taking our mark off partition ${target.name}`,
          properties: { description: withoutMaker(partition.description) },
          isSo: isFree,
        });
        return change.ended(hasActed, found);
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const partition = await place.client(ctx).partitionDetails(partitionUri(target.id), ctx.signal);
        if (isFree(partition)) return [];
        return [{ action: 'unmark-partition', description: `take our mark off partition ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}
