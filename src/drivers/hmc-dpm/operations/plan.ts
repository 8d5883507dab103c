import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, PlannedStep, Target } from '../../../compute/contract/index.js';
import type { Partition } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { obstacle, plannedSteps, type PowerChange } from '../mapping/next-action.js';
import { explaining, partitionUri, type HmcPlace } from './hmc-place.js';

/** What a change would do now. @throws ComputeError STATE_CONFLICT when it could not even begin */
export async function planChange(
  ctx: CallContext,
  place: HmcPlace,
  change: PowerChange,
  target: Target,
): Promise<PlannedStep[]> {
  return await planOf(
    ctx,
    place,
    target,
    (partition) => obstacle(change, partition),
    (partition) => plannedSteps(change, partition),
  );
}

/**
 * What would be done with a partition as it is now.
 *
 * @param obstacleTo why it could not even begin; undefined when it could
 * @throws ComputeError STATE_CONFLICT
 */
export async function planOf(
  ctx: CallContext,
  place: HmcPlace,
  target: Target,
  obstacleTo: (partition: Partition) => string | undefined,
  steps: (partition: Partition) => PlannedStep[],
): Promise<PlannedStep[]> {
  return await explaining(place, { what: `planning for partition ${target.name}`, subject: 'partition' }, async () => {
    const partition = await place.client(ctx).partition(partitionUri(target.id), ctx.signal);
    const why = obstacleTo(partition);
    if (why === undefined) return steps(partition);
    throw new ComputeError('STATE_CONFLICT', `this cannot be done to partition ${target.name}: ${why}`, {
      driver: DRIVER_NAME,
      target: target.key,
      details: { status: partition.status },
    });
  });
}
