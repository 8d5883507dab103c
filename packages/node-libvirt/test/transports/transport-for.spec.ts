import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Libvirtd, startLibvirtd } from '../../../../scripts/libvirtd.mjs';
import { freePort } from '../../../../scripts/server/free-port.mjs';
import { descendants } from '../../../../scripts/server/processes.mjs';
import { eventually } from '../../../../test/support/eventually.js';
import {
  connect,
  Connection,
  type ConnectionOptions,
  connectGetHostname,
  domainDestroy,
  domainLookupByName,
  type TransportForOptions,
  transportFor,
  type WayToDaemon,
} from '../../src/index.js';
import { newAuthority } from '../support/authority.js';
import { failureOf } from '../support/failure-of.js';
import { SshFolder, startSshd, type Sshd } from '../support/sshd.js';

let folder: SshFolder;
let daemon: Libvirtd;
let sshd: Sshd;
let tlsPort: number;
/** A host over ssh, and what is said of it. */
let behindSsh: (query?: string, driver?: string) => string;

beforeAll(async () => {
  folder = new SshFolder();
  const authority = await newAuthority('authority');
  const [server, client] = [await authority.server('localhost', '127.0.0.1'), await authority.client('client')];
  mkdirSync(pki());
  const files = { cacert: authority.cert, servercert: server.cert, serverkey: server.key };
  for (const [name, text] of Object.entries({ ...files, clientcert: client.cert, clientkey: client.key }))
    writeFileSync(pki(`${name}.pem`), text);
  tlsPort = await freePort();
  daemon = await startLibvirtd({
    settings: {
      listen_tls: 1,
      listen_addr: '127.0.0.1',
      tls_port: String(tlsPort),
      ca_file: pki('cacert.pem'),
      cert_file: pki('servercert.pem'),
      key_file: pki('serverkey.pem'),
    },
  });
  const key = folder.key('user');
  sshd = await startSshd({
    authorizedKeys: [key.publicKey],
    runtime: { libvirt: dirname(daemon.socketPath) },
    settings: { LogLevel: 'VERBOSE' },
  });
  const hosts = folder.knownHosts('known', `[127.0.0.1]:${sshd.port} ${sshd.publicHostKeys[0]}`);
  const { username } = userInfo();
  behindSsh = (query = '', driver = 'test+ssh') =>
    `${driver}://${username}@127.0.0.1:${sshd.port}/default?keyfile=${key.file}&known_hosts=${hosts}&sshauth=privkey${query}`;
});
afterAll(async () => {
  await sshd.stop();
  await daemon.stop();
  folder.remove();
});

const open: Connection[] = [];
afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
});

function pki(...name: string[]): string {
  return join(folder.path, 'pki', ...name);
}

async function connected(way: WayToDaemon, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const connection = await Connection.open({ ...way, ...options });
  open.push(connection);
  return connection;
}

const anAnswer = { hostname: expect.any(String) };
const logOns = (): number =>
  readFileSync(join(sshd.dataDir, 'sshd.log'), 'utf8').split('Accepted publickey').length - 1;

/** Of processes, of which some may have ended meanwhile. */
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
  }
}

async function answer(uri: string, options?: TransportForOptions): Promise<unknown> {
  const connection = await connected(transportFor(uri, options));
  return connection.call(connectGetHostname);
}

describe('a daemon answers', () => {
  test.each<[string, () => string]>([
    ['at its socket', () => `test:///default?socket=${daemon.socketPath}`],
    ['at its socket, said in full', () => `test+unix:///default?socket=${daemon.socketPath}`],
    ['by TLS', () => `test+tls://localhost:${tlsPort}/default?pkipath=${pki()}`],
    ['by TLS, which goes without saying', () => `test://127.0.0.1:${tlsPort}/default?pkipath=${pki()}`],
    [
      'by TLS of one version',
      () => `test+tls://localhost:${tlsPort}/default?pkipath=${pki()}&tls_priority=NORMAL:-VERS-TLS1.3`,
    ],
    ['through ssh', () => behindSsh()],
    ['through ssh and its socket', () => behindSsh(`&socket=${daemon.socketPath}`)],
    ["through ssh and libvirt's helper", () => behindSsh('&proxy=native')],
    ['through ssh, as other programs speak it', () => behindSsh('&no_tty=1', 'test+libssh2')],
    ['through ssh, whoever it is', () => behindSsh('&known_hosts=/dev/null&no_verify=1')],
  ])('%s', async (_title, uri) => {
    await expect(answer(uri())).resolves.toEqual(anAnswer);
  });

  test.each<[string, () => string]>([
    ['at its socket', () => `test:///default?socket=${daemon.socketPath}-ro`],
    ['through ssh', () => behindSsh()],
    ["through ssh and libvirt's helper", () => behindSsh('&proxy=native')],
  ])('for reading only, %s', async (_title, uri) => {
    const connection = await connected(transportFor(uri(), { readOnly: true }), { readOnly: true });
    const { domain } = await connection.call(domainLookupByName, { name: 'test' });
    await expect(failureOf(connection.call(domainDestroy, { domain }))).resolves.toMatchObject({
      codeName: 'OPERATION_DENIED',
    });
  });

  test('as a program says, whatever the URI does', async () => {
    const wrong = behindSsh('&known_hosts_verify=normal').replace('/known', '/nowhere');
    await expect(failureOf(answer(wrong))).resolves.toMatchObject({ kind: 'settings' });
    await expect(answer(wrong, { ssh: { trust: { kind: 'unverified' } } })).resolves.toEqual(anAnswer);

    const elsewhere = `test+tls://localhost:${tlsPort}/default?pkipath=/nowhere`;
    await expect(failureOf(answer(elsewhere))).resolves.toMatchObject({ kind: 'settings' });
    const tls = { pki: { kind: 'directory', path: pki() } } as const;
    await expect(answer(elsewhere, { tls })).resolves.toEqual(anAnswer);
    const misnamed = { ...tls, serverName: 'elsewhere.example' };
    await expect(failureOf(answer(elsewhere, { tls: misnamed }))).resolves.toMatchObject({ kind: 'wrong-name' });
    await expect(answer(`${elsewhere}&no_verify=1`, { tls: misnamed })).resolves.toEqual(anAnswer);
  });
});

