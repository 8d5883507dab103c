import { domainBlockResize, DomainBlockResizeFlags, domainGetBlockInfo } from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type {
  Answering,
  CallContext,
  ChangeParams,
  ChangeResult,
  OperationWork,
  OperationWorks,
  Volume,
} from '../../../compute/contract/index.js';
import { attributeOf, childAt } from '../../../connectors/xml/index.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import { diskXml, freeDiskTarget, type Disk, type DiskBus, type DiskCache } from '../mapping/disk.js';
import { diskSourceKey, sourceKeyOf } from '../mapping/disk-source.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { requireVolumeBelow } from '../mapping/host-folders.js';
import { isVolumeAlias, volumeAlias } from '../mapping/names.js';
import { DRIVER_NAME, limited } from '../mapping/refusal.js';
import { admitVolume, volumeDisk } from '../mapping/volume-disk.js';
import { findVolume } from '../mapping/volume-ids.js';
import { formsOf, lookWhenPluggable, seeDevices, seeDevicesForPlan, type DeviceSight } from './device-sight.js';
import { DomainChange } from './domain-change.js';
import { plugIn, plugOut, refusing, type Plugged } from './plug.js';
import { planning } from './power.operations.js';
import type { HostPlace } from './virsh-place.js';
import { devicePathsFor, lookAtFile, refuseTaken, soughtAs } from './volume-lookup.js';
import { noteVolumeId } from './volume-notes.js';
import { ensureSecrets, removeSecrets } from './volume-secrets.js';
import { endWriter, openVolume } from './volume-writer.js';

type Attached = Answering<ChangeResult, { device: string | null }>;

/** Volumes of domains that run or do not. Semantics are the contract's. */
export function volumeWorks(place: HostPlace): OperationWorks<'attachVolume' | 'detachVolume' | 'extendVolume'> {
  return {
    attachVolume: attachVolume(place),
    detachVolume: detachVolume(place),
    extendVolume: extendVolume(place),
  };
}

