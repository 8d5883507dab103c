import type { Kysely } from 'kysely';
import type { JournalDatabase } from './schema.js';

/** Which hosts are marked with something, as facts of the database: `<prefix><host>`. */
export class SqlHostMarks {
  readonly #db: Kysely<JournalDatabase>;
  readonly #prefix: string;

  constructor(db: Kysely<JournalDatabase>, prefix: string) {
    this.#db = db;
    this.#prefix = prefix;
  }

  /** False when it was so. */
  async set(host: string, isMarked: boolean): Promise<boolean> {
    const name = this.#prefix + host;
    if (!isMarked) {
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
      .where('name', 'like', `${this.#prefix}%`)
      .orderBy('name')
      .execute();
    return rows.map(({ name }) => name.slice(this.#prefix.length));
  }
}
