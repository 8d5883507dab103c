import { ComputeError } from '../../common/errors/index.js';
import type { CallContext, ImageSource } from '../../compute/contract/index.js';
import { imageName, isAddress } from './fake-hardware.js';
import { checksumOf, fakeImage, type FakeImage } from './fake-image.js';
import type { FakeSite } from './fake-site.js';

/**
 * The image that a source stands for, with its checksum and its signature verified. Nothing is kept of it.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND; OPERATION_FAILED when it is not the image that was asked for
 */
export async function obtainImage(ctx: CallContext, site: FakeSite, source: ImageSource): Promise<FakeImage> {
  const image = await findImage(ctx, site, source);
  if (source.checksum !== undefined && source.checksum !== checksumOf(image)) {
    throw unusable(`the image ${image.name} has the checksum ${checksumOf(image)}, not the one that was asked for`);
  }
  const { image_certificate: certificate } = site.settings;
  if (source.trusted_certificates !== undefined && !source.trusted_certificates.includes(certificate)) {
    throw unusable(`the image ${image.name} is signed by none of the certificates that are trusted`);
  }
  return image;
}

async function findImage(ctx: CallContext, site: FakeSite, source: ImageSource): Promise<FakeImage> {
  const name = imageName(source);
  const kept = site.images.get(name);
  if (kept !== undefined && !kept.isChanging) return kept;
  if (!isAddress(source.source)) {
    throw new ComputeError('RESOURCE_NOT_FOUND', `the fake host ${site.name} has no image ${name}`);
  }
  await site.read(ctx, 'fetchImage', name);
  return site.storage.remoteImages.get(name) ?? fakeImage(name, source.format);
}

function unusable(text: string): ComputeError {
  return new ComputeError('OPERATION_FAILED', `${text}; it was not used`, { outcome: 'not-applied', retry: 'never' });
}

/** Keeps an image on the host for the next instance, when its source says so. */
export function keepWhenAsked(site: FakeSite, source: ImageSource | undefined, image: FakeImage | null): void {
  if (source?.cache === true && image !== null && !site.images.has(image.name)) site.images.set(image.name, image);
}
