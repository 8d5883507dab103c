import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sshTransport, type SshOptions } from '../../src/transports/ssh.js';
import type { SshTrust } from '../../src/transports/ssh-host-key.js';
import type { SshIdentity } from '../../src/transports/ssh-identity.js';
import { eventually } from '../../../../test/support/eventually.js';
import { failureOf } from '../support/failure-of.js';
import { SshFolder, startSshd, type Sshd, type UserKey } from '../support/sshd.js';
import { UnixEcho } from '../support/unix-echo.js';

let folder: SshFolder;
let userKey: UserKey;
let server: Sshd;
let echo: UnixEcho;
let knownHosts: string;

beforeAll(async () => {
  folder = new SshFolder();
  userKey = folder.key('user');
  const runtime = join(folder.path, 'libvirt');
  mkdirSync(runtime);
  server = await startSshd({
    hostKeys: ['ed25519', 'ecdsa', 'rsa'],
    authorizedKeys: [userKey.publicKey],
    runtime: { libvirt: runtime },
    settings: { LogLevel: 'VERBOSE' },
  });
  knownHosts = folder.knownHosts('known', ...server.publicHostKeys.map((key) => `${at()} ${key}`));
  // Where libvirt's own helper looks for it.
  echo = await UnixEcho.start(join(runtime, 'libvirt-sock'));
});
afterAll(async () => {
  await echo.stop();
  await server.stop();
  folder.remove();
});

const streams: Duplex[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) {
    stream.on('error', () => undefined).destroy();
    if (!stream.closed) await once(stream, 'close');
  }
});

const at = (port = server.port): string => `[127.0.0.1]:${port}`;
const logOf = (sshd: Sshd): string => readFileSync(join(sshd.dataDir, 'sshd.log'), 'utf8');
const connections = (): number => countIn(logOf(server), 'Connection from');
const countIn = (text: string, word: string): number => text.split(word).length - 1;

function options(changes: Partial<SshOptions> = {}): SshOptions {
  return {
    host: '127.0.0.1',
    port: server.port,
    trust: { kind: 'known-hosts', files: [knownHosts] },
    identity: { keyFiles: [userKey.file], agent: false },
    ways: [{ kind: 'socket', path: echo.path }],
    ...changes,
  };
}

async function opened(transport: ReturnType<typeof sshTransport>, signal?: AbortSignal): Promise<Duplex> {
  const stream = await transport(signal);
  streams.push(stream);
  return stream;
}

const open = (changes: Partial<SshOptions> = {}): Promise<Duplex> => opened(sshTransport(options(changes)));

async function echoed(stream: Duplex, text = 'hello'): Promise<string> {
  stream.write(text);
  let got = '';
  while (got.length < text.length) got += String((await once(stream, 'data'))[0]);
  return got;
}

/** Also when it has failed already. */
const failureOfStream = (stream: Duplex): Promise<Error> => failureOf(finished(stream));

