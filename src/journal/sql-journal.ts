import type { ExpressionBuilder, Kysely, Selectable } from 'kysely';
import { ComputeError, type JsonValue, type WireError } from '../common/errors/index.js';
import type { OperationId, TargetKey } from '../common/ids.js';
import type { Checkpoint, ReplyAddress } from '../compute/contract/index.js';
import { guarded } from './guarded.js';
import {
  OPEN_STATES,
  type Journal,
  type Lease,
  type NewOperation,
  type OperationEnd,
  type OperationFilter,
  type OperationRecord,
  type OperationState,
} from './journal.port.js';
import type { JournalDatabase, OperationsTable } from './schema.js';
import type { SecretBox } from './secret-box.js';

const KEY_PROOF = 'key-proof';
const KEY_PROOF_TEXT = 'zenova';

export interface SqlJournalOptions {
  /** Unfinished operations allowed on one target. */
  readonly maxPerTarget: number;
}

/** The journal in SQL, through Kysely. */
export class SqlJournal implements Journal {
  readonly #db: Kysely<JournalDatabase>;
  readonly #box: SecretBox;
  readonly #options: SqlJournalOptions;

  private constructor(db: Kysely<JournalDatabase>, box: SecretBox, options: SqlJournalOptions) {
    this.#db = db;
    this.#box = box;
    this.#options = options;
  }

  /** @throws ComputeError CONFIG_INVALID when the journal's secrets were encrypted with another key */
  static async open(db: Kysely<JournalDatabase>, box: SecretBox, options: SqlJournalOptions): Promise<SqlJournal> {
    const journal = new SqlJournal(db, box, options);
    await journal.#proveKey();
    return journal;
  }

