import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { webhookPower } from '../../../src/drivers/power/webhook/webhook.power.js';
import { eventually } from '../../support/eventually.js';
import { HELD_MS, HeldClock } from '../../support/held-clock.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';
import { RecordingContext } from '../../support/operation-context.js';
import { MaasBench, TOKENS, type MaasBenchOptions } from './maas-bench.js';

let bench: MaasBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});
async function start(options?: MaasBenchOptions): Promise<MaasBench> {
  bench = await MaasBench.start(options);
  return bench;
}

const NODE = 'hosts/site/instances/node';
const ON = /status.*:.*running/;
const OFF = /status.*:.*stopped/;
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('a machine', () => {
  test('is switched on and off, and its state is what MAAS looks for', async () => {
    const maas = await start();
    const off = await maas.ask('GET', `${NODE}/status`);
    expect(off.status).toBe(200);
    expect(off.headers.get('cache-control')).toBe('no-store');
    expect(off.text).toMatch(OFF);
    expect(off.text).not.toMatch(ON);
    expect(await maas.ask('POST', `${NODE}/on`)).toMatchObject({
      status: 200,
      body: { outcome: 'done', status: 'running', operation_id: expect.any(String) },
    });
    const on = await maas.ask('GET', `${NODE}/status/`);
    expect(on.text).toMatch(ON);
    expect(on.text).not.toMatch(OFF);
    expect(await maas.ask('POST', `${NODE}/on`)).toMatchObject({ status: 200, body: { outcome: 'already' } });
    expect(await maas.ask('POST', `${NODE}/off/`)).toMatchObject({ status: 200, body: { status: 'stopped' } });
    expect(await maas.operations()).toMatchObject([
      { method: 'power.on', requested_by: 'http:maas', state: 'done' },
      { method: 'power.on', state: 'done' },
      { method: 'power.off', requested_by: 'http:maas', state: 'done' },
    ]);
  });

  test('may have any name', async () => {
    const maas = await start();
    const { status, body } = await maas.ask('POST', `hosts/site/instances/${encodeURIComponent('a/b é')}/on`);
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'running' } });
  });

  test('on its way matches neither', async () => {
    const maas = await start({ settings: { initial_state: 'nostate' } });
    const { text } = await maas.ask('GET', `${NODE}/status`);
    expect(text).toContain('"unknown"');
    expect(text).not.toMatch(ON);
    expect(text).not.toMatch(OFF);
  });

  test('is what the power type webhook drives, too', async () => {
    const maas = await start({ settings: { change_delay_ms: 50 } });
    const base = `${maas.url}/v1/maas/${NODE}`;
    const type = webhookPower.open({ clock: systemClock, log: silentLog, breakers: new MemoryBreakers() });
    const machine = type.machine(
      webhookPower.schema.parse({
        power_on_uri: `${base}/on`,
        power_off_uri: `${base}/off`,
        power_query_uri: `${base}/status`,
        power_token: TOKENS.maas,
      }),
    );
    const ctx = new RecordingContext(systemClock);
    const target = await machine.resolve(ctx);
    await expect(machine.verbs.powerOn?.(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
    await expect(machine.verbs.cycle?.(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
    await type.close();
  });
});

describe('a command that is sent again', () => {
  /** Changes last until the clock lets them go. */
  const startHeld = async () => {
    const clock = new HeldClock();
    return { clock, maas: await start({ settings: { change_delay_ms: HELD_MS }, clock }) };
  };
  const briefly = { authorization: `Bearer ${TOKENS.maas}`, prefer: 'respond-async, wait=0' };

  test('joins the one that runs, and its answer says where that is told', async () => {
    const { clock, maas } = await startHeld();
    const first = await maas.ask('POST', `${NODE}/on`, briefly);
    expect(first).toMatchObject({ status: 202, body: { outcome: 'accepted' } });
    const joined = maas.ask('POST', `${NODE}/on`);
    const again = await maas.ask('POST', `${NODE}/on`, briefly);
    expect(again).toMatchObject({ status: 202, body: first.body });
    await eventually(() => maas.waiting === 1, 'the second request to wait');
    clock.letGo();
    const last = await joined;
    expect(last).toMatchObject({ status: 200, body: { outcome: 'done' } });
    expect(await maas.operations()).toHaveLength(1);
    const { idempotency_key } = first.body;
    const told = await maas.compute.call('operation.get', { idempotency_key }, { requestedBy: 'http:maas' });
    expect(told).toMatchObject({ state: 'done', operation_id: last.body['operation_id'] });
  });

  test('is a new one when another has come between, or it has ended', async () => {
    const { clock, maas } = await startHeld();
    for (const action of ['on', 'off', 'on', 'on']) await maas.ask('POST', `${NODE}/${action}`, briefly);
    clock.letGo();
    await eventually(async () => (await maas.operations()).every(({ state }) => state === 'done'), 'them to end');
    expect((await maas.operations()).map(({ method }) => method)).toEqual(['power.on', 'power.off', 'power.on']);
    expect(await maas.ask('POST', `${NODE}/off`)).toMatchObject({ body: { outcome: 'done' } });
    expect(await maas.operations()).toHaveLength(4);
  });

  test('goes on when its caller hangs up', async () => {
    const { clock, maas } = await startHeld();
    const hangUp = new AbortController();
    const { authorization } = briefly;
    const asked = fetch(`${maas.url}/v1/maas/${NODE}/on`, {
      method: 'POST',
      headers: { authorization },
      signal: hangUp.signal,
    });
    await eventually(async () => (await maas.operations()).length === 1, 'it to be accepted');
    hangUp.abort();
    await expect(asked).rejects.toThrow();
    clock.letGo();
    await eventually(async () => (await maas.operations())[0]?.['state'] === 'done', 'it to end');
  });
});

describe('tokens', () => {
  test('are needed for a change, also on a loopback address', async () => {
    const maas = await start();
    for (const headers of [{}, { authorization: 'Bearer wrong' }, basic('maas', 'wrong')]) {
      const refused = await maas.ask('POST', `${NODE}/on`, headers);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain('Basic');
    }
    expect(await maas.ask('GET', `${NODE}/status`, {})).toMatchObject({ status: 200 });
    expect(await maas.operations()).toEqual([]);
  });

  test('that may only look, may not change', async () => {
    const maas = await start();
    const headers = { authorization: `Bearer ${TOKENS.watcher}` };
    expect(await maas.ask('POST', `${NODE}/on`, headers)).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', details: { reason: 'token', name: 'watcher' } },
    });
    expect(await maas.ask('GET', `${NODE}/status`, headers)).toMatchObject({ status: 200 });
  });

  test('may be the password of any user', async () => {
    const maas = await start();
    expect(await maas.ask('POST', `${NODE}/on`, basic('whoever', TOKENS.maas))).toMatchObject({ status: 200 });
    expect((await maas.operations())[0]).toMatchObject({ requested_by: 'http:maas' });
  });

  test('have rules like every caller', async () => {
    const everywhere = { hosts: undefined, powerTypes: undefined, action: 'allow' as const };
    const maas = await start({ rules: [{ ...everywhere, callers: ['http:maas'], methods: ['power.query'] }] });
    expect(await maas.ask('GET', `${NODE}/status`)).toMatchObject({ status: 200 });
    expect(await maas.ask('POST', `${NODE}/on`)).toMatchObject({
      status: 403,
      body: { details: { reason: 'caller' } },
    });
    expect(await maas.ask('GET', `${NODE}/status`, {})).toMatchObject({ status: 403 });
  });
});

