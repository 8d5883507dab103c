import { Kysely } from 'kysely';
import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { Secret } from '../common/secret.js';
import type { SignalLine } from './journal.port.js';
import { LocalSignals } from './local-signals.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';
import { openSqliteThread } from './sqlite/index.js';
import { sqliteFlavour } from './sqlite/sqlite-flavour.js';

/** Where the journal is kept. */
export type DatabaseOptions =
  /** In a file that this process has for itself, or in `:memory:`. */
  | { readonly file: string }
  /** In PostgreSQL, with as many other workers as there are. */
  | {
      readonly url: Secret;
      readonly maxConnections: number;
      /** How long a statement may take; what a service waits for when it is left out. */
      readonly answerTimeoutMs?: number;
    };

/** Can other processes have it open too? */
export function isSharedDatabase(options: DatabaseOptions): boolean {
  return 'url' in options;
}

/** A database that the journal can be kept in, whatever its schema is. */
export interface Database {
  readonly db: Kysely<JournalDatabase>;
  readonly flavour: SqlFlavour;
  signals(): SignalLine & { close?(): Promise<void> };
  /** Writes a copy to a file while it is in use; PostgreSQL has tools of its own for that. */
  readonly backup?: (to: string) => Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a database, and leaves its schema as it is.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE when it does not answer, another process has it, or it cannot be written;
 *   CONFIG_INVALID when PostgreSQL does not know us or the database
 */
export async function openDatabase(
  options: DatabaseOptions,
  ports: { readonly clock: Clock; readonly log: Log },
): Promise<Database> {
  if ('url' in options) {
    // Loaded for who has it, since it costs every start.
    const { PostgresSignals, openPostgres, postgresFlavour } = await import('./postgres/index.js');
    const db = await openPostgres(options, ports.log);
    return {
      db,
      flavour: postgresFlavour,
      signals: () => new PostgresSignals(db, options, ports),
      close: () => db.destroy(),
    };
  }
  const thread = await openSqliteThread(options.file, { log: ports.log });
  const db = new Kysely<JournalDatabase>({ dialect: thread.dialect });
  return {
    db,
    flavour: sqliteFlavour,
    signals: () => new LocalSignals(),
    backup: (to) => thread.backup(to),
    // Not db.destroy(), which closes nothing that was never asked anything.
    close: () => thread.close(),
  };
}
