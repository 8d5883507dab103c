import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import { StompConnection, type StompMessage, type StompOptions } from '../../../src/connectors/stomp/index.js';
import { createCertificate, type ServerCertificate } from '../../../src/simulators/kit/certificate.js';
import { eventually } from '../../support/eventually.js';

let certificate: ServerCertificate;
beforeAll(async () => {
  certificate = await createCertificate('hmc', ['127.0.0.1']);
});

/** What the server answers to a frame that came in full; it has the frame's first line. */
let answer: (command: string, socket: TLSSocket, frame: string) => void;
let server: Server;
let sockets: Set<TLSSocket>;
let frames: string[];
let port: number;
beforeEach(async () => {
  sockets = new Set();
  frames = [];
  answer = answering({ 'heart-beat': '5000,5000' });
  server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, (socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf('\0'); end >= 0; end = text.indexOf('\0')) {
        const frame = text.slice(0, end).trimStart();
        text = text.slice(end + 1);
        frames.push(frame);
        answer(frame.split('\n')[0] ?? '', socket, frame);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function answering(headers: Record<string, string>): typeof answer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return (command, socket, frame) => {
    if (command === 'CONNECT') socket.write(`CONNECTED\nversion:1.2\n${lines.join('')}\n\0`);
    const receipt = /\nreceipt:([^\n]+)/.exec(frame)?.[1];
    if (receipt !== undefined) socket.write(`RECEIPT\nreceipt-id:${receipt}\n\n\0`);
  };
}

const never = new AbortController().signal;
function open(options: Partial<StompOptions> = {}, signal = never): Promise<StompConnection> {
  return StompConnection.open(
    {
      host: '127.0.0.1',
      port,
      trust: { kind: 'ca', pem: certificate.certificatePem },
      login: 'session-1',
      passcode: new Secret('passcode-1'),
      heartBeatMs: 1000,
      ...options,
    },
    signal,
  );
}

/** Writes to the client. */
function send(text: string): void {
  for (const socket of sockets) socket.write(text);
}

describe('a STOMP connection', () => {
  test('says who it is, subscribes, and hands messages on', async () => {
    const connection = await open();
    const messages: StompMessage[] = [];
    await connection.subscribe('topic-1', (message) => messages.push(message));
    expect(frames[0]).toMatch(/^CONNECT\n/);
    expect(frames[0]).toContain('login:session-1\npasscode:passcode-1');
    expect(frames[1]).toMatch(/^SUBSCRIBE\n[^]*destination:\/topic\/topic-1/);
    send('MESSAGE\nsubscription:sub-0\nmessage-id:1\ndestination:/topic/topic-1\nname:a\\cb\n\n{"x":1}\0');
    await eventually(() => messages.length === 1, 'the message');
    expect(messages[0]).toMatchObject({ headers: { name: 'a:b' }, body: '{"x":1}' });
    expect(connection.silenceMs).toBe(5000);
    expect(connection.isOpen).toBe(true);
    await connection.close();
    expect(connection.isOpen).toBe(false);
    await expect(connection.closed).resolves.toEqual(expect.any(String));
  });

  test('ends when the server ends it', async () => {
    const connection = await open();
    for (const socket of sockets) socket.destroy();
    await expect(connection.closed).resolves.toBe('the connection was lost');
    expect(connection.isOpen).toBe(false);
    await connection.close();
  });

  test('ends with the reason that the server gives', async () => {
    const connection = await open();
    send('ERROR\nmessage:The session has ended\n\n\0');
    await expect(connection.closed).resolves.toBe('the server says: The session has ended');
    await connection.close();
  });

  test('ends when the server is silent for longer than it promised', async () => {
    answer = answering({ 'heart-beat': '100,100' });
    const connection = await open({ heartBeatMs: 100 });
    expect(connection.silenceMs).toBe(100);
    await expect(connection.closed).resolves.toBe('the server was silent for too long');
    await connection.close();
  });

  test('promises nothing when the server does not', async () => {
    answer = answering({});
    const connection = await open();
    expect(connection.silenceMs).toBe(0);
    await connection.close();
  });

  test.each([
    ['a body without an end', 'MESSAGE\nsubscription:sub-0\n\n', 'x'],
    ['headers without an end', 'MESSAGE\n', 'header:value\n'],
    ['a length that never comes', 'MESSAGE\ncontent-length:999999999999\n\n', '\0'],
  ])('ends at %s', async (_what, begin, more) => {
    const connection = await open({ maxFrameBytes: 20_000 });
    await connection.subscribe('topic-1', () => undefined);
    send(begin);
    send(more.repeat(30_000));
    await expect(connection.closed).resolves.toBe('the connection was lost');
    await connection.close();
  });

  test('bears any number of messages that are small', async () => {
    const connection = await open({ maxFrameBytes: 100_000 });
    let count = 0;
    await connection.subscribe('topic-1', () => {
      count += 1;
    });
    for (let i = 0; i < 2000; i++) send(`MESSAGE\nsubscription:sub-0\n\n${'x'.repeat(500)}\0\n`);
    await eventually(() => count === 2000, 'all messages');
    expect(connection.isOpen).toBe(true);
    await connection.close();
  });
});

describe('there is none', () => {
  test('when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(open()).rejects.toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
  });

  test('when the certificate is another, and nothing is sent then', async () => {
    const trust = { kind: 'pinned', fingerprintSha256: 'ab'.repeat(32) } as const;
    await expect(open({ trust })).rejects.toMatchObject({ kind: 'untrusted' });
    expect(frames).toEqual([]);
  });

  test('when the server refuses it', async () => {
    answer = (_command, socket) => void socket.end('ERROR\nmessage:User name or password is invalid\n\n\0');
    const failure = await open().catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'refused', message: expect.stringContaining('password is invalid') });
    expect(JSON.stringify(failure)).not.toContain('passcode-1');
  });

  test('when the server hangs up, or somebody does not want it any more', async () => {
    answer = (_command, socket) => void socket.destroy();
    await expect(open()).rejects.toMatchObject({ kind: 'unreachable' });
    answer = () => undefined;
    const abort = new AbortController();
    const opening = open({}, abort.signal);
    await eventually(() => frames.length === 2, 'the second CONNECT');
    abort.abort(new Error('not wanted'));
    await expect(opening).rejects.toThrow('not wanted');
  });
});
