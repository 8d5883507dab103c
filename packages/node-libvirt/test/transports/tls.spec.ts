import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { tlsTransport, type TlsOptions } from '../../src/transports/tls.js';
import type { TlsPki } from '../../src/transports/tls-pki.js';
import { eventually } from '../../../../test/support/eventually.js';
import { newAuthority, type Authority, type Identity } from '../support/authority.js';
import { failureOf } from '../support/failure-of.js';

let authority: Authority;
let serverIdentity: Identity;
let client: Identity;

beforeAll(async () => {
  authority = await newAuthority('authority');
  serverIdentity = await authority.server('localhost', '127.0.0.1');
  client = await authority.client('client');
});

const streams: Duplex[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) {
    stream.on('error', () => undefined).destroy();
    if (!stream.closed) await once(stream, 'close');
  }
});

const given = (identity: Identity | undefined, ca = authority.cert): TlsPki => ({
  kind: 'given',
  ca,
  ...identity,
});

async function open(options: Omit<TlsOptions, 'host'> & { host?: string }): Promise<Duplex> {
  const stream = await tlsTransport({ host: '127.0.0.1', pki: given(client), ...options })();
  streams.push(stream);
  return stream;
}

describe('a server that behaves in another way', () => {
  const sockets = new Set<Socket>();
  let tls: Server;
  let tcp: Server;
  let behave: (socket: TLSSocket) => void;
  let greet: (socket: Socket) => void;
  const portOf = (server: Server): number => (server.address() as { port: number }).port;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  beforeAll(async () => {
    const { cert, key } = serverIdentity;
    tls = createTlsServer({ cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false }, (socket) => {
      behave(socket.on('error', () => undefined).resume());
    });
    tls.on('connection', keep).on('tlsClientError', () => undefined);
    tcp = createTcpServer((socket) => {
      keep(socket.resume());
      greet(socket);
    });
    for (const server of [tls, tcp]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  });
  afterAll(async () => {
    for (const server of [tls, tcp]) {
      server.close();
      await once(server, 'close');
    }
  });
  const nothingIsLeft = (): Promise<unknown> => eventually(() => sockets.size === 0, 'the connection was ended');

  test('what comes right behind the byte of acceptance is not lost', async () => {
    behave = (socket) => socket.write('\u0001first words');
    const stream = await open({ port: portOf(tls) });
    expect(String((await once(stream, 'data'))[0])).toBe('first words');
  });

  test.each([
    ['\u0000', 'no'],
    ['HTTP/1.1 400 Bad Request', 'something else'],
  ])('that says %j does not let us in', async (words) => {
    behave = (socket) => socket.write(words);
    const failure = await failureOf(open({ port: portOf(tls) }));
    expect(failure).toMatchObject({ kind: 'refused' });
    expect(failure.message).toContain('it does not accept the client certificate (CN=client, issued by CN=authority,');
    await nothingIsLeft();
  });

  test('that neither accepts nor refuses is given up in time', async () => {
    behave = () => undefined;
    await expect(failureOf(open({ port: portOf(tls), timeoutMs: 200 }))).resolves.toMatchObject({ kind: 'timeout' });
    await nothingIsLeft();
  });

  test('that does not speak at all is given up in time', async () => {
    greet = () => undefined;
    await expect(failureOf(open({ port: portOf(tcp), timeoutMs: 200 }))).resolves.toMatchObject({ kind: 'timeout' });
    await nothingIsLeft();
  });

  test.each<[string, string, (socket: Socket) => void]>([
    ['that speaks without encryption', 'protocol', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['that sends nonsense', 'protocol', (socket) => socket.write(Buffer.alloc(64 * 1024, 0xff))],
    ['that closes the door', 'unreachable', (socket) => socket.end()],
    ['that cuts the connection', 'unreachable', (socket) => socket.resetAndDestroy()],
  ])('%s: %s', async (_title, kind, behaviour) => {
    greet = behaviour;
    await expect(failureOf(open({ port: portOf(tcp) }))).resolves.toMatchObject({ kind });
    await nothingIsLeft();
  });

  test('is left at once when the caller gives up', async () => {
    greet = () => undefined;
    const controller = new AbortController();
    const transport = tlsTransport({ host: '127.0.0.1', port: portOf(tcp), pki: given(client) });
    const failure = failureOf(transport(controller.signal));
    await eventually(() => sockets.size === 1, 'it is connected');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(failure).resolves.toBe(reason);
    await nothingIsLeft();
  });

  test('is not connected to with a list of revoked certificates that is none', async () => {
    const pki = { ...given(client), crl: 'hunter2' } as TlsPki;
    const failure = await failureOf(open({ port: portOf(tcp), pki }));
    expect(failure).toMatchObject({ kind: 'settings' });
    expect(failure.message).toContain('the list of revoked ones, cannot be used for TLS');
    expect(sockets.size).toBe(0);
  });

  test('nobody listens', async () => {
    const free = createTcpServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const port = portOf(free);
    free.close();
    await once(free, 'close');
    const failure = await failureOf(open({ port }));
    expect(failure).toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
    expect(failure.message).toBe(`127.0.0.1:${port} cannot be reached (ECONNREFUSED)`);
  });
});
