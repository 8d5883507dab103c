import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, PlannedStep, Target } from '../../../compute/contract/index.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { PowerChange } from '../mapping/next-action.js';
import { obstacle, plannedSteps } from '../mapping/planned-steps.js';
import { explaining, type HmcPlace } from './hmc-place.js';
import { modeOf } from './mode.js';

/** What a change would do now. @throws ComputeError STATE_CONFLICT when it could not even begin */
export async function planChange(
  ctx: CallContext,
  place: HmcPlace,
  change: PowerChange,
  target: Target,
): Promise<PlannedStep[]> {
  const mode = modeOf(place, target);
  const label = `${mode.rules.noun} ${target.name}`;
  return await explaining(place, { what: `planning for ${label}`, subject: 'partition' }, async () => {
    const partition = await mode.look(place.client(ctx), mode.uri(target.id), ctx.signal);
    const why = obstacle(mode.rules, change, partition);
    if (why === undefined) return plannedSteps(mode.rules, change, partition);
    throw new ComputeError('STATE_CONFLICT', `this cannot be done to ${label}: ${why}`, {
      driver: DRIVER_NAME,
      target: target.key,
      details: { status: partition.status },
    });
  });
}
