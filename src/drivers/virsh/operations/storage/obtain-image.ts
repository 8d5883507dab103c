import { ComputeError } from '../../../../common/errors/index.js';
import type { CallContext, Images, ImageSource, ObtainedImage } from '../../../../compute/contract/index.js';
import { convertDisk, inspectDiskImage, parseImageAddress } from '../../../../images/index.js';
import { addressImageName, type KeptFormat } from '../../mapping/image-volume.js';
import { DRIVER_NAME, limited } from '../../mapping/refusal.js';
import type { VirshChange } from '../domain-change.js';

/** Images from somewhere else: fetched, looked into, and made what a host keeps. */

/** One that was fetched, in a form that a host keeps. */
export interface PreparedImage {
  readonly file: string;
  readonly bytes: number;
  readonly format: KeptFormat;
  /** Of what was fetched, by which callers know it. */
  readonly sha256: string;
  /** Of the disk that a guest sees. */
  readonly virtualBytes: number;
}

/** Is it an address, and not the name of an image that the host has? */
export function isAddress(source: string): boolean {
  return /^[a-z]+:/i.test(source);
}

/**
 * Refuses what of an image could not be honoured, before anything is done.
 *
 * @param field of the image in the request: "image", "from"
 * @throws ComputeError FEATURE_LIMITED, REQUEST_INVALID for what is no address
 */
export function admitImageSource(field: string, source: ImageSource): void {
  const { format, trusted_certificates: certificates } = source;
  if (certificates !== undefined) {
    throw limited(`${field}.trusted_certificates`, 'signatures of images are not verified; give a checksum, which is');
  }
  if (format === 'tar' || format === 'kernel') {
    throw limited(`${field}.format`, `no disk is made of the format ${format}; give raw, qcow2, vmdk, vhdx or iso`);
  }
  if (isAddress(source.source)) parseImageAddress(source.source);
}

/** Name under which the image of an address is kept for the next instance. */
export function nameOfAddress(source: string): string {
  const address = parseImageAddress(source);
  return addressImageName(address.shown, address.kind === 'web' ? address.url.search : '');
}

/** @throws ComputeError FEATURE_LIMITED */
export function requireImages(images: Images | undefined): Images {
  if (images === undefined) throw limited('image', 'this service fetches no images');
  return images;
}

/**
 * Fetches an image for `use`, whose bytes are verified and looked into before anybody opens it. What libvirt does not know as an image
 * becomes qcow2.
 *
 * @throws ComputeError as `Images.with`; REQUEST_INVALID for what nobody should open
 */
export async function withPrepared<T>(
  change: VirshChange,
  images: Images,
  source: ImageSource,
  use: (image: PreparedImage) => Promise<T>,
): Promise<T> {
  const { ctx } = change;
  ctx.progress('fetching the image');
  const beganAt = ctx.clock.now();
  return await images.with(ctx, source, async (obtained) => {
    const prepared = await prepare(ctx, obtained, source.format);
    change.notCounting(ctx.clock.now() - beganAt);
    return await use(prepared);
  });
}

async function prepare(
  { signal }: CallContext,
  { file, bytes, sha256, workshop }: ObtainedImage,
  wanted: ImageSource['format'],
): Promise<PreparedImage> {
  const { format, virtualBytes } = await inspectDiskImage(file, wanted);
  if (format !== 'vmdk' && format !== 'vhdx') {
    return { file, bytes, format, sha256, virtualBytes: virtualBytes ?? bytes };
  }
  const made = await convertDisk({ file, format }, 'qcow2', workshop, signal);
  const after = await inspectDiskImage(made.file, 'qcow2');
  return { ...made, format: 'qcow2', sha256, virtualBytes: after.virtualBytes ?? made.bytes };
}

/** There is no image of this name. */
export function noImage(name: string): ComputeError {
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `the host has no image ${name}; bring it there with image.import, or give a file:, http:, https: or glance: address`,
    { driver: DRIVER_NAME, details: { path: 'image.source' } },
  );
}
