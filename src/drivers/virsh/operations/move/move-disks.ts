import {
  connectListAllStoragePools,
  ConnectListAllStoragePoolsFlags,
  domainGetBlockInfo,
  storagePoolGetXmlDesc,
  storagePoolLookupByTargetPath,
  type CallOptions,
  type StoragePoolRef,
} from 'node-libvirt';
import { basename, dirname } from 'node:path/posix';
import { attributeOf, childAt, parseXml } from '../../../../connectors/xml/index.js';
import { unlessMissing } from '../../client/unless-missing.js';
import type { DiskFacts } from '../../mapping/device-facts.js';
import { domainFacts, type DomainFacts } from '../../mapping/domain-facts.js';
import { isOfImage } from '../../mapping/image-volume.js';
import { instanceFiles, instanceVolumePrefix } from '../../mapping/names.js';
import { storagePoolFacts } from '../../mapping/storage-xml.js';
import type { DomainChange } from '../domain-change.js';
import { ensureMarked, ensureRemoved } from '../storage/ensure-volume.js';
import { ensurePool } from '../storage/find-pool.js';
import { StoragePool } from '../storage/storage-pool.js';
import type { MoveChange } from './move-change.js';

/** A disk whose file only the host itself has. */
export interface OwnFile {
  /** Target of its disk, for people and for names. */
  readonly name: string;
  readonly target: string;
  readonly volume: string;
  /** What it is called at the other host: an image that hosts keep for many is a file of the domain alone there. */
  readonly into: string;
  readonly from: StoragePool;
  readonly to: StoragePool;
  readonly format: 'raw' | 'qcow2';
  /** Does nobody write to it while it moves? */
  readonly isAtRest: boolean;
  readonly isEncrypted: boolean;
  /** Of the disk that the guest sees. */
  readonly capacityBytes: number;
}

export interface MovingDisks {
  readonly own: readonly OwnFile[];
  /** The pools that what lies in a folder here comes to there, console logs as well. */
  readonly folders: ReadonlyMap<string, StoragePool>;
  /** Are there files among its disks that it was seen of that both hosts have them, and past all caches? */
  readonly areFilesShared: boolean;
}

/** Names of devices that mean the same one on every host that sees it. */
const WORLD_WIDE = /^\/dev\/disk\/by-(id\/|path\/.*(fc-|zfcp-|iscsi-))|^\/dev\/mapper\/[0-9a-f]{17,33}$/i;
/** What does not keep written bytes in the host's own memory. */
const UNCACHED: ReadonlySet<string | undefined> = new Set(['none', 'directsync']);

/**
 * Finds out which disks the other host has as well. Of files that is tried: a volume that is made here beside them must show there. Devices
 * are the same where their name says so; what is reached over the network is the same everywhere.
 *
 * @throws ComputeError FEATURE_LIMITED, STATE_CONFLICT where that cannot be told, or nothing can be done about it
 */
export async function movingDisks(change: MoveChange, facts: DomainFacts): Promise<MovingDisks> {
  const shared = new Map<string, Promise<Folder>>();
  const folderOf = (path: string): Promise<Folder> => shared.get(path) ?? lookInto(change, path, shared);
  const own: OwnFile[] = [];
  let areFilesShared = false;
  let isCached = false;
  for (const disk of facts.disks) {
    const { source, sourceType, target } = disk;
    if (source === undefined) continue;
    if (sourceType === 'block') requireWorldWide(change, disk, source);
    if (sourceType === 'volume') throw refusal(change, target, 'it is named by a pool, and not by its file');
    if (sourceType !== 'file') continue;
    const folder = await folderOf(dirname(source));
    if (folder.isShared) {
      areFilesShared = true;
      isCached ||= !disk.isReadonly && !UNCACHED.has(attributeOf(childAt(disk.xml, 'driver'), 'cache'));
    } else own.push(await ownFile(change, disk, source, folder));
  }
  for (const { disk, source } of earlierDisks(facts, change.uuid)) {
    const folder = await folderOf(dirname(source));
    if (!folder.isShared) own.push(await ownFile(change, disk, source, folder, true));
  }
  const logs = facts.consoles.flatMap(({ logFile }) => (logFile === undefined ? [] : [dirname(logFile)]));
  const folders = new Map<string, StoragePool>();
  for (const path of new Set([...shared.keys(), ...logs])) {
    const { isShared, from, to } = await folderOf(path);
    if (!isShared && from !== undefined && to !== undefined) folders.set(path, to);
  }
  return { own, folders, areFilesShared: areFilesShared && !isCached };
}

