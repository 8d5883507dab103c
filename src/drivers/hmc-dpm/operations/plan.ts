import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, PlannedStep, Target } from '../../../compute/contract/index.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { PowerChange } from '../mapping/next-action.js';
import { obstacle, plannedSteps } from '../mapping/planned-steps.js';
import { explaining, type HmcPlace } from './hmc-place.js';
import { modeOf } from './mode.js';
import type { Seen } from './partition-change.js';

/** Runs the planning for a partition, turning what the HMC says into our errors. */
export function planning<T>(place: HmcPlace, target: Target, work: () => Promise<T>): Promise<T> {
  const { noun } = modeOf(place, target).rules;
  return explaining(place, { what: `planning for ${noun} ${target.name}`, subject: 'partition' }, work);
}

/** What a change would do now. @throws ComputeError STATE_CONFLICT when it could not even begin */
export async function planChange(
  ctx: CallContext,
  place: HmcPlace,
  change: PowerChange,
  target: Target,
): Promise<PlannedStep[]> {
  const { rules } = modeOf(place, target);
  return await planOf(
    ctx,
    place,
    target,
    (partition) => obstacle(rules, change, partition),
    (partition) => plannedSteps(rules, change, partition),
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
  obstacleTo: (partition: Seen) => string | undefined,
  steps: (partition: Seen) => PlannedStep[],
): Promise<PlannedStep[]> {
  const mode = modeOf(place, target);
  return await planning(place, target, async () => {
    const partition = await mode.look(place.client(ctx), mode.uri(target.id), ctx.signal);
    const why = obstacleTo(partition);
    if (why === undefined) return steps(partition);
    throw cannotBeDone(target, `${mode.rules.noun} ${target.name}`, partition, why);
  });
}

/** What is to be done cannot even begin. @param label of the target, for people */
export function cannotBeDone(
  { key }: Target,
  label: string,
  { status }: { readonly status: string },
  why: string,
): ComputeError {
  return new ComputeError('STATE_CONFLICT', `this cannot be done to ${label}: ${why}`, {
    driver: DRIVER_NAME,
    target: key,
    details: { status },
  });
}
