import type { Image } from '../../compute/contract/index.js';
import { hashOf } from './fake-hash.js';
import type { FakeSubject } from './fake-instance.js';

const SIZE_BYTES = 419_430_400;

/** An image, in the memory of a host or at an address. */
export interface FakeImage extends FakeSubject {
  readonly name: string;
  readonly format: string;
  /** What is in it. The checksum is that of this text. */
  readonly holds: string;
}

/** An image that nobody changes. What is in one that nobody has made is its name. */
export function fakeImage(name: string, format: string | undefined, holds = name): FakeImage {
  const ending = /\.(qcow2|raw|vmdk|vhdx|iso|tar)$/.exec(name)?.[1];
  return { name, format: format ?? ending ?? 'raw', holds, changedBy: null, isChanging: false };
}

export function checksumOf({ holds }: Pick<FakeImage, 'holds'>): string {
  return `sha256:${hashOf(holds)}`;
}

/** As callers see it. */
export function shownImage(image: FakeImage): Image {
  const { name, format } = image;
  return {
    name,
    id: null,
    format,
    size_bytes: SIZE_BYTES,
    checksum: checksumOf(image),
    native: { holds: image.holds },
  };
}
