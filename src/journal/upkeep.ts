import { sql, type Kysely } from 'kysely';
import type { Clock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import { MIN_KEEP, MIN_KEEP_MS } from '../common/retention.js';
import type { Database } from './database.js';
import { guarded } from './guarded.js';
import { FINAL_STATES, OPEN_STATES, type OperationState } from './journal.port.js';
import { appliedMigrations, schemaState } from './migrate.js';
import { HELD } from './operation-rows.js';
import { countPrunable, cutoffOf, pruneSome } from './pruning.js';
import type { JournalDatabase } from './schema.js';
import { parseHosts } from './sql-workers.js';

export interface JournalStatus {
  /** Names of the steps that its schema has had, in order. */
  readonly applied: readonly string[];
  readonly bytes: number;
  /** What is in it; null when its schema is not today's. Times are milliseconds since the epoch. */
  readonly content: {
    readonly operations: Readonly<Record<OperationState, number>>;
    /** When the oldest outcome was stored that has not been removed. */
    readonly oldestOutcomeAt: number | null;
    readonly workers: readonly WorkerStatus[];
  } | null;
}

export interface WorkerStatus {
  readonly id: string;
  readonly server: string;
  readonly hosts: readonly string[];
  readonly joinedAt: number;
  readonly leaseUntil: number;
  /** By the database's clock, its lease is not over. */
  readonly isAlive: boolean;
}

/** What an operator does with a journal beside the service's own work, or within it: also while it is in use. */
export class JournalUpkeep {
  readonly #db: Kysely<JournalDatabase>;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#db = database.db;
    this.#database = database;
    this.#clock = clock;
  }

  /** @throws ComputeError JOURNAL_UNAVAILABLE */
  async status(): Promise<JournalStatus> {
    const { flavour } = this.#database;
    const applied = await appliedMigrations(this.#db);
    const { pending, unknown } = schemaState(applied, flavour);
    return guarded(async () => {
      const { bytes } = await this.#db.selectNoFrom(flavour.size.as('bytes')).executeTakeFirstOrThrow();
      const isToday = pending.length === 0 && unknown.length === 0;
      return { applied, bytes, content: isToday ? await this.#content() : null };
    });
  }

  /** Names of the workers whose lease is not over, also when the schema is an earlier one. */
  livingWorkers(): Promise<string[]> {
    return guarded(async () => {
      if ((await appliedMigrations(this.#db)).length === 0) return [];
      return (await this.#workers()).filter(({ isAlive }) => isAlive).map(({ server }) => server);
    });
  }

  /** How many outcomes are older. @throws ComputeError REQUEST_INVALID, JOURNAL_UNAVAILABLE */
  countPrunable(olderThanMs: number): Promise<number> {
    return guarded(async () => countPrunable(this.#db, await this.#cutoff(olderThanMs)));
  }

  /** Removes some of the outcomes that are older. @throws ComputeError REQUEST_INVALID, JOURNAL_UNAVAILABLE */
  pruneSome(olderThanMs: number): Promise<{ readonly operations: number; readonly isComplete: boolean }> {
    return guarded(async () => pruneSome(this.#db, await this.#cutoff(olderThanMs)));
  }

  /**
   * Writes a copy to a new file while the journal is in use; undefined where the database has tools of its own for that.
   *
   * @throws ComputeError ALREADY_EXISTS, JOURNAL_UNAVAILABLE
   */
  get copy(): ((to: string) => Promise<void>) | undefined {
    return this.#database.backup;
  }

  async #cutoff(olderThanMs: number): Promise<number> {
    if (!(olderThanMs >= MIN_KEEP_MS)) {
      throw new ComputeError(
        'REQUEST_INVALID',
        `outcomes are kept for ${MIN_KEEP} at least: a repeat of a request may still come`,
      );
    }
    return cutoffOf(this.#database, { olderThanMs, now: this.#clock.now() });
  }

  async #content(): Promise<JournalStatus['content']> {
    const { fn } = this.#db;
    const counts = await this.#db
      .selectFrom('operations')
      .select(['state', fn.countAll<number>().as('count')])
      .where('holder_id', 'is', null)
      .groupBy('state')
      .execute();
    const counted = new Map<string, number>();
    for (const { state, count } of counts) {
      // What waits for its further targets is accepted to everybody else.
      const shown = state === HELD ? 'accepted' : state;
      counted.set(shown, (counted.get(shown) ?? 0) + count);
    }
    const operations = Object.fromEntries(
      [...OPEN_STATES, ...FINAL_STATES].map((state) => [state, counted.get(state) ?? 0]),
    ) as Record<OperationState, number>;
    const { oldest } = await this.#db
      .selectFrom('operations')
      .select(fn.min('finished_at').as('oldest'))
      .executeTakeFirstOrThrow();
    return { operations, oldestOutcomeAt: oldest, workers: await this.#workers() };
  }

  async #workers(): Promise<WorkerStatus[]> {
    const rows = await this.#db
      .selectFrom('workers')
      .select(['id', 'server', 'hosts', 'joined_at', 'lease_until'])
      .select(sql<number>`case when lease_until >= ${this.#database.flavour.now} then 1 else 0 end`.as('alive'))
      .orderBy('joined_at')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      server: row.server,
      hosts: parseHosts(row.hosts),
      joinedAt: row.joined_at,
      leaseUntil: row.lease_until,
      isAlive: row.alive === 1,
    }));
  }
}
