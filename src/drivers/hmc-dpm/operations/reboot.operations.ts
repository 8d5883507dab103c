import type { RebootOperation } from '../../../compute/contract/index.js';
import { obstacle } from '../mapping/planned-steps.js';
import { bringTo } from './bring-to.js';
import type { HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';

/** DPM has no reboot: it is a stop and a start (hmc-dpm.md section 9). So it is for LPARs in classic mode. */
export function rebootOperation(place: HmcPlace): RebootOperation {
  return {
    reboot: async (ctx, target) => {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('rebooting', async () => {
        const before = await change.look();
        const why = obstacle(change.mode.rules, 'reboot', before);
        if (why !== undefined) {
          throw change.error('STATE_CONFLICT', `${change.label} cannot be rebooted: ${why}`, before.status);
        }
        const stopped = await bringTo(change, 'stopped', before);
        const { partition } = await bringTo(change, 'running', stopped.partition);
        return { outcome: 'done', state: change.mode.rules.observe(partition.status, ctx.clock.now()) };
      });
    },
  };
}