test.each([
  ['qemu+tcp://kvm1/system', 'tcp is not encrypted'],
  ['qemu+ext:///system?command=/bin/x', 'ext runs a program'],
  ['qemu+ssh://kvm1/system?command=/bin/ssh', 'no ssh program is run'],
  ['qemu:///system?mode=proxy', '"proxy" is not one of auto, legacy, direct'],
])('%s is refused at once', (uri, complaint) => {
  expect(() => transportFor(uri)).toThrow(complaint);
});

test("a user's own daemon is where its environment says", async () => {
  // The directory of the private daemon stands for the user's.
  const env = { XDG_RUNTIME_DIR: dirname(dirname(daemon.socketPath)) };
  for (const query of ['', '?mode=legacy']) {
    const { transport } = transportFor(`qemu:///session${query}`, { env, readOnly: true });
    const connection = await connected({ transport, uri: 'test:///default' });
    await expect(connection.call(connectGetHostname)).resolves.toEqual(anAnswer);
  }
  const { transport } = transportFor('qemu:///session', { env: { HOME: '/nowhere' } });
  const failure = await failureOf(connected({ transport, uri: 'test:///default' }));
  expect(failure.message).toContain('/nowhere/.cache/libvirt/virtqemud-sock');
});

test('a URI is connected to in one step', async () => {
  const connection = await connect(behindSsh(), { connectTimeoutMs: 10_000 });
  open.push(connection);
  await expect(connection.call(connectGetHostname)).resolves.toEqual(anAnswer);
  const elsewhere = { ssh: { trust: { kind: 'pinned', fingerprints: [`SHA256:${'A'.repeat(43)}`] } } } as const;
  await expect(failureOf(connect(behindSsh(), elsewhere))).resolves.toMatchObject({ kind: 'host-key' });
});

test('connections of one way share one ssh connection, and survive each other', async () => {
  const way = transportFor(behindSsh());
  const before = logOns();
  const [one, other] = [await connected(way), await connected(way)];
  expect(logOns()).toBe(before + 1);
  await one.close();
  await expect(other.call(connectGetHostname)).resolves.toEqual(anAnswer);
});

test('an ssh connection that is cut takes the calls with it, and the next one works', async () => {
  const way = transportFor(behindSsh());
  const connection = await connected(way);
  signal(descendants(sshd.pid()), 'SIGKILL');
  await expect(connection.closed).resolves.toMatchObject({
    name: 'ConnectionLostError',
    message: expect.stringContaining('the ssh connection to 127.0.0.1'),
  });
  await expect(failureOf(connection.call(connectGetHostname))).resolves.toMatchObject({ name: 'ConnectionLostError' });
  await expect((await connected(way)).call(connectGetHostname)).resolves.toEqual(anAnswer);
});

test('an ssh connection that hangs is noticed, and not used for the next one', async () => {
  // Of all three: the last one is to have the time that it takes on a busy machine.
  const way = transportFor(behindSsh(), { connectTimeoutMs: 15_000 });
  const other = await connected(way, { keepalive: false });
  const connection = await connected(way, { keepalive: { intervalMs: 50, count: 2 } });
  const hung = descendants(sshd.pid());
  signal(hung, 'SIGSTOP');
  try {
    await expect(connection.closed).resolves.toMatchObject({ message: expect.stringContaining('did not answer') });
    // The other one still holds the ssh connection, of which nobody knows yet that it is dead.
    await expect(failureOf(connected(way))).resolves.toMatchObject({ kind: 'timeout' });
    await expect((await connected(way)).call(connectGetHostname)).resolves.toEqual(anAnswer);
  } finally {
    signal(hung, 'SIGCONT');
  }
  await expect(other.call(connectGetHostname)).resolves.toEqual(anAnswer);
});

test('a daemon that asks for a password is told apart', async () => {
  const strict = await startLibvirtd({ settings: { auth_unix_rw: 'sasl' } });
  try {
    const failure = await failureOf(answer(`test:///default?socket=${strict.socketPath}`));
    expect(failure).toMatchObject({ name: 'AuthenticationError' });
    expect(failure.message).toMatch(/SASL/i);
  } finally {
    await strict.stop();
  }
});

test('nothing is left when all is closed', async () => {
  await eventually(() => descendants(sshd.pid()).length === 0, 'the ssh connections have ended');
});
