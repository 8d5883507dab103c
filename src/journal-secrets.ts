import type { JournalSecrets } from './cli/cli-parts.js';
import { keyIdOf } from './common/encryption-key.js';
import type { Config } from './config/index.js';
import { existingDatabaseOf, openUnused } from './journal-place.js';
import { readKeys } from './journal/keys.js';
import { countSecrets, rotate } from './journal/rotation.js';
import { unlock } from './journal/unlock.js';

/**
 * Opens the secrets of a configuration's journal for the command line; makes neither a journal nor a key.
 *
 * @throws ComputeError CONFIG_INVALID, JOURNAL_UNAVAILABLE
 */
export async function openJournalSecrets(config: Config): Promise<JournalSecrets> {
  const database = existingDatabaseOf(config);
  const keys = readKeys(config.secrets, { mayMake: false });
  const opened = await openUnused(database);
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
