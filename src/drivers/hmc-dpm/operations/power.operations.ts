import type {
  ChangeOperation,
  ChangeResult,
  OperationWork,
  OperationWorks,
  PowerOperations,
  RebootParams,
} from '../../../compute/contract/index.js';
import type { Goal, PowerChange } from '../mapping/next-action.js';
import { obstacle } from '../mapping/planned-steps.js';
import { bringTo } from './bring-to.js';
import { findInstance, stateOf } from './find-instance.js';
import { explaining, type HmcPlace } from './hmc-place.js';
import { knownState } from './known-state.js';
import { PartitionChange } from './partition-change.js';
import { planChange } from './plan.js';
import { reconcileChange } from './reconcile.js';
import { limited } from './refusal.js';

/** Power of a partition. Semantics are the contract's; there is no reboot: it is a stop and a start (hmc-dpm.md section 9). */
export function powerWorks(place: HmcPlace): OperationWorks<PowerChange> {
  const work = (change: Exclude<PowerChange, 'reboot'>, run: ChangeOperation): OperationWork<object, ChangeResult> => ({
    run,
    plan: (ctx, target) => planChange(ctx, place, change, target),
    reconcile: (ctx, target) => reconcileChange(ctx, place, change, target),
  });
  return {
    powerOn: work('powerOn', to(place, 'powering on', 'running')),
    powerOff: work('powerOff', to(place, 'powering off', 'stopped')),
    reboot: {
      run: reboot(place),
      async plan(ctx, target, params) {
        refuseSoft(params);
        return await planChange(ctx, place, 'reboot', target);
      },
      reconcile: (ctx, target) => reconcileChange(ctx, place, 'reboot', target),
    },
  };
}

export function queryPower(place: HmcPlace): PowerOperations['queryPower'] {
  return (ctx, reference, freshness) =>
    explaining(place, { what: `reading the state of partition ${reference}`, subject: 'cpc' }, async () => {
      const known = knownState(ctx, place, freshness);
      const item = known?.find(reference);
      if (known !== undefined && item !== undefined) return stateOf(item, known.observedAt);
      return stateOf(await findInstance(ctx, place, reference), ctx.clock.now());
    });
}

function to(place: HmcPlace, what: string, goal: Goal): ChangeOperation {
  return async (ctx, target) => {
    const change = new PartitionChange(ctx, place, target);
    const { rules } = change.mode;
    return await change.run(`${what} ${rules.noun}`, async () => {
      const { partition, hasActed } = await bringTo(change, goal);
      return change.ended(hasActed, partition);
    });
  };
}

function reboot(place: HmcPlace): ChangeOperation<RebootParams> {
  return async (ctx, target, params) => {
    refuseSoft(params);
    const change = new PartitionChange(ctx, place, target);
    const { rules } = change.mode;
    return await change.run(`rebooting ${rules.noun}`, async () => {
      const before = await change.look();
      const why = obstacle(rules, 'reboot', before);
      if (why !== undefined) {
        throw change.error('STATE_CONFLICT', `${change.label} cannot be rebooted: ${why}`, before.status);
      }
      const stopped = await bringTo(change, 'stopped', before);
      const { partition } = await bringTo(change, 'running', stopped.partition);
      return change.ended(true, partition);
    });
  };
}

/** @throws ComputeError FEATURE_LIMITED */
function refuseSoft({ type }: RebootParams): void {
  if (type !== 'soft') return;
  throw limited('type', 'the HMC cannot ask the operating system to shut down; only a hard reboot can be had');
}
