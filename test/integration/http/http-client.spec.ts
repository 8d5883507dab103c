import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect, promisify } from 'node:util';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { HttpClient, HttpFailure, type HttpClientOptions } from '../../../src/connectors/http/index.js';
import { createCertificate, type ServerCertificate } from '../../../src/simulators/kit/certificate.js';
import { eventually } from '../../support/eventually.js';
import { rejectionOf } from '../../support/failure-of.js';

/** `npm test` builds it first. */
const BUILT = resolve(import.meta.dirname, '../../../dist/connectors/http/index.js');

let certificate: ServerCertificate;
const closing: (() => void)[] = [];
beforeAll(async () => {
  certificate = await createCertificate('server');
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Seen {
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  connections: number;
}

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  options: Partial<HttpClientOptions> = {},
): Promise<{ client: HttpClient; seen: Seen; server: Server }> {
  const seen: Seen = { requests: [], connections: 0 };
  const server = createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response, seen.requests.length);
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    seen.connections += 1;
    sockets.add(socket);
  });
  const port = await listen(server);
  const client = new HttpClient({
    host: '127.0.0.1',
    port,
    trust: { kind: 'ca', pem: certificate.certificatePem },
    ...options,
  });
  closing.push(() => {
    client.close();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { client, seen, server };
}

function listen(server: TcpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const ok = (_request: IncomingMessage, response: ServerResponse): void => {
  response.setHeader('Content-Type', 'application/json').end('{"ok":true}');
};
const get = { method: 'GET', path: '/a%20b?c=%5CQ', timeoutMs: 5000 } as const;
const post = { method: 'POST', path: '/act', timeoutMs: 5000, headers: { 'X-Key': 'hidden' } } as const;

const failureOf = (promise: Promise<unknown>): Promise<HttpFailure> => rejectionOf(promise, HttpFailure);

test('sends what it is given, and keeps the connection', async () => {
  const { client, seen } = await serve(ok);
  await expect(client.request(get)).resolves.toEqual({ status: 200, body: { kind: 'json', value: { ok: true } } });
  await client.request({ ...post, json: { a: 'é' } });
  await client.request(post);
  expect(seen.requests.map(({ method, url, body }) => [method, url, body])).toEqual([
    ['GET', '/a%20b?c=%5CQ', ''],
    ['POST', '/act', '{"a":"é"}'],
    ['POST', '/act', ''],
  ]);
  expect(seen.requests[1]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-key': 'hidden' });
  expect(seen.requests[2]?.headers).not.toHaveProperty('content-type');
  expect(seen.connections).toBe(1);
});

test('speaks plain HTTP where it is told to, and tells what never left', async () => {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(307, { Location: '/there', 'Content-Type': 'text/plain' }).end('elsewhere');
  });
  const port = await listen(server);
  const client = new HttpClient({ host: '127.0.0.1', port, trust: null });
  closing.push(() => client.close());
  const { bytes, ...answer } = await client.exchange({ ...get, path: '//evil.example/a' });
  expect(answer).toEqual({ status: 307, contentType: 'text/plain', location: '/there' });
  expect(Buffer.from(bytes).toString()).toBe('elsewhere');
  expect(seen).toEqual([`GET /evil.example/a 127.0.0.1:${port}`]);
  client.close();
  await new Promise((resolve) => server.close(resolve));
  const late = new HttpClient({ host: '127.0.0.1', port, trust: null });
  closing.push(() => late.close());
  expect(await failureOf(late.request(post))).toMatchObject({
    kind: 'unreachable',
    code: 'ECONNREFUSED',
    sent: 'no',
  });
});

test('hands over answers of any status, and follows no redirect', async () => {
  const { client, seen } = await serve((_request, response) => {
    response.writeHead(302, { Location: '/elsewhere' }).end();
  });
  await expect(client.request(get)).resolves.toEqual({ status: 302, body: { kind: 'empty' } });
  expect(seen.requests).toHaveLength(1);
});

test('takes no proxy from the environment', async () => {
  const before = process.env['https_proxy'];
  process.env['https_proxy'] = 'http://127.0.0.1:9';
  try {
    const { client } = await serve(ok);
    await expect(client.request(get)).resolves.toMatchObject({ status: 200 });
  } finally {
    if (before === undefined) delete process.env['https_proxy'];
    else process.env['https_proxy'] = before;
  }
});

test('asks a GET once more when a kept connection is dead, and nothing else', async () => {
  const { client, seen } = await serve((request, response, count) => {
    if (count % 2 === 0) request.socket.destroy();
    else ok(request, response);
  });
  await client.request(get);
  await expect(client.request(get)).resolves.toMatchObject({ status: 200 });
  expect(seen.requests).toHaveLength(3);
  const failure = await failureOf(client.request(post));
  expect(failure).toMatchObject({ kind: 'reset', sent: 'perhaps', isReusedConnection: true });
  expect(seen.requests).toHaveLength(4);
});

test('does not ask again when a new connection is reset', async () => {
  const { client, seen } = await serve((request) => request.socket.destroy());
  await expect(failureOf(client.request(get))).resolves.toMatchObject({ kind: 'reset', isReusedConnection: false });
  expect(seen.requests).toHaveLength(1);
});

test('an answer cut off in the middle is a reset', async () => {
  const { client } = await serve((request, response) => {
    response.writeHead(200, { 'Content-Length': 100 });
    response.write('{"a":');
    setImmediate(() => request.socket.destroy());
  });
  await expect(failureOf(client.request(post))).resolves.toMatchObject({ kind: 'reset', sent: 'perhaps' });
});

test('an endless answer ends', async () => {
  const { client } = await serve(
    (_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1000)), 1);
      response.on('close', () => clearInterval(timer));
    },
    { maxAnswerBytes: 10_000 },
  );
  await expect(failureOf(client.request(post))).resolves.toMatchObject({ kind: 'too-large', sent: 'perhaps' });
});

