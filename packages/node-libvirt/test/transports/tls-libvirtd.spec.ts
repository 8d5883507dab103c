import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Libvirtd, startLibvirtd } from '../../../../scripts/libvirtd.mjs';
import { freePort } from '../../../../scripts/server/free-port.mjs';
import { eventually } from '../../../../test/support/eventually.js';
import { Connection, connectGetHostname } from '../../src/index.js';
import { tlsTransport, type TlsOptions } from '../../src/transports/tls.js';
import type { TlsPki } from '../../src/transports/tls-pki.js';
import { newAuthority, type Authority, type Identity } from '../support/authority.js';
import { failureOf } from '../support/failure-of.js';

let folder: string;
let authority: Authority;
let stranger: Authority;
let client: Identity;
let daemon: Libvirtd;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-libvirt-tls-'));
  authority = await newAuthority('authority');
  stranger = await newAuthority('stranger');
  client = await authority.client('client');
  const server = await authority.server('localhost', '127.0.0.1');
  port = await freePort();
  daemon = await startLibvirtd({
    settings: {
      listen_tls: 1,
      listen_addr: '127.0.0.1',
      tls_port: String(port),
      ca_file: write('cacert.pem', authority.cert),
      cert_file: write('servercert.pem', server.cert),
      key_file: write('serverkey.pem', server.key),
      tls_allowed_dn_list: ['CN=client', 'CN=late'],
    },
  });
});
afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true });
});

const open: Connection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const given = (identity: Identity | undefined, ca = authority.cert): TlsPki => ({ kind: 'given', ca, ...identity });

async function connected(options: Partial<TlsOptions> = {}): Promise<Connection> {
  const transport = tlsTransport({ host: '127.0.0.1', port, pki: given(client), ...options });
  const connection = await Connection.open({ transport, uri: 'test:///default' });
  open.push(connection);
  return connection;
}

const answer = async (connection: Connection): Promise<unknown> => connection.call(connectGetHostname);
const anAnswer = { hostname: expect.any(String) };

describe('libvirtd lets us in', () => {
  test.each<[string, Partial<TlsOptions>]>([
    ['by its address', {}],
    ['by its name', { host: 'localhost' }],
    ['by an address for which another name is expected', { serverName: 'localhost' }],
    ['by TLS 1.2', { priority: 'NORMAL:-VERS-ALL:+VERS-TLS1.2' }],
    ['although its name is another, when that is said', { serverName: 'elsewhere.example', verify: false }],
  ])('%s', async (_title, options) => {
    await expect(connected(options).then(answer)).resolves.toEqual(anAnswer);
  });

  test('by a directory as pkipath names it', async () => {
    const path = join(folder, 'pki');
    mkdirSync(path);
    write('pki/cacert.pem', authority.cert);
    write('pki/clientcert.pem', client.cert);
    write('pki/clientkey.pem', client.key);
    await expect(connected({ pki: { kind: 'directory', path } }).then(answer)).resolves.toEqual(anAnswer);
  });
});

describe('libvirtd does not let us in', () => {
  const refusal = async (identity: Identity | undefined): Promise<string> => {
    const failure = await failureOf(connected({ pki: given(identity) }));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).not.toMatch(/BEGIN|PRIVATE/);
    return failure.message;
  };

  test('without a certificate', async () => {
    await expect(refusal(undefined)).resolves.toBe(
      `127.0.0.1:${port} does not let us in: it wants a client certificate, and there is none`,
    );
  });

  test('with one of another authority', async () => {
    await expect(refusal(await stranger.client('client'))).resolves.toContain(
      'it does not accept the client certificate (CN=client, issued by CN=stranger, valid until ',
    );
  });

  test('with one that is out of date', async () => {
    const late = await authority.client('late', new Date(Date.now() - 60_000));
    await expect(refusal(late)).resolves.toContain('(CN=late, issued by CN=authority, valid until ');
  });

  test('with one of somebody else', async () => {
    await expect(refusal(await authority.client('somebody'))).resolves.toContain('(CN=somebody,');
  });
});

describe('we do not talk to', () => {
  test('one whose certificate is of another authority', async () => {
    const failure = await failureOf(connected({ pki: given(client, stranger.cert) }));
    expect(failure).toMatchObject({ kind: 'untrusted', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('one whose certificate is of no authority of the system', async () => {
    const failure = await failureOf(connected({ pki: { kind: 'given', ...client } }));
    expect(failure).toMatchObject({ kind: 'untrusted' });
  });

  test('one whose certificate is for another name', async () => {
    const failure = await failureOf(connected({ serverName: 'elsewhere.example' }));
    expect(failure).toMatchObject({ kind: 'wrong-name', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(failure.message).toContain('DNS:localhost');
  });
});

test('a daemon that hangs is given up in time', async () => {
  process.kill(daemon.pid(), 'SIGSTOP');
  try {
    await expect(failureOf(connected({ timeoutMs: 300 }))).resolves.toMatchObject({ kind: 'timeout' });
  } finally {
    process.kill(daemon.pid(), 'SIGCONT');
  }
  await expect(connected().then(answer)).resolves.toEqual(anAnswer);
});

test('a daemon that is killed takes the connection with it, and a new one is let in', async () => {
  const connection = await connected();
  await answer(connection);
  await daemon.kill();
  await expect(connection.closed).resolves.toMatchObject({ name: 'ConnectionLostError' });
  await expect(failureOf(connected())).resolves.toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
  await daemon.restart();
  const again = await eventually(() => connected().catch(() => undefined), 'it listens');
  await expect(answer(again)).resolves.toEqual(anAnswer);
});
