import { constants, existsSync, statSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { isoTime, type Clock } from '../common/clock.js';
import { ComputeError, errorCodeOf, messageOf } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import { flush } from '../common/new-file.js';
import { endUnfinished, openCopy } from './copy.js';
import { openDatabase, type Database } from './database.js';
import type { Keys } from './secret-box.js';
import { checkKeys } from './unlock.js';

export interface Restored {
  /** Where the journal is that was there before; null when there was none. */
  readonly aside: string | null;
  /** Operations that were unfinished in the backup. */
  readonly ended: number;
}

type Ports = { readonly clock: Clock; readonly log: Log };

/** Where copies are made that nobody waits for any longer once the process is gone; a service empties it when it starts. */
export function copiesDirectory(file: string): string {
  return join(dirname(file), '.journal-copies');
}

/**
 * Puts a backup in the place of a journal, which is kept under another name. At every moment one of the two is there.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE when a service has the journal, or the backup is of no use
 */
export async function restoreFile(
  { input, file, keys }: { readonly input: string; readonly file: string; readonly keys: Keys },
  ports: Ports,
): Promise<Restored> {
  // Also brings what stands in its write-ahead log into the file.
  await (await openExisting(file, ports))?.close();
  const directory = copiesDirectory(file);
  const staged = join(directory, `restore-${randomUUID()}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await copyIn(input, staged);
    const copy = await openCopy(staged, ports);
    let ended: number;
    try {
      await checkKeys(copy.db, keys);
      ended = await endUnfinished(copy.db, ports.clock);
    } finally {
      await copy.close();
    }
    await flush(staged);
    return { aside: await takePlace(staged, file, ports), ended };
  } finally {
    await rm(staged, { force: true });
  }
}

async function copyIn(input: string, staged: string): Promise<void> {
  if (isFilled(`${input}-wal`)) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `${input} is the file of a database in use, not a backup: part of it stands in ${input}-wal`,
    );
  }
  try {
    await copyFile(input, staged, constants.COPYFILE_EXCL);
  } catch (error) {
    throw new ComputeError('CONFIG_INVALID', `${input} cannot be read (${errorCodeOf(error) ?? messageOf(error)})`);
  }
  await chmod(staged, 0o600);
}

async function takePlace(staged: string, file: string, ports: Ports): Promise<string | null> {
  // While it is open nobody else can have it.
  const old = await openExisting(file, ports);
  try {
    if (!existsSync(file)) {
      await link(staged, file);
      await flush(dirname(file));
      return null;
    }
    const aside = `${file}.before-${isoTime(ports.clock.now()).replaceAll(/[-:.]/g, '')}`;
    await link(file, aside);
    // Only a journal that could not be opened still has something in it; to another file it would be poison.
    if (isFilled(`${file}-wal`)) await rename(`${file}-wal`, `${aside}-wal`);
    await rename(staged, file);
    await flush(dirname(file));
    return aside;
  } finally {
    // SQLite sees that the file is another one, and leaves alone what lies there now.
    await old?.close();
  }
}

/** Undefined when there is none, or it is too damaged to be opened, which a backup can mend. */
async function openExisting(file: string, ports: Ports): Promise<Database | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return await openDatabase({ file }, ports);
  } catch (error) {
    if (isInUse(error)) throw error;
    ports.log.warn('the journal that is to be replaced cannot be opened', { err: error });
    return undefined;
  }
}

/** Was a file not opened because another process has it? */
export function isInUse(error: unknown): error is ComputeError {
  return error instanceof ComputeError && errorCodeOf(error.cause) === 'SQLITE_BUSY';
}

function isFilled(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
