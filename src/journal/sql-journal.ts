import type { Kysely, QueryResult, Selectable, Transaction } from 'kysely';
import { ComputeError } from '../common/errors/index.js';
import type { OperationId, TargetKey, WorkerId } from '../common/ids.js';
import { inMaintenance, leaseLost, type Checkpoint } from '../compute/contract/index.js';
import { guarded } from './guarded.js';
import {
  CONTROLS,
  type AdoptionFilter,
  type Control,
  type Journal,
  type Lease,
  type NewOperation,
  type OperationEnd,
  type OperationFilter,
  type OperationRecord,
} from './journal.port.js';
import {
  inTheWay,
  journalStatements,
  oneOf,
  type JournalStatements,
  type OperationsBuilder,
} from './journal-statements.js';
import {
  HELD,
  OPERATION_COLUMNS,
  acceptedRecord,
  holdRowOf,
  parse,
  recordOf,
  rowOf,
  type OperationRow,
} from './operation-rows.js';
import { pruneSome } from './pruning.js';
import type { JournalDatabase, OperationsTable } from './schema.js';
import type { SecretBox } from './secret-box.js';
import type { SqlFlavour } from './sql-flavour.js';
import { SqlMaintenance, openHostsOf } from './sql-maintenance.js';

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
  readonly #maintenance: SqlMaintenance;

  constructor(parts: SqlJournalParts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#statements = journalStatements(parts.db, parts.flavour, parts.maxPerTarget);
    this.#maintenance = new SqlMaintenance(parts.db);
  }

  accept(
    operation: NewOperation,
    owner: WorkerId,
    openHosts: readonly string[] = [],
  ): Promise<{ created: boolean; record: OperationRecord }> {
    return guarded(async () => {
      const row = rowOf(operation, owner, this.#parts.box);
      const seq =
        operation.alsoTargets.length === 0
          ? await this.#insert(this.#db, row, openHosts)
          : await this.#db.transaction().execute((tx) => this.#insertWithHolds(tx, row, operation, openHosts));
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

  checkpoint({ operationId, fence }: Lease, { name, data, at }: Checkpoint): Promise<void> {
    return guarded(async () => {
      const { numAffectedRows } = await this.#statements.checkpoint.run(this.#db, {
        id: operationId,
        fence,
        name,
        data: JSON.stringify(this.#parts.box.seal(data)),
        at,
      });
      if (numAffectedRows !== 1n) throw leaseLost(operationId);
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
    return guarded(async () => {
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('checkpoints')
        .columns(['operation_id', 'fence', 'name', 'data', 'at'])
        .expression((eb) =>
          eb
            .selectFrom('operations')
            .select((op) => [
              'id',
              'fence',
              op.val(control).as('name'),
              op.val('null').as('data'),
              op.val(now).as('at'),
            ])
            .where('id', '=', id)
            .where('finished_at', 'is', null),
        )
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    });
  }

  controlsOf(owner: WorkerId): Promise<{ operationId: OperationId; control: Control }[]> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('operations')
        .innerJoin('checkpoints', 'checkpoints.operation_id', 'operations.id')
        .select(['operations.id', 'checkpoints.name'])
        .distinct()
        .where('operations.owner', '=', owner)
        .where('operations.finished_at', 'is', null)
        .where('checkpoints.name', 'in', CONTROLS)
        .execute();
      return rows.map(({ id, name }) => ({ operationId: id as OperationId, control: name as Control }));
    });
  }

  adopt(owner: WorkerId, which: AdoptionFilter, limit: number): Promise<OperationRecord[]> {
    return guarded(async () => {
      const orphans = await this.#db
        .selectFrom('operations')
        .select(['id', 'owner'])
        .where('finished_at', 'is', null)
        .where((eb) =>
          eb.or([eb('owner', 'is', null), eb('owner', 'not in', eb.selectFrom('workers').select('workers.id'))]),
        )
        .where('holder_id', 'is', null)
        .where((eb) => isAdoptable(eb, which))
        .orderBy('seq')
        .limit(limit)
        .execute();
      const adopted: Selectable<OperationsTable>[] = [];
      for (const former of new Set(orphans.map((orphan) => orphan.owner))) {
        const ids = orphans.filter((orphan) => orphan.owner === former).map(({ id }) => id);
        // Whoever is first gets one: for the others it is no longer its former owner's.
        const rows = await this.#db
          .updateTable('operations')
          .set({ owner })
          .where((eb) => eb.or([eb('id', 'in', ids), eb('holder_id', 'in', ids)]))
          .where('owner', former === null ? 'is' : '=', former)
          .where('finished_at', 'is', null)
          .returning(['seq', ...OPERATION_COLUMNS])
          .execute();
        adopted.push(...rows);
      }
      return adopted
        .filter((row) => row.holder_id === null)
        .map((row) => recordOf(row, this.#parts.box))
        .sort((one, other) => one.seq - other.seq);
    });
  }

  owned(owner: WorkerId): Promise<OperationId[]> {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('operations')
        .select('id')
        .where('owner', '=', owner)
        .where('finished_at', 'is', null)
        .where('holder_id', 'is', null)
        .execute();
      return rows.map(({ id }) => id as OperationId);
    });
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
        .where('target', '=', target)
        .where('finished_at', 'is', null)
        .where('holder_id', 'is', null)
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

  prune(finishedBefore: number): Promise<number> {
    return guarded(async () => {
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

  /** The number it got in the order of its target; undefined when its key is taken or the target is full. */
  async #insert(db: Connection, row: OperationRow, openHosts: readonly string[]): Promise<number | undefined> {
    const { rows } = await this.#statements.accept.run(db, { ...row, ...openHostsOf(openHosts) });
    return rows[0]?.seq;
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

  #one(read: () => Promise<QueryResult<Selectable<OperationsTable>>>): Promise<OperationRecord | undefined> {
    return guarded(async () => {
      const [row] = (await read()).rows;
      return row === undefined ? undefined : recordOf(row, this.#parts.box);
    });
  }
}

/** An operation and the rows that keep its further targets. */
function withHolds(id: string) {
  return (eb: OperationsBuilder) => eb.or([eb('id', '=', id), eb('holder_id', '=', id)]);
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
