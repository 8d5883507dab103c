import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebhookSimulator, type WebhookFaultInput } from '../../../src/simulators/webhook/index.js';
import { TOKEN, WebhookBench, change, failureOf } from './webhook-bench.js';

let bench: WebhookBench;
beforeEach(async () => {
  bench = await WebhookBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const on = () => change(bench.machine('off'), 'powerOn', bench.context());
const query = () => bench.machine('off').verbs.queryPower?.(bench.context()) ?? Promise.resolve();
const post = (fault: Partial<WebhookFaultInput> & { kind: string }) =>
  bench.simulator.fault({ method: 'POST', ...fault } as WebhookFaultInput);

describe('a 404', () => {
  test('is no success', async () => {
    const base = `${bench.simulator.url}/nowhere`;
    const failure = await failureOf(
      change(bench.machine('off', { power_on_uri: `${base}/on` }), 'powerOn', bench.context()),
    );
    expect(failure).toMatchObject({ code: 'RESOURCE_NOT_FOUND', native: { status: 404 }, outcome: 'not-started' });
    expect(bench.posts()).toEqual(['POST /nowhere/on 404', 'POST /nowhere/on/ 404']);
    expect(bench.simulator.state('off')).toBe('stopped');
  });

  test.each(['required', 'refused'] as const)('is tried once with the other slash where it is %s', async (slash) => {
    const picky = await WebhookBench.start({ token: TOKEN, slash });
    try {
      const end = slash === 'required' ? '' : '/';
      const base = `${picky.simulator.url}/machines/off`;
      const machine = picky.machine('off', {
        power_on_uri: `${base}/on${end}`,
        power_query_uri: `${base}/status${end}`,
      });
      const ctx = picky.context();
      await expect(change(machine, 'powerOn', ctx)).resolves.toMatchObject({ outcome: 'done' });
      expect(ctx.begun).toEqual(['on', 'on']);
      expect(picky.simulator.wireLog.count({ method: 'POST', status: 404 })).toBe(1);
      expect(picky.simulator.executed('off', 'on')).toBe(1);
    } finally {
      await picky.stop();
    }
  });

  test('of the query is one of the machine, too', async () => {
    bench.simulator.fault({ kind: 'error', status: 404, times: 'always', text: 'status : running' });
    expect(await failureOf(query())).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });
});

describe('the query', () => {
  test.each<[string, WebhookFaultInput, string]>([
    ['a login page', { kind: 'html', text: 'status : running' }, 'BACKEND_PROTOCOL'],
    ['binary', { kind: 'binary' }, 'BACKEND_PROTOCOL'],
    ['an answer without end', { kind: 'endless-body' }, 'BACKEND_PROTOCOL'],
    ['an answer that is too long', { kind: 'other-text', text: 'x'.repeat(20_000) }, 'BACKEND_PROTOCOL'],
    ['a cut connection', { kind: 'answer-lost', times: 'always' }, 'BACKEND_UNREACHABLE'],
    ['busy', { kind: 'error', status: 429 }, 'BACKEND_BUSY'],
    ['a broken server', { kind: 'error', status: 500 }, 'BACKEND_REJECTED'],
    ['a circle', { kind: 'redirect', location: '/machines/off/status', times: 'always' }, 'BACKEND_PROTOCOL'],
    ['a redirect to a file', { kind: 'redirect', location: 'file:///etc/passwd' }, 'BACKEND_PROTOCOL'],
  ])('%s is told, and nothing is switched', async (_, fault, code) => {
    bench.simulator.fault(fault);
    const failure = await failureOf(on());
    expect(failure).toMatchObject({ code });
    expect(failure.outcome).not.toBe('unknown');
    expect(bench.posts()).toEqual([]);
  });

  test('reads a web page with expressions that were made for one', async () => {
    bench.simulator.fault({ kind: 'html', text: 'Relay: ON' });
    const machine = bench.machine('off', { power_on_regex: 'Relay: ON', power_off_regex: 'Relay: OFF' });
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({
      powerState: 'running',
      nativeState: 'Page Relay: ON',
    });
  });

  test('follows a redirect on its server with the credentials', async () => {
    bench.simulator.fault({ kind: 'redirect', location: '/machines/on/status' });
    await expect(query()).resolves.toMatchObject({ powerState: 'running' });
    expect(bench.simulator.wireLog.entries().map(({ user }) => user)).toEqual(['bearer', 'bearer']);
  });

  test('follows one to another server without them, and back without them', async () => {
    const machines = [{ name: 'on', status: 'running' as const }];
    const other = await WebhookSimulator.start({ inventory: { machines }, port: 0 });
    try {
      bench.simulator.fault({ kind: 'redirect', location: `${other.url}/machines/on/status` });
      await expect(query()).resolves.toMatchObject({ powerState: 'running' });
      other.fault({ kind: 'redirect', location: `${bench.simulator.url}/machines/on/status` });
      bench.simulator.fault({ kind: 'redirect', location: `${other.url}/machines/on/status` });
      expect(await failureOf(query())).toMatchObject({ code: 'BACKEND_AUTH_FAILED' });
      expect(other.wireLog.entries().map(({ user }) => user)).toEqual([null, null]);
      expect(bench.simulator.wireLog.entries().map(({ user }) => user)).toEqual(['bearer', 'bearer', null]);
    } finally {
      await other.stop();
    }
  });
});

describe('a command', () => {
  test.each<[string, WebhookFaultInput]>([
    ['an answer that is lost', { kind: 'answer-lost', when: 'after' }],
    ['a 500 after the work', { kind: 'error', when: 'after', status: 500 }],
    ['a gateway that gave up', { kind: 'error', when: 'after', status: 504 }],
    ['an answer without end', { kind: 'endless-body', when: 'after' }],
    ['a page to look at next', { kind: 'redirect', when: 'after', status: 302, location: '/' }],
  ])('that was carried out is done in spite of %s, sent once', async (_, fault) => {
    post(fault);
    await expect(on()).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(bench.simulator.executed('off', 'on')).toBe(1);
    expect(bench.posts()).toHaveLength(1);
  });

  test.each<[string, WebhookFaultInput]>([
    ['an answer that is lost', { kind: 'answer-lost' }],
    ['a 500', { kind: 'error', status: 500 }],
    ['a 503', { kind: 'error', status: 503 }],
  ])('that does not show after %s has an unknown outcome, and is not sent again', async (_, fault) => {
    post(fault);
    expect(await failureOf(on())).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'unknown',
      retry: 'after-reconcile',
    });
    expect(bench.posts()).toHaveLength(1);
  });

  test.each<[string, WebhookFaultInput, string]>([
    ['a refusal', { kind: 'error', status: 400 }, 'BACKEND_REJECTED'],
    ['no rights', { kind: 'error', status: 403 }, 'BACKEND_FORBIDDEN'],
    ['a conflict', { kind: 'error', status: 409 }, 'STATE_CONFLICT'],
    ['too many requests', { kind: 'error', status: 429 }, 'BACKEND_BUSY'],
    ['a move', { kind: 'redirect', status: 308, location: 'http://127.0.0.1:9/?token=canary' }, 'BACKEND_REJECTED'],
  ])('that was refused with %s fails at once', async (_, fault, code) => {
    post(fault);
    const failure = await failureOf(on());
    expect(failure).toMatchObject({ code });
    expect(failure.outcome).not.toBe('unknown');
    expect(JSON.stringify(failure.toWire())).not.toContain('canary');
    expect(bench.posts()).toHaveLength(1);
  });

  test('that is accepted and has no effect fails', async () => {
    post({ kind: 'ignored' });
    expect(await failureOf(on())).toMatchObject({ code: 'OPERATION_FAILED', outcome: 'unknown' });
  });

  test('whose effect nobody can see is done, with the state unknown', async () => {
    bench.simulator.fault({ kind: 'other-text', method: 'GET', text: 'no idea', times: 'always' });
    await expect(on()).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'nostate', nativeState: 'no idea' },
    });
    expect(bench.posts()).toHaveLength(1);
  });

  test('after which the webhook is silent has an unknown outcome', async () => {
    bench.simulator.fault({ kind: 'error', status: 503, method: 'GET', nth: 2, times: 'always' });
    expect(await failureOf(on())).toMatchObject({ code: 'OUTCOME_UNKNOWN', native: { status: 503 } });
  });

  test('after which the webhook lets nobody look has an unknown outcome, at once', async () => {
    bench.simulator.fault({ kind: 'error', status: 401, method: 'GET', nth: 2, times: 'always' });
    expect(await failureOf(on())).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'unknown',
      native: { status: 401 },
    });
    expect(bench.requests()).toHaveLength(3);
  });

  test('to a server that is not there was not sent', async () => {
    const machine = bench.machine('off', { power_on_uri: 'http://127.0.0.1:9/on' });
    expect(await failureOf(change(machine, 'powerOn', bench.context()))).toMatchObject({
      code: 'BACKEND_UNREACHABLE',
      outcome: 'not-started',
    });
  });

  test('is not sent once the service stops', async () => {
    await bench.closeType();
    expect(await failureOf(on())).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(bench.requests()).toEqual([]);
  });
});

