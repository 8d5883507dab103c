import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until } from './hmc-client.js';

describe('TLS and sessions', () => {
  let bench: HmcBench;

  beforeEach(async () => {
    bench = await HmcBench.start();
  });
  afterEach(() => bench.stop());

  const logOn = (userid: unknown, password: unknown) =>
    bench.client.send('POST', '/api/sessions', { json: { userid, password } });

  it('shows a certificate that verifies for localhost and both loopback addresses, and equals the pinned one', async () => {
    const { simulator } = bench;
    const certificate = new X509Certificate(simulator.certificatePem);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkIP('::1')).toBeDefined();
    const socket = await new Promise<TLSSocket>((resolve, reject) => {
      const opened = connect(
        { host: '127.0.0.1', port: simulator.port, ca: simulator.certificatePem, servername: 'localhost' },
        () => resolve(opened),
      );
      opened.on('error', reject);
    });
    const peer: PeerCertificate = socket.getPeerCertificate();
    expect(socket.authorized).toBe(true);
    expect(peer.fingerprint256).toBe(simulator.fingerprint256);
    socket.destroy();
  });

  it('is not trusted without its certificate', async () => {
    const refused = new Promise((resolve, reject) => {
      request(`${bench.simulator.url}/api/version`, { agent: false }, reject).on('error', resolve).end();
    });
    await expect(refused).resolves.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('answers /api/version without a session, and nothing else', async () => {
    const version = await bench.client.send('GET', '/api/version');
    expect(version.status).toBe(200);
    expect(version.json).toEqual({
      'hmc-name': 'HMC1',
      'hmc-version': '2.16.0',
      'api-major-version': 4,
      'api-minor-version': 10,
    });
    for (const path of ['/api/console', '/api/cpcs', '/api/jobs/x', '/api/nowhere', '/']) {
      expect((await bench.client.send('GET', path)).json).toMatchObject({ 'http-status': 403, reason: 4 });
      const dead = await bench.client.send('GET', path, { session: 'dead' });
      expect(dead.json).toMatchObject({ 'http-status': 403, reason: 5 });
    }
  });

  it('logs on and off', async () => {
    const logon = await logOn('zenova', 'secret-of-zenova');
    expect(logon.status).toBe(200);
    expect(Object.keys(logon.json ?? {}).sort()).toEqual([
      'api-major-version',
      'api-minor-version',
      'api-session',
      'job-notification-topic',
      'notification-topic',
      'password-expires',
      'session-credential',
    ]);
    const session = String(logon.json?.['api-session']);
    expect((await bench.client.send('GET', '/api/console', { session })).json).toMatchObject({ name: 'HMC1' });
    expect(bench.simulator.sessionCount('zenova')).toBe(1);
    const off = await bench.client.send('DELETE', '/api/sessions/this-session', { session });
    expect([off.status, off.text]).toEqual([204, '']);
    expect(bench.simulator.sessionCount()).toBe(0);
    expect((await bench.client.send('GET', '/api/console', { session })).json).toMatchObject({ reason: 5 });
  });

  it.each([
    ['a wrong password', 'zenova', 'wrong'],
    ['an unknown user', 'nobody', 'secret-of-zenova'],
    ['a user without management interfaces', 'desktop', 'secret-of-desktop'],
  ])('refuses %s with 403,0', async (_case, userid, password) => {
    const answer = await logOn(userid, password);
    expect(answer.json).toMatchObject({ 'http-status': 403, reason: 0, message: 'Login failed' });
    expect(answer.text).not.toContain(password);
    expect(bench.simulator.sessionCount()).toBe(0);
  });

  it('locks a user after five refused logons in a row, right password or not, until unlocked', async () => {
    for (let i = 0; i < 4; i++) await logOn('zenova', 'wrong');
    await bench.client.logOn();
    for (let i = 0; i < 5; i++) await logOn('zenova', 'wrong');
    expect(bench.simulator.logons('zenova')).toEqual({ accepted: 1, refused: 9, refusedInARow: 5, isLocked: true });
    expect((await logOn('zenova', 'secret-of-zenova')).status).toBe(403);
    bench.simulator.unlock('zenova');
    expect((await logOn('zenova', 'secret-of-zenova')).status).toBe(200);
  });

  it('limits sessions per user', async () => {
    const first = await bench.client.logOn();
    await bench.client.logOn();
    await bench.client.logOn();
    expect((await logOn('zenova', 'secret-of-zenova')).json).toMatchObject({ 'http-status': 403, reason: 9 });
    await bench.client.send('DELETE', '/api/sessions/this-session', { session: first });
    await bench.client.logOn();
    expect(bench.simulator.sessionCount('zenova')).toBe(3);
  });

  it('ends a session that was idle too long, and only then', async () => {
    const session = await bench.client.logOn();
    const ask = () => bench.client.send('GET', '/api/console', { session });
    bench.clock.advance(60_000);
    expect((await ask()).status).toBe(200);
    bench.clock.advance(60_000);
    expect((await ask()).status).toBe(200);
    bench.clock.advance(60_001);
    expect((await ask()).json).toMatchObject({ 'http-status': 403, reason: 5 });
    expect(bench.simulator.sessionCount()).toBe(0);
  });

  it.each([
    [undefined, 'x', 5],
    ['x', undefined, 5],
    [7, 'x', 7],
    ['x', ['x'], 7],
  ])('refuses the logon %p, %p with 400,%i', async (userid, password, reason) => {
    expect((await logOn(userid, password)).json).toMatchObject({ 'http-status': 400, reason });
  });

  it('is away during a restart and has forgotten every session after it', async () => {
    const session = await bench.client.logOn();
    const restarted = bench.simulator.restart({ downMs: 5000 });
    await until(
      () =>
        bench.client.send('GET', '/api/version').then(
          () => 'answered',
          (error: NodeJS.ErrnoException) => error.code,
        ),
      (outcome) => outcome === 'ECONNREFUSED',
    );
    // Refusing begins a moment before the pause does.
    let isBack = false;
    void restarted.then(() => (isBack = true));
    await until(
      () => bench.clock.advance(5000),
      () => isBack,
    );
    expect((await bench.client.send('GET', '/api/console', { session })).json).toMatchObject({ reason: 5 });
    expect(bench.simulator.sessionCount()).toBe(0);
  });

  it('keeps secrets and whole session ids out of the wire log', async () => {
    await logOn('zenova', 'wrong-secret');
    const session = await bench.client.logOn();
    await bench.client.send('GET', '/api/console', { session });
    const log = bench.simulator.wireLog;
    expect(log.count({ method: 'POST', path: '/api/sessions' })).toBe(2);
    const written = JSON.stringify(log.entries());
    for (const secret of ['wrong-secret', 'secret-of-zenova', session]) expect(written).not.toContain(secret);
    expect(log.entries().at(-1)).toMatchObject({
      method: 'GET',
      path: '/api/console',
      user: 'zenova',
      session: session.slice(0, 8),
      status: 200,
      executed: true,
      faults: [],
    });
  });
});

describe('connections', () => {
  it('closes idle keep-alive connections after the configured time', async () => {
    const bench = await HmcBench.start(smallInventory({ hmc: { keep_alive_ms: 1000 } }));
    try {
      await bench.client.send('GET', '/api/version');
      expect(bench.simulator.connections).toBe(1);
      await until(
        () => bench.simulator.connections,
        (count) => count === 0,
      );
    } finally {
      await bench.stop();
    }
  });

  it.each([true, false])('sends bodies chunked: %p', async (chunked) => {
    const bench = await HmcBench.start(smallInventory({ hmc: { chunked } }));
    try {
      const { headers, json } = await bench.client.send('GET', '/api/version');
      expect(json).toMatchObject({ 'hmc-name': 'HMC1' });
      expect(headers['transfer-encoding'] === 'chunked').toBe(chunked);
      expect(headers['content-length'] === undefined).toBe(chunked);
      expect(headers).toMatchObject({
        'content-type': 'application/json;charset=UTF-8',
        server: 'Hardware management console API web server',
        'x-request-id': expect.any(String),
      });
    } finally {
      await bench.stop();
    }
  });
});
