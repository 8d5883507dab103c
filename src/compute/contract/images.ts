import type { CallContext } from './context.js';
import type { ImageDestination, ImageSource } from './description/image.js';

/** An image in a file of its own. */
export interface ObtainedImage {
  readonly file: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** An empty directory beside it for what is made of it; it goes with the image. */
  readonly workshop: string;
}

/** An image that was put somewhere. */
export interface PutImage extends Pick<ObtainedImage, 'bytes' | 'sha256'> {
  /** Its address for people, without what may be secret in it. */
  readonly shown: string;
  /** The very same was there. */
  readonly isAlready: boolean;
}

/** Images at `file:`, `http:`, `https:` and `glance:` addresses. */
export interface Images {
  /**
   * Fetches an image, whose checksum is verified, and removes it as soon as `use` has ended, however that was.
   *
   * @throws ComputeError REQUEST_INVALID for an address of another kind, RESOURCE_NOT_FOUND, OPERATION_FAILED; what `use` throws
   */
  with<T>(ctx: Pick<CallContext, 'signal'>, image: ImageSource, use: (image: ObtainedImage) => Promise<T>): Promise<T>;
  /**
   * Puts an image to an address. It can be repeated: what is there already is looked at, and no other image is ever replaced in a
   * file, or where a server keeps what it has.
   *
   * @param make writes the image into an empty directory, which goes afterwards. @returns its file
   * @throws ComputeError REQUEST_INVALID for an address of another kind, RESOURCE_NOT_FOUND, ALREADY_EXISTS, FORBIDDEN,
   *   OPERATION_FAILED; what `make` throws
   */
  put(
    ctx: Pick<CallContext, 'signal'>,
    to: ImageDestination,
    make: (workshop: string) => Promise<string>,
  ): Promise<PutImage>;
}