describe('no answer in time', () => {
  beforeEach(async () => {
    await bench.stop();
    // The looks before and after a command have as long as the command.
    bench = await WebhookBench.start({ token: TOKEN }, { requestTimeoutMs: 4000 });
  });

  test('of the query is told, and nothing is switched', async () => {
    bench.simulator.fault({ kind: 'slow', delay_ms: 60_000 });
    const failure = await failureOf(on());
    expect(failure).toMatchObject({ code: 'BACKEND_TIMEOUT' });
    expect(failure.outcome).not.toBe('unknown');
    expect(bench.posts()).toEqual([]);
  });

  test('to a command that was carried out does not keep it from being done, sent once', async () => {
    post({ kind: 'slow', when: 'after', delay_ms: 60_000 });
    await expect(on()).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(bench.simulator.executed('off', 'on')).toBe(1);
    expect(bench.posts()).toHaveLength(1);
  });
});

describe('a cycle', () => {
  const cycle = (name: string) => change(bench.machine(name), 'cycle', bench.context());

  test('does not begin without a state', async () => {
    bench.simulator.fault({ kind: 'other-text', method: 'GET', text: 'no idea', times: 'always' });
    expect(await failureOf(cycle('on'))).toMatchObject({ code: 'FEATURE_LIMITED' });
    expect(bench.posts()).toEqual([]);
  });

  test('does not switch on what was not seen off', async () => {
    bench.simulator.fault({ kind: 'other-text', method: 'GET', nth: 2, text: 'no idea', times: 'always' });
    expect(await failureOf(cycle('on'))).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
    expect(bench.posts()).toEqual(['POST /machines/on/off 200']);
  });

  test('that fails on its way says that the machine is off', async () => {
    post({ kind: 'error', path: '*/on', status: 403 });
    const failure = await failureOf(cycle('on'));
    expect(failure).toMatchObject({ code: 'BACKEND_FORBIDDEN', outcome: 'unknown' });
    expect(failure.message).toContain('had been switched off before');
  });
});
