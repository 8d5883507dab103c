import { existsSync } from 'node:fs';
import type { JournalSecrets } from './cli/cli-parts.js';
import { systemClock } from './common/clock.js';
import { keyIdOf } from './common/encryption-key.js';
import { ComputeError, errorCodeOf } from './common/errors/index.js';
import { silentLog } from './common/log.js';
import type { Config } from './config/index.js';
import { databaseOf } from './journal-place.js';
import { openDatabase } from './journal/database.js';
import { readKeys } from './journal/keys.js';
import { countSecrets, rotate } from './journal/rotation.js';
import { unlock } from './journal/unlock.js';

/**
 * Opens the secrets of a configuration's journal for the command line; makes neither a journal nor a key.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE
 */
export async function openJournalSecrets(config: Config): Promise<JournalSecrets> {
  const database = databaseOf(config);
  if ('file' in database && !existsSync(database.file)) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `there is no journal at ${database.file}, and so there are no secrets in it`,
    );
  }
  const keys = readKeys(config.secrets, { mayMake: false });
  const opened = await openDatabase(database, { clock: systemClock, log: silentLog }).catch((error: unknown) => {
    throw isInUse(error) ? new ComputeError(error.code, `${error.message}: stop it first`, { retry: 'never' }) : error;
  });
  const { db } = opened;
  return {
    currentKey: keyIdOf(keys.current),
    previousKeys: keys.previous.map(keyIdOf).filter((id) => id !== keyIdOf(keys.current)),
    // Counting asks for no key, so that it also tells which one is missing.
    count: () => countSecrets(db),
    rotate: async (options) => rotate(db, await unlock(db, keys), options),
    close: () => opened.close(),
  };
}

function isInUse(error: unknown): error is ComputeError {
  return error instanceof ComputeError && errorCodeOf(error.cause) === 'SQLITE_BUSY';
}
