import { sql, type Kysely } from 'kysely';
import type { OperationId, WorkerId } from '../common/ids.js';
import type { AdoptionFilter } from './journal.port.js';
import { withHolds, type OperationsBuilder } from './journal-statements.js';
import { OPERATION_COLUMNS, type StoredOperation } from './operation-rows.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';

/** Whose the unfinished operations are. */
export class SqlOwnership {
  readonly #db: Kysely<JournalDatabase>;
  readonly #flavour: SqlFlavour;

  constructor(db: Kysely<JournalDatabase>, flavour: SqlFlavour) {
    this.#db = db;
    this.#flavour = flavour;
  }

  async adopt(owner: WorkerId, which: AdoptionFilter, limit: number): Promise<StoredOperation[]> {
    const { now } = this.#flavour;
    const orphans = await this.#orphans(which)
      .select(['id', 'owner'])
      .where((eb) => eb.or([eb('in_flight_until', 'is', null), eb('in_flight_until', '<=', now)]))
      .orderBy('seq')
      .limit(limit)
      .execute();
    const adopted: StoredOperation[] = [];
    for (const former of new Set(orphans.map((orphan) => orphan.owner))) {
      const ids = orphans.filter((orphan) => orphan.owner === former).map(({ id }) => id);
      // Whoever is first gets one: for the others it is no longer its former owner's.
      const rows = await this.#db
        .updateTable('operations')
        .set({ owner, in_flight_until: null })
        .where((eb) => eb.or([eb('id', 'in', ids), eb('holder_id', 'in', ids)]))
        .where('owner', former === null ? 'is' : '=', former)
        .where('finished_at', 'is', null)
        .returning(['seq', ...OPERATION_COLUMNS])
        .execute();
      adopted.push(...rows);
    }
    return adopted.filter((row) => row.holder_id === null).sort((one, other) => one.seq - other.seq);
  }

  /** It may have landed since what could be adopted was: then that is to be done again. */
  async nextLanding(which: AdoptionFilter): Promise<number | undefined> {
    const { now } = this.#flavour;
    const { left } = await this.#orphans(which)
      .select((eb) => sql<number | null>`${eb.fn.min('in_flight_until')} - ${now}`.as('left'))
      .executeTakeFirstOrThrow();
    return left === null ? undefined : Math.max(0, left);
  }

  async passOn(id: OperationId, from: WorkerId, to: WorkerId): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('operations')
      .set({ owner: to })
      .where(withHolds(id))
      .where('owner', '=', from)
      .where('finished_at', 'is', null)
      .where((eb) => eb.exists(eb.selectFrom('workers').select('workers.id').where('workers.id', '=', to)))
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  async owned(owner: WorkerId): Promise<OperationId[]> {
    const rows = await this.#db
      .selectFrom('operations')
      .select('id')
      .where('owner', '=', owner)
      .where('finished_at', 'is', null)
      .where('holder_id', 'is', null)
      .execute();
    return rows.map(({ id }) => id as OperationId);
  }

  /** Unfinished operations that nobody living owns. */
  #orphans(which: AdoptionFilter) {
    return this.#db
      .selectFrom('operations')
      .where('finished_at', 'is', null)
      .where((eb) =>
        eb.or([eb('owner', 'is', null), eb('owner', 'not in', eb.selectFrom('workers').select('workers.id'))]),
      )
      .where('holder_id', 'is', null)
      .where((eb) => isAdoptable(eb, which));
  }
}

function isAdoptable(eb: OperationsBuilder, which: AdoptionFilter) {
  if ('of' in which) {
    return eb.or([eb('host', 'is', null), ...(which.of.length === 0 ? [] : [eb('host', 'in', which.of)])]);
  }
  const { notOf, acceptedBefore } = which;
  return eb.and([
    eb('host', 'is not', null),
    eb('accepted_at', '<', acceptedBefore),
    ...(notOf.length === 0 ? [] : [eb('host', 'not in', notOf)]),
  ]);
}
