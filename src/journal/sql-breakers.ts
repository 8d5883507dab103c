import type { Kysely } from 'kysely';
import type { Clock } from '../common/clock.js';
import type { BreakerKey, BreakerStore, OpenBreaker } from '../compute/contract/index.js';
import type { JournalDatabase } from './schema.js';

/** Breakers in the journal's database, so that a restart does not try a refused password again. */
export class SqlBreakers implements BreakerStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #clock: Clock;

  constructor(db: Kysely<JournalDatabase>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async find(key: BreakerKey): Promise<OpenBreaker | undefined> {
    const row = await this.#db
      .selectFrom('breakers')
      .select(['reason', 'opened_at'])
      .where('endpoint', '=', key.endpoint)
      .where('user_name', '=', key.user)
      .where('credential', '=', key.credential)
      .executeTakeFirst();
    return row === undefined ? undefined : { reason: row.reason, openedAt: row.opened_at };
  }

  async open(key: BreakerKey, reason: string): Promise<void> {
    await this.#db
      .insertInto('breakers')
      .values({
        endpoint: key.endpoint,
        user_name: key.user,
        credential: key.credential,
        reason,
        opened_at: this.#clock.now(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async close(key: Omit<BreakerKey, 'credential'>): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('breakers')
      .where('endpoint', '=', key.endpoint)
      .where('user_name', '=', key.user)
      .executeTakeFirstOrThrow();
    return numDeletedRows > 0n;
  }
}
