import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { ComputeError, errorCodeOf, messageOf } from '../common/errors/index.js';
import { operations } from './migrations/0001-operations.js';
import type { JournalDatabase } from './schema.js';

const MIGRATIONS = { '0001-operations': operations };

/**
 * Opens the embedded database and brings its schema up to date. The file belongs to one process: the lock is
 * exclusive. Every commit reaches the disk (synchronous FULL).
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE when another process has it, or it cannot be written
 */
export async function openSqlite(path: string): Promise<Kysely<JournalDatabase>> {
  const database = openFile(path);
  const db = new Kysely<JournalDatabase>({ dialect: new SqliteDialect({ database }) });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw new ComputeError('JOURNAL_UNAVAILABLE', `cannot bring the journal ${path} up to date: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return db;
}

function openFile(path: string): Sqlite.Database {
  let database: Sqlite.Database | undefined;
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    database = new Sqlite(path, { timeout: 1000 });
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    // An exclusive lock is taken by the first write, not by the pragma.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    return database;
  } catch (error) {
    database?.close();
    const text =
      errorCodeOf(error) === 'SQLITE_BUSY'
        ? `the journal ${path} is in use by another process; one service at a time can have it`
        : `cannot open the journal ${path}: ${messageOf(error)}`;
    throw new ComputeError('JOURNAL_UNAVAILABLE', text, { cause: error, retry: 'never' });
  }
}
