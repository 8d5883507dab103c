import { sql, type Kysely, type RawBuilder } from 'kysely';
import { z } from 'zod';
import type { WorkerId } from '../common/ids.js';
import { guarded } from './guarded.js';
import type { LeaseTerms, LeftInFlight, Worker, WorkerRegistry } from './journal.port.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';

const HostsSchema = z.array(z.string());

/** Hosts of a worker as its row has them. */
export function parseHosts(text: string): string[] {
  return HostsSchema.parse(JSON.parse(text));
}

/**
 * The workers of a journal as rows. A worker is alive as long as its row is there: renewing and striking off meet at that row,
 * so that a worker either has renewed its lease or learns that it has lost it.
 */
export class SqlWorkers implements WorkerRegistry {
  readonly #db: Kysely<JournalDatabase>;
  readonly #flavour: SqlFlavour;

  constructor(db: Kysely<JournalDatabase>, flavour: SqlFlavour) {
    this.#db = db;
    this.#flavour = flavour;
  }

  async join({ id, server, hosts }: Worker, { leaseMs, graceMs }: LeaseTerms): Promise<void> {
    const row = {
      id,
      server,
      hosts: JSON.stringify(hosts),
      joined_at: this.#flavour.now,
      lease_until: this.#after(leaseMs),
      grace_ms: graceMs,
    };
    // After an answer that was lost it is the same worker, with the lease that it had then.
    await guarded(() =>
      this.#db
        .insertInto('workers')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
    );
  }

  renew(id: WorkerId, { leaseMs, graceMs }: LeaseTerms): Promise<boolean> {
    return guarded(async () => {
      const { numUpdatedRows } = await this.#db
        .updateTable('workers')
        .set({
          lease_until: this.#notBefore(leaseMs),
          grace_ms: sql<number>`case when workers.grace_ms > ${graceMs} then workers.grace_ms else ${graceMs} end`,
        })
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    });
  }

  async leave(id: WorkerId, inFlight: readonly LeftInFlight[] = []): Promise<void> {
    await guarded(() =>
      this.#db.transaction().execute(async (tx) => {
        for (const { operationId, forMs } of inFlight) {
          await tx
            .updateTable('operations')
            .set({ in_flight_until: this.#after(forMs) })
            .where('id', '=', operationId)
            .where('owner', '=', id)
            .execute();
        }
        await tx.deleteFrom('workers').where('id', '=', id).execute();
      }),
    );
  }

  strikeOffExpired(): Promise<number> {
    return guarded(async () => {
      const { numDeletedRows } = await this.#db
        .deleteFrom('workers')
        .where(sql<boolean>`lease_until + grace_ms < ${this.#flavour.now}`)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }

  /** Strikes off everybody: for a database that only this process has. */
  async strikeOffAll(): Promise<void> {
    await guarded(() => this.#db.deleteFrom('workers').execute());
  }

  list(): Promise<Worker[]> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('workers')
        .select(['id', 'server', 'hosts'])
        .orderBy('joined_at')
        .orderBy('id')
        .execute();
      return rows.map(({ id, server, hosts }) => ({
        id: id as WorkerId,
        server,
        hosts: parseHosts(hosts),
      }));
    });
  }

  /** Renewals may overtake each other: none takes back what another has granted. */
  #notBefore(leaseMs: number): RawBuilder<number> {
    const until = this.#after(leaseMs);
    return sql<number>`case when workers.lease_until > ${until} then workers.lease_until else ${until} end`;
  }

  #after(leaseMs: number): RawBuilder<number> {
    return sql<number>`${this.#flavour.now} + ${sql.lit(leaseMs)}`;
  }
}
