import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, types as pgTypes, type ClientConfig, type CustomTypesConfig } from 'pg';
import type { Log } from '../../common/log.js';
import type { Secret } from '../../common/secret.js';
import type { JournalDatabase } from '../schema.js';
import { openingFailure } from './postgres-failure.js';
import { preparing } from './prepared-statements.js';

export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly url: Secret;
  readonly maxConnections: number;
  readonly answerTimeoutMs?: number;
}

/** A database that says nothing for so long counts as gone; what was asked may have happened. */
const ANSWER_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** PostgreSQL's type of 64-bit integers, which arrive as text; ours are times and counts, and fit a number. */
const INT8 = 20;
const types: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pgTypes.getTypeParser(oid, format)) as typeof pgTypes.getTypeParser,
};

/** Settings of every connection, those that listen for signals included. */
export function connectionSettings({ url }: PostgresOptions): ClientConfig {
  return {
    connectionString: url.reveal(),
    application_name: 'zenova',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
}

/**
 * Opens a pool of connections, and makes the first one.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE, CONFIG_INVALID when that server does not know us or the database
 */
export async function openPostgres(options: PostgresOptions, log: Log): Promise<Kysely<JournalDatabase>> {
  const db = poolOf(options, log);
  try {
    await sql`select 1`.execute(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw openingFailure(error, options.url);
  }
}

function poolOf(options: PostgresOptions, log: Log): Kysely<JournalDatabase> {
  const { answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const pool = new Pool({
    ...connectionSettings(options),
    max: options.maxConnections,
    query_timeout: answerTimeoutMs,
    // The server gives up first, so that what times out here is hardly ever still running there.
    statement_timeout: answerTimeoutMs - 1_000,
    idle_in_transaction_session_timeout: answerTimeoutMs,
    // The plans of prepared statements outlive the time when the tables are so small that reading them whole is cheaper.
    // What can only be read whole then seems so dear to the server that it compiles each such query, which takes it half a second.
    options: '-c enable_seqscan=off -c jit=off',
  });
  // A connection that is lost while nobody uses it is made anew by the pool.
  pool.on('error', (error) => log.warn('a connection to the database was lost', { err: error }));
  // The pool does not listen while somebody has it: what is asked then fails by itself, unless nothing is just being asked.
  pool.on('connect', (client) => {
    client.on('error', (error) =>
      log.info('a connection to the database was lost while it was in use', { err: error }),
    );
  });
  return new Kysely<JournalDatabase>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}
