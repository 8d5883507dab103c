import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { keyIdOf } from '../common/encryption-key.js';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import { isSealedField } from '../common/secret.js';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = '$sealed';

/** The key that secrets are encrypted with from now on, and those that earlier ones may still be encrypted with. */
export interface Keys {
  readonly current: Buffer;
  readonly previous: readonly Buffer[];
}

/**
 * Encrypts secrets at rest: AES-256-GCM, with the id of the key beside each value so that keys can be changed. Encrypts
 * with the current key, decrypts with any that it has.
 */
export class SecretBox {
  /** Id of the current key. */
  readonly keyId: string;
  readonly #current: Buffer;
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #fingerprintKey: Buffer;

  /** @param fingerprintKey a journal that has had several keys goes on with the one that its fingerprints were made with */
  constructor(current: Buffer, previous: readonly Buffer[] = [], fingerprintKey = fingerprintKeyOf(current)) {
    this.keyId = keyIdOf(current);
    this.#current = current;
    this.#keys = new Map([current, ...previous].map((key) => [keyIdOf(key), key]));
    this.#fingerprintKey = fingerprintKey;
  }

  /** Ids of the keys that it has, the current one first. */
  get keyIds(): string[] {
    return [...this.#keys.keys()];
  }

  /** Proof that two requests are equal, useless for guessing what they hold. */
  fingerprint(text: string): string {
    return createHmac('sha256', this.#fingerprintKey).update(text).digest('base64url');
  }

  /** A copy in which the value of every secret field is encrypted, at any depth. */
  seal(value: JsonValue): JsonValue {
    return mapMembers(value, (name, member) =>
      // A field that happens to have our own mark for its name must not be taken for something encrypted.
      (isSealedField(name) && member !== null) || name === SEALED
        ? { [SEALED]: this.#encrypt(JSON.stringify(member)) }
        : this.seal(member),
    );
  }

  /**
   * @throws ComputeError CONFIG_INVALID when a value was encrypted with a key that it does not have, JOURNAL_UNAVAILABLE
   * when it has been tampered with or cut off
   */
  unseal(value: JsonValue): JsonValue {
    const sealed = sealedText(value);
    if (sealed !== undefined) return JSON.parse(this.#decrypt(sealed)) as JsonValue;
    return mapMembers(value, (_name, member) => this.unseal(member));
  }

  /** A copy in which what is encrypted with an earlier key is encrypted with the current one. Throws as `unseal` does. */
  reseal(value: JsonValue): JsonValue {
    const sealed = sealedText(value);
    if (sealed === undefined) return mapMembers(value, (_name, member) => this.reseal(member));
    return keyIdIn(sealed) === this.keyId ? value : { [SEALED]: this.#encrypt(this.#decrypt(sealed)) };
  }

  #encrypt(text: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#current, iv, { authTagLength: TAG_BYTES });
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return [this.keyId, ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
  }

  #decrypt(sealed: string): string {
    const keyId = keyIdIn(sealed);
    const key = this.#keys.get(keyId);
    if (key === undefined) throw this.#keyMissing(keyId);
    const [iv, tag, data] = sealed
      .split('.')
      .slice(1)
      .map((part) => Buffer.from(part, 'base64url'));
    try {
      if (iv === undefined || tag === undefined || data === undefined) throw new Error('a part of it is missing');
      const decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAuthTag(tag);
      return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new ComputeError(
        'JOURNAL_UNAVAILABLE',
        `a secret in the journal was changed or cut off after it had been encrypted with key ${keyId}`,
        { cause: error, retry: 'never' },
      );
    }
  }

  #keyMissing(keyId: string): ComputeError {
    // Whatever stands there after tampering is not repeated.
    const name = /^[0-9a-f]{8}$/.test(keyId) ? keyId : 'of an unknown name';
    const [current, ...previous] = this.keyIds;
    const given = previous.length === 0 ? `${current}` : `${current} and, as earlier ones, ${previous.join(', ')}`;
    return new ComputeError(
      'CONFIG_INVALID',
      `the journal holds secrets that were encrypted with key ${name}, and the keys given are ${given}; ` +
        'give that key again, as secrets.key or in secrets.previous_keys',
      { details: { key_id: name, given_key_ids: this.keyIds } },
    );
  }
}

/** The key for fingerprints of a journal that has none of its own: it is made from the first key for secrets. */
export function fingerprintKeyOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('zenova fingerprint').digest();
}

/** Ids of the keys that the values in a stored text are encrypted with, one for each value. */
export function keyIdsIn(text: string): string[] {
  // Only a real member is written so: in a string of JSON the quotes would have backslashes.
  return [...text.matchAll(/"\$sealed":"([^"]*)"/g)].map(([, sealed = '']) => keyIdIn(sealed));
}

function keyIdIn(sealed: string): string {
  return sealed.split('.', 1)[0] ?? '';
}

function sealedText(value: JsonValue): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const sealed = value[SEALED];
  return typeof sealed === 'string' ? sealed : undefined;
}

function mapMembers(value: JsonValue, map: (name: string, member: JsonValue) => JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item) => mapMembers(item, map));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(name, member)]));
  }
  return value;
}
