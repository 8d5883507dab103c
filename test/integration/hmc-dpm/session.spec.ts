import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import type { BreakerStore } from '../../../src/compute/contract/index.js';
import { createHmcDpm } from '../../../src/drivers/hmc-dpm/index.js';
import { eventually } from '../../support/eventually.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const wrong = { password: new Secret('not-it') };
const fifty = <T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
  Promise.allSettled(Array.from({ length: 50 }, work));

describe('a session', () => {
  test('is shared by all who come at once, by every host and by machines given in requests', async () => {
    const other = bench.open({ cpc: 'CPC2' });
    const machine = bench.machine();
    const pinned = bench.machine({ power_partition_name: 'on' });
    await Promise.all([
      ...Array.from({ length: 20 }, () => bench.host.operations.queryPower(bench.context(), 'on')),
      ...Array.from({ length: 20 }, () => other.operations.queryPower(bench.context(), 'LPAR1')),
    ]);
    expect(bench.simulator.wireLog.logons()).toBe(1);
    await Promise.all([machine.verbs.queryPower?.(bench.context()), pinned.verbs.queryPower?.(bench.context())]);
    // Another reason to trust the HMC is another connection, and another session.
    expect(bench.simulator.wireLog.logons()).toBe(2);
    expect(bench.simulator.sessionCount()).toBe(2);
  });

  test('that is lost is replaced once, whoever notices', async () => {
    await bench.host.operations.queryPower(bench.context(), 'on');
    bench.simulator.dropSessions();
    const answers = await fifty(() => bench.host.operations.queryPower(bench.context(), 'on'));
    expect(answers.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(bench.simulator.wireLog.logons()).toBe(2);
    expect(bench.simulator.sessionCount()).toBe(1);
  });

  test.each([4, 5])('that a 403,%i ends is replaced, and the request repeated', async (reason) => {
    await bench.host.operations.queryPower(bench.context(), 'on');
    bench.simulator.fault({ kind: 'error', method: 'GET', status: 403, reason });
    await expect(bench.host.operations.queryPower(bench.context(), 'on')).resolves.toMatchObject({
      powerState: 'running',
    });
    expect(bench.simulator.wireLog.logons()).toBe(2);
  });

  test('that is lost again at once is an error, not a loop', async () => {
    bench.simulator.fault({ kind: 'session-expired', times: 'always' });
    const failure = await failureOf(bench.host.operations.queryPower(bench.context(), 'on'));
    expect(failure).toMatchObject({ code: 'BACKEND_REJECTED', retry: 'safe', native: { code: '403,5' } });
    expect(bench.simulator.wireLog.logons()).toBe(2);
  });

  test('ends with the host that held it', async () => {
    const other = bench.open();
    await bench.host.operations.queryPower(bench.context(), 'on');
    await bench.host.close();
    expect(bench.simulator.sessionCount()).toBe(1);
    await other.operations.queryPower(bench.context(), 'on');
    await other.close();
    expect(bench.simulator.sessionCount()).toBe(0);
    await eventually(() => bench.simulator.connections === 0, 'the connections to be closed');
    const failure = await failureOf(other.operations.queryPower(bench.context(), 'on'));
    expect(failure.code).toBe('SHUTTING_DOWN');
  });

  test('ends also when the logon is still under way', async () => {
    bench.simulator.fault({ kind: 'slow', method: 'POST', path: '/api/sessions', delay_ms: 100 });
    const query = failureOf(bench.host.operations.queryPower(bench.context(), 'on'));
    await eventually(() => bench.simulator.wireLog.logons() === 1, 'the logon');
    await bench.closeDrivers();
    await query.catch(() => undefined);
    expect(bench.simulator.sessionCount()).toBe(0);
  });

  test('is not begun when it ends before its turn to log on', async () => {
    const other = bench.open({ tls: { fingerprint_sha256: bench.simulator.fingerprint256 } });
    bench.simulator.fault({ kind: 'slow', method: 'POST', path: '/api/sessions', delay_ms: 100 });
    const first = bench.host.operations.queryPower(bench.context(), 'on');
    const second = failureOf(other.operations.queryPower(bench.context(), 'on'));
    await eventually(() => bench.simulator.wireLog.logons() === 1, 'the logon');
    await other.close();
    await expect(second).resolves.toMatchObject({ code: 'SHUTTING_DOWN' });
    await first;
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('survives a caller who gives up during the logon', async () => {
    bench.simulator.fault({ kind: 'slow', method: 'POST', path: '/api/sessions', delay_ms: 100 });
    const reason = new Error('no longer wanted');
    const ctx = bench.context();
    const given = bench.host.operations.queryPower(ctx, 'on');
    const kept = bench.host.operations.queryPower(bench.context(), 'on');
    await eventually(() => bench.simulator.wireLog.logons() === 1, 'the logon');
    ctx.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(kept).resolves.toMatchObject({ powerState: 'running' });
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('ends also when every connection is busy', async () => {
    const host = bench.open({ cpc: 'CPC2', max_concurrent_requests: 1, request_timeout_ms: 30_000 });
    bench.simulator.fault({ kind: 'slow', method: 'GET', delay_ms: 60_000 });
    const query = failureOf(host.operations.queryPower(bench.context(), 'LPAR1'));
    await eventually(() => bench.simulator.wireLog.count({ method: 'GET' }) === 1, 'the slow request');
    await bench.closeDrivers();
    expect(bench.simulator.sessionCount()).toBe(0);
    await expect(query).resolves.toMatchObject({ retry: 'safe' });
  });

  test('is not opened any more for machines once the power type is closed', async () => {
    const machine = bench.machine();
    bench.simulator.fault({ kind: 'slow', when: 'after', method: 'GET', delay_ms: 100 });
    const early = failureOf(bench.machine({ power_partition_name: 'nobody' }).resolve(bench.context()));
    await eventually(() => bench.simulator.wireLog.count({ method: 'GET' }) === 1, 'the first request');
    await bench.closeDrivers();
    await early;
    await expect(failureOf(machine.resolve(bench.context()))).resolves.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(bench.simulator.wireLog.logons()).toBe(1);
    expect(bench.simulator.sessionCount()).toBe(0);
  });

  test('that only requests used is logged off when it is idle', async () => {
    const idle = await HmcDpmBench.start({ idleLogoffMs: 100 });
    try {
      const machine = idle.machine();
      await machine.verbs.queryPower?.(idle.context());
      expect(idle.simulator.sessionCount()).toBe(1);
      await eventually(() => idle.simulator.sessionCount() === 0, 'the idle session to be logged off');
      await expect(machine.verbs.queryPower?.(idle.context())).resolves.toMatchObject({ powerState: 'shutdown' });
    } finally {
      await idle.stop();
    }
    expect(idle.simulator.sessionCount()).toBe(0);
  });

  test('whose logon is answered with 404 says nothing about what was asked for', async () => {
    const on = await bench.host.resolve(bench.context(), 'on');
    bench.simulator.dropSessions();
    bench.simulator.fault({ kind: 'error', method: 'POST', path: '/api/sessions', status: 404, reason: 1 });
    const destroyed = bench.host.operations.destroy?.(bench.context(), { ...on, origin: 'adopted' }, {});
    await expect(destroyed).rejects.toMatchObject({ name: 'ComputeError' });
    expect(bench.simulator.status('on')).toBe('active');
  });

  test.each(['connection-reset', 'unavailable', 'html-error', 'answer-lost'] as const)(
    'is logged off although the first logoff meets %s',
    async (kind) => {
      await bench.host.operations.queryPower(bench.context(), 'on');
      bench.simulator.fault({ kind, method: 'DELETE', path: '/api/sessions/this-session' });
      await bench.closeDrivers();
      expect(bench.simulator.sessionCount()).toBe(0);
    },
  );

  test('that a host holds, too, is not logged off when it is idle', async () => {
    const idle = await HmcDpmBench.start({ idleLogoffMs: 100, settings: { tls: { verify: false } } });
    try {
      await idle.host.operations.queryPower(idle.context(), 'on');
      await idle.machine().verbs.queryPower?.(idle.context());
      const reader = idle.machine({ power_user: 'reader', power_pass: 'secret-of-reader' });
      await reader.verbs.queryPower?.(idle.context());
      expect(idle.simulator.sessionCount()).toBe(2);
      // The other one was used last: when it has gone, this one would have gone before.
      await eventually(() => idle.simulator.sessionCount('reader') === 0, 'the idle session to be logged off');
      expect(idle.simulator.sessionCount('zenova')).toBe(1);
    } finally {
      await idle.stop();
    }
  });

  test('that machines use, too, outlives the host that held it', async () => {
    const host = bench.open({ tls: { verify: false } });
    const machine = bench.machine();
    await host.operations.queryPower(bench.context(), 'on');
    await machine.verbs.queryPower?.(bench.context());
    await host.close();
    await machine.verbs.queryPower?.(bench.context());
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });
});

test('nothing secret is logged, whatever happens', async () => {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const host = createHmcDpm().virtDriver.open('h', bench.settings(), { ...bench.ports, log });
  const ctx = Object.assign(bench.context(), { log });
  const target = await host.resolve(ctx, 'off');
  bench.simulator.fault({ kind: 'html-error', method: 'GET', path: '/api/jobs/*' });
  bench.simulator.fault({ kind: 'session-expired', method: 'GET', path: '/api/jobs/*' });
  bench.simulator.fault({ kind: 'error', method: 'DELETE', path: '/api/*', status: 500, reason: 1, times: 'always' });
  await host.operations.powerOn(ctx, target, {});
  await host.close();
  const sessions = new Set(bench.simulator.wireLog.entries().flatMap(({ session }) => session ?? []));
  expect(sessions.size).toBe(2);
  expect(lines.length).toBeGreaterThan(3);
  for (const secret of [...sessions, 'secret-of-zenova']) expect(lines.join('')).not.toContain(secret);
});

describe('a refused logon', () => {
  test('is one attempt, with fifty callers and after', async () => {
    const host = bench.open(wrong);
    const answers = await fifty(() => host.operations.queryPower(bench.context(), 'on'));
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { code: 'BACKEND_AUTH_FAILED', outcome: 'not-started' },
      });
    }
    await fifty(() => host.resolve(bench.context(), 'on'));
    expect(bench.simulator.wireLog.logons()).toBe(1);
    expect(bench.simulator.logons('zenova')).toMatchObject({ refused: 1 });
    const [key] = bench.breakers.keys;
    expect(key).toMatchObject({ endpoint: `127.0.0.1:${bench.simulator.port}`, user: 'zenova' });
    expect(JSON.stringify(key)).not.toContain('not-it');
  });

  test('is one attempt, whatever the HMC is trusted for', async () => {
    const hosts = [
      bench.open(wrong),
      bench.open({ ...wrong, tls: { verify: false } }),
      bench.open({ ...wrong, tls: { fingerprint_sha256: bench.simulator.fingerprint256 } }),
    ];
    const machine = bench.machine({ power_pass: 'not-it' });
    bench.simulator.fault({ kind: 'slow', method: 'POST', path: '/api/sessions', delay_ms: 50 });
    const answers = await Promise.all([
      ...hosts.map((host) => failureOf(host.operations.queryPower(bench.context(), 'on'))),
      failureOf(machine.resolve(bench.context())),
    ]);
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 'BACKEND_AUTH_FAILED'));
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('is one attempt, even when the refusal arrives in pieces', async () => {
    const host = bench.open(wrong);
    bench.simulator.fault({ kind: 'truncated-json', method: 'POST', path: '/api/sessions' });
    await failureOf(host.operations.queryPower(bench.context(), 'on'));
    const failure = await failureOf(host.operations.queryPower(bench.context(), 'on'));
    expect(failure.code).toBe('BACKEND_AUTH_FAILED');
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('holds back the same password only, and tells how to go on', async () => {
    const host = bench.open(wrong);
    await failureOf(host.operations.queryPower(bench.context(), 'on'));
    const failure = await failureOf(host.operations.queryPower(bench.context(), 'on'));
    expect(failure.message).toMatch(/403,0.*zenova host retry/);
    await expect(bench.host.operations.queryPower(bench.context(), 'on')).resolves.toMatchObject({
      powerState: 'running',
    });
  });

  test('holds back another process that shares the breakers', async () => {
    await failureOf(bench.open(wrong).operations.queryPower(bench.context(), 'on'));
    const breakers: BreakerStore = {
      find: (key) => bench.breakers.find(key),
      open: (key, reason) => bench.breakers.open(key, reason),
      close: (key) => bench.breakers.close(key),
    };
    const { virtDriver } = createHmcDpm();
    const host = virtDriver.open('host2', bench.settings(wrong), { ...bench.ports, breakers });
    const failure = await failureOf(host.operations.queryPower(bench.context(), 'on'));
    expect(failure.code).toBe('BACKEND_AUTH_FAILED');
    expect(bench.simulator.wireLog.logons()).toBe(1);
    await host.close();
  });

  test('is tried again once it is re-armed, once', async () => {
    const host = bench.open(wrong);
    await failureOf(host.operations.queryPower(bench.context(), 'on'));
    await expect(host.rearm()).resolves.toBe(true);
    await fifty(() => host.operations.queryPower(bench.context(), 'on'));
    expect(bench.simulator.wireLog.logons()).toBe(2);
    await expect(bench.open().rearm()).resolves.toBe(true);
    await expect(bench.open().rearm()).resolves.toBe(false);
  });

  test('is remembered even when it cannot be written down', async () => {
    const { virtDriver } = createHmcDpm();
    const breakers: BreakerStore = {
      find: () => Promise.resolve(undefined),
      open: () => Promise.reject(new Error('the database is gone')),
      close: () => Promise.resolve(false),
    };
    const host = virtDriver.open('host2', bench.settings(wrong), { ...bench.ports, breakers });
    await failureOf(host.operations.queryPower(bench.context(), 'on'));
    const failure = await failureOf(host.operations.queryPower(bench.context(), 'on'));
    expect(failure.code).toBe('BACKEND_AUTH_FAILED');
    expect(bench.simulator.wireLog.logons()).toBe(1);
    await expect(host.rearm()).resolves.toBe(true);
    await host.close();
  });

  test('of a permission is none: the session stays', async () => {
    const host = bench.open({ userid: 'reader', password: new Secret('secret-of-reader') });
    const target = await host.resolve(bench.context(), 'off');
    for (let attempt = 0; attempt < 3; attempt++) {
      const failure = await failureOf(host.operations.powerOn(bench.context(), target, {}));
      expect(failure.code).toBe('BACKEND_FORBIDDEN');
    }
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('says nothing of the password', async () => {
    bench.simulator.fault({
      kind: 'error',
      method: 'POST',
      path: '/api/sessions',
      status: 403,
      reason: 0,
      message: 'password not-it of zenova is wrong',
    });
    const failure = await failureOf(bench.open(wrong).operations.queryPower(bench.context(), 'on'));
    expect(JSON.stringify(failure.toWire())).not.toContain('not-it');
    expect(String((failure.cause as Error).stack)).not.toContain('not-it');
  });

  test('says nothing of a password that JSON writes otherwise', async () => {
    const password = 'half"other\\half';
    bench.simulator.fault({
      kind: 'error',
      method: 'POST',
      path: '/api/sessions',
      status: 403,
      reason: 0,
      message: `refused: ${JSON.stringify({ password })}`,
    });
    const host = bench.open({ password: new Secret(password) });
    const failure = await failureOf(host.operations.queryPower(bench.context(), 'on'));
    expect(failure.message).toContain('[redacted]');
    expect(failure.message).not.toMatch(/half|other/);
  });
});
