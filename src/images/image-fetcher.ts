import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ComputeError } from '../common/errors/index.js';
import type {
  CallContext,
  ImageDestination,
  Images,
  ImageSource,
  ObtainedImage,
  PutImage,
} from '../compute/contract/index.js';
import { download, type DownloadAnswer, type TlsTrust } from '../connectors/http/index.js';
import { realFolders, requireBelow } from './file-folders.js';
import { parseImageAddress, type ImageAddress } from './image-address.js';
import { absent, explained, failed } from './image-failure.js';
import { putImage } from './put-image.js';

/** The longest a server may be silent. */
const IDLE_TIMEOUT_MS = 60_000;
/** After this time nobody works any more with what lies there: it is what a process left that ended in the middle. */
const LEFT_BEHIND_MS = 48 * 3_600_000;

export interface ImageFetcherOptions {
  /** Where images lie while they are used; made when it is not there. */
  readonly folder: string;
  /** `file:` addresses must be below one of these. */
  readonly fileFolders: readonly string[];
  readonly maxBytes: number;
  /** For all of one image. */
  readonly timeoutMs: number;
  /** How servers are verified. */
  readonly trust: TlsTrust;
}

/** Fetches images into files of their own, which are removed after their use, and puts them to where they are wanted. */
export class ImageFetcher implements Images {
  constructor(private readonly options: ImageFetcherOptions) {}

  async with<T>(
    { signal }: Pick<CallContext, 'signal'>,
    image: ImageSource,
    use: (image: ObtainedImage) => Promise<T>,
  ): Promise<T> {
    const address = parseImageAddress(image.source);
    if (address.kind === 'file') requireBelow(address.path, this.options.fileFolders);
    return await this.#inFolder(async (own) => {
      const file = join(own, 'image');
      const workshop = join(own, 'workshop');
      await mkdir(workshop);
      const { bytes, sha256 } = await this.#obtain(address, image, file, signal);
      if (image.checksum !== undefined && image.checksum !== `sha256:${sha256}`) {
        throw failed(`the image at ${address.shown} has the checksum sha256:${sha256}, not the one that was asked for`);
      }
      return await use({ file, bytes, sha256, workshop });
    });
  }

  async put(
    { signal }: Pick<CallContext, 'signal'>,
    to: ImageDestination,
    make: (workshop: string) => Promise<string>,
  ): Promise<PutImage> {
    const address = parseImageAddress(to.url);
    if (address.kind === 'file') requireBelow(address.path, this.options.fileFolders);
    return await this.#inFolder(async (own) => {
      const file = await make(own);
      return await putImage({ file, address, token: to.token }, this.options, signal);
    });
  }

  /** Lets work be done in a folder of its own. */
  async #inFolder<T>(work: (own: string) => Promise<T>): Promise<T> {
    await mkdir(this.options.folder, { recursive: true, mode: 0o700 });
    await this.#sweep();
    const own = await mkdtemp(join(this.options.folder, 'image-'));
    try {
      return await work(own);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  async #obtain(address: ImageAddress, { token }: ImageSource, file: string, signal: AbortSignal) {
    const { timeoutMs, trust, maxBytes } = this.options;
    const inTime = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, inTime]);
    const write = (from: Readable): Promise<Written> => writeDown(from, file, maxBytes, address.shown, either);
    try {
      if (address.kind === 'file') return await this.#read(address, write);
      const headers = token === undefined ? {} : address.tokenHeader(token);
      const request = { url: address.url, headers, trust, idleTimeoutMs: IDLE_TIMEOUT_MS, signal: either };
      return await download(request, async (answer) => {
        this.#refuseAnswer(answer, address.shown);
        return await write(answer.body);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (inTime.aborted) {
        throw failed(`the image at ${address.shown} was not complete within ${Math.round(timeoutMs / 1000)} s`, 'safe');
      }
      throw explained(error, address.shown, 'fetched');
    }
  }

  async #read(
    { path, shown }: Extract<ImageAddress, { kind: 'file' }>,
    write: (from: Readable) => Promise<Written>,
  ): Promise<Written> {
    const real = await realpath(path);
    requireBelow(real, await realFolders(this.options.fileFolders));
    // Opening a pipe would wait for its other end.
    const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await fileFacts(handle, shown);
      if (size > this.options.maxBytes) throw tooLarge(shown, this.options.maxBytes);
      return await write(handle.createReadStream({ autoClose: false }));
    } finally {
      await handle.close();
    }
  }

  #refuseAnswer({ status, bytes }: DownloadAnswer, shown: string): void {
    if (status === 404 || status === 410) throw absent(shown);
    if (status === 401 || status === 403) {
      throw failed(`the server refuses the image at ${shown} (${status}); the token is missing, wrong, or too old`);
    }
    if (status === 204) throw failed(`the image at ${shown} has no data`);
    if (status !== 200) {
      throw failed(`the server of the image at ${shown} answered ${status}`, status >= 500 ? 'safe' : 'never');
    }
    if (bytes !== undefined && bytes > this.options.maxBytes) throw tooLarge(shown, this.options.maxBytes);
  }

  async #sweep(): Promise<void> {
    const { folder } = this.options;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined && Date.now() - facts.mtimeMs > LEFT_BEHIND_MS) {
        await rm(path, { recursive: true, force: true });
      }
    }
  }
}

interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

async function writeDown(
  from: Readable,
  to: string,
  maxBytes: number,
  shown: string,
  signal: AbortSignal,
): Promise<Written> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counting = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      hash.update(piece);
      if (bytes > maxBytes) done(tooLarge(shown, maxBytes));
      else done(null, piece);
    },
  });
  await pipeline(from, counting, createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal });
  return { bytes, sha256: hash.digest('hex') };
}

async function fileFacts(handle: Awaited<ReturnType<typeof open>>, shown: string) {
  const facts = await handle.stat();
  if (!facts.isFile()) throw failed(`${shown} is no file`);
  return facts;
}

function tooLarge(shown: string, maxBytes: number): ComputeError {
  return failed(`the image at ${shown} is larger than the ${maxBytes} bytes that are allowed (images.max_gib)`);
}
