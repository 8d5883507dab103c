import type { Expression, Kysely, SelectQueryBuilder } from 'kysely';
import { leaseLost } from '../compute/contract/index.js';
import { guarded } from './guarded.js';
import type { Lease } from './journal.port.js';
import type { JournalDatabase } from './schema.js';

/** The row of an operation as long as the lease is its newest, and no row otherwise. */
export type LeasedOperation = SelectQueryBuilder<JournalDatabase, 'operations', object>;

/** A row to be inserted as long as the lease holds. */
export interface LeasedRow<R> {
  readonly columns: readonly (keyof R & string)[];
  /** What goes into them: that row, or none. */
  readonly rows: Expression<unknown>;
}

export function leasedRow<R extends object>(leased: LeasedOperation, row: R): LeasedRow<R> {
  const columns = Object.keys(row) as (keyof R & string)[];
  return { columns, rows: leased.select((eb) => columns.map((column) => eb.val(row[column]).as(column))) };
}

/**
 * Lets something be written by whoever has the lease, in one statement that makes sure of it by `leased`.
 *
 * @param write answers whether it has written anything
 * @throws ComputeError when nothing was written because the lease is lost
 */
export function fenced(
  db: Kysely<JournalDatabase>,
  { operationId, fence }: Lease,
  write: (leased: LeasedOperation) => Promise<boolean>,
): Promise<boolean> {
  const leased = db
    .selectFrom('operations')
    .where('id', '=', operationId)
    .where('fence', '=', fence)
    .where('finished_at', 'is', null);
  return guarded(async () => {
    if (await write(leased)) return true;
    if ((await leased.select('id').executeTakeFirst()) === undefined) throw leaseLost(operationId);
    return false;
  });
}
