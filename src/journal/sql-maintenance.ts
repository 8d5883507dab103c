import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { JournalDatabase } from './schema.js';

const PREFIX = 'maintenance:';

/** Which hosts are in maintenance, as facts of the database. */
export class SqlMaintenance {
  readonly #db: Kysely<JournalDatabase>;

  constructor(db: Kysely<JournalDatabase>) {
    this.#db = db;
  }

  async set(host: string, isOn: boolean): Promise<boolean> {
    const name = PREFIX + host;
    if (!isOn) {
      const { numDeletedRows } = await this.#db.deleteFrom('facts').where('name', '=', name).executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    }
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('facts')
      .values({ name, value: 'true' })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }

  async list(): Promise<string[]> {
    const rows = await this.#db
      .selectFrom('facts')
      .select('name')
      .where('name', 'like', `${PREFIX}%`)
      .orderBy('name')
      .execute();
    return rows.map(({ name }) => name.slice(PREFIX.length));
  }
}

/** The hosts that must not be in maintenance, as a statement takes them: an operation has one, or two when it moves something. */
export interface OpenHosts {
  readonly openHost: string | null;
  readonly otherOpenHost: string | null;
}

export function openHostsOf([first, second]: readonly string[]): OpenHosts {
  const fact = (host: string | undefined): string | null => (host === undefined ? null : PREFIX + host);
  return { openHost: fact(first), otherOpenHost: fact(second) };
}

/** The first of these hosts that is in maintenance, or null; a part of other statements, so that it costs no round trip. */
export function closedHostOf({ openHost, otherOpenHost }: OpenHosts): RawBuilder<string | null> {
  return sql<
    string | null
  >`(select substr(min(name), ${sql.lit(PREFIX.length + 1)}) from facts where name in (${openHost}, ${otherOpenHost}))`;
}
