import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import type { Clock } from '../common/clock.js';
import { ComputeError, errorCodeOf, messageOf } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { Secret } from '../common/secret.js';
import type { SignalLine } from './journal.port.js';
import { LocalSignals } from './local-signals.js';
import { postgresDatabase } from './postgres/postgres-database.js';
import { postgresFlavour } from './postgres/postgres-flavour.js';
import { PostgresSignals } from './postgres/postgres-signals.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';
import { sqliteFlavour } from './sqlite/sqlite-flavour.js';

/** Where the journal is kept. */
export type DatabaseOptions =
  /** In a file that this process has for itself, or in `:memory:`. */
  | { readonly file: string }
  /** In PostgreSQL, with as many other workers as there are. */
  | { readonly url: Secret; readonly maxConnections: number };

/** Can other processes have it open too? */
export function isSharedDatabase(options: DatabaseOptions): boolean {
  return 'url' in options;
}

/** A database that the journal can be kept in, whatever its schema is. */
export interface Database {
  readonly db: Kysely<JournalDatabase>;
  readonly flavour: SqlFlavour;
  signals(): SignalLine & { close?(): Promise<void> };
  close(): Promise<void>;
}

/**
 * Opens a database, and leaves its schema as it is.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE when it does not answer, another process has it, or it cannot be written
 */
export async function openDatabase(
  options: DatabaseOptions,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<Database> {
  if ('url' in options) {
    const db = postgresDatabase(options, ports.log);
    return {
      db,
      flavour: postgresFlavour,
      signals: () => new PostgresSignals(db, options, ports),
      close: () => db.destroy(),
    };
  }
  const db = new Kysely<JournalDatabase>({ dialect: new SqliteDialect({ database: openFile(options.file) }) });
  return {
    db,
    flavour: sqliteFlavour,
    signals: () => new LocalSignals(),
    close: () => db.destroy(),
  };
}

/** The file belongs to one process: the lock is exclusive. Every commit reaches the disk (synchronous FULL). */
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
