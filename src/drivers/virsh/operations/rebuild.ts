import { z } from 'zod';
import { DomainState } from 'node-libvirt';
import type {
  ChangeParams,
  ChangeResult,
  Images,
  OperationWork,
  OperationWorks,
  PlannedStep,
} from '../../../compute/contract/index.js';
import { lastStepOf, makeSo, notedAs, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { diskXml } from '../mapping/disk.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { withDevice, withDiskFile } from '../mapping/edit-domain.js';
import { instanceFiles } from '../mapping/names.js';
import { limited } from '../mapping/refusal.js';
import { volumeIdOf } from '../mapping/volume-ids.js';
import {
  admitBootVolume,
  BootVolumeSchema,
  bootVolumeDiskOf,
  ensureVolumeWritten,
  isVolumeWritten,
  refuseTakenVolume,
  whyNotWritable,
  type BootVolume,
} from './boot-volume.js';
import { bringTo } from './bring-to.js';
import { DomainChange, stateOf } from './domain-change.js';
import { configOf, toldBefore, withPassword, type Told } from './first-start.js';
import { rootDiskOf } from './furnish.js';
import { cannotBeDone, planning } from './power.operations.js';
import { configDisk } from './rescue-volumes.js';
import { stopForChange, stoppingSteps } from './soft-off.js';
import { ensureConfigDrive } from './storage/config-drive.js';
import { ensurePool } from './storage/find-pool.js';
import { admitImageSource, isAddress, requireImages } from './storage/obtain-image.js';
import { ensureDisk, ensureNoDisk } from './storage/root-disk.js';
import type { StoragePool } from './storage/storage-pool.js';
import type { HostPlace } from './virsh-place.js';
import { endWriter } from './volume-writer.js';

type Params = ChangeParams<'rebuild'>;

/** Left before anything is changed: did it run, and which volume of the pool holds the new root disk? */
const BEFORE_CHECKPOINT = 'before-rebuild';
const BeforeSchema = z.object({
  is_running: z.boolean(),
  new_volume: z.string(),
  /** Of the pool, what nobody needs in the end: the old root disk, or the new one when it was copied. */
  spent_volume: z.string(),
  /** What it starts from, to which the new one is copied. */
  boot_volume: BootVolumeSchema.optional(),
});
type Before = z.output<typeof BeforeSchema>;

/**
 * Makes root disks anew. The new one is made beside the old one, and takes its place in one step, so that a domain always has a whole
 * one: until then the old system runs, and an image that cannot be had leaves it alone. A volume that a domain starts from stays where
 * it is, so that the new one is copied to it, while the domain is off.
 */
export function rebuildWorks(place: HostPlace, images: Images | undefined): OperationWorks<'rebuild'> {
  return { rebuild: rebuild(place, images) };
}

function rebuild(place: HostPlace, images: Images | undefined): OperationWork<Params, ChangeResult> {
  return {
    async run(ctx, target, params) {
      admit(params, images);
      const change = new DomainChange(ctx, place, target);
      return await change.run('rebuilding domain', async () => {
        await change.look();
        const pool = await ensurePool(change, place.settings.pool);
        const before = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema) ?? (await note(change, params));
        if (!isVolumeWritten(change)) await remake(change, place, pool, images, params, before);
        const { spent_volume: volume, boot_volume: copiedTo } = before;
        const what = copiedTo === undefined ? `old ${rootDiskOf(target)}` : copiedDisk(copiedTo);
        await ensureNoDisk(change, pool, { volume, what });
        const { status: after } = before.is_running
          ? await bringTo(change, 'running')
          : { status: await change.look() };
        return change.ended(true, after);
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => {
        admit(params, images);
        const domains = place.domains(ctx);
        const [status, definition] = await Promise.all([
          domains.status(target.id),
          domains.definition(target.id, 'next'),
        ]);
        const facts = domainFacts(definition);
        const why = whyNot(facts, params);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        const volume = bootVolumeDiskOf(facts);
        if (volume !== undefined) await refuseTakenVolume(ctx, place, facts, volume);
        return steps(
          target.name,
          status,
          stoppingSteps(target.name, status, place),
          volume && volumeIdOf(volume, facts.volumeIds),
        );
      }),
    reconcile: (ctx, target) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) => {
        // A start that was carried out is the end of it: it is not stopped and started once more.
        if (lastStepOf(ctx.checkpoints)?.step !== 'start') {
          // What is half copied is copied anew, or never: nothing goes on that nobody looks after.
          await endWriter(change);
          return undefined;
        }
        const status = await change.look();
        return status.state === DomainState.VIR_DOMAIN_RUNNING ? change.ended(true, status) : undefined;
      }),
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND, FEATURE_LIMITED, REQUEST_INVALID */
function admit({ image }: Params, images: Images | undefined): void {
  admitImageSource('image', image);
  if (image.format === 'iso')
    throw limited('image.format', 'a root disk is made of the image of a disk, not of a medium');
  if (isAddress(image.source)) requireImages(images);
}

/** Why a domain cannot be rebuilt; undefined when it can. */
function whyNot(facts: DomainFacts, { reimage_boot_volume: isVolumeWanted = false }: Params): string | undefined {
  const { mark } = facts;
  if (mark?.undo?.kind === 'rescue') return 'it is being rescued; unrescue ends that';
  if (mark?.undo !== undefined) return `its ${mark.undo.kind} has not come to its end; confirm or revert it first`;
  const volume = bootVolumeDiskOf(facts);
  if (volume !== undefined) return whyNotWritable(volume, facts, isVolumeWanted);
  return rootVolumeOf(facts) === undefined ? 'it has no root disk that was made for it' : undefined;
}

/** Which of the volumes that a root disk can be in its own is in. */
function rootVolumeOf({ disks, uuid }: DomainFacts): string | undefined {
  const root = disks.find(({ alias }) => alias === DISK_ALIASES.root)?.source;
  const { rootDisk, otherRootDisk } = instanceFiles(uuid);
  return [rootDisk, otherRootDisk].find((volume) => root?.endsWith(`/${volume}`));
}

/** An attempt that comes later finds it stopped, and with its new disk. */
async function note(change: DomainChange, params: Params): Promise<Before> {
  const { ctx, label } = change;
  const [status, facts] = [await change.look(), await change.facts('next')];
  const why = whyNot(facts, params);
  const { powerState, nativeState } = stateOf(status, 0);
  if (why !== undefined) throw change.error('STATE_CONFLICT', `${label} cannot be rebuilt: ${why}`, nativeState);
  const disk = bootVolumeDiskOf(facts);
  const { rootDisk, otherRootDisk } = instanceFiles(facts.uuid);
  const old = rootVolumeOf(facts) ?? otherRootDisk;
  const volume = old === rootDisk ? otherRootDisk : rootDisk;
  const before = {
    is_running: powerState === 'running' || powerState === 'paused',
    new_volume: volume,
    spent_volume: disk === undefined ? old : volume,
    ...(disk && { boot_volume: await admitBootVolume(change, facts, disk) }),
  };
  await ctx.checkpoint(BEFORE_CHECKPOINT, before);
  return before;
}

/** Makes the new disk, stops the domain, and gives it that. */
async function remake(
  change: DomainChange,
  place: HostPlace,
  pool: StoragePool,
  images: Images | undefined,
  params: Params,
  { new_volume: volume, boot_volume: bootVolume }: Before,
): Promise<void> {
  const facts = await change.facts('next');
  await ensureDisk(change, pool, images, {
    volume,
    what: bootVolume === undefined ? `new ${rootDiskOf(change.target)}` : copiedDisk(bootVolume),
    image: params.image,
    ...(bootVolume === undefined
      ? { rootGib: rootGibOf(facts) }
      : { rootGib: undefined, copiedTo: { bytes: bootVolume.bytes, what: `volume ${bootVolume.id}` } }),
  });
  const told = await toldAnew(change, pool, params, facts);
  await stopForChange(change, place);
  if (told !== undefined) await ensureTold(change, pool, told);
  if (bootVolume === undefined) await ensureRootDisk(change, `${pool.path}/${volume}`);
  else await ensureVolumeWritten(change, pool, volume, bootVolume);
}

function copiedDisk({ id }: BootVolume): string {
  return `disk for volume ${id}`;
}

/** As the flavor of its launch has it; undefined: as large as its image. */
function rootGibOf({ mark }: DomainFacts): number | undefined {
  const size = mark?.described?.['root_gib'];
  return typeof size === 'number' ? size : undefined;
}

/** What the guest is told once more; undefined when there is nothing. */
async function toldAnew(
  change: DomainChange,
  pool: StoragePool,
  { admin_password: password }: Params,
  { disks }: DomainFacts,
): Promise<Told | undefined> {
  const hasDrive = disks.some(({ alias }) => alias === DISK_ALIASES.config);
  if (!hasDrive && password === undefined) return undefined;
  return withPassword((await toldBefore(change, pool)) ?? { addresses: {} }, password, change.ctx.operationId);
}

/** The config drive tells of a first start, which is another one than the last. */
async function ensureTold(change: DomainChange, pool: StoragePool, told: Told): Promise<void> {
  const { ctx, target, uuid } = change;
  const { nics } = await change.facts('next');
  const macs = nics.flatMap(({ mac }) => mac ?? []);
  const content = configOf(target.name, told, ctx.operationId, macs);
  const path = await ensureConfigDrive(change, pool, instanceFiles(uuid).configDrive, content);
  await makeSo(change, {
    step: 'add-config-drive',
    noun: 'config drive',
    doing: `giving ${change.label} a config drive`,
    isSo: async () => (await change.facts('next')).disks.some(({ alias }) => alias === DISK_ALIASES.config),
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.redefine(timeoutMs, (own) => withDevice(own, diskXml(configDisk(path, domainFacts(own)))));
      return true;
    },
  });
}

async function ensureRootDisk(change: DomainChange, path: string): Promise<void> {
  await makeSo(change, {
    step: 'change-root-disk',
    noun: 'change of the root disk',
    doing: `giving ${change.label} its new root disk`,
    isSo: async () => {
      const { disks } = await change.facts('next');
      return disks.some(({ alias, source }) => alias === DISK_ALIASES.root && source === path);
    },
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.redefine(timeoutMs, (own) => withDiskFile(own, DISK_ALIASES.root, path));
      return true;
    },
  });
}

/** @param volume that it starts from */
function steps(
  name: string,
  status: DomainStatus,
  stopping: readonly PlannedStep[],
  volume: string | undefined,
): PlannedStep[] {
  const { powerState } = stateOf(status, 0);
  return [
    { action: 'obtain-image', description: 'bring the image to the host' },
    { action: 'create-volume', description: `make a new root disk of domain ${name}` },
    ...stopping,
    volume === undefined
      ? { action: 'change-root-disk', description: `give domain ${name} its new root disk, and remove the old one` }
      : { action: 'write-volume', description: `copy it to volume ${volume}, over all that is there, and remove it` },
    ...(powerState === 'running' || powerState === 'paused'
      ? [{ action: 'start', description: `start domain ${name}` }]
      : []),
  ];
}
