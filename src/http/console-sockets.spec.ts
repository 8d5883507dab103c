import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { Duplex, PassThrough, Transform } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { systemClock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import { targetKey } from '../common/ids.js';
import { createLog } from '../common/log.js';
import { eventually } from '../../test/support/eventually.js';
import { ConsoleSockets } from './console-sockets.js';
import { listeningUrl } from './listen.js';

const WEB01 = targetKey('virsh', 'host', 'web01');

let server: Server;
let sockets: ConsoleSockets;
let lines: string[];
/** Added to the time. */
let later: number;

beforeEach(async () => {
  lines = [];
  later = 0;
  server = createServer((incoming, response) => void echo(incoming).then((text) => response.end(text)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = { ...systemClock, now: () => systemClock.now() + later };
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  sockets = new ConsoleSockets(server, listeningUrl(server, '127.0.0.1'), { clock, log });
});
afterEach(async () => {
  await sockets.close();
  server.closeAllConnections();
  server.close();
});

/** What a server without consoles would say. */
async function echo(incoming: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of incoming) body += String(chunk);
  return JSON.stringify({ url: incoming.url, method: incoming.method, name: incoming.headers['x-name'], body });
}

interface Client {
  readonly socket: WebSocket;
  readonly seen: () => string;
  readonly ended: Promise<{ code: number; reason: string }>;
}

async function connect(url: string): Promise<Client> {
  const socket = new WebSocket(url);
  let seen = '';
  socket.on('message', (data: Buffer) => (seen += data.toString('latin1')));
  const ended = once(socket, 'close').then(([code, reason]) => ({ code: Number(code), reason: String(reason) }));
  await once(socket, 'open');
  return { socket, seen: () => seen, ended };
}

const status = async (url: string): Promise<number | undefined> => {
  const socket = new WebSocket(url);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  socket.terminate();
  return response.statusCode;
};

const upperCase = (): Transform =>
  new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) });

describe('consoles of the HTTP surface', () => {
  it('are joined to who connects, for bytes both ways, until the console ends', async () => {
    const console = upperCase();
    const { url, expiresAt } = sockets.offer(WEB01, () => Promise.resolve(console));
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/console\/[0-9a-f]{32}$/);
    expect(expiresAt).toBeGreaterThan(Date.now() + 50_000);
    const client = await connect(url);
    client.socket.send('root\r');
    client.socket.send(Buffer.from([0x66, 0x6f, 0x6f]));
    await eventually(() => client.seen() === 'ROOT\rFOO', client.seen);
    console.end();
    expect(await client.ended).toEqual({ code: 1000, reason: 'the console has ended' });
  });

  it('are open to the first who knows the address, and to no other, and the log has no token', async () => {
    const { url } = sockets.offer(WEB01, () => Promise.resolve(new PassThrough()));
    expect(await status(url.replace(/.{8}$/, '00000000'))).toBe(404);
    const client = await connect(url);
    expect(await status(url)).toBe(404);
    client.socket.close();
    await client.ended;
    expect(await status(url)).toBe(404);
    await eventually(() => lines.some((line) => line.includes('a console was left')), 'it to be left');
    const token = url.split('/').at(-1) ?? '';
    expect(lines.join('')).toContain(WEB01);
    expect(lines.join('')).not.toContain(token);
  });

  it('are no longer there when nobody came in time', async () => {
    const { url, expiresAt } = sockets.offer(WEB01, () => Promise.resolve(new PassThrough()));
    later = expiresAt - systemClock.now();
    expect(await status(url)).toBe(404);
  });

  it('wait for a bounded number of callers, until their time is over', () => {
    const offer = () => sockets.offer(WEB01, () => Promise.resolve(new PassThrough()));
    for (let i = 0; i < 1000; i += 1) offer();
    expect(offer).toThrow(expect.objectContaining({ code: 'CAPACITY_EXHAUSTED' }));
    later = 60_001;
    expect(offer).not.toThrow();
  });

  it('are given back when the client goes, after what it has typed', async () => {
    const typed: string[] = [];
    const console = new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        typed.push(String(chunk));
        setImmediate(done);
      },
      final(done) {
        this.push(null);
        done();
      },
    });
    const client = await connect(sockets.offer(WEB01, () => Promise.resolve(console)).url);
    client.socket.send('one');
    client.socket.send('two');
    client.socket.close();
    await eventually(() => console.destroyed, 'it is given back');
    expect(typed).toEqual(['one', 'two']);
  });

  it('say why they cannot be opened, or break', async () => {
    const busy = new ComputeError('STATE_CONFLICT', 'somebody else has it');
    const refused = await connect(sockets.offer(WEB01, () => Promise.reject(busy)).url);
    expect(await refused.ended).toEqual({ code: 1011, reason: 'somebody else has it' });
    const console = new PassThrough();
    const broken = await connect(sockets.offer(WEB01, () => Promise.resolve(console)).url);
    await eventually(() => console.listenerCount('data') > 0, 'it to be joined');
    console.destroy(new Error('ü'.repeat(100)));
    expect(await broken.ended).toEqual({ code: 1011, reason: 'ü'.repeat(61) });
  });

  it('are closed when the service stops', async () => {
    const console = new PassThrough();
    const client = await connect(sockets.offer(WEB01, () => Promise.resolve(console)).url);
    const { url } = sockets.offer(WEB01, () => Promise.resolve(new PassThrough()));
    await sockets.close();
    expect(await client.ended).toEqual({ code: 1001, reason: 'the service stops' });
    await eventually(() => console.destroyed, 'the console is given back');
    expect(await status(url)).toBe(404);
  });

  it('go at the pace of the slower one', async () => {
    let pushed = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const console = new Duplex({
      read() {
        pushed += chunk.length;
        setImmediate(() => this.push(chunk));
      },
      write: () => undefined, // takes one, and no more
    });
    const client = await connect(sockets.offer(WEB01, () => Promise.resolve(console)).url);
    client.socket.pause();
    // What the buffers of two sockets take, and ours.
    let before = -1;
    await eventually(
      () => {
        const isStill = pushed === before;
        before = pushed;
        return isStill && pushed > 0;
      },
      () => `it to stand still: ${pushed}`,
    );
    expect(pushed).toBeLessThan(64 * 1024 * 1024);
    client.socket.resume();
    await eventually(() => client.seen().length > before, 'it to go on');

    const typed = Buffer.alloc(128 * 1024, 'y');
    for (let i = 0; i < 64; i += 1) client.socket.send(typed);
    await eventually(() => console.writableLength > 0, 'it to be typed');
    expect(console.writableLength).toBeLessThan(1024 * 1024);
  });

  it('are closed to who sends more than anybody types', async () => {
    const client = await connect(sockets.offer(WEB01, () => Promise.resolve(new PassThrough())).url);
    client.socket.send(Buffer.alloc(256 * 1024 + 1));
    expect((await client.ended).code).toBe(1009);
  });

  it.each(['h2c', 'websocket'])('leave requests that offer %s as well to everybody else', async (protocol) => {
    const outgoing = request(listeningUrl(server, '127.0.0.1'), {
      path: '/v1/other?x=1',
      method: 'POST',
      headers: {
        Connection: 'Upgrade, HTTP2-Settings',
        Upgrade: protocol,
        'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA',
        'X-Name': 'ü',
        'Transfer-Encoding': 'chunked',
      },
    });
    outgoing.write('one ');
    outgoing.flushHeaders();
    await once(server, 'upgrade');
    outgoing.end('two');
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    expect(JSON.parse(body)).toEqual({ url: '/v1/other?x=1', method: 'POST', name: 'ü', body: 'one two' });
  });
});