  accept(operation: NewOperation) {
    return guarded(() =>
      this.#db.transaction().execute(async (tx) => {
        const existing = await tx
          .selectFrom('operations')
          .selectAll()
          .where('requested_by', '=', operation.requestedBy)
          .where('request_key', '=', operation.requestKey)
          .executeTakeFirst();
        if (existing !== undefined) return { created: false, record: this.#fromRow(existing) };
        const { waiting } = await tx
          .selectFrom('operations')
          .select((eb) => eb.fn.countAll<number>().as('waiting'))
          .where('target', '=', operation.target)
          .where('finished_at', 'is', null)
          .executeTakeFirstOrThrow();
        if (waiting >= this.#options.maxPerTarget) {
          throw new ComputeError('BACKEND_BUSY', `${waiting} operations wait for ${operation.name} already`, {
            outcome: 'not-started',
            driver: operation.driver,
            target: operation.target,
          });
        }
        const row = await tx
          .insertInto('operations')
          .values(this.#toRow(operation))
          .returningAll()
          .executeTakeFirstOrThrow();
        return { created: true, record: this.#fromRow(row) };
      }),
    );
  }

  claim(id: OperationId, now: number) {
    return guarded(async (): Promise<Lease | undefined> => {
      const row = await this.#db
        .updateTable('operations')
        .set((eb) => ({
          state: 'running',
          fence: eb('fence', '+', 1),
          attempts: eb('attempts', '+', 1),
          started_at: eb.fn.coalesce('started_at', eb.val(now)),
        }))
        .where('id', '=', id)
        .where('finished_at', 'is', null)
        .where((eb) => eb.not(eb.exists(inTheWay(eb))))
        .returning('fence')
        .executeTakeFirst();
      return row === undefined ? undefined : { operationId: id, fence: row.fence };
    });
  }

  settleTarget(lease: Lease, target: TargetKey) {
    return guarded(async () => {
      const { numUpdatedRows } = await this.#db
        .updateTable('operations')
        .set({ target, target_settled: 1, state: 'accepted' })
        .where('id', '=', lease.operationId)
        .where('fence', '=', lease.fence)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw leaseLost(lease);
    });
  }

  checkpoint(lease: Lease, checkpoint: Checkpoint) {
    return guarded(async () => {
      const { numInsertedOrUpdatedRows } = await this.#db
        .insertInto('checkpoints')
        .columns(['operation_id', 'number', 'fence', 'name', 'data', 'at'])
        .expression((eb) =>
          eb
            .selectFrom('operations')
            .select((op) => [
              'operations.id',
              op
                .selectFrom('checkpoints')
                .select((c) => c.fn.countAll<number>().as('n'))
                .whereRef('checkpoints.operation_id', '=', 'operations.id')
                .as('number'),
              'operations.fence',
              op.val(checkpoint.name).as('name'),
              op.val(JSON.stringify(this.#box.seal(checkpoint.data))).as('data'),
              op.val(checkpoint.at).as('at'),
            ])
            .where('operations.id', '=', lease.operationId)
            .where('operations.fence', '=', lease.fence)
            .where('operations.finished_at', 'is', null),
        )
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw leaseLost(lease);
    });
  }

  checkpoints(id: OperationId) {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('checkpoints')
        .select(['name', 'data', 'at'])
        .where('operation_id', '=', id)
        .orderBy('number')
        .execute();
      return rows.map(({ name, data, at }) => ({ name, data: this.#box.unseal(parse(data)), at }));
    });
  }

  conclude(id: OperationId, fence: number, end: OperationEnd, now: number) {
    return guarded(async () => {
      const row = await this.#db
        .updateTable('operations')
        .set({
          state: end.state,
          finished_at: now,
          result: 'result' in end ? JSON.stringify(end.result) : null,
          error: 'error' in end ? JSON.stringify(end.error) : null,
        })
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('finished_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return this.#fromRow(row);
      const concluded = await this.findById(id);
      if (concluded !== undefined && concluded.finishedAt !== null) return concluded;
      throw leaseLost({ operationId: id, fence });
    });
  }

  findById(id: string) {
    return this.#one((eb) => eb('id', '=', id));
  }

  findByKey(requestedBy: string, requestKey: string) {
    return this.#one((eb) => eb.and({ requested_by: requestedBy, request_key: requestKey }));
  }

  findBy(field: 'requestKey' | 'messageId', value: string) {
    return this.#one((eb) => eb(field === 'requestKey' ? 'request_key' : 'message_id', '=', value));
  }

  list(filter: OperationFilter) {
    return guarded(async () => {
      let query = this.#db.selectFrom('operations').selectAll().orderBy('seq', 'desc').limit(filter.limit);
      if (filter.state === 'unfinished') query = query.where('finished_at', 'is', null);
      else if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.method !== undefined) query = query.where('method', '=', filter.method);
      if (filter.host !== undefined) query = query.where('host', '=', filter.host);
      if (filter.name !== undefined) query = query.where('name', '=', filter.name);
      if (filter.beforeId !== undefined) {
        const { beforeId } = filter;
        query = query.where('seq', '<', (eb) => eb.selectFrom('operations').select('seq').where('id', '=', beforeId));
      }
      return (await query.execute()).map((row) => this.#fromRow(row));
    });
  }

  unfinished() {
    return guarded(async () => {
      const rows = await this.#db
        .selectFrom('operations')
        .selectAll()
        .where('state', 'in', OPEN_STATES)
        .orderBy('seq')
        .execute();
      return rows.map((row) => this.#fromRow(row));
    });
  }

  prune(finishedBefore: number) {
    return guarded(async () => {
      const { numDeletedRows } = await this.#db
        .deleteFrom('operations')
        .where('finished_at', '<', finishedBefore)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }

  async check() {
    await guarded(() => this.#db.selectFrom('facts').select('name').limit(1).execute());
  }

  close() {
    return this.#db.destroy();
  }

  #one(
    where: (eb: ExpressionBuilder<JournalDatabase, 'operations'>) => ReturnType<typeof eb.and>,
  ): Promise<OperationRecord | undefined> {
    return guarded(async () => {
      const row = await this.#db
        .selectFrom('operations')
        .selectAll()
        .where(where)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : this.#fromRow(row);
    });
  }

  async #proveKey(): Promise<void> {
    const proof = await this.#db.selectFrom('facts').select('value').where('name', '=', KEY_PROOF).executeTakeFirst();
    if (proof !== undefined) {
      this.#box.unseal(parse(proof.value));
      return;
    }
    const value = JSON.stringify(this.#box.seal({ key: KEY_PROOF_TEXT }));
    await this.#db.insertInto('facts').values({ name: KEY_PROOF, value }).execute();
  }

  #toRow(operation: NewOperation): Omit<OperationsTable, 'seq'> {
    return {
      id: operation.id,
      requested_by: operation.requestedBy,
      request_key: operation.requestKey,
      fingerprint: operation.fingerprint,
      message_id: operation.messageId,
      correlation_id: operation.correlationId,
      method: operation.method,
      driver: operation.driver,
      target: operation.target,
      target_settled: operation.targetSettled ? 1 : 0,
      host: operation.host,
      name: operation.name,
      params: JSON.stringify(this.#box.seal(operation.params)),
      reply_to: operation.replyTo === null ? null : JSON.stringify(operation.replyTo),
      state: 'accepted',
      fence: 0,
      attempts: 0,
      accepted_at: operation.acceptedAt,
      started_at: null,
      finished_at: null,
      not_after: operation.notAfter,
      result: null,
      error: null,
    };
  }

  #fromRow(row: Selectable<OperationsTable>): OperationRecord {
    return {
      seq: row.seq,
      id: row.id as OperationId,
      requestedBy: row.requested_by,
      requestKey: row.request_key,
      fingerprint: row.fingerprint,
      messageId: row.message_id,
      correlationId: row.correlation_id,
      method: row.method,
      driver: row.driver,
      target: row.target as TargetKey,
      targetSettled: row.target_settled === 1,
      host: row.host,
      name: row.name,
      params: this.#box.unseal(parse(row.params)) as Record<string, JsonValue>,
      replyTo: row.reply_to === null ? null : (parse(row.reply_to) as unknown as ReplyAddress),
      state: row.state as OperationState,
      fence: row.fence,
      attempts: row.attempts,
      acceptedAt: row.accepted_at,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      notAfter: row.not_after,
      result: row.result === null ? null : (parse(row.result) as Record<string, JsonValue>),
      error: row.error === null ? null : (parse(row.error) as unknown as WireError),
    };
  }
}

/**
 * Another unfinished operation of the same target that runs, or that came first. What runs already has only its like in
 * the way: an earlier one can be moved to the target meanwhile, and each would wait for the other for ever.
 */
function inTheWay(eb: ExpressionBuilder<JournalDatabase, 'operations'>) {
  return eb
    .selectFrom('operations as other')
    .select('other.seq')
    .whereRef('other.target', '=', 'operations.target')
    .whereRef('other.seq', '<>', 'operations.seq')
    .where('other.finished_at', 'is', null)
    .where((where) =>
      where.or([
        where('other.state', '=', 'running'),
        where.and([where('other.seq', '<', where.ref('operations.seq')), where('operations.state', '=', 'accepted')]),
      ]),
    );
}

function leaseLost(lease: Lease): ComputeError {
  return new ComputeError(
    'OPERATION_FAILED',
    'another worker has taken this operation over; nothing more is sent from here',
    {
      operationId: lease.operationId,
      outcome: 'unknown',
    },
  );
}

function parse(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}
