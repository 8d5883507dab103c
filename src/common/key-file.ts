import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { newKeyText, parseKey } from './encryption-key.js';
import { ComputeError, errorCodeOf } from './errors/index.js';

/** No key is longer; whatever is, is another file. */
const MAX_BYTES = 4096;

/**
 * Reads a key from its file.
 *
 * @throws ComputeError CONFIG_INVALID when it cannot be read, every user can read it, or it holds no key
 */
export function readKeyFile(path: string): Buffer {
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o007) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new ComputeError(
        'CONFIG_INVALID',
        `the key file ${path} is open to every user (mode ${octal}); run: chmod o-rwx ${path}`,
      );
    }
    return parseKey(size > MAX_BYTES ? '*' : readFileSync(path, 'utf8'), `the key file ${path}`);
  } catch (error) {
    throw keyFileError(error, `the key file ${path} cannot be read`);
  }
}

/**
 * Makes a key in a new file, readable by its owner only: whole and on the disk before anything is encrypted with it, since
 * a journal whose key was lost in a crash is lost too.
 *
 * @returns false when there is a file of this name, which then stays as it is
 * @throws ComputeError CONFIG_INVALID when it cannot be written
 */
export function makeKeyFile(path: string): boolean {
  if (existsSync(path)) return false;
  const directory = dirname(path);
  const unfinished = `${path}.${process.pid}.new`;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    rmSync(unfinished, { force: true });
    writeFileSync(unfinished, `${newKeyText()}\n`, { mode: 0o600, flag: 'wx', flush: true });
    const isMade = linkNew(unfinished, path);
    rmSync(unfinished);
    const entry = openSync(directory, 'r');
    fsyncSync(entry);
    closeSync(entry);
    return isMade;
  } catch (error) {
    throw keyFileError(error, `the key file ${path} cannot be written`);
  }
}

/** Unlike renaming, linking never takes the place of a key that another process has made meanwhile. */
function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function keyFileError(error: unknown, text: string): ComputeError {
  if (error instanceof ComputeError) return error;
  const code = errorCodeOf(error) ?? 'unknown error';
  return new ComputeError('CONFIG_INVALID', code === 'ENOENT' ? `${text}: it does not exist` : `${text} (${code})`, {
    cause: error,
  });
}