describe('an error', () => {
  const failing = (error: string) => ({ settings: { faults: [{ operation: '*', error }] } });

  test.each([
    ['BACKEND_UNREACHABLE', 502],
    ['BACKEND_AUTH_FAILED', 502],
    ['BACKEND_BUSY', 503],
    ['BACKEND_TIMEOUT', 504],
    ['STATE_CONFLICT', 409],
    ['OUTCOME_UNKNOWN', 502],
  ])('%s is a %i with the error as RPC callers get it', async (code, status) => {
    const maas = await start(failing(code));
    const answer = await maas.ask('GET', `${NODE}/status`);
    expect(answer).toMatchObject({ status, body: { code, driver: 'fake', retry: expect.any(String) } });
  });

  test('of an operation names it', async () => {
    const maas = await start({ settings: { faults: [{ operation: 'powerOn', error: 'OPERATION_FAILED' }] } });
    const answer = await maas.ask('POST', `${NODE}/on`);
    expect(answer).toMatchObject({ status: 502, body: { code: 'OPERATION_FAILED', operation_id: expect.any(String) } });
  });

  test.each([
    ['hosts/site/instances/nobody/on', 'INSTANCE_NOT_FOUND'],
    ['hosts/nowhere/instances/node/on', 'RESOURCE_NOT_FOUND'],
    ['machines/rack1-outlet7/on', 'RESOURCE_NOT_FOUND'],
  ])('%s is a 404', async (path, code) => {
    const maas = await start();
    expect(await maas.ask('POST', path)).toMatchObject({ status: 404, body: { code } });
  });

  test('of a host that nobody gave into our hands is a 403', async () => {
    const maas = await start({ manage: [] });
    expect(await maas.ask('POST', `${NODE}/on`)).toMatchObject({
      status: 403,
      body: { details: { reason: 'not_managed' } },
    });
  });

  test('never looks like a state, since MAAS reads the body of a 404', async () => {
    const maas = await start();
    for (const name of ['status:running', 'status: stopped']) {
      const { status, text } = await maas.ask('GET', `hosts/site/instances/${encodeURIComponent(name)}/status`);
      expect(status).toBe(404);
      expect(text).not.toMatch(ON);
      expect(text).not.toMatch(OFF);
    }
  });

  test('of an address that is none repeats nothing of it', async () => {
    const maas = await start();
    expect((await maas.ask('POST', `${NODE}/explode`)).status).toBe(404);
    const unreadable = await maas.ask('GET', 'hosts/site/instances/%zz/status');
    expect(unreadable.status).toBe(400);
    expect(unreadable.text).not.toContain('zz');
    expect(await maas.ask('GET', `hosts/${'x'.repeat(300)}/instances/a/status`)).toMatchObject({ status: 400 });
  });
});
