import { readFileSync, statSync } from 'node:fs';
import { ComputeError, errorCodeOf } from '../../common/errors/index.js';

/** Tens of thousands of machines, as MAAS describes them. */
const MAX_BYTES = 256 << 20;

/** @throws ComputeError CONFIG_INVALID */
export function readText(file: string, { isPrivate = false } = {}): string {
  try {
    const { mode, size } = statSync(file);
    if (size > MAX_BYTES) throw refused(`${file} is larger than 256 MiB`);
    if (isPrivate && (mode & 0o007) !== 0) {
      throw refused(`${file} holds passwords and is open to every user; run: chmod o-rwx ${file}`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ComputeError) throw error;
    const code = errorCodeOf(error) ?? 'unknown error';
    throw refused(code === 'ENOENT' ? `${file} does not exist` : `${file} cannot be read (${code})`);
  }
}

function refused(message: string): ComputeError {
  return new ComputeError('CONFIG_INVALID', message);
}
