import { DomainState } from 'node-libvirt';
import { ComputeError, toComputeError } from '../../../common/errors/index.js';
import {
  createdOf,
  noteCreated,
  type ChangeResult,
  type Images,
  type OperationContext,
  type OperationWork,
  type OperationWorks,
  type Reconciliation,
  type Target,
} from '../../../compute/contract/index.js';
import { isOfBackend, lastStepOf, noteUndoing, reconcileSequence, undoingOf, undone } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { instanceUuid } from '../mapping/names.js';
import { bringTo } from './bring-to.js';
import { DomainChange, VirshChange } from './domain-change.js';
import { furnish, furnishingSteps } from './furnish.js';
import { requireHostDevices } from './host-device-lookup.js';
import { definitionOf, lookUp, refuseTakenVolumes } from './launch-lookup.js';
import { startFailure } from './launch-volumes.js';
import { ensureDomain, refuseTakenName } from './new-domain.js';
import { ensurePool } from './storage/find-pool.js';
import { removeDomain } from './terminate.js';
import { explaining, targetOf, type HostPlace } from './virsh-place.js';
import { admitLaunch, type Description, type WantedDomain } from './wanted-domain.js';

/** Left when a launch has failed and what it made is removed again: the error that callers will be told. */
const UNDOING_CHECKPOINT = 'undoing-launch';
const DOING = 'launching domain';
/** Of a domain that is only planned. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Makes domains of descriptions. Every step looks before it sends, so that a launch can be gone through again at any time. */
export function launchWorks(place: HostPlace, images: Images | undefined): OperationWorks<'spawn'> {
  return { spawn: spawn(place, images) };
}

function spawn(place: HostPlace, images: Images | undefined): OperationWork<Description, ChangeResult> {
  return {
    async run(ctx, target, description) {
      const wanted = admitLaunch(description, place.settings, images);
      const change = new DomainChange(ctx, place, await itselfOf(ctx, place, target));
      return await change.run(DOING, async () => {
        const refusal = undoingOf(ctx, UNDOING_CHECKPOINT);
        if (refusal !== undefined) throw await removed(change, place, refusal);
        if (createdOf(ctx.checkpoints) !== undefined) await requireThere(change, place);
        try {
          return change.ended(true, await make(change, place, images, wanted));
        } catch (error) {
          if (ctx.signal.aborted || change.underWay !== undefined || !isOfBackend(change, error)) throw error;
          if (!change.hasBegun) throw error;
          const cause = toComputeError(change.explain(DOING, error));
          await noteUndoing(ctx, UNDOING_CHECKPOINT, cause);
          throw await removed(change, place, cause);
        }
      });
    },
    plan: (ctx, _target, description) =>
      explaining(place, `planning domain ${description.name}`, async () => {
        const wanted = admitLaunch(description, place.settings, images);
        await refuseTakenName(ctx, place, description.name);
        const found = await lookUp(ctx, place, wanted);
        const places = { uuid: NOBODY, operation: NOBODY, poolPath: place.settings.pool.path };
        await refuseTakenVolumes(ctx, place, wanted, definitionOf(wanted, found, places));
        await requireHostDevices(ctx, place, wanted);
        const { name, flavor } = description;
        const size = `${flavor.vcpus} processors and ${flavor.memory_mib} MiB of memory`;
        return [
          { action: 'define-domain', description: `define domain ${name} with ${size}` },
          ...furnishingSteps(wanted),
          ...(wanted.isToRun ? [{ action: 'start', description: `start domain ${name}` }] : []),
        ];
      }),
    reconcile: (ctx, target, { start = true }) => reconcile(ctx, place, target, start),
  };
}

/** The domain that this operation makes, or has made. */
async function itselfOf(ctx: OperationContext, place: HostPlace, target: Target): Promise<Target> {
  const noted = createdOf(ctx.checkpoints);
  if (noted !== undefined) return noted;
  const change = new VirshChange(ctx, place, target);
  return await change.run(DOING, () =>
    change.ask(() => targetOf(ctx, place, { uuid: instanceUuid(ctx.operationId), name: target.name })),
  );
}

async function make(
  change: DomainChange,
  place: HostPlace,
  images: Images | undefined,
  wanted: WantedDomain,
): Promise<DomainStatus> {
  await ensureDomain(change, place, wanted);
  const status = await change.look();
  // What runs has all that it needs, and its disks are its guest's.
  if (status.state === DomainState.VIR_DOMAIN_SHUTOFF && !change.carriedOut.has('start')) {
    const pool = await ensurePool(change, place.settings.pool);
    await furnish(change, pool, images, wanted);
  }
  if (!wanted.isToRun) return await change.look();
  try {
    return (await bringTo(change, 'running')).status;
  } catch (error) {
    throw startFailure(wanted, error);
  }
}

/** The domain that was noted may have been removed since, by others or by us. @throws ComputeError OPERATION_FAILED */
async function requireThere(change: DomainChange, place: HostPlace): Promise<void> {
  if ((await change.lookIfThere()) !== undefined) return;
  await removeDomain(change, place);
  change.tookBack();
  const { key, name } = change.target;
  throw new ComputeError('OPERATION_FAILED', `domain ${name} was made, and is gone since`, {
    target: key,
    outcome: 'not-applied',
  });
}

/** Removes what a launch has made that came to no good end. @returns what the caller is told */
async function removed(change: DomainChange, place: HostPlace, cause: ComputeError): Promise<ComputeError> {
  const { ctx, target } = change;
  const removal = change.afresh();
  return await undone(change, cause, {
    undo: () => removeDomain(removal, place),
    undone: `Nothing is left of domain ${target.name}`,
    stays: ({ message }) =>
      `Domain ${target.name} was made for it, and could not be removed again (${message}); destroy it`,
    retry: cause.retry === 'never' ? 'never' : 'safe',
    explain: (error) => removal.explain('removing domain', error),
    // What is left, and whether there is a domain, are told apart by whoever destroys it.
    onFailure: async () => {
      if (createdOf(ctx.checkpoints) === undefined) await noteCreated(ctx, target);
    },
  });
}

async function reconcile(
  ctx: OperationContext,
  place: HostPlace,
  target: Target,
  isToRun: boolean,
): Promise<Reconciliation> {
  const noted = createdOf(ctx.checkpoints);
  const isUndoing = undoingOf(ctx, UNDOING_CHECKPOINT) !== undefined;
  const itself = await itselfOf(ctx, place, target);
  const found = await reconcileSequence(new DomainChange(ctx, place, itself), async (change) => {
    if (noted === undefined) {
      if ((await change.lookIfThere()) !== undefined) await noteCreated(ctx, itself);
      return undefined;
    }
    if (isUndoing || !isToRun || lastStepOf(ctx.checkpoints)?.step !== 'start') return undefined;
    const status = await change.look();
    return status.state === DomainState.VIR_DOMAIN_RUNNING ? change.ended(true, status) : undefined;
  });
  // Whoever goes on finds out what it has left, and takes the next step or removes what was made.
  const isCancelled = found.verdict === 'failed' && found.error.code === 'OPERATION_CANCELLED';
  return found.verdict === 'failed' && !isCancelled ? { verdict: 'continue' } : found;
}
