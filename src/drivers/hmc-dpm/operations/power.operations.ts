import type { ChangeResult, OperationContext, PowerOperations, Target } from '../../../compute/contract/index.js';
import { bringTo } from './bring-to.js';
import { findInstance, stateOf } from './find-instance.js';
import { explaining, type HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';

/** Power of a partition. Semantics are the contract's. */
export function powerOperations(place: HmcPlace): PowerOperations {
  const change =
    (what: string, goal: 'running' | 'stopped') =>
    async (ctx: OperationContext, target: Target): Promise<ChangeResult> => {
      const partitionChange = new PartitionChange(ctx, place, target);
      return await partitionChange.run(what, async () => {
        const { partition, hasActed } = await bringTo(partitionChange, goal);
        return {
          outcome: hasActed ? 'done' : 'already',
          state: partitionChange.mode.rules.observe(partition.status, ctx.clock.now()),
        };
      });
    };
  return {
    powerOn: change('powering on', 'running'),
    powerOff: change('powering off', 'stopped'),
    queryPower: (ctx, reference) =>
      explaining(place, { what: `reading the state of partition ${reference}`, subject: 'cpc' }, async () => {
        const item = await findInstance(ctx, place, reference);
        return stateOf(item, ctx.clock.now());
      }),
  };
}
