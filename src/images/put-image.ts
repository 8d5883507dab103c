import { createHash } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { link, open, realpath, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ComputeError, errorCodeOf } from '../common/errors/index.js';
import type { PutImage } from '../compute/contract/index.js';
import { download, upload, type TlsTrust } from '../connectors/http/index.js';
import { realFolders, requireBelow } from './file-folders.js';
import type { ImageAddress } from './image-address.js';
import { absent, explained, failed } from './image-failure.js';

/** The longest a server may be silent: it may want to look at all of an image before it answers. */
const IDLE_TIMEOUT_MS = 5 * 60_000;

/** A file that is to be put somewhere. */
interface Putting {
  readonly file: string;
  readonly address: ImageAddress;
  readonly token: string | undefined;
}

export interface PutOptions {
  readonly fileFolders: readonly string[];
  /** For all of it. */
  readonly timeoutMs: number;
  readonly trust: TlsTrust;
}

/** As `Images.put`, of a file that is there. */
export async function putImage(
  { file, address, token }: Putting,
  options: PutOptions,
  signal: AbortSignal,
): Promise<PutImage> {
  const { shown } = address;
  const inTime = AbortSignal.timeout(options.timeoutMs);
  const either = AbortSignal.any([signal, inTime]);
  try {
    const { size: bytes } = await stat(file);
    const sha256 = await sha256Of(createReadStream(file), either);
    const image = { file, bytes, sha256 };
    const isAlready =
      address.kind === 'file'
        ? await putIntoFile(image, address, options, either)
        : await putToServer(image, address, token, options, either);
    return { bytes, sha256, shown, isAlready };
  } catch (error) {
    signal.throwIfAborted();
    if (inTime.aborted) {
      throw failed(`the image was not at ${shown} within ${Math.round(options.timeoutMs / 1000)} s`, 'safe');
    }
    throw explained(error, shown, 'put there');
  }
}

interface MadeImage {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** It appears whole, and takes nobody's place. @returns whether the very same was there */
async function putIntoFile(
  { file, sha256 }: MadeImage,
  { path, shown }: Extract<ImageAddress, { kind: 'file' }>,
  { fileFolders }: PutOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const real = join(await realpath(dirname(path)), basename(path));
  requireBelow(real, await realFolders(fileFolders));
  // Whoever tries it again writes the same to the same place.
  const part = join(dirname(real), `.${sha256.slice(0, 16)}.part`);
  try {
    await pipeline(createReadStream(file), createWriteStream(part, { mode: 0o640, flush: true }), { signal });
    await link(part, real);
    return false;
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
    if ((await sha256OfFile(real, signal)) === sha256) return true;
    throw occupied(shown);
  } finally {
    await unlink(part).catch(() => undefined);
  }
}

async function putToServer(
  { file, bytes, sha256 }: MadeImage,
  { url, tokenHeader, shown }: Extract<ImageAddress, { kind: 'web' }>,
  token: string | undefined,
  { trust }: PutOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const headers = token === undefined ? {} : tokenHeader(token);
  const request = { url, headers, trust, idleTimeoutMs: IDLE_TIMEOUT_MS, signal };
  const status = await upload(request, { bytes, open: () => createReadStream(file) });
  if (status >= 200 && status < 300) return false;
  switch (status) {
    case 404:
    case 410:
      throw absent(shown);
    case 401:
    case 403:
      throw failed(
        `the server refuses to take the image to ${shown} (${status}); the token is missing, wrong, or too old`,
      );
    case 409:
    case 412: {
      // It has one, and keeps it: perhaps this very one, of which the answer was lost.
      const there = await download(request, async ({ status: found, body }) =>
        found === 200 ? await sha256Of(body, signal) : undefined,
      );
      if (there === sha256) return true;
      throw occupied(shown);
    }
    case 413:
      throw failed(`the image is too large for the server of ${shown}`);
    default:
      throw failed(
        `the server did not take the image to ${shown}: it answered ${status}`,
        status >= 500 && status !== 501 ? 'safe' : 'never',
      );
  }
}

async function sha256OfFile(path: string, signal: AbortSignal): Promise<string | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    return await sha256Of(handle.createReadStream({ autoClose: false }), signal);
  } finally {
    await handle.close();
  }
}

async function sha256Of(content: Readable, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(content, hash, { signal });
  return hash.digest('hex');
}

function occupied(shown: string): ComputeError {
  return new ComputeError('ALREADY_EXISTS', `there is another image at ${shown}; it stays`);
}
