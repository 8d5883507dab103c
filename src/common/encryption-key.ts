import { createHash, randomBytes } from 'node:crypto';
import { ComputeError } from './errors/index.js';

const KEY_BYTES = 32;

/** How a key is made; part of every message about one that is not there or no good. */
export const HOW_TO_MAKE_A_KEY = 'make one with: zenova secrets generate --output FILE';

/** A new key as text: 32 random bytes in base64. */
export function newKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/** What is wrong with the text of a key, without a piece of it; undefined when it is one. */
export function keyMistake(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return `is empty; ${HOW_TO_MAKE_A_KEY}`;
  const isBase64 =
    /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/.test(trimmed) && trimmed.replace(/=+$/, '').length % 4 !== 1;
  if (!isBase64) return `is no key: a key is ${KEY_BYTES} bytes in base64; ${HOW_TO_MAKE_A_KEY}`;
  const { length } = Buffer.from(trimmed, 'base64');
  if (length !== KEY_BYTES) return `is no key: it holds ${length} bytes, not ${KEY_BYTES}; ${HOW_TO_MAKE_A_KEY}`;
  return undefined;
}

/**
 * The bytes of a key.
 *
 * @param where it stands, for the error
 * @throws ComputeError CONFIG_INVALID
 */
export function parseKey(text: string, where: string): Buffer {
  const mistake = keyMistake(text);
  if (mistake !== undefined) throw new ComputeError('CONFIG_INVALID', `${where} ${mistake}`);
  return Buffer.from(text.trim(), 'base64');
}

/** A key's name: it tells keys apart and gives nothing away. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