describe('the key of the server', () => {
  const trusting = (trust: SshTrust): Promise<Duplex> => open({ trust });
  const knowing = (name: string, ...lines: string[]): Promise<Duplex> =>
    trusting({ kind: 'known-hosts', files: [folder.knownHosts(name, ...lines)] });
  const fingerprint = (index: number): string => {
    const file = folder.knownHosts('fingerprint.pub', server.publicHostKeys[index] ?? '');
    return execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
  };

  test.each([0, 1, 2])('is known, as the only one of several (%i)', async (index) => {
    const stream = await knowing('one', `${at()} ${server.publicHostKeys[index]}`);
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test('is known by a hashed name', async () => {
    const file = folder.knownHosts('hashed', `${at()} ${server.publicHostKeys[0]}`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    await expect(echoed(await trusting({ kind: 'known-hosts', files: [file] }))).resolves.toBe('hello');
  });

  test('is unknown: refused with its fingerprint, before we say who we are', async () => {
    const before = countIn(logOf(server), 'userauth');
    const failure = await failureOf(knowing('none', `elsewhere ${server.publicHostKeys[0]}`));
    expect(failure).toMatchObject({ kind: 'host-key', code: 'HOST_KEY_UNKNOWN' });
    expect(failure.message).toContain(
      `the ssh server 127.0.0.1:${server.port} has the ssh-ed25519 key ${fingerprint(0)}`,
    );
    expect(countIn(logOf(server), 'userauth')).toBe(before);
  });

  test('is another than the known one', async () => {
    const other = folder.key('changed').publicKey;
    const failure = await failureOf(knowing('changed-hosts', `${at()} ${other}`));
    expect(failure).toMatchObject({ kind: 'host-key', code: 'HOST_KEY_CHANGED' });
    expect(failure.message).toContain(fingerprint(0));
    expect(failure.message).toContain('changed-hosts:1');
  });

  test('is revoked', async () => {
    const [key] = server.publicHostKeys;
    const failure = await failureOf(knowing('revoked', `${at()} ${key}`, `@revoked * ${key}`));
    expect(failure).toMatchObject({ kind: 'host-key', code: 'HOST_KEY_REVOKED' });
  });

  test('is a pinned one', async () => {
    const stream = await trusting({ kind: 'pinned', fingerprints: [`SHA256:${'A'.repeat(43)}`, fingerprint(0)] });
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test('is not the pinned one', async () => {
    const failure = await failureOf(trusting({ kind: 'pinned', fingerprints: [`SHA256:${'A'.repeat(43)}`] }));
    expect(failure).toMatchObject({ kind: 'host-key', code: 'HOST_KEY_CHANGED' });
    expect(failure.message).toContain(fingerprint(0));
  });

  test('is not looked at when that is said', async () => {
    await expect(echoed(await trusting({ kind: 'unverified' }))).resolves.toBe('hello');
  });

  test('cannot be judged', async () => {
    const missing = await failureOf(trusting({ kind: 'known-hosts', files: ['/nowhere/known_hosts'] }));
    expect(missing).toMatchObject({ kind: 'settings', code: 'ENOENT' });
    expect(missing.message).toContain('/nowhere/known_hosts');
    const broken = await failureOf(knowing('broken', '@revoked * ssh-ed25519 AAAA'));
    expect(broken).toMatchObject({ kind: 'settings' });
    const pin = await failureOf(trusting({ kind: 'pinned', fingerprints: ['MD5:00:11'] }));
    expect(pin).toMatchObject({ kind: 'settings' });
  });
});

describe('we are known', () => {
  const as = (identity: SshIdentity): Promise<Duplex> => open({ identity });
  let lockedKey: UserKey;
  let otherKey: UserKey;
  let letIn: Sshd;
  const keys: UserKey[] = [];
  beforeAll(async () => {
    lockedKey = folder.key('locked', { passphrase: 'open sesame' });
    otherKey = folder.key('other');
    keys.push(lockedKey, folder.key('ecdsa', { type: 'ecdsa' }), folder.key('rsa', { type: 'rsa' }));
    letIn = await startSshd({ authorizedKeys: keys.map(({ publicKey }) => publicKey) });
  });
  afterAll(() => letIn.stop());
  const there = (identity: SshIdentity): Promise<Duplex> =>
    open({ port: letIn.port, trust: { kind: 'unverified' }, identity });

  test('by an encrypted key file and its passphrase', async () => {
    const stream = await there({ keyFiles: [lockedKey.file], passphrase: 'open sesame', agent: false });
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test.each([1, 2])('by a key of another type (%i)', async (index) => {
    const stream = await there({ keyFiles: [keys[index]?.file ?? ''], agent: false });
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test('by the text of a key', async () => {
    const stream = await as({ keys: [readFileSync(userKey.file, 'utf8')], agent: false });
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test('by the second key', async () => {
    await expect(echoed(await as({ keyFiles: [otherKey.file, userKey.file], agent: false }))).resolves.toBe('hello');
  });

  describe('through an agent', () => {
    /** What `ssh-add -l` ends with at an agent that has none; without an agent it is another. */
    const NO_KEYS = 1;
    let agent: ChildProcess;
    let socket: string;
    beforeAll(async () => {
      socket = join(folder.path, 'agent');
      agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      await eventually(() => spawnSync('ssh-add', ['-l'], { env }).status === NO_KEYS, 'the agent answers');
      execFileSync('ssh-add', ['-q', otherKey.file, userKey.file], { env });
    });
    afterAll(async () => {
      const ended = once(agent, 'exit');
      agent.kill();
      await ended;
    });

    test('that has the key', async () => {
      await expect(echoed(await as({ agent: socket, keyFiles: [] }))).resolves.toBe('hello');
    });

    test('that is the usual one', async () => {
      const before = process.env['SSH_AUTH_SOCK'];
      process.env['SSH_AUTH_SOCK'] = socket;
      try {
        await expect(echoed(await as({ keyFiles: [] }))).resolves.toBe('hello');
      } finally {
        if (before === undefined) delete process.env['SSH_AUTH_SOCK'];
        else process.env['SSH_AUTH_SOCK'] = before;
      }
    });

    test('whose keys are of no use here, and then by a key file', async () => {
      const failure = await failureOf(there({ agent: socket, keyFiles: [] }));
      expect(failure).toMatchObject({ kind: 'refused' });
      const stream = await there({ agent: socket, keyFiles: [lockedKey.file], passphrase: 'open sesame' });
      await expect(echoed(stream)).resolves.toBe('hello');
    });
  });

  test('not by another key: the error says what was tried, and nothing of the key', async () => {
    const failure = await failureOf(as({ keyFiles: [otherKey.file], password: 'hunter2', agent: '/nowhere/agent' }));
    const { username } = userInfo();
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toBe(
      `the ssh server 127.0.0.1:${server.port} does not let ${username} in (it accepts publickey; ` +
        `tried: ${otherKey.file}, the ssh agent; Failed to connect to agent)`,
    );
  });

  test('not by another name', async () => {
    const failure = await failureOf(open({ user: 'nobody' }));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toContain('does not let nobody in');
  });

  test('not with nothing', async () => {
    const failure = await failureOf(as({ keyFiles: [], agent: false }));
    expect(failure.message).toContain('nothing that it accepts is at hand');
  });

  test.each<[string, () => SshIdentity, string]>([
    [
      'a file that is not there',
      () => ({ keyFiles: ['/nowhere/key'] }),
      'the key file /nowhere/key cannot be read (ENOENT)',
    ],
    [
      'a key without its passphrase',
      () => ({ keyFiles: [lockedKey.file] }),
      'is encrypted, and no passphrase is given',
    ],
    [
      'a key with another passphrase',
      () => ({ keyFiles: [lockedKey.file], passphrase: 'hunter2' }),
      'or the passphrase is wrong',
    ],
    ['a public key', () => ({ keyFiles: [`${userKey.file}.pub`] }), 'holds a public key; the private one is needed'],
    ['no key', () => ({ keyFiles: [knownHosts] }), 'it is no private key that is known here'],
  ])('not by %s', async (_title, identity, complaint) => {
    const before = connections();
    const failure = await failureOf(as({ ...identity(), agent: false }));
    expect(failure).toMatchObject({ kind: 'settings' });
    expect(failure.message).toContain(complaint);
    expect(failure.message).not.toContain('hunter2');
    expect(connections()).toBe(before);
  });
});

describe('streams', () => {
  test('share one connection, which ends with the last of them', async () => {
    const before = logOf(server).length;
    const ports = (line: string): string[] =>
      [
        ...logOf(server)
          .slice(before)
          .matchAll(new RegExp(`${line} .* port (\\d+)`, 'g')),
      ].map(([, port = '']) => port);
    const accepted = (): string[] => ports('Accepted publickey');
    const transport = sshTransport(options());
    const all = await Promise.all([opened(transport), opened(transport), opened(transport)]);
    await expect(Promise.all(all.map((stream, index) => echoed(stream, `stream ${index}`)))).resolves.toEqual([
      'stream 0',
      'stream 1',
      'stream 2',
    ]);
    const [first = '', ...more] = accepted();
    expect(more).toEqual([]);
    for (const stream of all.slice(0, 2)) {
      stream.destroy();
      await once(stream, 'close');
    }
    await expect(echoed(await opened(transport))).resolves.toBe('hello');
    expect(accepted()).toEqual([first]);
    for (const stream of streams) stream.destroy();
    // Those of the tests before may end at any time.
    await eventually(() => ports('Disconnected from user').includes(first), 'the connection has ended');
    await expect(echoed(await opened(transport))).resolves.toBe('hello');
    expect(accepted()).toHaveLength(2);
  });

  test("carry much, in both directions, at the reader's pace", async () => {
    const stream = await open();
    const sent = randomBytes(8 * 1024 * 1024);
    let received = 0;
    const chunks: Buffer[] = [];
    stream.end(sent);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      received += chunk.length;
      if (chunks.length % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (received === sent.length) break;
    }
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  test('end when the daemon ends them, without an error', async () => {
    const stream = await open();
    await echoed(stream);
    stream.resume();
    const closed = once(stream, 'close');
    echo.cut();
    await closed;
    expect(stream.errored).toBeNull();
  });

  test('end at the daemon when we destroy them', async () => {
    const stream = await open();
    await echoed(stream);
    expect(echo.connections.size).toBe(1);
    stream.destroy();
    await eventually(() => echo.connections.size === 0, 'the daemon has noticed');
  });

  test('break with the connection, and the next one makes a new connection', async () => {
    const sshd = await startSshd({ authorizedKeys: [userKey.publicKey] });
    try {
      const transport = sshTransport(options({ port: sshd.port, trust: { kind: 'unverified' } }));
      const both = [await opened(transport), await opened(transport)];
      for (const stream of both) await echoed(stream);
      const errors = Promise.all(both.map((stream) => once(stream, 'error')));
      await sshd.kill();
      for (const [error] of await errors) expect(error).toMatchObject({ kind: 'lost' });
      await expect(failureOf(transport())).resolves.toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
      await sshd.restart();
      await expect(echoed(await opened(transport))).resolves.toBe('hello');
    } finally {
      await sshd.stop();
    }
  });
});

describe('the way to the daemon', () => {
  const helper = { kind: 'helper', driverUri: 'test:///default', isReadOnly: false } as const;
  let closed: Sshd;
  beforeAll(async () => {
    closed = await startSshd({
      authorizedKeys: [userKey.publicKey],
      settings: { AllowStreamLocalForwarding: 'no' },
      runtime: { libvirt: join(folder.path, 'libvirt') },
    });
  });
  afterAll(() => closed.stop());

  test("through libvirt's helper", async () => {
    const stream = await open({ ways: [helper] });
    await expect(echoed(stream)).resolves.toBe('hello');
  });

  test('through the helper where the server forbids the socket', async () => {
    const ways = [{ kind: 'socket', path: echo.path }, helper] as const;
    const stream = await open({ port: closed.port, trust: { kind: 'unverified' }, ways });
    await expect(echoed(stream)).resolves.toBe('hello');
    stream.destroy();
    await eventually(() => echo.connections.size === 0, 'the helper has ended');
  });

  test('through the helper, with a key that may do nothing else', async () => {
    const narrow = await startSshd({
      authorizedKeys: [`restrict,command="virt-ssh-helper test:///default" ${userKey.publicKey}`],
      runtime: { libvirt: join(folder.path, 'libvirt') },
    });
    try {
      const ways = [
        { kind: 'socket', path: echo.path },
        { ...helper, driverUri: 'qemu:///system' },
      ] as const;
      const stream = await open({ port: narrow.port, trust: { kind: 'unverified' }, ways });
      await expect(echoed(stream)).resolves.toBe('hello');
    } finally {
      await narrow.stop();
    }
  });

  test('nowhere: the server forbids it', async () => {
    const failure = await failureOf(open({ port: closed.port, trust: { kind: 'unverified' } }));
    expect(failure).toMatchObject({ kind: 'unavailable' });
    expect(failure.message).toContain(`${echo.path} on 127.0.0.1:${closed.port} cannot be reached through ssh`);
  });

  test('nowhere: there is no such socket', async () => {
    const failure = await failureOf(open({ ways: [{ kind: 'socket', path: '/nowhere/libvirt-sock' }] }));
    expect(failure).toMatchObject({ kind: 'unavailable' });
  });

  test('nowhere: the helper does not find the daemon, and says so', async () => {
    const error = await failureOfStream(await open({ ways: [{ ...helper, isReadOnly: true }] }));
    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(error.message).toMatch(/virt-ssh-helper .* ended with status 1: .*libvirt-sock-ro/);
  });

  test('nowhere: a program that is not there', async () => {
    const ways = [{ kind: 'netcat', path: echo.path, program: '/nowhere/nc' }] as const;
    const error = await failureOfStream(await open({ ways }));
    expect(error).toMatchObject({ kind: 'unavailable' });
    expect(error.message).toContain('ended with status 127');
  });

  test('is never a way into the shell', async () => {
    const trap = join(folder.path, 'trap');
    for (const text of [
      `';touch ${trap};'`,
      `$(touch ${trap})`,
      `\`touch ${trap}\``,
      `"; touch ${trap}; "`,
      `& touch ${trap}`,
    ]) {
      const stream = await open({ ways: [{ ...helper, driverUri: `test:///default?x=${text}` }] });
      stream.on('error', () => undefined).end();
      await eventually(() => stream.resume().closed, 'the command has ended');
    }
    expect(existsSync(trap)).toBe(false);
    const failure = await failureOf(open({ ways: [{ ...helper, driverUri: `test:///x\ntouch ${trap}` }] }));
    expect(failure).toMatchObject({ kind: 'settings' });
    expect(existsSync(trap)).toBe(false);
  });
});

describe('a server that is none', () => {
  let fake: Server;
  let port: number;
  const sockets = new Set<Socket>();
  let greet: (socket: Socket) => void;
  beforeAll(async () => {
    fake = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.resume();
      greet(socket);
    });
    fake.listen(0, '127.0.0.1');
    await once(fake, 'listening');
    port = (fake.address() as { port: number }).port;
  });
  afterAll(async () => {
    fake.close();
    await once(fake, 'close');
  });
  const there = (changes: Partial<SshOptions> = {}): Promise<Duplex> =>
    open({ port, trust: { kind: 'unverified' }, ...changes });
  const nothingIsLeft = (): Promise<unknown> => eventually(() => sockets.size === 0, 'the connection was ended');

  test.each<[string, (socket: Socket) => void]>([
    ['that says nothing', () => undefined],
    ['that says hello and no more', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
    ['that never gets to the point', (socket) => drip(socket)],
  ])('%s is given up in time', async (_title, behaviour) => {
    greet = behaviour;
    await expect(failureOf(there({ timeoutMs: 300 }))).resolves.toMatchObject({ kind: 'timeout' });
    await nothingIsLeft();
  });

  test.each<[string, string | Buffer]>([
    ['of the web', 'HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(1000)],
    ['of old', 'SSH-1.5-OpenSSH_1.2\r\n'],
    ['with a line without end', Buffer.alloc(64 * 1024, 'x')],
    ['with bytes that mean nothing', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(4096, 0xff)])],
    ['that plays with the terminal', `\u001B]0;owned\u0007\u001B[2J${'\u001B[31m'.repeat(4000)}`],
  ])('%s is not ssh', async (_title, greeting) => {
    greet = (socket) => socket.write(greeting);
    const failure = await failureOf(there());
    expect(failure).toMatchObject({ kind: 'protocol' });
    expect(failure.message).not.toMatch(/\p{Cc}/u);
    expect(failure.message.length).toBeLessThan(500);
    await nothingIsLeft();
  });

  test('that closes the door', async () => {
    greet = (socket) => socket.end();
    await expect(failureOf(there())).resolves.toMatchObject({ kind: 'unreachable' });
    await nothingIsLeft();
  });

  test('is left at once when the caller gives up', async () => {
    greet = () => undefined;
    const controller = new AbortController();
    const transport = sshTransport(options({ port, trust: { kind: 'unverified' } }));
    const failure = failureOf(transport(controller.signal));
    await eventually(() => sockets.size === 1, 'it is connected');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(failure).resolves.toBe(reason);
    await nothingIsLeft();
  });

  test('nobody at all', async () => {
    const host = `${'x'.repeat(64)}.invalid`; // too long a word for any name server to be asked, which may take its time
    const failure = await failureOf(there({ host }));
    expect(failure).toMatchObject({ kind: 'unreachable' });
    expect(failure.message).toContain(`${host}:${port} cannot be reached`);
  });
});

test('one who gives up takes the connection from nobody else', async () => {
  const transport = sshTransport(options());
  const controller = new AbortController();
  const failure = failureOf(transport(controller.signal));
  const other = opened(transport);
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(failure).resolves.toBe(reason);
  await expect(echoed(await other)).resolves.toBe('hello');
});

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('wait\r\n'), 20);
  socket.on('close', () => clearInterval(timer));
}
