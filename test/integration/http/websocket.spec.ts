import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import { openConsole } from '../../../src/console-connection.js';
import type { ConsoleOptions } from '../../../src/cli/index.js';
import { createCertificate, type ServerCertificate } from '../../../src/simulators/kit/certificate.js';
import { eventually } from '../../support/eventually.js';
import { failureOf } from '../../support/failure-of.js';

const PATH = '/api/websock/secret-of-the-console/1';

let certificate: ServerCertificate;
beforeAll(async () => {
  certificate = await createCertificate('hmc', ['127.0.0.1']);
});

let server: Server;
let sockets: WebSocketServer;
/** Paths that were asked for. */
let asked: string[];
let url: string;
beforeEach(async () => {
  asked = [];
  server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem });
  sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    asked.push(request.url ?? '');
    if (request.url === PATH) sockets.handleUpgrade(request, socket, head, (open) => sockets.emit('connection', open));
    else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
});
afterEach(async () => {
  for (const client of sockets.clients) client.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(options: Partial<ConsoleOptions> = {}) {
  const shown: string[] = [];
  const fingerprintSha256 = certificate.fingerprint256;
  const opening = openConsole({ url, fingerprintSha256, onText: (text) => shown.push(text), ...options });
  return { opening, shown };
}

describe('a console', () => {
  test('shows what comes, and takes what is typed', async () => {
    const typed: string[] = [];
    sockets.once('connection', (socket: WebSocket) => {
      socket.send('login: ');
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        typed.push(`${isBinary} ${data.toString()}`);
        socket.send(Buffer.from('bytes'), { binary: true });
      });
    });
    const { opening, shown } = open();
    const console = await opening;
    await eventually(() => shown.length === 1, 'the prompt');
    console.send('root\rü');
    await eventually(() => shown.length === 2, 'the answer');
    expect({ typed, shown }).toEqual({ typed: ['false root\rü'], shown: ['login: ', 'bytes'] });
    await console.close();
    await expect(console.ended).resolves.toMatchObject({ isBroken: false });
    expect(server.listening).toBe(true);
  });

  test('that is closed at the other end is over, and takes no more', async () => {
    sockets.once('connection', (socket: WebSocket) => socket.close(1000));
    const console = await open().opening;
    await expect(console.ended).resolves.toMatchObject({ isBroken: false });
    console.send('lost');
    await console.close();
  });

  test('that breaks says so', async () => {
    sockets.once('connection', (socket: WebSocket) => socket.terminate());
    await expect((await open().opening).ended).resolves.toMatchObject({ isBroken: true });
    sockets.once('connection', (socket: WebSocket) => socket.close(4000, 'taken over'));
    await expect((await open().opening).ended).resolves.toEqual({ isBroken: true, reason: 'taken over' });
  });

  test('that does not answer the good-bye is cut', async () => {
    let isPaused = false;
    sockets.once('connection', (socket: WebSocket) => {
      socket.pause();
      isPaused = true;
    });
    const console = await open().opening;
    await eventually(() => isPaused, 'the connection');
    await console.close();
    await expect(console.ended).resolves.toMatchObject({ isBroken: true });
  });
});

describe('a console is not opened', () => {
  test.each([
    ['by the CAs of the system', { fingerprintSha256: undefined }],
    ['by another fingerprint', { fingerprintSha256: 'ab'.repeat(32) }],
    ['by a CA file that is not there', { fingerprintSha256: undefined, caFile: '/nowhere/ca.pem' }],
  ])('when its certificate is not trusted %s, and its address is not sent', async (_, options) => {
    const failure = await failureOf(open(options as Partial<ConsoleOptions>).opening);
    expect(failure).toMatchObject({ code: 'TLS_UNTRUSTED', outcome: 'not-started' });
    expect(failure.message).toMatch(/--ca-file|--fingerprint/);
    expect(JSON.stringify(failure.toWire())).not.toContain('secret-of-the-console');
    expect(asked).toEqual([]);
  });

  test('when the other side does not know it, which is said without its address', async () => {
    const failure = await failureOf(open({ url: url.replace('secret-of', 'other-secret-of') }).opening);
    expect(failure).toMatchObject({ code: 'BACKEND_REJECTED', retry: 'safe' });
    expect(failure.message).toMatch(/answered 404.*good for one connection/);
    expect(JSON.stringify(failure.toWire())).not.toContain('secret-of');
  });

  test('when nobody is there', async () => {
    const failure = await failureOf(open({ url: 'wss://127.0.0.1:1/x' }).opening);
    expect(failure).toMatchObject({ code: 'BACKEND_UNREACHABLE' });
  });

  test('but is, unverified, when that is wanted', async () => {
    const console = await open({ fingerprintSha256: undefined as never, isUnverified: true }).opening;
    await console.close();
  });
});
