import { DomainState } from 'node-libvirt';
import type {
  ChangeResult,
  OperationWork,
  PlannedStep,
  RebootParams,
  Target,
} from '../../../compute/contract/index.js';
import { lastStepOf } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { plannedSteps } from '../mapping/next-action.js';
import { bringTo } from './bring-to.js';
import { DomainChange } from './domain-change.js';
import { planning, planPower, reconcileTo } from './power.operations.js';
import { shutDown, shutDownSteps } from './soft-off.js';
import type { VirshPlace } from './virsh-place.js';

/**
 * A stop and a start. libvirt's own reboot is not used: it asks the guest, which may not listen, and nothing shows that it did. So
 * a guest that is asked is asked to shut down, which shows, and started afterwards.
 */
export function rebootWork(place: VirshPlace): OperationWork<RebootParams, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('rebooting domain', async () => {
        // What an earlier attempt has stopped is only to be started.
        const stopped = hasBegunStart(change) ? undefined : await stop(change, params);
        const { status } = await bringTo(change, 'running', stopped);
        return change.ended(true, status);
      });
    },
    plan: (ctx, target, params) =>
      params.type === 'soft'
        ? planning(place, target, async () => softSteps(target, await place.domains(ctx).status(target.id), params))
        : planPower(ctx, place, 'reboot', target),
    reconcile: (ctx, target) => reconcileTo(new DomainChange(ctx, place, target), 'running'),
  };
}

/** Whoever has begun the start has stopped it before. */
function hasBegunStart({ ctx, carriedOut }: DomainChange): boolean {
  return carriedOut.has('start') || lastStepOf(ctx.checkpoints)?.step === 'start';
}

async function stop(change: DomainChange, { type, ...how }: RebootParams): Promise<DomainStatus> {
  const { status } =
    type === 'soft'
      ? await shutDown(change, how, 'Use force, or a hard reboot; should it shut down later, it stays off')
      : await bringTo(change, 'shut off');
  return status;
}

function softSteps(target: Target, status: DomainStatus, how: RebootParams): PlannedStep[] {
  const off = { ...status, state: DomainState.VIR_DOMAIN_SHUTOFF, hasSavedMemory: false };
  return [...shutDownSteps(target, status, how), ...plannedSteps(['running'], target.name, off)];
}
