import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { Age } from './journal.port.js';
import type { JournalDatabase } from './schema.js';
import type { SqlFlavour } from './sql-flavour.js';

/** Rows that one statement removes, with their checkpoints: enough to get on, few enough that nobody waits for it. */
const BATCH = 500;

/** The time before which an outcome is that old. A clock that is ahead, ours or the database's, removes nothing too early. */
export async function cutoffOf(
  { db, flavour }: { readonly db: Kysely<JournalDatabase>; readonly flavour: SqlFlavour },
  { olderThanMs, now }: Age,
): Promise<number> {
  const there = await db.selectNoFrom(flavour.now.as('now')).executeTakeFirstOrThrow();
  return Math.min(now, there.now) - olderThanMs;
}

/** How many operations {@link pruneSome} would remove. */
export async function countPrunable(db: Kysely<JournalDatabase>, finishedBefore: number): Promise<number> {
  const { count } = await db
    .selectFrom('operations')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(isPrunable(finishedBefore))
    .where('holder_id', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** Removes some of what finished before, the oldest first. */
export async function pruneSome(
  db: Kysely<JournalDatabase>,
  finishedBefore: number,
): Promise<{ readonly operations: number; readonly isComplete: boolean }> {
  const removed = await db
    .deleteFrom('operations')
    .where('seq', 'in', (eb) =>
      eb.selectFrom('operations').select('seq').where(isPrunable(finishedBefore)).orderBy('finished_at').limit(BATCH),
    )
    .returning('holder_id')
    .execute();
  // Rows that kept a further target for an operation are none themselves.
  return { operations: removed.filter((row) => row.holder_id === null).length, isComplete: removed.length === 0 };
}

/** A part stays as long as its whole is unfinished, which looks at its parts when it is taken up again. */
function isPrunable(finishedBefore: number) {
  return (eb: ExpressionBuilder<JournalDatabase, 'operations'>): Expression<SqlBool> =>
    eb.and([
      eb('operations.finished_at', '<', finishedBefore),
      eb.not(
        eb.exists(
          eb
            .selectFrom('operations as parent')
            .select('parent.seq')
            .whereRef('parent.id', '=', 'operations.parent_id')
            .where('parent.finished_at', 'is', null),
        ),
      ),
    ]);
}
