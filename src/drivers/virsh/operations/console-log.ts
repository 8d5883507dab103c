import { dirname } from 'node:path/posix';
import {
  storagePoolLookupByTargetPath,
  storagePoolRefresh,
  storageVolDownload,
  storageVolGetInfo,
  storageVolLookupByPath,
  type Caller,
  type StorageVolumeRef,
} from 'node-libvirt';
import type { CallContext } from '../../../compute/contract/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessMissing } from '../client/unless-missing.js';
import { LONGEST_LOG } from '../mapping/console-log.js';
import type { VirshPlace } from './virsh-place.js';

/** What virtlogd keeps of a log that has become too long, the newest first (`max_backups` in its settings). */
const ROTATED = ['.0', '.1', '.2'] as const;

/** The end of a log, and whether there is more before it. */
export interface LogEnd {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/**
 * Reads the end of a file in the directory of a storage pool: of all files of a host, these are the ones that libvirt gives, by whatever way it
 * is reached. A log that is not there is empty.
 *
 * @returns undefined when its directory is none of a pool
 */
export async function readLogEnd(ctx: CallContext, place: VirshPlace, path: string): Promise<LogEnd | undefined> {
  const caller = place.caller(ctx);
  const { signal } = ctx;
  if (!(await findsFiles(caller, dirname(path), signal))) return undefined;
  const parts: Buffer[] = [];
  let room = LONGEST_LOG;
  for (const file of [path, ...ROTATED.map((ending) => `${path}${ending}`)]) {
    const volume = await unlessMissing('anything', () =>
      caller.call(storageVolLookupByPath, { path: file }, { signal }),
    );
    const info = volume && (await unlessMissing('anything', () => caller.call(storageVolGetInfo, volume, { signal })));
    // Of a log that is just being rotated, the next one has it.
    if (info === undefined && file === path) continue;
    if (volume === undefined || info === undefined) break;
    const size = Number(info.capacity);
    const length = Math.min(size, room);
    if (length > 0) parts.unshift(await download(caller, volume.volume, size - length, length, signal));
    room -= length;
    if (length < size) return { bytes: Buffer.concat(parts), isCut: true };
  }
  return { bytes: Buffer.concat(parts), isCut: false };
}

/** Has libvirt look which files there are in the directory of a pool, since others write them. @returns false when it is none */
async function findsFiles(caller: Caller, path: string, signal: AbortSignal): Promise<boolean> {
  const found = await unlessMissing('anything', () => caller.call(storagePoolLookupByTargetPath, { path }, { signal }));
  if (found === undefined) return false;
  try {
    await caller.call(storagePoolRefresh, { pool: found.pool, flags: 0 }, { signal });
  } catch (error) {
    // While somebody writes a volume it does not look; the files that it knows can be read all the same.
    if (failureOf(error)?.native === undefined) throw error;
  }
  return true;
}

async function download(
  caller: Caller,
  volume: StorageVolumeRef,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const args = { volume, offset: BigInt(offset), length: BigInt(length), flags: 0 };
  const { stream } = await caller.openStream(storageVolDownload, args, { signal });
  const giveUp = (): void => void stream.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    signal.throwIfAborted();
    return Buffer.concat(chunks).subarray(0, length);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
