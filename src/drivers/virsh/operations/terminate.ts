import { domainUndefineFlags, DomainUndefineFlagsValues as Undefine } from 'node-libvirt';
import type {
  OperationWork,
  OperationWorks,
  PlannedStep,
  Reconciliation,
  StatelessResult,
  Target,
} from '../../../compute/contract/index.js';
import { lastStepOf, makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessMissing } from '../client/unless-missing.js';
import { plannedSteps } from '../mapping/next-action.js';
import { instanceFiles } from '../mapping/names.js';
import { bringTo } from './bring-to.js';
import { DomainChange } from './domain-change.js';
import { mediumOf, rootDiskOf } from './furnish.js';
import { removeFilter } from './instance-filter.js';
import { removeRescueVolumes } from './rescue-volumes.js';
import { planning } from './power.operations.js';
import { ensureRemoved } from './storage/ensure-volume.js';
import { poolIfThere } from './storage/find-pool.js';
import { ensureNoDisk } from './storage/root-disk.js';
import type { HostPlace } from './virsh-place.js';
import { removeInstanceSecrets } from './volume-secrets.js';
import { endWriter } from './volume-writer.js';

/** The last step of the end of a domain. */
const UNDEFINITION = 'undefine-domain';

/**
 * Ends domains. One that was made here goes with all that was made for it; volumes stay. One that was adopted was there before, and
 * stays: it is stopped.
 */
export function terminateWorks(place: HostPlace): OperationWorks<'destroy'> {
  return { destroy: destroy(place) };
}

function destroy(place: HostPlace): OperationWork<object, StatelessResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('destroying domain', async () => {
        const status = await change.lookIfThere();
        if (target.origin === 'adopted') {
          if (status === undefined) return ended(false);
          const { hasActed } = await bringTo(change, 'shut off', status);
          return ended(hasActed || change.carriedOut.size > 0);
        }
        // What its end has sent last may have been answered, or not.
        const isOurs = lastStepOf(ctx.checkpoints)?.step === UNDEFINITION;
        await removeDomain(change, place);
        return ended(status !== undefined || isOurs);
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const status = await unlessMissing('domain', () => place.domains(ctx).status(target.id));
        return status === undefined ? [] : planned(target, status);
      }),
    async reconcile(ctx, target) {
      const found = await reconcileSequence(new DomainChange(ctx, place, target));
      return isGone(found) ? { verdict: 'continue' } : found;
    },
  };
}

/** Did the domain go away while its last step was looked after? For what ends it that is no failure. */
function isGone(found: Reconciliation): boolean {
  return found.verdict === 'failed' && found.error.code === 'INSTANCE_NOT_FOUND';
}

/**
 * Stops a domain and removes it with all that belongs to it alone, and what one that is gone has left. All of that is found by names that are
 * made of its UUID; the domain itself goes last, so that there is always one to be destroyed while anything of it is there.
 */
export async function removeDomain(change: DomainChange, place: HostPlace): Promise<void> {
  const { caller, ref, target, uuid } = change;
  const there = await change.lookIfThere();
  if (there !== undefined) await bringTo(change, 'shut off', there);
  await endWriter(change);
  await removeVolumes(change, place);
  await removeFilter(change, uuid);
  await removeInstanceSecrets(change, uuid);
  if (there === undefined) return;
  await makeSo(change, {
    step: UNDEFINITION,
    noun: 'removal of the domain',
    doing: `undefining domain ${target.name}`,
    isSo: async () => (await change.lookIfThere()) === undefined,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const flags =
        Undefine.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
        Undefine.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
        Undefine.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
        Undefine.VIR_DOMAIN_UNDEFINE_NVRAM;
      try {
        await caller.call(domainUndefineFlags, { domain: ref, flags }, { timeoutMs });
      } catch (error) {
        if (failureOf(error)?.missing !== 'domain') throw error;
      }
      return true;
    },
  });
}

async function removeVolumes(change: DomainChange, { settings }: HostPlace): Promise<void> {
  const { ctx, target, uuid } = change;
  const pool = await poolIfThere(change, settings.pool);
  if (pool === undefined) return;
  await pool.refresh({ signal: ctx.signal });
  const files = instanceFiles(uuid);
  await ensureNoDisk(change, pool, { volume: files.rootDisk, what: rootDiskOf(target) });
  await ensureNoDisk(change, pool, { volume: files.otherRootDisk, what: `other ${rootDiskOf(target)}` });
  await removeRescueVolumes(change, pool);
  await ensureRemoved(change, pool, `config drive of ${target.name}`, files.configDrive);
  await ensureRemoved(change, pool, mediumOf(target), files.medium);
  await ensureRemoved(change, pool, `console log of ${target.name}`, files.consoleLog);
}

function planned(target: Target, status: DomainStatus): PlannedStep[] {
  const { name } = target;
  const stop = plannedSteps(['shut off'], name, status);
  if (target.origin === 'adopted') return stop;
  return [
    ...stop,
    {
      action: 'remove-volume',
      description: `remove the root disk, the config drive and all else that was made for ${name}`,
    },
    { action: UNDEFINITION, description: `undefine domain ${name}; its volumes stay` },
  ];
}

function ended(hasActed: boolean): StatelessResult {
  return { outcome: hasActed ? 'done' : 'already', state: null };
}
