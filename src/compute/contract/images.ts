import type { CallContext } from './context.js';
import type { ImageSource } from './description/image.js';

/** An image in a file of its own. */
export interface ObtainedImage {
  readonly file: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** An empty directory beside it for what is made of it; it goes with the image. */
  readonly workshop: string;
}

/** Images at `file:`, `http:`, `https:` and `glance:` addresses. */
export interface Images {
  /**
   * Fetches an image, whose checksum is verified, and removes it as soon as `use` has ended, however that was.
   *
   * @throws ComputeError REQUEST_INVALID for an address of another kind, RESOURCE_NOT_FOUND, OPERATION_FAILED; what `use` throws
   */
  with<T>(ctx: Pick<CallContext, 'signal'>, image: ImageSource, use: (image: ObtainedImage) => Promise<T>): Promise<T>;
}
