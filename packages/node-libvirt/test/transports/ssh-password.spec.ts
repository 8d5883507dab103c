import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import ssh2, { type AuthContext, type Connection as SshConnection, type Server, type ServerChannel } from 'ssh2';
import { Connection } from '../../src/index.js';
import { sshTransport } from '../../src/transports/ssh.js';
import { failureOf } from '../support/failure-of.js';
import { SshFolder } from '../support/sshd.js';

/*
 * OpenSSH checks passwords against the accounts of the machine, of which a test makes none. So the server is the library's
 * own; that we and OpenSSH understand each other is shown in ssh.spec.ts.
 */
const user = 'operator';
const password = 'correct horse';

let folder: SshFolder;
let server: Server;
let port: number;
let decide: (context: AuthContext) => void;
/** What a command does over there. */
let run: (channel: ServerChannel) => void;
const connections = new Set<SshConnection>();
const seen: string[] = [];

beforeAll(async () => {
  folder = new SshFolder();
  const hostKey = readFileSync(folder.key('host').file);
  server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection)).on('error', () => undefined);
    connection.on('authentication', (context) => {
      seen.push(context.method);
      decide(context);
    });
    connection.on('ready', () => {
      connection.on('session', (accept) => {
        accept().on('exec', (acceptCommand) => run(acceptCommand()));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as { port: number });
});
afterAll(async () => {
  server.close();
  await once(server, 'close');
  folder.remove();
});
beforeEach(() => {
  seen.splice(0);
  run = (channel) => channel.pipe(channel);
});
afterEach(() => {
  for (const connection of connections) connection.end();
});

const transport = (given: string, keyFiles: string[] = []): ReturnType<typeof sshTransport> =>
  sshTransport({
    host: '127.0.0.1',
    port,
    user,
    trust: { kind: 'unverified' },
    identity: { password: given, keyFiles, agent: false },
    ways: [{ kind: 'helper', driverUri: 'test:///default', isReadOnly: false }],
  });

async function connect(given: string, keyFiles?: string[]): Promise<string> {
  const stream = await transport(given, keyFiles)();
  stream.write('hello');
  const [answer] = await once(stream, 'data');
  stream.destroy();
  await once(stream, 'close');
  return String(answer);
}

describe('a server that takes the password', () => {
  beforeEach(() => {
    decide = (context) => {
      if (context.method === 'password' && context.username === user && context.password === password) context.accept();
      else context.reject(['password']);
    };
  });

  test('lets us in', async () => {
    await expect(connect(password)).resolves.toBe('hello');
    expect(seen).toEqual(['none', 'password']);
  });

  test('and whose command fails at once, perhaps before anybody has its stream', async () => {
    // Mostly, all of it comes in one piece.
    run = (channel) => {
      channel.stderr.write('virt-ssh-helper: not found');
      channel.exit(127);
      channel.end();
    };
    const failure = await failureOf(Connection.open({ transport: transport(password) }));
    expect(failure).toMatchObject({ name: 'ConnectionLostError', cause: { kind: 'unavailable' } });
    expect(failure.message).toContain('ended with status 127: virt-ssh-helper: not found');
  });

  test('does not let us in with another, and it stands nowhere', async () => {
    const failure = await failureOf(connect('battery staple'));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toContain('does not let operator in (it accepts password; tried: the password)');
    expect(JSON.stringify(Object.getOwnPropertyDescriptors(failure))).not.toContain('battery');
  });
});

test('a server that asks for it in a dialogue', async () => {
  decide = (context) => {
    if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
    context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
      if (answers[0] === password) context.accept();
      else context.reject();
    });
  };
  await expect(connect(password)).resolves.toBe('hello');
  expect(seen).toEqual(['none', 'keyboard-interactive']);
});

test('a server that asks for more than we know does not get the password', async () => {
  const answered: string[][] = [];
  decide = (context) => {
    if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
    const prompts = [
      { prompt: 'Name of your first pet: ', echo: true },
      { prompt: 'Password: ', echo: false },
    ];
    context.prompt(prompts, (answers) => {
      answered.push(answers);
      context.reject();
    });
  };
  await expect(failureOf(connect(password))).resolves.toMatchObject({ kind: 'refused' });
  expect(answered).toEqual([['', '']]);
});

test('a server that wants a key and then the password', async () => {
  const key = folder.key('both');
  const isOurs = (blob: Buffer): boolean => blob.toString('base64') === key.publicKey.split(' ')[1];
  let hasKey = false;
  decide = (context) => {
    if (context.method === 'publickey' && isOurs(context.key.data)) {
      if (context.signature === undefined) return context.accept();
      hasKey = true;
      return context.reject(['password'], true);
    }
    if (context.method === 'password' && hasKey && context.password === password) return context.accept();
    context.reject(hasKey ? ['password'] : ['publickey']);
  };
  await expect(connect(password, [key.file])).resolves.toBe('hello');
  expect(seen).toEqual(['none', 'publickey', 'publickey', 'password']);
});

test('a server that ends the connection while we log on', async () => {
  decide = () => {
    for (const connection of connections) connection.end();
  };
  const failure = await failureOf(connect(password));
  expect(failure).toMatchObject({ kind: 'unreachable' });
  expect(failure.message).toContain('closed the connection while we logged on');
});
