import type { Dialect } from 'kysely';
import type { Log } from '../../common/log.js';
import { SqliteThread, startThread } from './sqlite-thread.js';
import { ThreadDialect } from './thread-dialect.js';

/** A database whose file is opened, written and synced by a thread of its own. */
export interface OpenSqlite {
  /** For one `Kysely`, which closes the database when it is destroyed. */
  readonly dialect: Dialect;
  /**
   * Writes a copy of the database while it is in use.
   *
   * @throws ComputeError ALREADY_EXISTS when there is a file of that name
   * @throws ComputeError JOURNAL_UNAVAILABLE when the copy could not be made; nothing of that name is left then
   */
  backup(to: string): Promise<void>;
  /** Answers what was asked before, rolls back a transaction that is open, closes the file, and ends the thread. */
  close(): Promise<void>;
}

/**
 * Opens a database that belongs to this process alone, on a thread of its own, so that the event loop never waits for the
 * disk. Statements that wait together are committed together, with one fsync, and answered after it (group commit): each
 * is a transaction of its own to its caller, and is on the disk when it is answered.
 *
 * A blob comes back as `Uint8Array`. A result is one message, and has to fit into memory twice.
 *
 * When the thread ends by itself every call fails, those that wait included; nothing starts it again.
 *
 * @param path of the file, or `:memory:`
 * @param options.log told when the thread ends by itself
 * @throws ComputeError JOURNAL_UNAVAILABLE when another process has it, or it cannot be written
 */
export async function openSqliteThread(path: string, options: { readonly log?: Log } = {}): Promise<OpenSqlite> {
  const thread = await SqliteThread.attach(startThread(path), path, options.log);
  return {
    dialect: new ThreadDialect(thread),
    backup: (to) => thread.backup(to),
    close: () => thread.close(),
  };
}
