import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import { isSecretField } from '../common/secret.js';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const SEALED = '$sealed';

/** Encrypts secrets at rest: AES-256-GCM, with the id of the key beside each value so that keys can be changed. */
export class SecretBox {
  readonly keyId: string;
  readonly #key: Buffer;
  readonly #fingerprintKey: Buffer;

  constructor(key: Buffer) {
    if (key.length !== KEY_BYTES) {
      throw new ComputeError('CONFIG_INVALID', `the journal's key must be ${KEY_BYTES} bytes, it has ${key.length}`);
    }
    this.#key = key;
    this.#fingerprintKey = createHmac('sha256', key).update('zenova fingerprint').digest();
    this.keyId = createHash('sha256').update(key).digest('hex').slice(0, 8);
  }

  /** Reads the key from a file of base64, or makes one, readable by its owner only. */
  static fromFile(path: string): SecretBox {
    if (!existsSync(path)) makeKeyFile(path);
    return new SecretBox(Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'));
  }

  /** Proof that two requests are equal, useless for guessing what they hold. */
  fingerprint(text: string): string {
    return createHmac('sha256', this.#fingerprintKey).update(text).digest('base64url');
  }

  /** A copy in which the value of every secret field is encrypted, at any depth. */
  seal(value: JsonValue): JsonValue {
    return mapMembers(value, (name, member) =>
      isSecretField(name) && member !== null ? { [SEALED]: this.#encrypt(JSON.stringify(member)) } : this.seal(member),
    );
  }

  /** @throws ComputeError CONFIG_INVALID when a value was encrypted with another key or has been tampered with */
  unseal(value: JsonValue): JsonValue {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value[SEALED] === 'string') {
      return JSON.parse(this.#decrypt(value[SEALED])) as JsonValue;
    }
    return mapMembers(value, (_name, member) => this.unseal(member));
  }

  #encrypt(text: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return [this.keyId, ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
  }

  #decrypt(sealed: string): string {
    const [keyId, ...parts] = sealed.split('.');
    const [iv, tag, data] = parts.map((part) => Buffer.from(part, 'base64url'));
    if (keyId !== this.keyId || iv === undefined || tag === undefined || data === undefined) {
      throw new ComputeError(
        'CONFIG_INVALID',
        `the journal was written with another key (${keyId}, not ${this.keyId})`,
      );
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv).setAuthTag(tag);
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  }
}

/** Whole and on the disk before anything is encrypted with it: a journal whose key was lost in a crash is lost too. */
function makeKeyFile(path: string): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  // Unlike renaming, linking never takes the place of a key that another process has made meanwhile.
  linkSync(unfinished, path);
  rmSync(unfinished);
  const entry = openSync(directory, 'r');
  fsyncSync(entry);
  closeSync(entry);
}

function mapMembers(value: JsonValue, map: (name: string, member: JsonValue) => JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item) => mapMembers(item, map));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(name, member)]));
  }
  return value;
}
