import { sql, type Kysely } from 'kysely';
import type { Clock } from '../common/clock.js';
import { ComputeError, messageOf } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import { openDatabase, type Database } from './database.js';
import { appliedMigrations, refuseNewer, schemaState } from './migrate.js';
import type { JournalDatabase } from './schema.js';

type Ports = { readonly clock: Clock; readonly log: Log };

/**
 * Opens the file of a copy that nobody uses, and makes sure that it is a whole journal, of a version that this one can go on
 * with.
 *
 * @throws ComputeError JOURNAL_UNAVAILABLE
 */
export async function openCopy(file: string, ports: Ports): Promise<Database> {
  const opened = await openDatabase({ file }, ports).catch((error: unknown) => {
    const cause = error instanceof ComputeError ? (error.cause ?? error) : error;
    throw unusable(`it cannot be opened: ${messageOf(cause)}`, error);
  });
  try {
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(1)`.execute(opened.db);
    const [found = 'nothing was found out'] = rows.map((row) => row.integrity_check);
    if (found !== 'ok') throw unusable(`it is damaged: ${found}`);
    await checkSchema(opened);
    return opened;
  } catch (error) {
    await opened.close();
    throw error instanceof ComputeError ? error : unusable(`it cannot be read: ${messageOf(error)}`, error);
  }
}

/** @throws ComputeError JOURNAL_UNAVAILABLE when it is no journal, or one of a newer version */
export async function checkSchema({ db, flavour }: Database): Promise<void> {
  const schema = schemaState(await appliedMigrations(db), flavour);
  if (schema.applied.length === 0) throw unusable('it is no journal of Zenova');
  refuseNewer(schema);
}

/**
 * Ends what was unfinished when a copy was made. Since then it came to its end, which the copy does not know, and others
 * may have acted on its target: to carry it out once more could undo their work.
 *
 * @returns how many operations
 */
export async function endUnfinished(db: Kysely<JournalDatabase>, clock: Clock): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom('operations')
      .select(['seq', 'id', 'driver', 'target', 'holder_id'])
      .where('finished_at', 'is', null)
      .execute();
    for (const { seq, id, driver, target } of rows) {
      const error = new ComputeError(
        'OUTCOME_UNKNOWN',
        'the journal was restored from a backup of a time when this was unfinished; look at the true state before you ask again',
        { driver, target, operationId: id },
      );
      await tx
        .updateTable('operations')
        .set({ state: 'failed', finished_at: clock.now(), error: JSON.stringify(error.toWire()) })
        .where('seq', '=', seq)
        .execute();
    }
    return rows.filter((row) => row.holder_id === null).length;
  });
}

function unusable(why: string, cause?: unknown): ComputeError {
  return new ComputeError('JOURNAL_UNAVAILABLE', `the copy is of no use: ${why}`, { cause, retry: 'never' });
}