test('silence ends in a time-out that says that it was sent', async () => {
  const { client } = await serve((request, response) => void (request.method === 'GET' && ok(request, response)));
  // The connection is there before time counts.
  await client.request(get);
  await expect(failureOf(client.request({ ...post, timeoutMs: 100 }))).resolves.toMatchObject({
    kind: 'timeout',
    sent: 'perhaps',
  });
});

test('waiting for a free connection ends in a time-out that says that nothing was sent', async () => {
  const { client, seen } = await serve(() => undefined, { maxConnections: 1 });
  const first = failureOf(client.request({ ...post, timeoutMs: 4000 }));
  await eventually(() => seen.requests.length === 1, 'the first request');
  await expect(failureOf(client.request({ ...post, timeoutMs: 100 }))).resolves.toMatchObject({
    kind: 'timeout',
    sent: 'no',
  });
  await first;
  expect(seen.requests).toHaveLength(1);
});

test('an abort rejects with its reason', async () => {
  const { client, seen } = await serve(() => undefined);
  const stop = new AbortController();
  const work = client.request({ ...get, timeoutMs: 60_000, signal: stop.signal });
  await eventually(() => seen.requests.length === 1, 'the request');
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(work).rejects.toBe(reason);
  await expect(client.request({ ...get, signal: stop.signal })).rejects.toBe(reason);
});

test('who does not speak TLS, or says nothing, is unreachable', async () => {
  for (const greet of [(socket: Socket) => socket.write('SSH-2.0-x\r\n'), () => undefined]) {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      greet(socket);
      closing.push(() => socket.destroy());
    });
    closing.push(() => server.close());
    const port = await listen(server);
    const client = new HttpClient({ host: '127.0.0.1', port, trust: { kind: 'system' }, connectTimeoutMs: 200 });
    closing.push(() => client.close());
    await expect(failureOf(client.request(post))).resolves.toMatchObject({ kind: 'unreachable', sent: 'no' });
  }
});

test('a name that does not exist is unreachable', async () => {
  const client = new HttpClient({ host: 'no-such-host.invalid', port: 1, trust: { kind: 'system' } });
  closing.push(() => client.close());
  await expect(failureOf(client.request(get))).resolves.toMatchObject({ kind: 'unreachable', sent: 'no' });
});

test('a failure holds nothing of the request', async () => {
  const { client } = await serve((request) => request.socket.destroy());
  const failure = await failureOf(client.request({ ...post, json: { password: 'hidden' } }));
  expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain('hidden');
});

test('a closed client sends nothing', async () => {
  const { client, seen } = await serve(ok);
  await client.request(get);
  client.close();
  await expect(failureOf(client.request(get))).resolves.toMatchObject({ kind: 'closed', sent: 'no' });
  expect(seen.requests).toHaveLength(1);
});

