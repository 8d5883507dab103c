import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CallTimeoutError, ProtocolError, shellWord, SshCommands, TransportError } from '../../src/index.js';
import { eventually } from '../../../../test/support/eventually.js';
import { failureOf } from '../support/failure-of.js';
import { SshFolder, startSshd, type Sshd, type UserKey } from '../support/sshd.js';

let folder: SshFolder;
let userKey: UserKey;
let server: Sshd;
beforeAll(async () => {
  folder = new SshFolder();
  userKey = folder.key('user');
  server = await startSshd({ authorizedKeys: [userKey.publicKey], settings: { LogLevel: 'VERBOSE' } });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

let commands: SshCommands;
const identify = (keyFile = userKey.file): SshCommands =>
  new SshCommands({
    host: '127.0.0.1',
    port: server.port,
    trust: { kind: 'known-hosts', files: [knownHosts()] },
    identity: { keyFiles: [keyFile], agent: false },
  });
const knownHosts = (): string =>
  folder.knownHosts('known', ...server.publicHostKeys.map((key) => `[127.0.0.1]:${server.port} ${key}`));
afterEach(() => commands.close());

const run = (command: string, options: { input?: string; timeoutMs?: number; signal?: AbortSignal } = {}) =>
  commands.run(command, { timeoutMs: 30_000, ...options });

describe('a command at an ssh server', () => {
  test('tells its output, its complaints and its status', async () => {
    commands = identify();
    expect(await run('echo out; echo err >&2; exit 3')).toEqual({ status: 3, output: 'out\n', complaint: 'err\n' });
    expect(await run('cat', { input: 'é\n'.repeat(100_000) })).toEqual({
      status: 0,
      output: 'é\n'.repeat(100_000),
      complaint: '',
    });
    expect(await run('kill -KILL $$')).toMatchObject({ status: null });
  });

  test('gets its words as they are', async () => {
    commands = identify();
    const word = `it's $HOME; \`id\` "x" \\ * & | > <`;
    expect(await run(`printf %s ${shellWord(word)}`)).toMatchObject({ output: word });
    expect(() => shellWord('two\nlines')).toThrow('control character');
  });

  test('shares its connection with others, also with the next', async () => {
    commands = identify();
    const ends = await Promise.all(Array.from({ length: 5 }, () => run('echo $SSH_CONNECTION')));
    ends.push(await run('echo $SSH_CONNECTION'));
    expect(new Set(ends.map(({ output }) => output)).size).toBe(1);
  });

  test('is not waited for any longer', async () => {
    commands = identify();
    await run('true');
    // Time enough for it to be started there.
    const late = await failureOf(run('sleep 60', { timeoutMs: 5_000 }));
    expect(late).toBeInstanceOf(CallTimeoutError);
    expect(late).toMatchObject({ wasSent: true });
    const gone = new AbortController();
    const givenUp = run('sleep 60', { signal: gone.signal });
    gone.abort(new Error('not any more'));
    await expect(givenUp).rejects.toThrow('not any more');
    expect(await run('echo still')).toMatchObject({ output: 'still\n' });
  });

  test('that says too much is cut off', async () => {
    commands = identify();
    expect(await failureOf(run('yes'))).toBeInstanceOf(ProtocolError);
    expect(await run('echo still')).toMatchObject({ output: 'still\n' });
  });

  test('during which the connection breaks may have done anything', async () => {
    commands = identify();
    const parent = (await run('echo $PPID')).output.trim();
    const started = join(folder.path, 'started');
    const lost = failureOf(run(`touch ${shellWord(started)}; sleep 60`));
    await eventually(() => existsSync(started), 'it runs');
    process.kill(Number(parent), 'SIGKILL');
    const failure = await lost;
    expect(failure).toBeInstanceOf(TransportError);
    expect(failure).toMatchObject({ kind: 'lost', wasSent: true });
    expect(await run('echo again')).toMatchObject({ output: 'again\n' });
  });

  test('is not run for a stranger, nor at one', async () => {
    commands = identify(folder.key('stranger').file);
    expect(await failureOf(run('true'))).toMatchObject({ kind: 'refused', wasSent: false });
    const elsewhere = new SshCommands({
      host: '127.0.0.1',
      port: server.port,
      trust: { kind: 'pinned', fingerprints: [`SHA256:${'A'.repeat(43)}`] },
      identity: { keyFiles: [userKey.file], agent: false },
    });
    expect(await failureOf(elsewhere.run('true', { timeoutMs: 30_000 }))).toMatchObject({ kind: 'host-key' });
  });
});
