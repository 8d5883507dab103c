import { Migrator, type Kysely, type Migration } from 'kysely';
import { ComputeError, messageOf } from '../common/errors/index.js';
import { guarded } from './guarded.js';
import { operations } from './migrations/0001-operations.js';
import { inFlight } from './migrations/0002-in-flight.js';
import { machines } from './migrations/0003-machines.js';
import { trace } from './migrations/0004-trace.js';
import { instances } from './migrations/0005-instances.js';
import { seeds } from './migrations/0006-seeds.js';
import { madeWith } from './migrations/0007-made-with.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';

/** Where Kysely writes down which steps a database has had. */
const TABLE = 'kysely_migration';

/** The steps that bring a database to today's schema, by name; names and order never change. */
export function migrations({ name }: SqlFlavour): Readonly<Record<string, Migration>> {
  return {
    '0001-operations': operations(name),
    '0002-in-flight': inFlight,
    '0003-machines': machines,
    '0004-trace': trace,
    '0005-instances': instances,
    '0006-seeds': seeds,
    '0007-made-with': madeWith,
  };
}

/** What a database's schema is, beside the one that this version knows. */
export interface SchemaState {
  /** Names of the steps that it has had, in order. */
  readonly applied: readonly string[];
  /** Those that it still lacks, in order. */
  readonly pending: readonly string[];
  /** Those that this version does not know: a newer one took them. */
  readonly unknown: readonly string[];
}

export function schemaState(applied: readonly string[], flavour: SqlFlavour): SchemaState {
  const known = Object.keys(migrations(flavour));
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

/** Names of the steps that a database has had; none when it has never been a journal. Writes nothing. */
export function appliedMigrations(db: Kysely<JournalDatabase>): Promise<string[]> {
  return guarded(async () => {
    const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
    if (!tables.some(({ name }) => name === TABLE)) return [];
    const rows = await db
      .withTables<{ [TABLE]: { name: string } }>()
      .selectFrom(TABLE)
      .select('name')
      .orderBy('name')
      .execute();
    return rows.map(({ name }) => name);
  });
}

/** @throws ComputeError JOURNAL_UNAVAILABLE when a newer version than this one has been at work there */
export function refuseNewer({ unknown }: SchemaState): void {
  if (unknown.length === 0) return;
  throw new ComputeError(
    'JOURNAL_UNAVAILABLE',
    `the journal was written by a newer version of Zenova, which took steps that this one does not know ` +
      `(${unknown.join(', ')}); run that version, or restore a backup from before`,
    { retry: 'never' },
  );
}

/**
 * A new database is set up by whoever comes first. One of an earlier version may have workers of that version, who would go
 * on with a schema that they do not know.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE
 */
export function refuseEarlier({ applied, pending, unknown }: SchemaState): void {
  if (applied.length === 0 || pending.length === 0 || unknown.length > 0) return;
  throw new ComputeError(
    'JOURNAL_UNAVAILABLE',
    `the journal was written by an earlier version of Zenova and lacks ${pending.join(', ')}: ` +
      'stop all services that share it, back it up, and run `zenova db migrate`',
    { retry: 'never' },
  );
}

/**
 * Brings the schema up to date: all steps in one transaction, so that a crash leaves what was before. Processes that do so
 * together wait for each other.
 *
 * @param onStep is told the name of each step before it is taken
 * @returns the names of the steps that were taken
 * @throws ComputeError JOURNAL_UNAVAILABLE
 */
export async function migrate(
  db: Kysely<JournalDatabase>,
  flavour: SqlFlavour,
  onStep: (name: string) => void = () => undefined,
): Promise<string[]> {
  refuseNewer(schemaState(await appliedMigrations(db), flavour));
  const steps = Object.entries(migrations(flavour)).map(([name, step]): [string, Migration] => [
    name,
    {
      up: async (tx) => {
        onStep(name);
        await step.up(tx);
      },
    },
  ]);
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(Object.fromEntries(steps)) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new ComputeError('JOURNAL_UNAVAILABLE', `cannot bring the journal up to date: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return results.map(({ migrationName }) => migrationName);
}
