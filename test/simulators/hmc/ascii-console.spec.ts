import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until } from './hmc-client.js';

describe('integrated ASCII consoles', () => {
  let bench: HmcBench;
  let session: string;
  const sockets: WebSocket[] = [];

  beforeEach(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await bench.stop();
  });

  const invite = (name = 'LPAR2', json: unknown = {}, who = session) =>
    bench.client.send('POST', `${bench.uri(name)}/operations/get-ascii-console-websocket-uri`, { session: who, json });
  const connect = (path: string) => {
    const socket = new WebSocket(`${bench.simulator.url.replace('https', 'wss')}${path}`, {
      ca: bench.simulator.certificatePem,
    });
    sockets.push(socket);
    const seen = { text: '', closed: null as string | null, refused: null as number | null };
    socket.on('message', (data: Buffer) => (seen.text += data.toString('utf8')));
    socket.on('close', (_code, reason) => (seen.closed = String(reason)));
    socket.on('unexpected-response', (_request, response) => (seen.refused = response.statusCode ?? 0));
    socket.on('error', () => undefined);
    return { socket, seen };
  };
  const opened = async (name = 'LPAR2') => {
    const console = connect(String((await invite(name)).json?.['websocket-uri']));
    await until(
      () => console.seen.text,
      (text) => text.endsWith(`${name} login: `),
    );
    return console;
  };
  const shows = ({ seen }: { seen: { text: string } }, end: string) =>
    until(
      () => seen.text,
      (text) => text.endsWith(end),
    );

  it('log in with echo, but none of the password, and run commands', async () => {
    const console = await opened();
    console.socket.send('root\r');
    await shows(console, 'Password: ');
    console.socket.send('linux\r');
    await shows(console, 'root@LPAR2:~# ');
    console.socket.send('datx\x7fe\r\n');
    await shows(console, 'UTC 2026\r\r\nroot@LPAR2:~# ');
    console.socket.send('frobnicate\n');
    await shows(console, '-bash: frobnicate: command not found\r\r\nroot@LPAR2:~# ');
    console.socket.send('exit\r');
    await shows(console, 'logout\r\n\r\nLPAR2 login: ');
    expect(console.seen.text).toContain('login: root\r\nPassword: \r\n');
    expect(console.seen.text).not.toContain('linux');
    console.socket.send('root\rwrong\r');
    await shows(console, 'Login incorrect\r\nLPAR2 login: ');
  });

  it('are one for each partition, and free again when closed', async () => {
    const first = await opened();
    expect(bench.simulator.asciiConsoles).toBe(1);
    for (const json of [{}, { 'force-takeover': true }]) {
      expect((await invite('LPAR2', json)).json).toMatchObject({ 'http-status': 409, reason: 330 });
    }
    await opened('db.prod');
    first.socket.close();
    await until(
      () => bench.simulator.asciiConsoles,
      (count) => count === 1,
    );
    await opened();
  });

  it('admit with a path that works once, and for a minute', async () => {
    const path = String((await invite()).json?.['websocket-uri']);
    expect(path).toMatch(/^\/api\/websock\/[0-9a-f]{48}\/1$/);
    const first = connect(path);
    await shows(first, 'login: ');
    const late = String((await invite('db.prod')).json?.['websocket-uri']);
    bench.clock.advance(60_000);
    for (const refused of [path, late, '/api/websock/abc/1', '/api/console']) {
      const { seen } = connect(refused);
      await until(
        () => seen.refused,
        (status) => status === 404,
      );
    }
  });

  it('refuse the second of two who were invited', async () => {
    const paths = [await invite(), await invite()].map(({ json }) => String(json?.['websocket-uri']));
    await shows(connect(paths[0] ?? ''), 'login: ');
    const { seen } = connect(paths[1] ?? '');
    await until(
      () => seen.refused,
      (status) => status === 404,
    );
  });

  it('close when the partition stops, and when the session ends', async () => {
    const stopped = await opened();
    await bench.begin('stop', 'LPAR2', session);
    await until(
      () => stopped.seen.closed,
      (reason) => reason === 'The partition has stopped',
    );
    const orphan = await opened('db.prod');
    const path = String((await invite('halted')).json?.['websocket-uri']);
    await bench.client.send('DELETE', '/api/sessions/this-session', { session });
    await until(
      () => orphan.seen.closed,
      (reason) => reason === 'The session has ended',
    );
    const { seen } = connect(path);
    await until(
      () => seen.refused,
      (status) => status === 404,
    );
  });

  it('show the next boot to who stays there, and nothing while no system runs', async () => {
    const console = await opened();
    console.socket.send('root\rlinux\rpoweroff\r');
    await shows(console, 'System halted\r\r\nroot@LPAR2:~# ');
    bench.clock.advance(1000);
    expect(bench.simulator.status('LPAR2')).toBe('paused');
    console.socket.send('date\r');
    await bench.begin('psw-restart', 'LPAR2', session);
    bench.clock.advance(300);
    await until(
      () => console.seen.text,
      (text) => text.includes('Linux version') && text.endsWith('\r\r\nLPAR2 login: '),
    );
  });

  it('need their task, a body that is right, a partition that is not stopped, and API 2.22', async () => {
    const reader = await bench.client.logOn('reader', 'secret-of-reader');
    expect((await invite('LPAR2', {}, reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    expect((await invite('LPAR2', { force: true })).json).toMatchObject({ 'http-status': 400, reason: 6 });
    expect((await invite('LPAR2', { 'force-takeover': 1 })).json).toMatchObject({ 'http-status': 400, reason: 7 });
    expect((await invite('db-prod')).json).toMatchObject({ 'http-status': 409, reason: 1 });
    await bench.stop();
    bench = await HmcBench.start(smallInventory({ hmc: { api_version: '2.21' } }));
    session = await bench.client.logOn();
    expect((await invite()).json).toMatchObject({ 'http-status': 404, reason: 1 });
  });
});
