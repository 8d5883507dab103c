import type { Kysely, QueryResult, Transaction } from 'kysely';
import { ComputeError } from '../common/errors/index.js';
import type { OperationId, TargetKey, WorkerId } from '../common/ids.js';
import { inMaintenance, leaseLost, type Checkpoint } from '../compute/contract/index.js';
import { guarded } from './guarded.js';
import type {
  AdoptionFilter,
  Age,
  Control,
  Journal,
  Lease,
  NewOperation,
  OperationEnd,
  OperationFilter,
  OperationRecord,
} from './journal.port.js';
import { inTheWay, journalStatements, oneOf, withHolds, type JournalStatements } from './journal-statements.js';
import {
  HELD,
  OPERATION_COLUMNS,
  acceptedRecord,
  holdRowOf,
  parse,
  recordOf,
  rowOf,
  type OperationRow,
  type StoredOperation,
} from './operation-rows.js';
import { cutoffOf, pruneSome } from './pruning.js';
import type { JournalDatabase } from './schema.js';
import type { SecretBox } from './secret-box.js';
import type { SqlFlavour } from './sql-flavour.js';
import { SqlControls } from './sql-controls.js';
import { SqlHostMarks } from './sql-host-marks.js';
import { MAINTENANCE, closedHostOf, openHostsOf } from './sql-maintenance.js';
import { SqlOwnership } from './sql-ownership.js';
import { pruneSeeds } from './sql-seeds.js';

export interface SqlJournalParts {
  readonly db: Kysely<JournalDatabase>;
  readonly flavour: SqlFlavour;
  readonly box: SecretBox;
  /** Unfinished operations allowed on one target. Several workers that accept at the same moment can exceed it by a few. */
  readonly maxPerTarget: number;
}

type Connection = Kysely<JournalDatabase> | Transaction<JournalDatabase>;

/**
 * The journal in SQL, through Kysely. What happens with every operation is one statement each, which is one round trip, and
 * in SQLite shares its commit with others.
 */
export class SqlJournal implements Journal {
  readonly #parts: SqlJournalParts;
  readonly #db: Kysely<JournalDatabase>;
  readonly #statements: JournalStatements;
  readonly #maintenance: SqlHostMarks;
  readonly #controls: SqlControls;
  readonly #ownership: SqlOwnership;

  constructor(parts: SqlJournalParts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#statements = journalStatements(parts.db, parts.flavour, parts.maxPerTarget);
    this.#maintenance = new SqlHostMarks(parts.db, MAINTENANCE);
    this.#controls = new SqlControls(parts.db);
    this.#ownership = new SqlOwnership(parts.db, parts.flavour);
  }

  accept(
    operation: NewOperation,
    owner: WorkerId,
    openHosts: readonly string[] = [],
    parent: Lease | null = null,
  ): Promise<{ created: boolean; record: OperationRecord }> {
    return guarded(async () => {
      const row = rowOf(operation, owner, this.#parts.box);
      const seq =
        operation.alsoTargets.length === 0 && parent === null
          ? await this.#insert(this.#db, row, openHosts)
          : await this.#db.transaction().execute(async (tx) => {
              if (parent !== null) await this.#keepParent(tx, parent);
              return this.#insertWithHolds(tx, row, operation, openHosts);
            });
      if (seq !== undefined) return { created: true, record: acceptedRecord(operation, seq, owner) };
      const existing = await this.findByKey(operation.requestedBy, operation.requestKey);
      if (existing !== undefined) return { created: false, record: existing };
      const closed = (await this.#maintenance.list()).find((host) => openHosts.includes(host));
      if (closed !== undefined) throw inMaintenance(closed);
      throw new ComputeError(
        'BACKEND_BUSY',
        `${this.#parts.maxPerTarget} operations wait for ${operation.name} already`,
        { outcome: 'not-started', driver: operation.driver, target: operation.target },
      );
    });
  }

