import type { Kysely } from 'kysely';
import type { Clock } from '../common/clock.js';
import type { BreakerKey, BreakerStore, OpenBreaker } from '../compute/contract/index.js';
import { guarded } from './guarded.js';
import type { JournalDatabase } from './schema.js';

/**
 * Breakers in the journal's database, so that a restart does not try a refused password again. Every method throws
 * JOURNAL_UNAVAILABLE when the database does not answer: then no logon may be tried either.
 */
export class SqlBreakers implements BreakerStore {
  readonly #db: Kysely<JournalDatabase>;
  readonly #clock: Clock;
  readonly #digest: (text: string) => string;

  /** @param digest a keyed one: what drivers know a credential by could be tried out against a list of passwords */
  constructor(db: Kysely<JournalDatabase>, clock: Clock, digest: (text: string) => string) {
    this.#db = db;
    this.#clock = clock;
    this.#digest = digest;
  }

  find(key: BreakerKey): Promise<OpenBreaker | undefined> {
    return guarded(async () => {
      const row = await this.#db
        .selectFrom('breakers')
        .select(['reason', 'opened_at'])
        .where('endpoint', '=', key.endpoint)
        .where('user_name', '=', key.user)
        .where('credential', '=', this.#digest(key.credential))
        .executeTakeFirst();
      return row === undefined ? undefined : { reason: row.reason, openedAt: row.opened_at };
    });
  }

  async open(key: BreakerKey, reason: string): Promise<void> {
    await guarded(() =>
      this.#db
        .insertInto('breakers')
        .values({
          endpoint: key.endpoint,
          user_name: key.user,
          credential: this.#digest(key.credential),
          reason,
          opened_at: this.#clock.now(),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  /** How many there are, of all endpoints. */
  count(): Promise<number> {
    return guarded(async () => {
      const { open } = await this.#db
        .selectFrom('breakers')
        .select((eb) => eb.fn.countAll<number>().as('open'))
        .executeTakeFirstOrThrow();
      return open;
    });
  }

  close(key: Omit<BreakerKey, 'credential'>): Promise<boolean> {
    return guarded(async () => {
      const { numDeletedRows } = await this.#db
        .deleteFrom('breakers')
        .where('endpoint', '=', key.endpoint)
        .where('user_name', '=', key.user)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    });
  }
}
