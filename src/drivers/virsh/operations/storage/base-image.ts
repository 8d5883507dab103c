import type { Images, ImageSource } from '../../../../compute/contract/index.js';
import type { KeptFormat, KeptImage } from '../../mapping/image-volume.js';
import type { StorageVolumeFacts } from '../../mapping/storage-xml.js';
import type { VirshChange } from '../domain-change.js';
import { ensureUploaded } from './ensure-volume.js';
import { keepImage, keptByChecksum, keptByName } from './kept-images.js';
import { admitImageSource, isAddress, nameOfAddress, noImage, requireImages, withPrepared } from './obtain-image.js';
import type { StoragePool } from './storage-pool.js';

/** What an instance is made of, on the host. */
export interface BaseImage {
  readonly volume: string;
  /** Where it is on the host. */
  readonly path: string;
  readonly format: KeptFormat;
  /** Of the disk that a guest sees. */
  readonly virtualBytes: number;
  /** The image that it is, of which others may be made as well; undefined of what this instance alone has. */
  readonly kept: KeptImage | undefined;
}

/** What is wanted of an image on the host. */
export interface WantedImage {
  readonly source: ImageSource;
  /** From where images are fetched. */
  readonly images: Images | undefined;
  /** The volume of one that is not to be kept. */
  readonly own: { readonly volume: string; readonly what: string };
  /** Refuses what cannot be used, before it is written to the host. */
  readonly admit: (image: Pick<BaseImage, 'format' | 'virtualBytes'>) => void;
}

/**
 * Brings what an image's source stands for to the host, unless it is there: one that the host keeps by its name; one that it keeps
 * with the checksum that was asked for, or, when images are to be kept, of the same address; else what is fetched, to be kept, or
 * for this instance alone.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND, OPERATION_FAILED when it is not what was asked for, REQUEST_INVALID, CAPACITY_EXHAUSTED
 */
export async function ensureBaseImage(
  change: VirshChange,
  pool: StoragePool,
  { source, images, own, admit }: WantedImage,
): Promise<BaseImage> {
  admitImageSource('image', source);
  const kept = await findKept(change, pool, source);
  if (kept !== undefined) {
    const found = await baseOf(change, pool, kept, source);
    admit(found);
    return found;
  }
  if (!isAddress(source.source)) throw noImage(source.source);
  return await withPrepared(change, requireImages(images), source, async (prepared) => {
    admit(prepared);
    await requireRoom(change, pool, prepared.bytes);
    const { format, virtualBytes, file, bytes, sha256 } = prepared;
    if (source.cache === true) {
      const image = nameOfAddress(source.source);
      const made = await keepImage(change, pool, { image, format, file, bytes, sha256 });
      return { ...placeOf(pool, made.volume), format, virtualBytes, kept: made };
    }
    await ensureUploaded(change, pool, { ...own, file, bytes });
    return { ...placeOf(pool, own.volume), format, virtualBytes, kept: undefined };
  });
}

/** @throws ComputeError CAPACITY_EXHAUSTED where the pool has no room for so much */
export async function requireRoom(change: VirshChange, pool: StoragePool, bytes: number): Promise<void> {
  const { availableBytes } = await pool.facts({ signal: change.ctx.signal });
  if (availableBytes === undefined || availableBytes >= bytes) return;
  throw change.error(
    'CAPACITY_EXHAUSTED',
    `the storage pool ${pool.name} has ${availableBytes} bytes left, and the image has ${bytes}`,
  );
}

/** Is the image still one of those that the host keeps? What was made of one that is not must not stay. */
export async function isStillKept(
  change: VirshChange,
  pool: StoragePool,
  { volume, image }: KeptImage,
): Promise<boolean> {
  const kept = await keptByName(pool, image, { signal: change.ctx.signal });
  return kept.some((one) => one.volume === volume);
}

async function findKept(
  { ctx: { signal } }: VirshChange,
  pool: StoragePool,
  { source, checksum, cache = false }: ImageSource,
): Promise<KeptImage | undefined> {
  if (!isAddress(source)) return (await keptByName(pool, source, { signal })).at(-1);
  if (checksum !== undefined) return await keptByChecksum(pool, checksum, { signal });
  return cache ? (await keptByName(pool, nameOfAddress(source), { signal })).at(-1) : undefined;
}

async function baseOf(
  change: VirshChange,
  pool: StoragePool,
  kept: KeptImage,
  { checksum, format }: ImageSource,
): Promise<BaseImage> {
  const { volume, image, sha256, bytes } = kept;
  if (checksum !== undefined && checksum !== `sha256:${sha256}`) {
    const is = sha256 === undefined ? 'no checksum that is known' : `the checksum sha256:${sha256}`;
    throw change.error(
      'OPERATION_FAILED',
      `the image ${image} of the host has ${is}, not the one that was asked for; it was not used`,
    );
  }
  if (format !== undefined && format !== kept.format && !isConverted(format)) {
    throw change.error(
      'REQUEST_INVALID',
      `the image ${image} of the host is of the format ${kept.format}, not of the format ${format}`,
    );
  }
  const seen = await findProbed(change, pool, kept);
  if (seen?.fileBytes !== bytes) {
    throw change.error(
      'OPERATION_FAILED',
      `the image ${image} of the host is damaged: its volume ${volume} has ${seen?.fileBytes ?? 'no'} of ${bytes} bytes; remove it and bring it again`,
    );
  }
  return { ...placeOf(pool, volume), format: kept.format, virtualBytes: seen.capacityBytes, kept };
}

/** Right after an upload libvirt does not know yet what a volume holds. */
async function findProbed(
  change: VirshChange,
  pool: StoragePool,
  { volume, format }: KeptImage,
): Promise<StorageVolumeFacts | undefined> {
  const options = { signal: change.ctx.signal };
  const { poll, requestTimeoutMs } = change.backend.pacing;
  const look = async (): Promise<{ readonly found: StorageVolumeFacts | undefined } | undefined> => {
    const seen = await pool.find(volume, options);
    if (seen === undefined || format !== 'qcow2' || seen.format === format) return { found: seen };
    await pool.refresh(options);
    return undefined;
  };
  return (await change.poll(`libvirt to look into volume ${volume}`, poll.initialMs, look, requestTimeoutMs)).found;
}

/** It is kept as qcow2. */
function isConverted(format: ImageSource['format']): boolean {
  return format === 'vmdk' || format === 'vhdx';
}

function placeOf(pool: StoragePool, volume: string): Pick<BaseImage, 'volume' | 'path'> {
  return { volume, path: `${pool.path}/${volume}` };
}
