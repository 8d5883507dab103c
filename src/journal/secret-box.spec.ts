import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { keyIdOf, newKeyText } from '../common/encryption-key.js';
import { ComputeError, type JsonValue } from '../common/errors/index.js';
import { makeKeyFile, readKeyFile } from '../common/key-file.js';
import { Secret } from '../common/secret.js';
import { readKeys } from './keys.js';
import { SecretBox, keyIdsIn } from './secret-box.js';

const oldKey = randomBytes(32);
const newKey = randomBytes(32);
const SECRET = 'canary-4d1b';
const value = { power_parameters: { power_pass: SECRET, power_user: 'u' }, list: [{ token: SECRET }] };

/** What was thrown, as a code and a text. */
function failure(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof ComputeError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the box', () => {
  it('gives back whatever was put in, also under its own mark', () => {
    const box = new SecretBox(newKey);
    const names = fc.constantFrom('$sealed', 'token', 'name', 'power_pass');
    const json = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(names, tie('value'), { noNullPrototype: true }),
      ),
    })).value;
    fc.assert(fc.property(json, (any) => expect(box.unseal(box.seal(any))).toEqual(any)));
  });

  it('reads what earlier keys encrypted, writes with the current one, and changes nothing else', () => {
    const old = new SecretBox(oldKey).seal(value);
    const box = new SecretBox(newKey, [oldKey]);
    expect(box.keyIds).toEqual([keyIdOf(newKey), keyIdOf(oldKey)]);
    expect(box.unseal(old)).toEqual(value);
    const fresh = box.reseal(old);
    expect(keyIdsIn(JSON.stringify(fresh))).toEqual([box.keyId, box.keyId]);
    expect(new SecretBox(newKey).unseal(fresh)).toEqual(value);
    expect(box.reseal(fresh)).toEqual(fresh);
  });

  it('tells which keys a stored text needs, and is not fooled by what a caller wrote', () => {
    const box = new SecretBox(newKey);
    const text = JSON.stringify(box.seal({ name: '{"$sealed":"deadbeef.x"}', token: '1', key: '2' }));
    expect(keyIdsIn(text)).toEqual([box.keyId, box.keyId]);
  });

  it('names both keys when it lacks one', () => {
    const sealed = new SecretBox(oldKey).seal(value);
    const { code, message } = failure(() => new SecretBox(newKey).unseal(sealed));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain(`encrypted with key ${keyIdOf(oldKey)}, and the keys given are ${keyIdOf(newKey)};`);
    expect(message).toContain('secrets.previous_keys');
  });

  it.each<[string, (sealed: string) => string]>([
    ['changed', (sealed) => sealed.replace(/\.[^.]+$/, (data) => `.${data[1] === 'A' ? 'B' : 'A'}${data.slice(2)}`)],
    ['cut off', (sealed) => sealed.slice(0, -4)],
    ['without its text', (sealed) => sealed.split('.').slice(0, 3).join('.')],
    [
      'with a short tag',
      (sealed) =>
        sealed
          .split('.')
          .map((part, i) => (i === 2 ? part.slice(0, 8) : part))
          .join('.'),
    ],
    ['empty after the key', (sealed) => `${sealed.split('.')[0]}...`],
    ['a key alone', (sealed) => `${sealed.split('.')[0]}`],
  ])('refuses what was %s, in its own words', (_, damage) => {
    const box = new SecretBox(newKey);
    const { token } = box.seal({ token: SECRET }) as { token: { $sealed: string } };
    const damaged = { token: { $sealed: damage(token.$sealed) } };
    for (const read of [() => box.unseal(damaged), () => new SecretBox(oldKey, [newKey]).reseal(damaged)]) {
      expect(failure(read)).toEqual({
        code: 'JOURNAL_UNAVAILABLE',
        message: `a secret in the journal was changed or cut off after it had been encrypted with key ${box.keyId}`,
      });
    }
  });

  it('does not repeat what stands where a key should', () => {
    const { message } = failure(() => new SecretBox(newKey).unseal({ token: { $sealed: `${SECRET}.a.b.c` } }));
    expect(message).not.toContain(SECRET);
  });

  it('makes fingerprints with the key it is told to', () => {
    const before = new SecretBox(oldKey).fingerprint('a request');
    expect(new SecretBox(oldKey).fingerprint('a request')).toBe(before);
    expect(new SecretBox(newKey).fingerprint('a request')).not.toBe(before);
  });
});

describe('key files', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zenova-keys-'));
    path = join(directory, 'state', 'secrets.key');
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const sources = (overrides = {}) => ({ key: null, keyFile: path, previousKeys: [], ...overrides });

  it('are made once, whole, for their owner only, with nothing left beside them', () => {
    expect(makeKeyFile(path)).toBe(true);
    const text = readFileSync(path, 'utf8');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(makeKeyFile(path)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(join(directory, 'state'))).toEqual(['secrets.key']);
    expect(readKeyFile(path).toString('base64')).toBe(text.trim());
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'is empty'],
    ['too little', 'c2hvcnQ=', 'it holds 5 bytes, not 32'],
    ['no base64', `${'!'.repeat(43)}=`, 'a key is 32 bytes in base64'],
    ['two keys', `${newKeyText()}\n${newKeyText()}\n`, 'a key is 32 bytes in base64'],
    ['a whole book', 'A'.repeat(100_000), 'a key is 32 bytes in base64'],
  ])('with %s in them are refused', (_, text, reason) => {
    writeFileSync(join(directory, 'key'), text, { mode: 0o600 });
    const { code, message } = failure(() => readKeyFile(join(directory, 'key')));
    expect({ code, message }).toEqual({ code: 'CONFIG_INVALID', message: expect.stringContaining(reason) });
    expect(message).toContain(`the key file ${join(directory, 'key')}`);
    if (text.length > 3) expect(message).not.toContain(text.trim());
  });

  it('that every user can read are refused, and directories too', () => {
    makeKeyFile(path);
    chmodSync(path, 0o644);
    expect(failure(() => readKeyFile(path)).message).toContain(`(mode 0644); run: chmod o-rwx ${path}`);
    chmodSync(directory, 0o700);
    expect(failure(() => readKeyFile(directory))).toEqual({
      code: 'CONFIG_INVALID',
      message: `the key file ${directory} cannot be read (EISDIR)`,
    });
  });

  it('are made for a journal of one service only', () => {
    const { code, message } = failure(() => readKeys(sources(), { mayMake: false }));
    expect({ code, message }).toEqual({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('make one with: zenova secrets generate --output FILE'),
    });
    const made = readKeys(sources(), { mayMake: true });
    expect(readKeys(sources(), { mayMake: false })).toEqual(made);
  });

  it('are not looked at when the key itself is given', () => {
    const key = new Secret(newKey.toString('base64'));
    const previousKeys = [new Secret(oldKey.toString('base64url'))];
    expect(readKeys(sources({ key, previousKeys }), { mayMake: true })).toEqual({
      current: newKey,
      previous: [oldKey],
    });
    expect(readdirSync(directory)).toEqual([]);
    const bad = sources({ key, previousKeys: [new Secret('x')] });
    expect(failure(() => readKeys(bad, { mayMake: true })).message).toMatch(/^secrets\.previous_keys\[0\] is no key/);
  });
});
