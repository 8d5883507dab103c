import { createHash } from 'node:crypto';

/** The number that crypt uses when none is written down, and login.defs of Debian and Fedora for SHA-512. */
const ROUNDS = 5000;
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SIZE = 64;

/**
 * A password as /etc/shadow holds it, by the scheme `$6$` ("Unix crypt using SHA-256 and SHA-512", U. Drepper, version 0.6; its
 * steps are numbered there).
 *
 * @param salt 1 to 16 characters of `[./0-9A-Za-z]`; a password with the same salt gives the same text
 */
export function sha512Crypt(password: string, salt: string): string {
  const key = Buffer.from(password);
  const seasoning = Buffer.from(salt);
  // Steps 1 to 12.
  const alternate = sha512(key, seasoning, key);
  const first = [key, seasoning, repeated(alternate, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) first.push(bits % 2 === 1 ? alternate : key);
  let digest = sha512(...first);
  // Steps 13 to 20.
  const p = repeated(sha512(...Array<Buffer>(key.length).fill(key)), key.length);
  const s = repeated(sha512(...Array<Buffer>(16 + (digest[0] ?? 0)).fill(seasoning)), seasoning.length);
  // Step 21.
  for (let round = 0; round < ROUNDS; round += 1) {
    const parts = [round % 2 === 1 ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(round % 2 === 1 ? digest : p);
    digest = sha512(...parts);
  }
  return `$6$${salt}$${encoded(digest)}`;
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The digest as often as it takes to fill so many bytes. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** Step 22: three bytes at a time, in an order of their own, the lowest six bits first. */
function encoded(digest: Buffer): string {
  const byte = (at: number): number => digest[at % SIZE] ?? 0;
  const text: string[] = [];
  const put = (bits: number, characters: number): void => {
    for (let i = 0; i < characters; i += 1) text.push(ALPHABET[(bits >> (6 * i)) & 63] ?? '');
  };
  let [a, b, c] = [0, 21, 42];
  for (let group = 0; group < 21; group += 1) {
    put((byte(a) << 16) | (byte(b) << 8) | byte(c), 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  put(byte(SIZE - 1), 2);
  return text.join('');
}
