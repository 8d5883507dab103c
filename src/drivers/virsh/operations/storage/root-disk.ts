import type { Images, ImageSource } from '../../../../compute/contract/index.js';
import type { DiskSource } from '../../mapping/disk.js';
import { invalid } from '../../mapping/refusal.js';
import type { VirshChange } from '../domain-change.js';
import { ensureBaseImage, isStillKept, type BaseImage } from './base-image.js';
import { ensureCreated, ensureRemoved, findCreated, findUploaded } from './ensure-volume.js';
import type { StoragePool } from './storage-pool.js';

const GIBIBYTE = 1024 ** 3;

/** A disk that an instance starts from, or is rescued with. */
export interface WantedDisk {
  /** Name of its volume. What only this disk is made of has the same name with `-base` behind it. */
  readonly volume: string;
  /** For people: "root disk of web01". Within an operation no two disks are called the same. */
  readonly what: string;
  /** What it holds at first; nothing, when there is none. */
  readonly image: ImageSource | undefined;
  /** Of the flavor; as large as its image when not given. */
  readonly rootGib: number | undefined;
  /** In place of that, of one that is copied: where to. It is as large as that. */
  readonly copiedTo?: { readonly bytes: number; readonly what: string } | undefined;
}

/**
 * Makes a disk, once in an operation: what is there of its name and was not made by this operation goes. It is qcow2 that grows out of
 * its image, which stays as it is, so that a disk is made in no time, and a guest can never make it look like something else.
 *
 * @throws ComputeError REQUEST_INVALID for an image that does not fit into it, or is no disk; as {@link ensureBaseImage}
 */
export async function ensureDisk(
  change: VirshChange,
  pool: StoragePool,
  images: Images | undefined,
  { volume, what, image, rootGib, copiedTo }: WantedDisk,
): Promise<Extract<DiskSource, { type: 'file' }>> {
  const source = { type: 'file', path: `${pool.path}/${volume}`, format: 'qcow2' } as const;
  if ((await findCreated(change, pool, what, volume)) !== undefined) return source;
  const wantedBytes = copiedTo?.bytes ?? (rootGib === undefined ? undefined : rootGib * GIBIBYTE);
  if (image === undefined) {
    if (wantedBytes === undefined)
      throw invalid('flavor.root_gib', 'must say how large the disk is, which has no image');
    await ensureCreated(change, pool, what, { name: volume, format: 'qcow2', capacityBytes: wantedBytes });
    return source;
  }
  const base = await ensureBaseImage(change, pool, {
    source: image,
    images,
    own: { volume: baseName(volume), what: `image of the ${what}` },
    admit: (found) => admitDisk(found, wantedBytes, copiedTo?.what),
  });
  const { path, virtualBytes } = base;
  await ensureCreated(change, pool, what, {
    name: volume,
    format: 'qcow2',
    capacityBytes: wantedBytes ?? virtualBytes,
    backing: { path, format: base.format === 'qcow2' ? 'qcow2' : 'raw' },
  });
  if (base.kept === undefined || (await isStillKept(change, pool, base.kept))) return source;
  // Whoever removes an image looks for disks of it once it cannot be found any more; this one may have come too late for that.
  await ensureRemoved(change, pool, what, volume);
  throw change.error('STATE_CONFLICT', `the image ${base.kept.image} was removed while the ${what} was made of it`);
}

/** Removes a disk, and what only it was made of. @returns whether there was anything */
export async function ensureNoDisk(
  change: VirshChange,
  pool: StoragePool,
  { volume, what }: Pick<WantedDisk, 'volume' | 'what'>,
): Promise<boolean> {
  const hadDisk = await ensureRemoved(change, pool, what, volume);
  const hadBase = await ensureRemoved(change, pool, `image of the ${what}`, baseName(volume));
  return hadDisk || hadBase;
}

/**
 * Brings the medium that an instance starts from: an ISO image.
 *
 * @param own volume of one that is not kept, and what it is for people
 * @returns where on the host it is
 * @throws ComputeError REQUEST_INVALID for another image; as {@link ensureBaseImage}
 */
export async function ensureMedium(
  change: VirshChange,
  pool: StoragePool,
  images: Images | undefined,
  source: ImageSource,
  own: Pick<WantedDisk, 'volume' | 'what'>,
): Promise<string> {
  const before = await findUploaded(change, pool, own);
  if (before !== undefined) return `${pool.path}/${own.volume}`;
  const admit = ({ format }: Pick<BaseImage, 'format'>): void => {
    if (format !== 'iso') throw invalid('image.format', `the image is of the format ${format}, and no ISO image`);
  };
  return (await ensureBaseImage(change, pool, { source, images, own, admit })).path;
}

/** @throws ComputeError REQUEST_INVALID */
function admitDisk(
  { format, virtualBytes }: Pick<BaseImage, 'format' | 'virtualBytes'>,
  wantedBytes: number | undefined,
  copiedTo: string | undefined,
): void {
  if (format === 'iso') {
    throw invalid('image', 'is an ISO image, of which no disk is made; say image.format iso to start from it');
  }
  if (wantedBytes === undefined || wantedBytes >= virtualBytes) return;
  if (copiedTo !== undefined) {
    throw invalid('image', `has a disk of ${virtualBytes} bytes, and ${copiedTo} has ${wantedBytes}`);
  }
  throw invalid(
    'flavor.root_gib',
    `must be at least ${Math.ceil(virtualBytes / GIBIBYTE)}, since the disk of the image has ${virtualBytes} bytes`,
  );
}

function baseName(volume: string): string {
  return `${volume}-base`;
}