function attachVolume(place: HostPlace): OperationWork<ChangeParams<'attachVolume'>, Attached> {
  return {
    async run(ctx, target, { volume }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('attaching a volume to domain', async () => {
        const status = await lookWhenPluggable(change);
        const sight = await seeDevices(change);
        admitVolumeHere(place, 'volume', volume, sight);
        if (!isEverywhere(sight, volume.id)) {
          const disk = await change.ask(() => attachableDisk(ctx, place, target.id, 'volume', volume, sight));
          await attach(change, volume, disk);
        }
        if (change.hasBegun) {
          await requireAlone(change, place, volume);
          await requireReachable(change, volume);
        }
        const found = findAnywhere(await seeDevices(change), volume.id);
        return {
          ...change.ended(change.hasBegun, status),
          answer: { device: found?.target ?? null },
        };
      });
    },
    plan: (ctx, target, { volume }) =>
      planning(place, target, async () => {
        const sight = await seeDevicesForPlan(ctx, place, target);
        admitVolumeHere(place, 'volume', volume, sight);
        if (isEverywhere(sight, volume.id)) return [];
        await attachableDisk(ctx, place, target.id, 'volume', volume, sight);
        return [{ action: 'attach-volume', description: `attach volume ${volume.id} to domain ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED, FORBIDDEN */
export function admitVolumeHere(place: HostPlace, field: string, volume: Volume, sight: DeviceSight): void {
  admitVolume(field, volume, busOf(sight));
  requireVolumeBelow(field, volume, [place.settings.pool.path, ...place.settings.host_folders]);
  if (volume.boot === true) throw limited(`${field}.boot`, 'what an instance starts from is said when it is made');
}

/**
 * The disk that a volume becomes.
 *
 * @param target of the disk whose place it takes
 * @throws ComputeError RESOURCE_NOT_FOUND, STATE_CONFLICT
 */
export async function attachableDisk(
  ctx: CallContext,
  place: HostPlace,
  instance: string,
  field: string,
  volume: Volume,
  sight: DeviceSight,
  target?: string,
): Promise<Disk> {
  const disks = formsOf(sight).flatMap((facts) => facts.disks);
  const bus = busOf(sight);
  const there = findAnywhere(sight, volume.id);
  const disk = volumeDisk(field, volume, {
    instance,
    bus,
    target: target ?? there?.target ?? freeDiskTarget(bus, new Set(disks.map(({ target }) => target))),
    cache: cacheOf(sight),
    devicePaths: await devicePathsFor(ctx, place, volume),
  });
  const key = diskSourceKey(disk.source);
  const twin = disks.find((one) => one.target !== disk.target && sourceKeyOf(one) === key);
  if (twin !== undefined) {
    throw new ComputeError('STATE_CONFLICT', `the domain has it already, as its disk ${twin.target}`, {
      driver: DRIVER_NAME,
      details: { volume: volume.id, disk: twin.target },
    });
  }
  await refuseTaken(ctx, place, instance, soughtAs(volume, disk));
  const isTaken = there === undefined && disks.some(({ alias }) => alias === disk.alias);
  return { ...disk, alias: there?.alias ?? (isTaken ? volumeAlias(`${volume.id} ${disk.target}`) : disk.alias) };
}

/** What was made for a volume that then could not be attached goes again. */
async function attach(change: DomainChange, volume: Volume, disk: Disk): Promise<void> {
  const { alias = '', serial } = disk;
  await ensureSecrets(change, change.uuid, volume);
  if (serial !== volume.id || alias !== volumeAlias(volume.id)) await noteVolumeId(change, alias, volume.id);
  try {
    await plugIn(change, pluggedVolume(volume.id, alias), diskXml(disk));
  } catch (error) {
    if (change.underWay === undefined && !change.ctx.signal.aborted) await takeBack(change, volume.id, alias);
    throw error;
  }
}

async function takeBack(change: DomainChange, id: string, alias: string): Promise<void> {
  const sight = await seeDevices(change);
  if (formsOf(sight).some(({ disks }) => disks.some((disk) => disk.alias === alias))) return;
  await removeSecrets(change, change.uuid, id);
  change.tookBack();
}

/**
 * Of two domains that are given the same volume at once each sees at the latest now that the other one has it.
 *
 * @throws ComputeError STATE_CONFLICT; the domain does not have the disk then
 */
async function requireAlone(change: DomainChange, place: HostPlace, volume: Volume): Promise<void> {
  const sight = await seeDevices(change);
  const disk = findAnywhere(sight, volume.id);
  const key = disk && sourceKeyOf(disk);
  if (disk === undefined || key === undefined) return;
  const sought = { id: volume.id, key, isShared: disk.isShared };
  try {
    await change.ask(() => refuseTaken(change.ctx, place, change.uuid, sought));
  } catch (error) {
    if (error instanceof ComputeError && error.code === 'STATE_CONFLICT') await giveUp(change, volume, disk);
    throw error;
  }
}

/** @throws ComputeError RESOURCE_NOT_FOUND, REQUEST_INVALID, BACKEND_REJECTED; the domain does not have the disk then */
async function requireReachable(change: DomainChange, volume: Volume): Promise<void> {
  const sight = await seeDevices(change);
  const disk = findIn(sight.next, sight, volume.id);
  if (sight.live !== undefined || volume.connection.type === 'iscsi' || disk === undefined) return;
  const refusal = await lookAtFile(change, `volume ${volume.id}`, disk);
  if (refusal === undefined) return;
  await giveUp(change, volume, disk);
  throw refusal;
}

async function giveUp(change: DomainChange, volume: Volume, { alias = '' }: DiskFacts): Promise<void> {
  await plugOut(change, pluggedVolume(volume.id, alias));
  await takeBack(change, volume.id, alias);
}

function detachVolume(place: HostPlace): OperationWork<ChangeParams<'detachVolume'>, ChangeResult> {
  return {
    async run(ctx, target, { volume: id }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('detaching a volume from domain', async () => {
        const status = await lookWhenPluggable(change);
        const sight = await seeDevices(change);
        const disk = findAnywhere(sight, id);
        if (disk !== undefined) {
          refuseRoot(disk);
          await plugOut(change, pluggedDisk(id, disk));
        }
        await removeSecrets(change, target.id, id);
        return change.ended(change.hasBegun, status);
      });
    },
    plan: (ctx, target, { volume: id }) =>
      planning(place, target, async () => {
        const disk = findAnywhere(await seeDevicesForPlan(ctx, place, target), id);
        if (disk === undefined) return [];
        refuseRoot(disk);
        return [{ action: 'detach-volume', description: `detach volume ${id} from domain ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** @throws ComputeError FEATURE_LIMITED */
export function refuseRoot({ alias, target }: DiskFacts): void {
  if (alias !== DISK_ALIASES.root) return;
  throw limited('volume', `${target} is the disk that the instance was made with, and goes with it`);
}

/** A guest that is off sees at its next start how large a volume is; one that runs is told. */
function extendVolume(place: HostPlace): OperationWork<ChangeParams<'extendVolume'>, ChangeResult> {
  return {
    async run(ctx, target, { volume: id, size_gib: sizeGib }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('extending a volume of domain', async () => {
        const status = await change.look();
        const sight = await seeDevices(change);
        const disk = volumeToChange(change, sight, id);
        const bytes = BigInt(sizeGib) * GIB;
        if (sight.live === undefined) {
          requireGrown(change, id, sizeGib, BigInt((await openVolume(change, disk, `volume ${id}`)).bytes));
          return change.ended(false, status);
        }
        const sizeOf = async (): Promise<bigint> => {
          const args = { domain: change.ref, path: disk.target };
          return (await change.caller.call(domainGetBlockInfo, args, { signal: ctx.signal })).capacity;
        };
        await refusing(change, `extending volume ${id} of`, () =>
          makeSo(change, {
            step: 'resize-volume',
            noun: `growth of volume ${id} to ${sizeGib} GiB`,
            doing: `telling ${change.label} that volume ${id} has ${sizeGib} GiB`,
            isSo: async () => (await sizeOf()) >= bytes,
            send: async (timeoutMs) => {
              const flags = DomainBlockResizeFlags.VIR_DOMAIN_BLOCK_RESIZE_BYTES;
              const args = { domain: change.ref, disk: disk.target, size: bytes, flags };
              await change.caller.call(domainBlockResize, args, { timeoutMs });
              return undefined;
            },
          }),
        );
        return change.ended(change.hasBegun, status);
      });
    },
    plan: (ctx, target, { volume: id, size_gib: sizeGib }) =>
      planning(place, target, async () => {
        const sight = await seeDevicesForPlan(ctx, place, target);
        const disk = findIn(sight.live ?? sight.next, sight, id);
        if (disk === undefined) throw noVolume(target.name, id);
        if (sight.live === undefined) return [];
        const args = { domain: { name: target.name, uuid: target.id, id: -1 }, path: disk.target };
        const { capacity } = await place.caller(ctx).call(domainGetBlockInfo, args, { signal: ctx.signal });
        if (capacity >= BigInt(sizeGib) * GIB) return [];
        const description = `tell domain ${target.name} that volume ${id} has ${sizeGib} GiB`;
        return [{ action: 'resize-volume', description }];
      }),
    reconcile: (ctx, target) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) => {
        await endWriter(change);
        return undefined;
      }),
  };
}

const GIB = 1024n ** 3n;

/** @throws ComputeError STATE_CONFLICT */
function requireGrown(change: DomainChange, id: string, sizeGib: number, capacity: bigint): void {
  if (capacity >= BigInt(sizeGib) * GIB) return;
  throw change.error(
    'STATE_CONFLICT',
    `volume ${id} has ${Number(capacity) / Number(GIB)} GiB: it grows where it is kept, and ${change.label}, which does not run, sees it at its next start; one that runs grows a file itself`,
  );
}

/** @throws ComputeError RESOURCE_NOT_FOUND */
function volumeToChange(change: DomainChange, sight: DeviceSight, id: string): DiskFacts {
  const disk = findIn(sight.live ?? sight.next, sight, id);
  if (disk === undefined) throw noVolume(change.target.name, id);
  return disk;
}

export function noVolume(domain: string, id: string): ComputeError {
  return new ComputeError('RESOURCE_NOT_FOUND', `domain ${domain} has no volume ${id}`, {
    driver: DRIVER_NAME,
    details: { volume: id },
  });
}

function isEverywhere(sight: DeviceSight, id: string): boolean {
  return formsOf(sight).every((facts) => findIn(facts, sight, id) !== undefined);
}

/** The disk of a volume now, or at the next start when there is none now. */
function findAnywhere(sight: DeviceSight, id: string): DiskFacts | undefined {
  return formsOf(sight).flatMap((facts) => findIn(facts, sight, id) ?? [])[0];
}

function findIn(
  { disks }: { readonly disks: readonly DiskFacts[] },
  { next }: DeviceSight,
  id: string,
): DiskFacts | undefined {
  return findVolume(disks, next.volumeIds, id);
}

function pluggedVolume(id: string, alias: string): Plugged {
  return {
    what: `volume ${id}`,
    kind: 'volume',
    find: ({ disks }) => disks.find((disk) => disk.alias === alias),
  };
}

/**
 * Disks of others have an alias only while they run. Under the name of one, a domain that runs can have another one at its next start,
 * of which nobody has spoken.
 */
function pluggedDisk(id: string, disk: DiskFacts): Plugged {
  if (disk.alias !== undefined && isVolumeAlias(disk.alias)) return pluggedVolume(id, disk.alias);
  const key = sourceKeyOf(disk);
  return {
    what: `volume ${id}`,
    kind: 'volume',
    find: ({ disks }) => disks.find((one) => one.target === disk.target && sourceKeyOf(one) === key),
  };
}

function rootOf({ next: { disks } }: DeviceSight): DiskFacts | undefined {
  return disks.find(({ alias }) => alias === DISK_ALIASES.root) ?? disks.find(({ device }) => device === 'disk');
}

/** As its root disk; disks on SATA cannot be plugged in. */
function busOf(sight: DeviceSight): DiskBus {
  return rootOf(sight)?.bus === 'scsi' ? 'scsi' : 'virtio';
}

const CACHES: readonly string[] = ['none', 'writethrough', 'writeback', 'directsync', 'unsafe'] satisfies DiskCache[];

/** As its root disk. */
function cacheOf(sight: DeviceSight): DiskCache | undefined {
  const root = rootOf(sight);
  const cache = root && attributeOf(childAt(root.xml, 'driver'), 'cache');
  return CACHES.includes(cache ?? '') ? (cache as DiskCache) : undefined;
}
