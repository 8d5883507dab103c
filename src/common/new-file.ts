import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ComputeError, errorCodeOf, messageOf } from './errors/index.js';

/**
 * Makes a file that is there whole or not at all, whatever happens meanwhile, and that overwrites nothing.
 *
 * @param write writes it, under a name of its own
 * @throws ComputeError ALREADY_EXISTS, CONFIG_INVALID when it cannot be written there, and what `write` throws
 */
export async function writeNewFile(to: string, write: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(to)) throw exists(to);
  const partial = `${to}.${randomUUID()}.partial`;
  try {
    // Before the work begins, so that a mistake in the name costs no time.
    await flush(dirname(to)).catch((error: unknown) => {
      throw new ComputeError('CONFIG_INVALID', `${to} cannot be written (${errorCodeOf(error) ?? messageOf(error)})`);
    });
    await write(partial);
    await flush(partial);
    // Unlike a rename it overwrites nothing.
    await link(partial, to);
  } catch (error) {
    throw errorCodeOf(error) === 'EEXIST' ? exists(to) : error;
  } finally {
    await rm(partial, { force: true });
  }
  await flush(dirname(to));
}

/** Resolves once a file, or the names in a directory, are on the disk. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function exists(path: string): ComputeError {
  return new ComputeError('ALREADY_EXISTS', `${path} exists already; it is left alone, so give another name`);
}