  claim(
    operation: OperationRecord,
    owner: WorkerId,
    now: number,
    openHosts: readonly string[] = [],
  ): Promise<Lease | undefined> {
    return guarded(async () => {
      if (operation.alsoTargets.length === 0) return this.#claimRow(operation.id, owner, now, openHosts);
      // In sorted order, and what was got is kept: who waits for the next holds only what sorts before it.
      const rows = await this.#db
        .selectFrom('operations')
        .select(['id', 'target', 'state'])
        .where(withHolds(operation.id))
        .execute();
      rows.sort((a, b) => (a.target < b.target ? -1 : 1));
      for (const { id, state } of rows) if (state === 'accepted' && !(await this.#hold(id, owner))) return undefined;
      return this.#claimRow(operation.id, owner, now, openHosts);
    });
  }

  settleTarget(lease: Lease, target: TargetKey): Promise<void> {
    return guarded(async () => {
      const { numUpdatedRows } = await this.#db
        .updateTable('operations')
        .set({ target, target_settled: 1, state: 'accepted' })
        .where('id', '=', lease.operationId)
        .where('fence', '=', lease.fence)
        .where('finished_at', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw leaseLost(lease.operationId);
    });
  }

  checkpoint(lease: Lease, { name, data, at }: Checkpoint, openHosts: readonly string[] = []): Promise<void> {
    return guarded(async () => {
      const { operationId: id, fence } = lease;
      const entry = {
        id,
        fence,
        name,
        data: JSON.stringify(this.#parts.box.seal(data)),
        at,
        ...openHostsOf(openHosts),
      };
      for (;;) {
        const { numAffectedRows } = await this.#statements.checkpoint.run(this.#db, entry);
        if (numAffectedRows === 1n) return;
        const closed = await this.#closedFor(lease, openHosts);
        if (closed !== null) throw inMaintenance(closed);
        // The host was opened again meanwhile.
      }
    });
  }

  checkpoints(id: OperationId): Promise<Checkpoint[]> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('checkpoints')
        .select(['name', 'data', 'at'])
        .where('operation_id', '=', id)
        .orderBy('number')
        .execute();
      return rows.map(({ name, data, at }) => ({ name, data: this.#parts.box.unseal(parse(data)), at }));
    });
  }

  conclude(operation: OperationRecord, fence: number, end: OperationEnd, now: number): Promise<OperationRecord> {
    return guarded(async () => {
      const { id } = operation;
      const result = 'result' in end ? end.result : null;
      const error = 'error' in end ? end.error : null;
      const row = {
        id,
        fence,
        state: end.state,
        now,
        result: result === null ? null : JSON.stringify(result),
        error: error === null ? null : JSON.stringify(error),
      };
      const isStored =
        operation.alsoTargets.length === 0
          ? await this.#conclude(this.#db, row)
          : await this.#db.transaction().execute(async (tx) => {
              // The targets that are kept for it are given back with it, and only then.
              if (!(await this.#conclude(tx, row))) return false;
              await tx
                .updateTable('operations')
                .set({ state: end.state, finished_at: now })
                .where('holder_id', '=', id)
                .execute();
              return true;
            });
      if (isStored) return { ...operation, state: end.state, fence, finishedAt: now, result, error };
      const concluded = await this.findById(id);
      if (concluded !== undefined && concluded.finishedAt !== null) return concluded;
      throw leaseLost(id);
    });
  }

  requestControl(id: OperationId, control: Control, now: number): Promise<boolean> {
    return guarded(() => this.#controls.request(id, control, now));
  }

  controlsOf(owner: WorkerId): Promise<{ operationId: OperationId; control: Control }[]> {
    return guarded(() => this.#controls.of(owner));
  }

  adopt(owner: WorkerId, which: AdoptionFilter, limit: number): Promise<OperationRecord[]> {
    return guarded(async () => {
      const rows = await this.#ownership.adopt(owner, which, limit);
      return rows.map((row) => recordOf(row, this.#parts.box));
    });
  }

  nextLanding(which: AdoptionFilter): Promise<number | undefined> {
    return guarded(() => this.#ownership.nextLanding(which));
  }

  passOn(id: OperationId, from: WorkerId, to: WorkerId): Promise<boolean> {
    return guarded(() => this.#ownership.passOn(id, from, to));
  }

  owned(owner: WorkerId): Promise<OperationId[]> {
    return guarded(() => this.#ownership.owned(owner));
  }

  findById(id: string): Promise<OperationRecord | undefined> {
    return this.#one(() => this.#statements.findById.run(this.#db, { id }));
  }

  findByKey(requestedBy: string, requestKey: string): Promise<OperationRecord | undefined> {
    return this.#one(() => this.#statements.findByKey.run(this.#db, { by: requestedBy, key: requestKey }));
  }

  findBy(field: 'requestKey' | 'messageId', value: string): Promise<OperationRecord | undefined> {
    const column = field === 'requestKey' ? 'request_key' : 'message_id';
    return this.#one(() => this.#db.executeQuery(oneOf(this.#db).where(column, '=', value)));
  }

  list(filter: OperationFilter): Promise<OperationRecord[]> {
    return guarded(async () => {
      let query = this.#db
        .selectFrom('operations')
        .select(['seq', ...OPERATION_COLUMNS])
        .where('holder_id', 'is', null)
        .orderBy('seq', 'desc')
        .limit(filter.limit);
      if (filter.state === 'unfinished') query = query.where('finished_at', 'is', null);
      else if (filter.state === 'accepted') query = query.where('state', 'in', ['accepted', HELD]);
      else if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.method !== undefined) query = query.where('method', '=', filter.method);
      if (filter.host !== undefined) query = query.where('host', '=', filter.host);
      if (filter.name !== undefined) query = query.where('name', '=', filter.name);
      if (filter.parentId !== undefined) query = query.where('parent_id', '=', filter.parentId);
      if (filter.beforeId !== undefined) {
        const { beforeId } = filter;
        query = query.where('seq', '<', (eb) => eb.selectFrom('operations').select('seq').where('id', '=', beforeId));
      }
      return (await query.execute()).map((row) => recordOf(row, this.#parts.box));
    });
  }

  unfinishedOn(target: TargetKey): Promise<OperationRecord[]> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('operations')
        .select(['seq', ...OPERATION_COLUMNS])
        .where('id', 'in', (eb) =>
          eb
            .selectFrom('operations as place')
            .select((from) => from.fn.coalesce('place.holder_id', 'place.id').as('id'))
            .where('place.target', '=', target)
            .where('place.finished_at', 'is', null),
        )
        .orderBy('seq')
        .execute();
      return rows.map((row) => recordOf(row, this.#parts.box));
    });
  }

  setMaintenance(host: string, isOn: boolean): Promise<boolean> {
    return guarded(() => this.#maintenance.set(host, isOn));
  }

  hostsInMaintenance(): Promise<string[]> {
    return guarded(() => this.#maintenance.list());
  }

  countUnfinished(): Promise<number> {
    return guarded(async () => {
      const { count } = await this.#db
        .selectFrom('operations')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('finished_at', 'is', null)
        .where('holder_id', 'is', null)
        .executeTakeFirstOrThrow();
      return count;
    });
  }

  prune(age: Age): Promise<number> {
    return guarded(async () => {
      await pruneSeeds(this.#db, this.#parts.flavour);
      const finishedBefore = await cutoffOf(this.#parts, age);
      let removed = 0;
      for (;;) {
        const { operations, isComplete } = await pruneSome(this.#db, finishedBefore);
        removed += operations;
        if (isComplete) return removed;
      }
    });
  }

  async check(): Promise<void> {
    await guarded(() => this.#db.selectFrom('facts').select('name').limit(1).execute());
  }

  async #conclude(db: Connection, row: Parameters<JournalStatements['conclude']['run']>[1]): Promise<boolean> {
    const { numAffectedRows = 0n } = await this.#statements.conclude.run(db, row);
    return numAffectedRows === 1n;
  }

  /** The host in maintenance that keeps whoever has this lease from beginning. */
  async #closedFor({ operationId, fence }: Lease, openHosts: readonly string[]): Promise<string | null> {
    const leased = await this.#db
      .selectFrom('operations')
      .select(closedHostOf(openHostsOf(openHosts)).as('closed'))
      .where('id', '=', operationId)
      .where('fence', '=', fence)
      .where('finished_at', 'is', null)
      .executeTakeFirst();
    if (leased === undefined) throw leaseLost(operationId);
    return leased.closed;
  }

  /** The number it got in the order of its target; undefined when its key is taken or the target is full. */
  async #insert(db: Connection, row: OperationRow, openHosts: readonly string[]): Promise<number | undefined> {
    const { rows } = await this.#statements.accept.run(db, { ...row, ...openHostsOf(openHosts) });
    return rows[0]?.seq;
  }

  /**
   * Whoever claims the parent next waits until its part is there, and so finds it among its parts; a worker that no longer has
   * the parent adds none.
   */
  async #keepParent(tx: Transaction<JournalDatabase>, { operationId, fence }: Lease): Promise<void> {
    const parent = await tx
      .selectFrom('operations')
      .select('seq')
      .where('id', '=', operationId)
      .where('fence', '=', fence)
      .where('finished_at', 'is', null)
      .$if(this.#parts.flavour.locksRows, (query) => query.forShare())
      .executeTakeFirst();
    if (parent === undefined) throw leaseLost(operationId);
  }

  /** All of it or nothing. Numbers are given in sorted order of the targets, so that they agree between any two operations. */
  async #insertWithHolds(
    tx: Transaction<JournalDatabase>,
    row: OperationRow,
    { target, alsoTargets }: NewOperation,
    openHosts: readonly string[],
  ): Promise<number | undefined> {
    const rows = [row, ...alsoTargets.map((further, i) => holdRowOf(row, further, i + 1))];
    rows.sort((a, b) => (a.target < b.target ? -1 : 1));
    for (const one of rows)
      await tx.selectNoFrom(this.#parts.flavour.turnOf(one.target as TargetKey).as('locked')).execute();
    let own: number | undefined;
    for (const one of rows) {
      const seq = await this.#insert(tx, one, openHosts);
      if (seq !== undefined && one.target === target) own = seq;
      if (seq === undefined) {
        // Nothing was inserted before it, unless a further target is full: then what was is taken back with it.
        if (one !== rows[0]) await tx.deleteFrom('operations').where(withHolds(row.id)).execute();
        return undefined;
      }
    }
    return own;
  }

  /** Keeps a target for an operation that needs further ones before it can run. */
  async #hold(id: string, owner: WorkerId): Promise<boolean> {
    return this.#unlessTaken(async () => {
      const { numUpdatedRows } = await this.#db
        .updateTable('operations')
        .set({ state: HELD })
        .where('id', '=', id)
        .where('owner', '=', owner)
        .where('finished_at', 'is', null)
        .where((eb) => eb.not(eb.exists(inTheWay(eb))))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n ? true : undefined;
    }).then((held) => held === true);
  }

  #claimRow(id: OperationId, owner: WorkerId, now: number, openHosts: readonly string[]): Promise<Lease | undefined> {
    return this.#unlessTaken(async () => {
      const { rows } = await this.#statements.claim.run(this.#db, { id, owner, now, ...openHostsOf(openHosts) });
      const [row] = rows;
      if (row === undefined) return undefined;
      const { fence, closed } = row;
      return { operationId: id, fence, ...(closed === null ? {} : { closedHost: closed }) };
    });
  }

  /** Undefined when another worker's claim on the same target was quicker: the database lets one of them through. */
  async #unlessTaken<T>(claim: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await claim();
    } catch (error) {
      if (this.#parts.flavour.isUniqueViolation(error)) return undefined;
      throw error;
    }
  }

  #one(read: () => Promise<QueryResult<StoredOperation>>): Promise<OperationRecord | undefined> {
    return guarded(async () => {
      const [row] = (await read()).rows;
      return row === undefined ? undefined : recordOf(row, this.#parts.box);
    });
  }
}