/** Files of its own that only the definition has to which it may return: of before a rescue, or a resize. */
function earlierDisks({ mark, disks }: DomainFacts, uuid: string): { disk: DiskFacts; source: string }[] {
  if (mark?.undo === undefined) return [];
  const now = new Set(disks.map(({ source }) => source));
  return domainFacts(parseXml(mark.undo.definition)).disks.flatMap((disk) => {
    const { source } = disk;
    const isOurs = source !== undefined && basename(source).startsWith(instanceVolumePrefix(uuid));
    return isOurs && !now.has(source) ? [{ disk, source }] : [];
  });
}

/**
 * Refuses files that libvirt cannot copy while they are written to.
 *
 * @throws ComputeError STATE_CONFLICT
 */
export function requireCopyable(change: MoveChange, files: readonly OwnFile[]): void {
  const { destination, to } = change.ends;
  for (const { target, isEncrypted } of files) {
    if (isEncrypted) {
      throw refusal(
        change,
        target,
        `it is encrypted, and libvirt copies no such disks; let ${destination} share it, or move the domain while it is off`,
      );
    }
    if (to.settings.migration.tunnelled) {
      throw refusal(
        change,
        target,
        `${destination} does not share it, and no disks are copied through the connection of the daemons (migration.tunnelled)`,
      );
    }
  }
}

/** A folder with files of disks, by what the hosts tell of it. */
interface Folder {
  readonly isShared: boolean;
  readonly from: StoragePool | undefined;
  readonly to: StoragePool | undefined;
}

function lookInto(change: MoveChange, path: string, known: Map<string, Promise<Folder>>): Promise<Folder> {
  const looking = look(change, path);
  known.set(path, looking);
  return looking;
}

async function look(change: MoveChange, path: string): Promise<Folder> {
  const { there, ends } = change;
  const from = await poolAt(change, path);
  const isOurs = from?.name === ends.from.settings.pool.name;
  // What is made for instances has a place on every host.
  const ours = isOurs ? await ensurePool(there, ends.to.settings.pool) : undefined;
  const same = await poolAt(there, path);
  const isShared = from !== undefined && same !== undefined && (await showsThere(change, from, same));
  const to = isShared ? same : (ours ?? same);
  if (from !== undefined && to !== undefined && to.name !== same?.name && (await showsThere(change, from, to))) {
    throw change.error(
      'STATE_CONFLICT',
      `${change.label} cannot be moved: ${from.path} here and ${to.path} at ${ends.destination} are one directory, where its disks would be copied onto themselves; let both hosts have it at the same path, or give each a pool of its own`,
    );
  }
  return { isShared, from, to };
}

/** Does what is made in the one pool show in the other one? */
async function showsThere(change: MoveChange, from: StoragePool, to: StoragePool): Promise<boolean> {
  const probe = probeOf(change);
  const options = { signal: change.ctx.signal };
  await ensureMarked(change, from, probe);
  // Before it has looked, what it does not show may be there all the same, and would be taken for a place that is free.
  const what = `pool ${to.name} of ${change.ends.destination} to be looked at, where a volume is being made`;
  await change.poll(what, change.backend.pacing.poll.initialMs, async () => (await to.refresh(options)) || undefined);
  const shows = (await to.find(probe, options)) !== undefined;
  await ensureRemoved(change, from, 'probe', probe);
  return shows;
}

function probeOf({ ctx }: MoveChange): string {
  return `zenova-probe-${ctx.operationId}`;
}

