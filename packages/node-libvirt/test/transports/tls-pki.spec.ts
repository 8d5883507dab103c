import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readPki, type ReadPkiOptions, type TlsMaterial, type TlsPki } from '../../src/transports/tls-pki.js';
import { newAuthority, type Authority, type Identity } from '../support/authority.js';
import { failureOf } from '../support/failure-of.js';

let authority: Authority;
let one: Identity;
let other: Identity;
let folder: string;

beforeAll(async () => {
  authority = await newAuthority('authority');
  one = await authority.client('one');
  other = await authority.client('other');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-libvirt-pki-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const read = (pki: TlsPki, options: Partial<ReadPkiOptions> = {}): Promise<TlsMaterial> =>
  readPki(pki, {
    needsAuthority: true,
    places: { user: join(folder, 'user'), system: join(folder, 'system') },
    ...options,
  });

const inSystem = (identity: Identity): Record<string, string> => ({
  'system/CA/cacert.pem': authority.cert,
  'system/libvirt/clientcert.pem': identity.cert,
  'system/libvirt/private/clientkey.pem': identity.key,
});

describe('the usual places', () => {
  test('the system', async () => {
    write(inSystem(one));
    await expect(read({ kind: 'usual' })).resolves.toEqual({ ca: authority.cert, cert: one.cert, key: one.key });
  });

  test("the user's own first, each by itself", async () => {
    write({ ...inSystem(one), 'user/clientcert.pem': other.cert, 'user/clientkey.pem': other.key });
    await expect(read({ kind: 'usual' })).resolves.toEqual({ ca: authority.cert, cert: other.cert, key: other.key });
  });

  test('a certificate without its key is left for a whole pair', async () => {
    write({ ...inSystem(one), 'user/clientcert.pem': other.cert });
    await expect(read({ kind: 'usual' })).resolves.toMatchObject({ cert: one.cert, key: one.key });
  });

  test('none has an authority', async () => {
    const failure = await failureOf(read({ kind: 'usual' }));
    expect(failure).toMatchObject({ kind: 'settings', code: 'ENOENT' });
    expect(failure.message).toBe(
      `there is no ${folder}/user/cacert.pem or ${folder}/system/CA/cacert.pem, by which to know the server`,
    );
    await expect(read({ kind: 'usual' }, { needsAuthority: false })).resolves.toEqual({});
  });
});

describe('a directory', () => {
  const directory = (): TlsPki => ({ kind: 'directory', path: folder });

  test('has all of it', async () => {
    write({ 'cacert.pem': authority.cert, 'clientcert.pem': one.cert, 'clientkey.pem': one.key, 'cacrl.pem': 'CRL' });
    const material = { ca: authority.cert, cert: one.cert, key: one.key, crl: 'CRL' };
    await expect(read(directory())).resolves.toEqual(material);
  });

  test('need not have a certificate for us', async () => {
    write({ 'cacert.pem': authority.cert });
    await expect(read(directory())).resolves.toEqual({ ca: authority.cert });
  });

  test.each<[string, () => Record<string, string>, string]>([
    ['a certificate without its key', () => ({ 'clientcert.pem': one.cert }), 'is of no use without'],
    ['a key without its certificate', () => ({ 'clientkey.pem': one.key }), 'is of no use without'],
    [
      'a key of another certificate',
      () => ({ 'clientcert.pem': one.cert, 'clientkey.pem': other.key }),
      'clientkey.pem is not the key of ',
    ],
    [
      'a key that is none',
      () => ({ 'clientcert.pem': one.cert, 'clientkey.pem': 'hunter2' }),
      'clientkey.pem cannot be used',
    ],
    ['an authority that is none', () => ({ 'cacert.pem': 'hunter2' }), 'cacert.pem cannot be used'],
    ['a directory for a file', () => ({ 'cacrl.pem/x': '' }), 'cacrl.pem cannot be read (EISDIR)'],
  ])('is refused with %s', async (_title, files, complaint) => {
    write({ 'cacert.pem': authority.cert, ...files() });
    const failure = await failureOf(read(directory()));
    expect(failure).toMatchObject({ kind: 'settings' });
    expect(failure.message).toContain(complaint);
    expect(failure.message).not.toMatch(/hunter2|PRIVATE/);
  });
});

describe('files that are named', () => {
  test('are read, beside texts', async () => {
    write({ 'our.pem': one.cert, 'our.key': one.key });
    const cert = { file: join(folder, 'our.pem') };
    const key = { file: join(folder, 'our.key') };
    const material = { ca: authority.cert, cert: one.cert, key: one.key };
    await expect(read({ kind: 'given', ca: authority.cert, cert, key })).resolves.toEqual(material);
  });

  test('have to be there', async () => {
    const file = join(folder, 'missing.pem');
    const failure = await failureOf(read({ kind: 'given', ca: { file } }));
    expect(failure).toMatchObject({ kind: 'settings', code: 'ENOENT', message: `there is no ${file}` });
  });
});

describe('an encrypted key', () => {
  const locked = (): TlsPki => ({
    kind: 'given',
    ca: authority.cert,
    cert: one.cert,
    key: createPrivateKey(one.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' })
      .toString(),
  });

  test('is opened by its passphrase', async () => {
    await expect(read(locked(), { passphrase: 'open sesame' })).resolves.toMatchObject({ cert: one.cert });
  });

  test.each([
    [undefined, 'the given key is encrypted, and no passphrase is given'],
    ['hunter2', 'the given key cannot be used'],
  ])('is not opened by %s', async (passphrase, complaint) => {
    const failure = await failureOf(read(locked(), { passphrase }));
    expect(failure).toMatchObject({ kind: 'settings' });
    expect(failure.message).toContain(complaint);
    expect(failure.message).not.toContain('hunter2');
  });
});
