import type { ExpressionBuilder, Kysely } from 'kysely';
import type { OperationId, TargetKey, WorkerId } from '../common/ids.js';
import { OPEN_STATES } from './journal.port.js';
import { HELD, OPERATION_COLUMNS, TAKEN, type OperationRow } from './operation-rows.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';
import { closedHostOf, type OpenHosts } from './sql-maintenance.js';
import { Statement } from './statement.js';

export type OperationsBuilder = ExpressionBuilder<JournalDatabase, 'operations'>;

/**
 * The states of an unfinished operation. Where a row is looked for by its id, this says `finished_at is null` in other words:
 * PostgreSQL must not think of the indexes of what is unfinished then, which can be long.
 */
const UNFINISHED = [...OPEN_STATES, HELD];

/** An entry of the checkpoints: `data` is JSON. */
interface Entry extends OpenHosts {
  readonly id: OperationId;
  readonly fence: number;
  readonly name: string;
  readonly data: string;
  readonly at: number;
}

interface Claim extends OpenHosts {
  readonly id: OperationId;
  readonly owner: WorkerId;
  readonly now: number;
}

interface End {
  readonly id: OperationId;
  readonly fence: number;
  readonly state: string;
  readonly now: number;
  readonly result: string | null;
  readonly error: string | null;
}

export type JournalStatements = ReturnType<typeof journalStatements>;

/** What is written and read for every operation, one statement each. */
export function journalStatements(db: Kysely<JournalDatabase>, flavour: SqlFlavour, maxPerTarget: number) {
  return {
    /** Gives the number that the row got in the order of its target; nothing when its key is taken, or the target is full. */
    accept: new Statement((row: OperationRow & OpenHosts) =>
      db
        // Materialized, so that the lock is there before the number is given, which makes numbers grow in order of commits.
        .with(
          (cte) => cte('turn').materialized(),
          (qb) => qb.selectNoFrom(flavour.turnOf(row.target as TargetKey).as('locked')),
        )
        .insertInto('operations')
        .columns(OPERATION_COLUMNS)
        .expression((eb) =>
          eb
            .selectFrom('turn')
            .select((from) => OPERATION_COLUMNS.map((name) => from.val(row[name]).as(name)))
            .where((where) =>
              where(
                where
                  .selectFrom('operations as other')
                  .select((other) => other.fn.countAll<number>().as('waiting'))
                  .where('other.target', '=', row.target)
                  .where('other.finished_at', 'is', null),
                '<',
                maxPerTarget,
              ),
            )
            .where(closedHostOf(row), 'is', null),
        )
        .onConflict((conflict) => conflict.columns(['requested_by', 'request_key']).doNothing())
        .returning('seq'),
    ),

    claim: new Statement(({ id, owner, now, openHost, otherOpenHost }: Claim) =>
      db
        .updateTable('operations')
        .set((eb) => ({
          state: 'running',
          fence: eb('fence', '+', 1),
          attempts: eb('attempts', '+', 1),
          started_at: eb.fn.coalesce('started_at', eb.val(now)),
        }))
        .where('id', '=', id)
        .where('owner', '=', owner)
        .where('state', 'in', UNFINISHED)
        .where((eb) => eb.not(eb.exists(inTheWay(eb))))
        .returning(['fence', closedHostOf({ openHost, otherOpenHost }).as('closed')]),
    ),

    /** Writes nothing unless the lease is the newest, and the hosts are open. */
    checkpoint: new Statement(({ id, fence, name, data, at, openHost, otherOpenHost }: Entry) =>
      db
        .insertInto('checkpoints')
        .columns(['operation_id', 'fence', 'name', 'data', 'at'])
        .expression((eb) =>
          eb
            .selectFrom('operations')
            .select((op) => ['id', 'fence', op.val(name).as('name'), op.val(data).as('data'), op.val(at).as('at')])
            .where('id', '=', id)
            .where('fence', '=', fence)
            .where('state', 'in', UNFINISHED)
            .where(closedHostOf({ openHost, otherOpenHost }), 'is', null),
        ),
    ),

    conclude: new Statement((end: End) => ending(db, end).where((eb) => isLeased(eb, end))),

    findById: new Statement(({ id }: { readonly id: string }) => oneOf(db).where('id', '=', id)),

    findByKey: new Statement(({ by, key }: { readonly by: string; readonly key: string }) =>
      oneOf(db).where('requested_by', '=', by).where('request_key', '=', key),
    ),
  };
}

/**
 * Another unfinished operation of the same target that runs, or that came first. What runs already has only its like in
 * the way: an earlier one can be moved to the target meanwhile, and each would wait for the other for ever.
 */
export function inTheWay(eb: OperationsBuilder) {
  return eb
    .selectFrom('operations as other')
    .select('other.seq')
    .whereRef('other.target', '=', 'operations.target')
    .whereRef('other.seq', '<>', 'operations.seq')
    .where('other.finished_at', 'is', null)
    .where((where) =>
      where.or([
        where('other.state', 'in', TAKEN),
        where.and([where('other.seq', '<', where.ref('operations.seq')), where('operations.state', '=', 'accepted')]),
      ]),
    );
}

/** An operation and the rows that keep its further targets. */
export function withHolds(id: string) {
  return (eb: OperationsBuilder) => eb.or([eb('id', '=', id), eb('holder_id', '=', id)]);
}

/** The newest operation; rows that only keep a target are none. */
export function oneOf(db: Kysely<JournalDatabase>) {
  return db
    .selectFrom('operations')
    .select(['seq', ...OPERATION_COLUMNS])
    .where('holder_id', 'is', null)
    .orderBy('seq', 'desc')
    .limit(1);
}

function ending(db: Kysely<JournalDatabase>, { state, now, result, error }: End) {
  return db.updateTable('operations').set({ state, finished_at: now, result, error });
}

function isLeased(eb: OperationsBuilder, { id, fence }: End) {
  return eb.and([eb('id', '=', id), eb('fence', '=', fence), eb('state', 'in', UNFINISHED)]);
}
