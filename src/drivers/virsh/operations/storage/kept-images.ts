import type { CallOptions } from 'node-libvirt';
import type { Image } from '../../../../compute/contract/index.js';
import {
  imageVolumeName,
  keptImages,
  markName,
  unmarkedVolumes,
  type ImageVolume,
  type KeptImage,
} from '../../mapping/image-volume.js';
import type { StorageVolumeFacts } from '../../mapping/storage-xml.js';
import { ensureCopied, ensureMarked, ensureRemoved, ensureUploaded } from './ensure-volume.js';
import type { VirshChange } from '../domain-change.js';
import type { StoragePool } from './storage-pool.js';
import { usersOf } from './users-of.js';

/** An upload that nobody writes to for so long has broken off. */
const LEFT_BEHIND_MS = 48 * 3_600_000;

/** Images that a host keeps: which there are, and how one becomes one of them. */

/** The images of a pool of this name, the oldest first. An address may have had several in the course of time. */
export async function keptByName(pool: StoragePool, name: string, options: CallOptions): Promise<KeptImage[]> {
  return inOrder(keptImages(await pool.volumeNames(options)).filter(({ image }) => image === name));
}

/** One with this checksum, `sha256:…`, whatever it is called; the newest. */
export async function keptByChecksum(
  pool: StoragePool,
  checksum: string,
  options: CallOptions,
): Promise<KeptImage | undefined> {
  const found = keptImages(await pool.volumeNames(options));
  return inOrder(found.filter(({ sha256 }) => `sha256:${sha256}` === checksum)).at(-1);
}

/** Ids of operations grow with the time. */
function inOrder(images: readonly KeptImage[]): KeptImage[] {
  return images.toSorted((a, b) => (a.operationId < b.operationId ? -1 : 1));
}

/** As callers see it. */
export function shownImage({ image, volume, format, bytes, sha256 }: KeptImage): Image {
  return {
    name: image,
    id: volume,
    format,
    size_bytes: bytes,
    checksum: sha256 === undefined ? null : `sha256:${sha256}`,
    native: { volume },
  };
}

/** A file that is to be kept as an image. */
export interface NewImage extends Pick<ImageVolume, 'image' | 'format'> {
  readonly sha256: string;
  readonly file: string;
  readonly bytes: number;
}

/**
 * Keeps a file as an image of the host. Each operation writes a volume of its own, so that two who bring the same do not meet; that
 * it is whole is marked last.
 */
export async function keepImage(
  change: VirshChange,
  pool: StoragePool,
  { file, bytes, ...image }: NewImage,
): Promise<KeptImage> {
  const named = { ...image, operationId: change.ctx.operationId };
  const volume = imageVolumeName(named);
  const what = `image ${image.image}`;
  const seen = await ensureUploaded(change, pool, { volume, file, bytes, what, isNamedByOperation: true });
  await ensureMarked(change, pool, markName(volume, bytes));
  await removeLeftBehind(change, pool, seen);
  return { ...named, volume, bytes };
}

/**
 * Keeps all that a volume holds, and what is behind it, as an image of the host, whole by itself. Its checksum is not known, since
 * nobody reads it.
 *
 * The volume must be qcow2, at rest, and as the pool knows it: one that a guest writes to as raw could be made to look like anything.
 *
 * @throws ComputeError STATE_CONFLICT when the volume is not qcow2
 */
export async function keepAsImage(
  change: VirshChange,
  pool: StoragePool,
  fromVolume: string,
  name: string,
): Promise<KeptImage> {
  const { ctx } = change;
  const from = await pool.find(fromVolume, { signal: ctx.signal });
  if (from?.format !== 'qcow2') {
    throw change.error(
      'STATE_CONFLICT',
      `the volume ${fromVolume} is ${from === undefined ? 'not there' : `of the format ${from.format}`}: an image is made of a disk of the format qcow2`,
    );
  }
  const named = { image: name, format: 'qcow2', sha256: undefined, operationId: ctx.operationId } as const;
  const volume = imageVolumeName(named);
  const wanted = { name: volume, format: 'qcow2', capacityBytes: from.capacityBytes } as const;
  const made = await ensureCopied(change, pool, `image ${name}`, wanted, from);
  const { fileBytes: bytes } = made;
  await ensureMarked(change, pool, markName(volume, bytes));
  await removeLeftBehind(change, pool, made);
  return { ...named, volume, bytes };
}

/**
 * Removes what operations have left that broke off long ago, by the host's own clock, and images that were removed when somebody needed
 * them. What they are needed for stays.
 *
 * @param fresh what was just written, which tells what time it is there
 */
export async function removeLeftBehind(
  change: VirshChange,
  pool: StoragePool,
  { writtenAt: now }: StorageVolumeFacts,
): Promise<void> {
  const options = { signal: change.ctx.signal };
  const names = await pool.volumeNames(options);
  for (const volume of unmarkedVolumes(names)) {
    const writtenAt = (await pool.find(volume, options))?.writtenAt;
    if (now === undefined || writtenAt === undefined || now - writtenAt < LEFT_BEHIND_MS) continue;
    if ((await usersOf(change.caller, pool, volume, options)).length > 0) continue;
    await ensureRemoved(change, pool, `rest of ${volume}`, volume);
  }
}
