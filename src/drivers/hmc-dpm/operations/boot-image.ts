import { stat } from 'node:fs/promises';
import { ComputeError } from '../../../common/errors/index.js';
import type { Images, ImageSource } from '../../../compute/contract/index.js';
import { bootableIso, parseImageAddress, type IsoAdditions } from '../../../images/index.js';
import { mountedIso, type MountedIso } from '../client/hmc-iso.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { BootDevice } from './boot-device.js';
import { ensureIso } from './iso.js';
import type { PartitionChange } from './partition-change.js';
import { limited } from './refusal.js';

/** Starting partitions from images: fetched, packed with what the guest is told, mounted. */

/** What IBM Z starts from; the others are disks. */
const STARTED_FROM: ReadonlySet<string> = new Set(['iso', 'kernel', 'tar']);

/**
 * Refuses what a partition cannot start from, as far as that shows before it is fetched.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND for a name, FEATURE_LIMITED for a disk image, REQUEST_INVALID
 */
export function admitImage({ source, format }: ImageSource): void {
  if (format !== undefined && !STARTED_FROM.has(format)) {
    throw limited(
      'image.format',
      `${format}: a disk image is not written to a LUN; a partition starts from an ISO image, or a tar archive with kernel and initrd`,
    );
  }
  if (/^[a-z]+:/i.test(source)) {
    parseImageAddress(source);
    return;
  }
  throw new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no image ${source}: an HMC keeps none that could be known by a name; give a file:, http:, https: or glance: address`,
    { driver: DRIVER_NAME, details: { path: 'image.source' } },
  );
}

/** @throws ComputeError FEATURE_LIMITED */
export function requireImages(images: Images | undefined): Images {
  if (images === undefined) throw limited('image', 'this service fetches no images');
  return images;
}

/** An image that a partition is to start from. */
export interface BootImage {
  readonly image: ImageSource;
  readonly images: Images;
  /**
   * Under which it is mounted. The HMC says no more of what is mounted, so the name tells it from all others: it carries the
   * operation, and what an earlier attempt has mounted is neither fetched nor mounted again.
   */
  readonly imageName: string;
  /** For people: "rescue image". */
  readonly noun: string;
  /** What is put into it, asked for once it was fetched. */
  readonly additions?: () => Promise<IsoAdditions>;
}

/** Fetches an image, packs it and mounts it, unless that was done. @returns what to start from then */
export async function ensureBootImage(change: PartitionChange, wanted: BootImage): Promise<BootDevice> {
  const { ctx, client, uri } = change;
  const before = await mountedIso(client, uri, ctx.signal);
  const { insFile } = before?.imageName === wanted.imageName ? before : await fetchAndMount(change, wanted);
  return { 'boot-device': 'iso-image', 'boot-iso-ins-file': insFile };
}

async function fetchAndMount(
  change: PartitionChange,
  { image, images, imageName, noun, additions }: BootImage,
): Promise<MountedIso> {
  const { ctx, uri } = change;
  ctx.progress(`fetching the ${noun}`);
  const beganAt = ctx.clock.now();
  return await images.with(ctx, image, async (obtained) => {
    const { file, insFile } = await bootableIso(obtained, image, ctx.signal, await additions?.());
    const { size } = await stat(file);
    change.notCounting(ctx.clock.now() - beganAt);
    return (await ensureIso(change, uri, { imageName, insFile, file, bytes: size })).found;
  });
}
