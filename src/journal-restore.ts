import type { RestoredJournal } from './cli/cli-parts.js';
import { systemClock } from './common/clock.js';
import { ComputeError } from './common/errors/index.js';
import { silentLog } from './common/log.js';
import type { Config, Environment } from './config/index.js';
import { databaseOf, openUnused, placeOf, stopItFirst } from './journal-place.js';
import { checkSchema, endUnfinished } from './journal/copy.js';
import { readKeys } from './journal/keys.js';
import { appliedMigrations } from './journal/migrate.js';
import { undump } from './journal/postgres/pg-tools.js';
import { restoreFile } from './journal/sqlite-restore.js';
import { checkKeys } from './journal/unlock.js';

/**
 * Puts a backup in the place of a configuration's journal: of its file, which is kept under another name, or into its
 * PostgreSQL database, which must be empty.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE
 */
export async function restoreJournal(
  config: Config,
  input: string,
  signal: AbortSignal,
  environment: Environment,
): Promise<RestoredJournal> {
  const keys = readKeys(config.secrets, { mayMake: false });
  const database = databaseOf(config);
  const ports = { clock: systemClock, log: silentLog };
  const place = placeOf(database);
  if ('file' in database) {
    const { file } = database;
    const restored = await restoreFile({ input, file, keys }, ports).catch((error: unknown) => {
      throw stopItFirst(error);
    });
    return { place, ...restored };
  }
  const opened = await openUnused(database);
  try {
    if ((await appliedMigrations(opened.db)).length > 0) {
      throw new ComputeError(
        'CONFIG_INVALID',
        `${place} has a journal already; name a database in journal.url that is new and empty, and keep that one until all is well`,
      );
    }
    await undump(input, { url: database.url, environment, signal });
    await checkSchema(opened);
    // Before anything else can go wrong: a service that finds them unfinished would carry them out.
    const ended = await endUnfinished(opened.db, systemClock);
    await checkKeys(opened.db, keys);
    return { place, aside: null, ended };
  } finally {
    await opened.close();
  }
}
