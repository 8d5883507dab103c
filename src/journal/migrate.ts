import { Migrator, type Kysely } from 'kysely';
import { ComputeError, messageOf } from '../common/errors/index.js';
import { operations } from './migrations/0001-operations.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';

/** The steps that bring a database to today's schema, by name; names and order never change. */
function migrations({ name }: SqlFlavour) {
  return { '0001-operations': operations(name) };
}

function migratorOf(db: Kysely<JournalDatabase>, flavour: SqlFlavour): Migrator {
  return new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations(flavour)) } });
}

/** Names of the steps that this database still lacks, in order. */
export async function pendingMigrations(db: Kysely<JournalDatabase>, flavour: SqlFlavour): Promise<string[]> {
  const all = await migratorOf(db, flavour).getMigrations();
  return all.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

/**
 * Brings the schema up to date; workers that start together wait for each other.
 *
 * @returns the names of the steps that were taken
 * @throws ComputeError JOURNAL_UNAVAILABLE
 */
export async function migrate(db: Kysely<JournalDatabase>, flavour: SqlFlavour): Promise<string[]> {
  const { error, results = [] } = await migratorOf(db, flavour).migrateToLatest();
  if (error !== undefined) {
    throw new ComputeError('JOURNAL_UNAVAILABLE', `cannot bring the journal up to date: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return results.map(({ migrationName }) => migrationName);
}
