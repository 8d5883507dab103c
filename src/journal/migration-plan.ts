import { DummyDriver, Kysely, PostgresQueryCompiler, SqliteQueryCompiler } from 'kysely';
import { PostgresAdapter, PostgresIntrospector, SqliteAdapter, SqliteIntrospector } from 'kysely';
import { migrations } from './migrate.js';
import type { SqlFlavour } from './sql-flavour.js';

/** A step that `migrate` would take. */
export interface PlannedStep {
  readonly name: string;
  /** Its SQL. What a step makes of rows that it reads shows only when it is taken. */
  readonly statements: readonly string[];
}

/** Says what steps would do, with no database: their statements are written down instead of run. */
export async function planOf(names: readonly string[], flavour: SqlFlavour): Promise<PlannedStep[]> {
  const all = migrations(flavour);
  return Promise.all(
    names.map(async (name) => {
      const statements: string[] = [];
      const db = new Kysely<unknown>({
        dialect: dialectOf(flavour),
        log: ({ query }) => void statements.push(query.sql),
      });
      await all[name]?.up(db);
      return { name, statements };
    }),
  );
}

function dialectOf({ name }: SqlFlavour) {
  const createDriver = () => new DummyDriver();
  return name === 'sqlite'
    ? {
        createDriver,
        createAdapter: () => new SqliteAdapter(),
        createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      }
    : {
        createDriver,
        createAdapter: () => new PostgresAdapter(),
        createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      };
}
