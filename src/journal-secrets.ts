import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalSecrets } from './cli/cli-parts.js';
import { keyIdOf } from './common/encryption-key.js';
import { ComputeError, errorCodeOf } from './common/errors/index.js';
import type { Config } from './config/index.js';
import { openSqlite } from './journal/database.js';
import { readKeys } from './journal/keys.js';
import { countSecrets, rotate } from './journal/rotation.js';
import { unlock } from './journal/unlock.js';

/**
 * Opens the secrets of a configuration's journal for the command line; makes neither a journal nor a key.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE
 */
export async function openJournalSecrets({ stateDir, secrets }: Config): Promise<JournalSecrets> {
  const file = join(stateDir, 'journal.db');
  if (!existsSync(file)) {
    throw new ComputeError('CONFIG_INVALID', `there is no journal at ${file}, and so there are no secrets in it`);
  }
  const keys = readKeys(secrets, { mayMake: false });
  const db = await openSqlite(file).catch((error: unknown) => {
    throw isInUse(error) ? new ComputeError(error.code, `${error.message}: stop it first`, { retry: 'never' }) : error;
  });
  return {
    currentKey: keyIdOf(keys.current),
    previousKeys: keys.previous.map(keyIdOf).filter((id) => id !== keyIdOf(keys.current)),
    // Counting asks for no key, so that it also tells which one is missing.
    count: () => countSecrets(db),
    rotate: async (options) => rotate(db, await unlock(db, keys), options),
    close: () => db.destroy(),
  };
}

function isInUse(error: unknown): error is ComputeError {
  return error instanceof ComputeError && errorCodeOf(error.cause) === 'SQLITE_BUSY';
}
