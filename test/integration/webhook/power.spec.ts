import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { webhookPower } from '../../../src/drivers/power/webhook/webhook.power.js';
import { WebhookSimulator } from '../../../src/simulators/webhook/index.js';
import { TOKEN, WebhookBench, change, failureOf } from './webhook-bench.js';

let bench: WebhookBench;
beforeEach(async () => {
  bench = await WebhookBench.start();
});
afterEach(async () => {
  await bench.stop();
});

describe('a machine behind a webhook', () => {
  test('is switched on, cycled and switched off, and tells its state', async () => {
    const machine = bench.machine('off');
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({
      powerState: 'shutdown',
      nativeState: 'status : stopped',
    });
    const ctx = bench.context();
    await expect(change(machine, 'powerOn', ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(ctx.begun).toEqual(['on']);
    expect(ctx.checkpoints.map(({ name }) => name)).toEqual(['step', 'accepted']);
    await expect(change(machine, 'powerOn', bench.context())).resolves.toMatchObject({ outcome: 'already' });
    const cycle = bench.context();
    await expect(change(machine, 'cycle', cycle)).resolves.toMatchObject({ outcome: 'done' });
    expect(cycle.begun).toEqual(['off', 'on']);
    await expect(change(machine, 'powerOff', bench.context())).resolves.toMatchObject({
      state: { powerState: 'shutdown' },
    });
    expect(bench.simulator.executed('off', 'on')).toBe(2);
    expect(bench.simulator.executed('off', 'off')).toBe(2);
    expect(bench.simulator.connections).toBe(1);
  });

  test('is only switched on by a cycle when it is off', async () => {
    const ctx = bench.context();
    await expect(change(bench.machine('off'), 'cycle', ctx)).resolves.toMatchObject({ outcome: 'done' });
    expect(ctx.begun).toEqual(['on']);
  });

  test('shows what would be done', async () => {
    const plan = async (name: string, verb: 'powerOn' | 'cycle') => {
      const machine = bench.machine(name);
      const ctx = bench.context();
      return (await machine.plan(ctx, verb, await machine.resolve(ctx), {})).map(({ action }) => action);
    };
    expect(await plan('on', 'powerOn')).toEqual([]);
    expect(await plan('off', 'powerOn')).toEqual(['on']);
    expect(await plan('on', 'cycle')).toEqual(['off', 'on']);
    expect(bench.posts()).toEqual([]);
  });

  test('is one target however its addresses are written, and another for other addresses', async () => {
    const { url } = bench.simulator;
    const keyOf = async (name: string, more = {}) => (await bench.machine(name, more).resolve(bench.context())).key;
    const key = await keyOf('off');
    expect(key).toMatch(/^webhook:http%3a\/\/127\.0\.0\.1%3a\d+:[0-9a-f]{24}$/);
    expect(await keyOf('off', { power_on_uri: `${url.replace('http', 'HTTP')}/machines/off/on/` })).toBe(key);
    expect(await keyOf('off', { power_token: 'another', power_query_uri: `${url}/elsewhere` })).toBe(key);
    expect(await keyOf('off', { power_on_uri: `${url}/machines/off/on?token=a` })).toBe(
      await keyOf('off', { power_on_uri: `${url}/machines/off/on?token=b` }),
    );
    expect(await keyOf('on')).not.toBe(key);
  });
});

describe('credentials', () => {
  const user = { user: 'maas', password: 'canary-pass' };

  test.each([
    ['user and password', { power_token: '', power_user: 'maas', power_pass: 'canary-pass' }],
    ['those in the address', { power_token: '' }],
  ])('%s are sent as Basic', async (_, more) => {
    const other = await WebhookSimulator.start({ inventory: { server: user, machines: [{ name: 'm' }] }, port: 0 });
    try {
      const base = other.url.replace('http://', _ === 'those in the address' ? 'http://maas:canary-pass@' : 'http://');
      const machine = bench.machine('off', { power_query_uri: `${base}/machines/m/status`, ...more });
      await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({ powerState: 'shutdown' });
      expect(other.wireLog.entries()[0]).toMatchObject({ user: 'basic maas' });
      expect(machine.label).not.toContain('canary');
    } finally {
      await other.stop();
    }
  });

  test('the token wins', async () => {
    await bench.machine('off', { power_user: 'u', power_pass: 'p' }).verbs.queryPower?.(bench.context());
    expect(bench.simulator.wireLog.entries()[0]).toMatchObject({ user: 'bearer' });
  });

  test('that are refused are told, and nothing is sent twice', async () => {
    const failure = await failureOf(change(bench.machine('off', { power_token: 'wrong' }), 'powerOn', bench.context()));
    expect(failure).toMatchObject({ code: 'BACKEND_AUTH_FAILED', native: { status: 401 } });
    expect(bench.requests()).toHaveLength(1);
  });

  test('are shown to nobody', async () => {
    const { url } = bench.simulator;
    const machine = bench.machine('off', { power_query_uri: `${url}/machines/off/status?id=7&apikey=canary-key` });
    expect(machine.label).toBe(`webhook ${url}/machines/off/status?id=7&apikey=[redacted]`);
    bench.simulator.fault({ kind: 'error', status: 403, text: `not you, ${TOKEN} with canary-key` });
    const failure = await failureOf(machine.verbs.queryPower?.(bench.context()) ?? Promise.resolve());
    expect(JSON.stringify(failure.toWire())).not.toContain('canary');
    expect(failure.message).toContain('not you, [redacted] with [redacted]');
  });

  test.each([
    ['is cut off', `${'<b></b>'.repeat(284)}${TOKEN}`, {}],
    ['looks like a tag', 'you said can<ary>pass', { power_user: 'u', power_pass: 'can<ary>pass', power_token: '' }],
    ['begins like another', `you said ${TOKEN}-and-more`, { power_user: 'u', power_pass: `${TOKEN}-and-more` }],
  ])('are shown to nobody when one %s', async (_, text, more) => {
    bench.simulator.fault({ kind: 'other-text', text });
    const state = await bench.machine('off', more).verbs.queryPower?.(bench.context());
    expect(state?.nativeState).toContain('[redacted]');
    expect(state?.nativeState).not.toMatch(/can|pass|more/);
  });
});

describe('TLS', () => {
  test('is verified when asked for, and not before', async () => {
    const secure = await WebhookBench.start({ tls: true, token: TOKEN });
    try {
      await expect(secure.machine('on').verbs.queryPower?.(secure.context())).resolves.toMatchObject({
        powerState: 'running',
      });
      const strict = secure.machine('on', { power_verify_ssl: 'y' });
      const failure = await failureOf(strict.verbs.queryPower?.(secure.context()) ?? Promise.resolve());
      expect(failure.code).toBe('TLS_UNTRUSTED');
      expect(secure.simulator.wireLog.count()).toBe(1);
    } finally {
      await secure.stop();
    }
  });
});

describe('parameters', () => {
  const mistakesOf = (more: Record<string, unknown>): string[] => {
    const checked = webhookPower.schema.safeParse({ ...bench.parameters('off'), ...more });
    return checked.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  };

  test('are those of MAAS, with its defaults', () => {
    expect(webhookPower.parameters.map(({ name }) => name)).toEqual([
      'power_on_uri',
      'power_off_uri',
      'power_query_uri',
      'power_on_regex',
      'power_off_regex',
      'power_user',
      'power_pass',
      'power_token',
      'power_verify_ssl',
    ]);
    expect(webhookPower.parameters.find(({ name }) => name === 'power_on_regex')?.default).toBe('status.*\\:.*running');
    expect(webhookPower.parameters.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'power_pass',
      'power_token',
    ]);
    expect(mistakesOf({ power_user: '', power_pass: '' })).toEqual([]);
  });

  test.each([
    [{ power_on_uri: 'example.com/on' }, 'power_on_uri: is no web address'],
    [{ power_on_uri: 'file:///etc/passwd' }, 'power_on_uri: is no web address'],
    [{ power_query_uri: 'http://u:canary%zz@h/' }, 'power_query_uri: has a user or password with a percent sign'],
    [{ power_on_regex: '(running' }, 'power_on_regex: is no regular expression: missing closing ) at "(running"'],
    [{ power_off_regex: '(?=off)' }, 'power_off_regex: is no regular expression'],
    [{ power_on_regex: '(a?){500}' }, 'power_on_regex: is too large'],
    [{ power_on_regex: '' }, 'power_on_regex: '],
    [{ power_user: 'u' }, 'power_pass: is missing beside power_user'],
    [{ power_token: 'a b' }, 'power_token: '],
    [{ power_verify_ssl: 'yes' }, 'power_verify_ssl: '],
    [{ power_port: 1 }, ': '],
  ])('%j is refused with its place', (more, mistake) => {
    const mistakes = mistakesOf(more);
    expect(mistakes).toEqual([expect.stringContaining(mistake)]);
    expect(mistakes.join()).not.toContain('canary');
  });

  test('an expression takes time by the length of the answer only', async () => {
    bench.simulator.fault({ kind: 'other-text', text: 'ab'.repeat(8000) });
    const machine = bench.machine('off', { power_on_regex: '(a|b|ab)*(ba|b|a)*[cd]' });
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({ powerState: 'nostate' });
  });
});