test('what waits for its turn when the client is closed is not sent', async () => {
  const { client, seen, server } = await serve(() => undefined, { maxConnections: 1 });
  const first = failureOf(client.request(post));
  await eventually(() => seen.requests.length === 1, 'the first request');
  const waiting = failureOf(client.request({ ...post, timeoutMs: 1000 }));
  client.close();
  await expect(first).resolves.toMatchObject({ kind: 'reset', sent: 'perhaps' });
  await expect(waiting).resolves.toMatchObject({ kind: 'closed', sent: 'no' });
  await eventually(async () => (await connectionsOf(server)) === 0, 'the connection to be cut');
  expect(seen.requests).toHaveLength(1);
});

test('a connection that is begun when the client is closed is given up', async () => {
  const path = join(tmpdir(), `zenova-ca-${process.pid}.pem`);
  await writeFile(path, certificate.certificatePem);
  try {
    const { client, seen } = await serve(ok, { trust: { kind: 'ca-file', path } });
    const work = failureOf(client.request(post));
    // One turn of the queue: the request is with the agent, which reads the CA file.
    await Promise.resolve();
    await Promise.resolve();
    client.close();
    await expect(work).resolves.toMatchObject({ sent: 'no' });
    expect(seen.requests).toHaveLength(0);
  } finally {
    await rm(path);
  }
});

test('a handshake under way when the client is closed is cut off', async () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  const port = await listen(server);
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = new HttpClient({ host: '127.0.0.1', port, trust: { kind: 'system' }, connectTimeoutMs: 60_000 });
  const work = failureOf(client.request({ ...post, timeoutMs: 60_000 }));
  await eventually(() => sockets.length === 1, 'the connection');
  client.close();
  await expect(work).resolves.toMatchObject({ sent: 'no' });
});

test('an urgent request does not wait for its turn', async () => {
  const { client, seen } = await serve((request, response) => void (request.url === '/last' && ok(request, response)), {
    maxConnections: 1,
  });
  const slow = failureOf(client.request({ ...get, timeoutMs: 60_000 }));
  await eventually(() => seen.requests.length === 1, 'the slow request');
  const last = { method: 'DELETE', path: '/last', timeoutMs: 20_000, isUrgent: true } as const;
  await expect(client.request(last)).resolves.toMatchObject({ status: 200 });
  client.close();
  await slow;
});

test('the environment does not switch the verification off', async () => {
  const { seen, server } = await serve(ok);
  const other = await createCertificate('other');
  // In a process of its own: the environment that node:tls looks at is out of the reach of a test.
  const program = `
    import { HttpClient } from ${JSON.stringify(pathToFileURL(BUILT).href)};
    const [port, pem] = process.argv.slice(1);
    for (const trust of [{ kind: 'system' }, { kind: 'ca', pem }]) {
      const client = new HttpClient({ host: '127.0.0.1', port: Number(port), trust });
      await client.request({ method: 'GET', path: '/', timeoutMs: 5000 }).catch(({ kind }) => console.log(kind));
    }`;
  const { port } = server.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program, '--', String(port), other.certificatePem],
    { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, timeout: 55_000 },
  );
  expect(stdout).toBe('untrusted\nuntrusted\n');
  expect(seen.requests).toHaveLength(0);
});

test('no more requests are under way than are allowed now', async () => {
  let most = 0;
  const running: (() => void)[] = [];
  const { client, seen } = await serve(
    (request, response) => {
      running.push(() => ok(request, response));
      most = Math.max(most, running.length);
    },
    { maxConnections: 5 },
  );
  /** Eight requests, each of which is answered when as many are under way as may be. */
  const eight = async (allowed: number) => {
    const answers = Array.from({ length: 8 }, () => client.request({ ...get, timeoutMs: 60_000 }));
    for (let left = 8; left > 0; left--) {
      await eventually(() => running.length === Math.min(allowed, left), `${allowed} to be under way`);
      running.shift()?.();
    }
    await Promise.all(answers);
  };
  client.limitConnections(2);
  await eight(2);
  expect(most).toBe(2);
  expect(seen.connections).toBe(2);
  client.limitConnections(4);
  await eight(4);
  expect(most).toBe(4);
});

test('an answer may take longer than a connection may idle', async () => {
  const { client } = await serve((request, response) => void setTimeout(() => ok(request, response), 250), {
    idleTimeoutMs: 50,
  });
  await expect(client.request(get)).resolves.toMatchObject({ status: 200 });
});

test('idle connections are closed before the other side does', async () => {
  const { client, seen, server } = await serve(ok, { idleTimeoutMs: 50 });
  await client.request(get);
  await eventually(async () => (await connectionsOf(server)) === 0, 'the idle connection to be closed');
  await client.request(get);
  expect(seen.connections).toBe(2);
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
