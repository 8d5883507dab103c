import { ComputeError } from '../../../common/errors/index.js';
import type {
  CallContext,
  ChangeOperation,
  ChangeResult,
  OperationWork,
  OperationWorks,
  PlannedStep,
  PowerOperations,
  Reconciliation,
  Target,
} from '../../../compute/contract/index.js';
import { lastStepOf, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { GOALS, nextAction, obstacle, plannedSteps, type Goal, type PowerChange } from '../mapping/next-action.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { bringTo } from './bring-to.js';
import { DomainChange, stateOf } from './domain-change.js';
import { findDomain } from './find-domain.js';
import { explaining, type VirshPlace } from './virsh-place.js';

/** Power of a domain. Semantics are the contract's. */
export function powerWorks(place: VirshPlace): OperationWorks<'powerOn' | 'powerOff'> {
  const work = (change: PowerChange, run: ChangeOperation): OperationWork<object, ChangeResult> => ({
    run,
    plan: (ctx, target) => planPower(ctx, place, change, target),
    reconcile: (ctx, target) => reconcileTo(new DomainChange(ctx, place, target), GOALS[change].at(-1) ?? 'running'),
  });
  return {
    powerOn: work('powerOn', to(place, 'powering on domain', 'running')),
    powerOff: work('powerOff', to(place, 'powering off domain', 'shut off')),
  };
}

export function queryPower(place: VirshPlace): PowerOperations['queryPower'] {
  return (ctx, reference) =>
    explaining(place, `reading the state of domain ${reference}`, async () =>
      stateOf(await findDomain(ctx, place, reference), ctx.clock.now()),
    );
}

function to(place: VirshPlace, what: string, goal: Goal): ChangeOperation {
  return async (ctx, target) => {
    const change = new DomainChange(ctx, place, target);
    return await change.run(what, async () => {
      const { status, hasActed } = await bringTo(change, goal);
      return change.ended(hasActed, status);
    });
  };
}

/**
 * The last step is waited for. An operation whose last step leads to its goal, and is there, is concluded: whether the answer came
 * or not, nothing is left to be sent.
 */
export async function reconcileTo(change: DomainChange, goal: Goal): Promise<Reconciliation> {
  return await reconcileSequence(change, async () => {
    const status = await change.look();
    if (nextAction(goal, status).kind !== 'reached') return undefined;
    const last = lastStepOf(change.ctx.checkpoints)?.step;
    // The stop of a reboot leads elsewhere: whoever started it then was not this operation.
    if (goal === 'running' && last !== 'start' && last !== 'resume') return undefined;
    return change.ended(true, status);
  });
}

/** What a change would do now. @throws ComputeError STATE_CONFLICT when it could not even begin */
export async function planPower(
  ctx: CallContext,
  place: VirshPlace,
  change: PowerChange,
  target: Target,
): Promise<PlannedStep[]> {
  return await planning(place, target, async () => {
    const status = await place.domains(ctx).status(target.id);
    const why = obstacle(change, status);
    if (why !== undefined) throw cannotBeDone(target, status, why);
    return plannedSteps(GOALS[change], target.name, status);
  });
}

/** Runs the planning for a domain, turning what libvirt says into our errors. */
export function planning<T>(place: VirshPlace, { name }: Target, work: () => Promise<T>): Promise<T> {
  return explaining(place, `planning for domain ${name}`, work);
}

/** What is to be done cannot even begin. */
export function cannotBeDone({ key, name }: Target, status: DomainStatus, why: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', `this cannot be done to domain ${name}: ${why}`, {
    driver: DRIVER_NAME,
    target: key,
    details: { status: stateOf(status, 0).nativeState },
  });
}
