import { existsSync } from 'node:fs';
import { HOW_TO_MAKE_A_KEY, parseKey } from '../common/encryption-key.js';
import { ComputeError } from '../common/errors/index.js';
import { makeKeyFile, readKeyFile } from '../common/key-file.js';
import type { Secret } from '../common/secret.js';
import type { Keys } from './secret-box.js';

/** Where the keys come from: section `secrets` of the configuration. */
export interface KeySources {
  /** The current key itself; null: it stands in `keyFile`. */
  readonly key: Secret | null;
  readonly keyFile: string;
  readonly previousKeys: readonly Secret[];
}

/**
 * Reads the keys. A key that is not there is made only for a journal that nobody shares: each of several workers would make
 * its own.
 *
 * @throws ComputeError CONFIG_INVALID
 */
export function readKeys({ key, keyFile, previousKeys }: KeySources, { mayMake }: { mayMake: boolean }): Keys {
  const previous = previousKeys.map((text, i) => parseKey(text.reveal(), `secrets.previous_keys[${i}]`));
  if (key !== null) return { current: parseKey(key.reveal(), 'secrets.key'), previous };
  if (mayMake) makeKeyFile(keyFile);
  else if (!existsSync(keyFile)) {
    throw new ComputeError(
      'CONFIG_INVALID',
      `secrets.key is not set and ${keyFile} does not exist, so there is no key for the secrets in the journal; ` +
        `if it never had one, ${HOW_TO_MAKE_A_KEY}`,
    );
  }
  return { current: readKeyFile(keyFile), previous };
}
