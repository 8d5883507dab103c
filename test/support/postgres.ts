import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { type Postgres, startPostgres } from '../../scripts/postgres.mjs';

/** Starts a PostgreSQL of one's own, to stop, start and break (scripts/postgres.mjs). */
export { type Postgres, startPostgres };

/** An empty database that nobody else uses. */
export interface FreshDatabase {
  readonly url: string;
  /** Ends the sessions that are left in it, and removes it. */
  drop(): Promise<void>;
}

/** A database in the server of this run (`ZENOVA_POSTGRES_URL`), else in one of one's own. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const shared = process.env['ZENOVA_POSTGRES_URL'];
  const server = shared === undefined ? await startPostgres({ fsync: false }) : undefined;
  const administration = shared ?? server?.url ?? '';
  const name = `zenova_test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(administration);
  url.pathname = name;
  await execute(administration, `CREATE DATABASE ${name}`);
  return {
    url: url.href,
    drop: async () => {
      await execute(administration, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server?.stop();
    },
  };
}

/** Takes everything out of a database, which is quicker than a new one. */
export async function emptyDatabase({ url }: FreshDatabase): Promise<void> {
  await execute(url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
