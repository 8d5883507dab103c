import type { ChangeResult, OperationContext, PowerOperations, Target } from '../../../compute/contract/index.js';
import { observe } from '../mapping/partition-status.js';
import { bringTo } from './bring-to.js';
import { findPartition } from './find-partition.js';
import { explaining, type HmcPlace } from './hmc-place.js';
import { knownState } from './known-state.js';
import { PartitionChange } from './partition-change.js';

/** Power of a partition. Semantics are the contract's. */
export function powerOperations(place: HmcPlace): PowerOperations {
  const change =
    (what: string, goal: 'running' | 'stopped') =>
    async (ctx: OperationContext, target: Target): Promise<ChangeResult> => {
      const partitionChange = new PartitionChange(ctx, place, target);
      return await partitionChange.run(what, async () => {
        const { partition, hasActed } = await bringTo(partitionChange, goal);
        return { outcome: hasActed ? 'done' : 'already', state: observe(partition.status, ctx.clock.now()) };
      });
    };
  return {
    powerOn: change('powering on partition', 'running'),
    powerOff: change('powering off partition', 'stopped'),
    queryPower: (ctx, reference, freshness) =>
      explaining(place, { what: `reading the state of partition ${reference}`, subject: 'cpc' }, async () => {
        const known = knownState(ctx, place, freshness);
        const item = known?.find(reference);
        if (known !== undefined && item !== undefined) return observe(item.status, known.observedAt);
        const { status } = await findPartition(ctx, place, reference);
        return observe(status, ctx.clock.now());
      }),
  };
}
