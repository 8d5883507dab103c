import type { Kysely } from 'kysely';
import type { OperationId, WorkerId } from '../common/ids.js';
import { CONTROLS, type Control } from './journal.port.js';
import type { OperationsBuilder } from './journal-statements.js';
import type { JournalDatabase } from './schema.js';

/** What is asked of operations that wait or run, as checkpoints. */
export class SqlControls {
  readonly #db: Kysely<JournalDatabase>;

  constructor(db: Kysely<JournalDatabase>) {
    this.#db = db;
  }

  async request(id: OperationId, control: Control, now: number): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('checkpoints')
      .columns(['operation_id', 'fence', 'name', 'data', 'at'])
      .expression((eb) =>
        eb
          .selectFrom('operations')
          .select((op) => ['id', 'fence', op.val(control).as('name'), op.val('null').as('data'), op.val(now).as('at')])
          .where('id', '=', id)
          .where('finished_at', 'is', null)
          .where((op) => op.not(op.exists(isAsked(op, control)))),
      )
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return true;
    // It is asked for already, or too late.
    const unfinished = await this.#db
      .selectFrom('operations')
      .select('id')
      .where('id', '=', id)
      .where('finished_at', 'is', null)
      .executeTakeFirst();
    return unfinished !== undefined;
  }

  async of(owner: WorkerId): Promise<{ operationId: OperationId; control: Control }[]> {
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
  }
}

function isAsked(eb: OperationsBuilder, control: Control) {
  return eb
    .selectFrom('checkpoints')
    .select('checkpoints.number')
    .whereRef('checkpoints.operation_id', '=', 'operations.id')
    .where('checkpoints.name', '=', control);
}
