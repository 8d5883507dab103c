import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from './common/clock.js';
import { ComputeError, errorCodeOf } from './common/errors/index.js';
import { silentLog } from './common/log.js';
import type { Config } from './config/index.js';
import { openDatabase, type Database } from './journal/database.js';
import type { DatabaseOptions } from './journal/index.js';
import { addressOf } from './journal/postgres/postgres-failure.js';

/** What an operator asks for may take its time: a step on a large table, a count over all of it. */
const PATIENCE_MS = 3_600_000;

/** Where a configuration keeps its journal. */
export function databaseOf({ journal, stateDir }: Config): DatabaseOptions {
  return journal.url === null
    ? { file: join(stateDir, 'journal.db') }
    : { url: journal.url, maxConnections: journal.maxConnections };
}

/** Names it for people: `SQLite /var/lib/zenova/journal.db`, `PostgreSQL db.example:5432/zenova`. */
export function placeOf(database: DatabaseOptions): string {
  return 'file' in database ? `SQLite ${database.file}` : `PostgreSQL ${addressOf(database.url)}`;
}

/**
 * Where the command line finds it, which makes no journal.
 *
 * @throws ComputeError CONFIG_INVALID when there is none
 */
export function existingDatabaseOf(config: Config): DatabaseOptions {
  const database = databaseOf(config);
  if (!('file' in database)) return { ...database, answerTimeoutMs: PATIENCE_MS };
  if (existsSync(database.file)) return database;
  throw new ComputeError(
    'CONFIG_INVALID',
    `there is no journal at ${database.file}; a service makes it when it starts`,
  );
}

/** Opens a database beside the service, or without one. @throws ComputeError JOURNAL_UNAVAILABLE, CONFIG_INVALID */
export async function openUnused(database: DatabaseOptions): Promise<Database> {
  return openDatabase(database, { clock: systemClock, log: silentLog }).catch((error: unknown) => {
    throw stopItFirst(error);
  });
}

/** Adds what to do when a file is in use. */
export function stopItFirst(error: unknown): unknown {
  const isInUse = error instanceof ComputeError && errorCodeOf(error.cause) === 'SQLITE_BUSY';
  return isInUse ? new ComputeError(error.code, `${error.message}: stop it first`, { retry: 'never' }) : error;
}