/** Removes what a look at a folder has left that was broken off. By its name it is of this operation, and of no other one. */
export async function removeProbe(change: MoveChange): Promise<void> {
  const { caller, ctx } = change;
  const options = { signal: ctx.signal };
  const flags = ConnectListAllStoragePoolsFlags.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE;
  const { pools } = await caller.call(connectListAllStoragePools, { flags }, options);
  for (const ref of pools) {
    const pool = await unlessMissing('pool', () => openPool(change, ref, options));
    if (pool !== undefined) await ensureRemoved(change, pool, 'probe', probeOf(change));
  }
}

async function ownFile(
  change: MoveChange,
  disk: DiskFacts,
  source: string,
  { from, to }: Folder,
  isEarlier = false,
): Promise<OwnFile> {
  const { target, format } = disk;
  const { destination, to: place } = change.ends;
  if (from === undefined) {
    throw refusal(
      change,
      target,
      `nothing shows whether ${destination} has its file ${source} as well, which is in no storage pool`,
    );
  }
  if (place.settings.migration.copy_storage === 'never') {
    throw refusal(
      change,
      target,
      `${destination} does not have its file ${source}, and its setting migration.copy_storage is never`,
    );
  }
  if (to === undefined) {
    throw refusal(
      change,
      target,
      `${destination} has no storage pool at ${dirname(source)} into which its file could be copied`,
    );
  }
  if (format !== 'raw' && format !== 'qcow2')
    throw refusal(change, target, `its format is ${format ?? 'not known'}, which is not copied`);
  const volume = basename(source);
  return {
    name: isEarlier ? `earlier-${target}` : target,
    target,
    volume,
    into: isOfImage(volume) ? instanceFiles(change.uuid).medium : volume,
    from,
    to,
    format,
    isAtRest: disk.isReadonly || isEarlier,
    isEncrypted: [disk.xml, childAt(disk.xml, 'source')].some(
      (element) => childAt(element, 'encryption') !== undefined,
    ),
    capacityBytes: isEarlier ? await capacityOf(change, from, volume) : await sizeOf(change, target),
  };
}

/** By what its definition says that it is; what it looks like is in the guest's hands. */
async function sizeOf({ caller, ref, ctx }: MoveChange, target: string): Promise<number> {
  const { capacity } = await caller.call(domainGetBlockInfo, { domain: ref, path: target }, { signal: ctx.signal });
  return Number(capacity);
}

async function capacityOf(change: MoveChange, pool: StoragePool, volume: string): Promise<number> {
  const seen = await pool.find(volume, { signal: change.ctx.signal });
  if (seen !== undefined) return seen.capacityBytes;
  throw change.error('RESOURCE_NOT_FOUND', `the pool ${pool.name} has no volume ${volume} any more`);
}

/** The started pool of files in this directory; undefined when there is none. */
async function poolAt({ caller, ctx }: DomainChange, path: string): Promise<StoragePool | undefined> {
  const options = { signal: ctx.signal };
  return await unlessMissing('pool', async () => {
    const { pool } = await caller.call(storagePoolLookupByTargetPath, { path }, options);
    const opened = await openPool({ caller }, pool, options);
    await opened?.refresh(options);
    return opened;
  });
}

/** Undefined when its volumes have no paths. */
async function openPool(
  { caller }: Pick<DomainChange, 'caller'>,
  ref: StoragePoolRef,
  options: CallOptions,
): Promise<StoragePool | undefined> {
  const { xml } = await caller.call(storagePoolGetXmlDesc, { pool: ref }, options);
  const { path } = storagePoolFacts(parseXml(xml));
  return path === undefined ? undefined : new StoragePool(caller, ref, path);
}

function requireWorldWide(change: MoveChange, { target }: DiskFacts, source: string): void {
  if (WORLD_WIDE.test(source)) return;
  throw refusal(
    change,
    target,
    `${source} may be another device on another host; name it by /dev/disk/by-id, or by the path of its fibre channel or iSCSI`,
  );
}

function refusal(change: MoveChange, target: string, why: string): Error {
  return change.error('STATE_CONFLICT', `${change.label} cannot be moved with its disk ${target}: ${why}`);
}
