import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import type { CallerRule } from '../../src/common/caller-rule.js';
import type { Reconciliation } from '../../src/compute/contract/index.js';
import { manualPower } from '../../src/drivers/power/manual.power.js';
import { webhookPower } from '../../src/drivers/power/webhook/webhook.power.js';
import type { MachineStore } from '../../src/journal/machine-store.port.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { scaledClock } from '../support/scaled-clock.js';
import { ScriptedPower } from '../support/scripted-power.js';
import { gate } from '../support/scripted-driver.js';

let bench: ComputeBench;
let power: ScriptedPower;
beforeEach(() => {
  power = new ScriptedPower();
});
afterEach(() => bench.discard());

async function start(options: Partial<ComputeBenchOptions> = {}): Promise<void> {
  const powerTypes = [power.type, manualPower, webhookPower];
  bench = await ComputeBench.start({ drivers: [], hosts: [], powerTypes, ...options });
}

const outlet = (node_outlet: string, power_pass = 'first') => ({ power_address: 'pdu1', power_pass, node_outlet });
const registration = (machine: string, node_outlet = '1', more: object = {}) => ({
  machine,
  power_type: 'switch',
  power_parameters: outlet(node_outlet),
  ...more,
});
const register = (...given: Parameters<typeof registration>) => bench.call('machine.register', registration(...given));
const get = (machine: string) => bench.call('machine.get', { machine });
const operation = (key: string) => bench.call('operation.get', { idempotency_key: key });
const inState = (key: string, state: string) =>
  eventually(
    async () => (await operation(key).catch(() => undefined))?.['state'] === state,
    () => `${key} to be ${state}`,
  );

/** A controller that says nothing. */
const silent = ({ signal }: { readonly signal: AbortSignal }): Promise<void> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

const concluded = (observedAt: number): Reconciliation => ({
  verdict: 'concluded',
  result: {
    outcome: 'done',
    state: { powerState: 'running', transition: null, nativeState: 'lit', observedAt },
  },
});

/** The store with other methods in the place of some of its own. */
function replacing(store: MachineStore, methods: Partial<MachineStore>): MachineStore {
  return new Proxy(store, {
    get: (target, name) => Reflect.get(methods, name) ?? (Reflect.get(target, name) as () => unknown).bind(target),
  });
}

describe('a machine', () => {
  it('is registered when its controller answers, and shown without its secrets', async () => {
    await start();
    const { machine, outcome } = await register('web01', '4');
    expect(outcome).toBe('done');
    expect(machine).toMatchObject({
      name: 'web01',
      power_type: 'switch',
      power_parameters: { power_address: 'pdu1', node_outlet: '4' },
      secret_parameters: ['power_pass'],
      controller: 'pdu1',
      status: 'verified',
      error: null,
      state: 'off',
      native_state: '4',
      registered_by: 'tester',
    });
    expect(await get('web01')).toEqual(machine);
    expect(power.log).toEqual(['query 4']);
    expect(JSON.stringify([machine, bench.events, bench.audited])).not.toContain('first');
  });

  it('is kept unverified, with the reason, when its controller refuses', async () => {
    await start();
    power.password = 'another';
    const { outcome, machine } = await register('web01');
    expect(outcome).toBe('done');
    const error = { code: 'BACKEND_AUTH_FAILED', message: 'http://[redacted]@pdu1 refused the password' };
    expect(machine).toMatchObject({ status: 'unverified', error });
    expect(machine).not.toHaveProperty('state');
    expect(await bench.call('machine.list', { status: 'unverified' })).toMatchObject({ machines: [{ error }] });
    const told = [await bench.call('operation.list', {}), bench.events, bench.audited];
    expect(JSON.stringify(told)).not.toMatch(/first/);
  });

  it('is not asked for when the caller wants it so', async () => {
    await start();
    expect(await register('web01', '1', { skip_check: true })).toMatchObject({ machine: { status: 'unchecked' } });
    expect(power.log).toEqual([]);
    // The same again answers already, and then asks.
    expect(await register('web01', '1', { skip_check: true })).toMatchObject({ outcome: 'already' });
    expect(power.log).toEqual([]);
    expect(await register('web01')).toMatchObject({
      outcome: 'already',
      machine: { status: 'verified', state: 'off' },
    });
    power.password = 'another';
    expect(await register('web01')).toMatchObject({
      outcome: 'already',
      machine: { status: 'unverified', state: 'off' },
    });
  });

  it('that a person switches has nobody to be asked, and is verified by nothing', async () => {
    await start();
    const registered = await bench.call('machine.register', { machine: 'hand', power_type: 'manual' });
    expect(registered).toMatchObject({ outcome: 'done', machine: { status: 'unchecked', error: null } });
    expect(JSON.stringify(bench.events)).not.toContain('asking');
    expect(await bench.call('power.query', { machine: 'hand' })).toMatchObject({ state: 'unknown' });
    expect(await bench.call('power.query_many', {})).toMatchObject({ results: [{ state: 'unknown', error: null }] });
    const { status, ...view } = await get('hand');
    expect(status).toBe('unchecked');
    expect(view).not.toHaveProperty('state');
  });

  it('is registered under its name once', async () => {
    await start();
    await register('web01');
    await expect(register('web01', '2')).rejects.toMatchObject({ code: 'ALREADY_EXISTS', outcome: 'not-started' });
    const both = await Promise.allSettled([register('web02', '2'), register('web02', '3')]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await get('web01')).toMatchObject({ power_parameters: { node_outlet: '1' } });
  });

  it.each([
    ['a parameter that the type does not have', { power_parameters: { ...outlet('1'), power_adress: 'x' } }],
    ['a parameter too few', { power_parameters: { node_outlet: '1' } }],
    ['no parameters', {}],
  ])('is refused at once for %s', async (_, more) => {
    await start();
    const request = { machine: 'web01', power_type: 'switch', ...more };
    await expect(bench.call('machine.register', request)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const unknown = { machine: 'web01', power_type: 'swich' };
    await expect(bench.call('machine.register', unknown)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(await bench.call('operation.list', {})).toMatchObject({ operations: [] });
    await expect(get('web01')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it('of a webhook is shown without what its addresses may hold', async () => {
    await start();
    const secret = 'canary-5e';
    const [on, off, query] = [
      `https://u:${secret}@hook.example/on?key=${secret}`,
      `https://hook.example/off?${secret}`,
      'https://hook.example/state',
    ];
    await bench.call('machine.register', {
      machine: 'web01',
      power_type: 'webhook',
      power_parameters: { power_on_uri: on, power_off_uri: off, power_query_uri: query, power_token: secret },
      skip_check: true,
    });
    const { machines } = await bench.call('machine.list', {});
    expect(machines).toMatchObject([
      {
        power_parameters: {
          power_on_uri: 'https://hook.example/on?[redacted]',
          power_off_uri: 'https://hook.example/off?[redacted]',
          power_query_uri: 'https://hook.example/state',
        },
        secret_parameters: ['power_token'],
      },
    ]);
    const told = JSON.stringify([machines, await bench.call('operation.list', {}), bench.events, bench.audited]);
    expect(told).not.toContain(secret);
  });

  it('says what would be done with it, and when that is nothing', async () => {
    await start();
    const plan = async (method: string, more: object = {}) =>
      (await bench.call(method, { machine: 'web01', plan: true, ...more }))['steps'];
    const given = { power_type: 'switch', power_parameters: outlet('1') };
    expect(await plan('machine.register', given)).toMatchObject([{ action: 'register' }]);
    expect(await plan('machine.remove')).toEqual([]);
    await register('web01');
    power.log.length = 0;
    expect(await plan('machine.register', given)).toEqual([]);
    const other = { ...given, power_parameters: outlet('2') };
    await expect(plan('machine.register', other)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await plan('machine.update', other)).toMatchObject([{ action: 'update' }]);
    expect(await plan('machine.update', given)).toEqual([]);
    expect(await plan('machine.remove')).toMatchObject([{ action: 'remove' }]);
    expect(await plan('power.on')).toMatchObject([{ description: 'outlet 1' }]);
    expect(power.log).toEqual([]);
    expect(await get('web01')).toMatchObject({ power_parameters: { node_outlet: '1' } });
  });
});

describe('an update', () => {
  const update = (more: object) => bench.call('machine.update', { machine: 'web01', ...more });
  beforeEach(async () => {
    await start();
    await register('web01', '4');
  });

  it('changes what it names and keeps the rest, secrets too', async () => {
    const { machine, outcome } = await update({ power_parameters: { node_outlet: '5' } });
    expect(outcome).toBe('done');
    expect(machine).toMatchObject({
      power_parameters: { power_address: 'pdu1', node_outlet: '5' },
      status: 'verified',
    });
    expect(power.log).toEqual(['query 4', 'query 5']);
    expect(await update({ power_parameters: { node_outlet: '5' } })).toMatchObject({ outcome: 'already' });
    expect(power.log).toHaveLength(3);
  });

  it('removes parameters, and checks what is left', async () => {
    expect(await update({ remove_parameters: ['node_outlet', 'power_pass'] })).toMatchObject({
      machine: {
        power_parameters: { power_address: 'pdu1' },
        secret_parameters: [],
        status: 'unverified',
        error: { code: 'BACKEND_AUTH_FAILED' },
      },
    });
    const refused = update({ remove_parameters: ['power_address'] });
    await expect(refused).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('to another power type replaces everything', async () => {
    await expect(update({ power_type: 'manual', power_parameters: { power_address: 'x' } })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(await update({ power_type: 'manual' })).toMatchObject({
      machine: {
        power_type: 'manual',
        power_parameters: {},
        secret_parameters: [],
        controller: 'by-hand',
        status: 'unchecked',
      },
    });
  });

  it('is refused for a machine that was changed since, or is not there', async () => {
    const { revision } = await get('web01');
    const first = { power_parameters: { node_outlet: '5' }, if_revision: revision };
    expect(await update(first)).toMatchObject({ outcome: 'done' });
    await expect(update({ power_parameters: { node_outlet: '6' }, if_revision: revision })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
    await bench.call('machine.remove', { machine: 'web01' });
    await expect(update(first)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    await register('web01', '4');
    await expect(update(first)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });

  it('at the same time as another one loses nothing of either', async () => {
    power.password = 'second';
    await Promise.all([
      update({ power_parameters: { node_outlet: '7' } }),
      update({ power_parameters: { power_pass: 'second' } }),
    ]);
    expect(await get('web01')).toMatchObject({ power_parameters: { node_outlet: '7' } });
    expect(await bench.call('power.query', { machine: 'web01' })).toMatchObject({ state: 'off', native_state: '7\0' });
  });
});

describe('power verbs', () => {
  beforeEach(async () => {
    await start();
    await register('web01', '4');
    power.log.length = 0;
  });
  /** Leaves `waits` waiting for `runs` on one outlet. */
  async function behind(): Promise<() => void> {
    const { passed, open } = gate();
    power.beforeSwitch = () => passed;
    bench.send('power.on', { machine: 'web01', idempotency_key: 'runs' });
    await eventually(() => power.log.includes('on 4'), 'the first command');
    bench.send('power.off', { machine: 'web01', idempotency_key: 'waits' });
    await inState('waits', 'accepted');
    return open;
  }

  it('act on the machine by its name, and tell the registry', async () => {
    expect(await bench.call('power.on', { machine: 'web01' })).toMatchObject({ outcome: 'done', state: 'on' });
    expect(await get('web01')).toMatchObject({ state: 'on', status: 'verified' });
    power.on.clear();
    expect(await bench.call('power.query', { machine: 'web01' })).toMatchObject({ state: 'off' });
    await eventually(async () => (await get('web01'))['state'] === 'off', 'what was seen to be written down');
    expect(bench.events).toContainEqual(expect.objectContaining({ kind: 'power', name: 'web01' }));
    await expect(bench.call('power.on', { machine: 'nobody' })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    await expect(bench.call('power.cycle', { machine: 'web01' })).rejects.toMatchObject({
      code: 'FEATURE_UNSUPPORTED',
    });
  });

  it('wait for those of the same machine under any other name', async () => {
    const open = await behind();
    await register('alias', '4', { skip_check: true });
    bench.send('power.on', { machine: 'alias', idempotency_key: 'alias' });
    await inState('alias', 'accepted');
    bench.send('power.off', { power_type: 'switch', power_parameters: outlet('4'), idempotency_key: 'full' });
    await inState('full', 'accepted');
    open();
    await inState('full', 'done');
    expect(power.log.filter((line) => !line.startsWith('query'))).toEqual(['on 4', 'off 4', 'on 4', 'off 4']);
  });

  it('that waited use what is registered when their turn comes', async () => {
    const open = await behind();
    power.password = 'second';
    await bench.call('machine.update', { machine: 'web01', power_parameters: { power_pass: 'second' } });
    open();
    await inState('waits', 'done');
    expect(power.on.has('4')).toBe(false);
  });

  it('that waited and were interrupted are looked after with what is registered, too', async () => {
    const open = await behind();
    power.password = 'second';
    await bench.call('machine.update', { machine: 'web01', power_parameters: { power_pass: 'second' } });
    power.beforeSwitch = (_outlet, ctx) => silent(ctx);
    const asked: string[] = [];
    power.reconcile = ({ clock }, password) => {
      asked.push(password);
      return concluded(clock.now());
    };
    open();
    await eventually(() => power.log.includes('off 4'), 'the second command');
    await bench.call('operation.cancel', { idempotency_key: 'waits' });
    expect(asked).toEqual(['second']);
    expect(await get('web01')).toMatchObject({ native_state: 'lit' });
  });

  it.each([
    ['is gone', 'RESOURCE_NOT_FOUND', ['machine.remove', {}]],
    ['is another one', 'STATE_CONFLICT', ['machine.update', { power_parameters: { node_outlet: '5' } }]],
  ] as const)('that waited are not carried out when their machine %s', async (_, code, [method, more]) => {
    const open = await behind();
    await bench.call(method, { machine: 'web01', ...more });
    open();
    await inState('waits', 'failed');
    expect(await operation('waits')).toMatchObject({ error: { code, outcome: 'not-started' } });
    await inState('runs', 'done');
    expect(power.log).not.toContain('off 4');
    expect(power.log).not.toContain('off 5');
  });

  it('that waited over a restart are not carried out either when their machine is gone', async () => {
    await behind();
    await bench.call('machine.remove', { machine: 'web01' });
    await bench.stop();
    power.beforeSwitch = () => Promise.resolve();
    await bench.start();
    await inState('waits', 'failed');
    await inState('runs', 'failed');
    expect(await operation('waits')).toMatchObject({ error: { code: 'RESOURCE_NOT_FOUND', outcome: 'not-started' } });
    // Nobody can look any more whether the machine went on.
    expect(await operation('runs')).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
    expect(power.log).toEqual(['on 4']);
  });

  it('that are looked after tell the registry what was found', async () => {
    power.beforeSwitch = () => new Promise(() => undefined);
    bench.send('power.on', { machine: 'web01', idempotency_key: 'k' });
    await eventually(() => power.log.includes('on 4'), 'the command');
    await bench.stop();
    power.reconcile = ({ clock }) => concluded(clock.now());
    await bench.start();
    await inState('k', 'done');
    expect(await get('web01')).toMatchObject({ state: 'on', native_state: 'lit' });
  });

  it('ask anew what was registered meanwhile, and share no answer of before', async () => {
    const { passed, open } = gate();
    power.beforeQuery = () => passed;
    const before = bench.call('power.query', { machine: 'web01' });
    await bench.call('machine.update', {
      machine: 'web01',
      power_parameters: { node_outlet: '5' },
      skip_check: true,
    });
    const [after, also] = [1, 2].map(() => bench.call('power.query', { machine: 'web01' }));
    open();
    expect((await before)['native_state']).toBe('4\0');
    expect([await after, await also].map((answer) => answer?.['native_state'])).toEqual(['5\0', '5\0']);
    expect(power.log.toSorted()).toEqual(['query 4', 'query 5']);
    // What was seen of another definition is not what is known of this one.
    expect(await get('web01')).toMatchObject({ native_state: '5' });
  });
});

describe('a check', () => {
  it('that takes too long leaves the machine unverified', async () => {
    const limits = { leaseMs: 3_000_000, resolveTimeoutMs: 500_000, reconcileTimeoutMs: 1_000_000 };
    await start({ clock: scaledClock(100), limits });
    power.beforeQuery = silent;
    expect(await register('web01')).toMatchObject({
      machine: { status: 'unverified', error: { code: 'BACKEND_TIMEOUT', message: expect.stringContaining('30 s') } },
    });
  });

  it('ends with the time of whoever asked, and nothing is registered', async () => {
    await start();
    power.beforeQuery = silent;
    const refused = register('web01', '1', { deadline_ms: 300 });
    await expect(refused).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not-started' });
    await expect(get('web01')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it('that waits for its turn at a controller ends with the time of whoever asked, too', async () => {
    await start();
    power.beforeQuery = async (ctx) => {
      power.log.push('asked');
      await silent(ctx);
    };
    for (let i = 0; i < 4; i++) bench.send('machine.register', registration(`web${i}`, String(i)));
    await eventually(() => power.log.length === 4, 'the controller to be busy');
    const refused = register('last', '9', { deadline_ms: 300 });
    await expect(refused).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not-started' });
    expect(power.log).toHaveLength(4);
  });

  it('asks one controller a few things at a time, whoever waits for it', async () => {
    await start();
    const { passed, open } = gate();
    let [running, most] = [0, 0];
    power.beforeQuery = async () => {
      running += 1;
      most = Math.max(most, running);
      await passed;
      running -= 1;
    };
    const registered = Array.from({ length: 20 }, (_, i) => register(`web${i}`, String(i)));
    await eventually(() => running === 4 && bench.service.load === 20, 'some to be asked, and the rest to wait');
    open();
    await Promise.all(registered);
    expect(most).toBe(4);
    expect(await bench.call('machine.list', { status: 'verified' })).toMatchObject({ machines: { length: 20 } });
  });
});

describe('what a query has seen', () => {
  /** The names of each write of what was seen, which waits until it may end. */
  let writes: string[][];
  let mayEnd: ReturnType<typeof gate>;

  beforeEach(async () => {
    writes = [];
    mayEnd = gate();
    await start({
      machines: (real) =>
        replacing(real, {
          async observe(sightings) {
            writes.push(sightings.map(({ name }) => name));
            await mayEnd.passed;
            await real.observe(sightings);
          },
        }),
    });
    for (const [i, name] of ['a', 'b', 'c'].entries()) await register(name, String(i), { skip_check: true });
  });
  const query = (machine: string) => bench.call('power.query', { machine });

  it('is answered before it is written down, which is then done for many at once', async () => {
    expect(await query('a')).toMatchObject({ state: 'off' });
    power.on.add('1');
    for (const name of ['b', 'c', 'b']) expect(await query(name)).toMatchObject({ state: expect.any(String) });
    power.on.delete('1');
    expect(await query('b')).toMatchObject({ state: 'off' });
    expect(await get('b')).toMatchObject({ status: 'unchecked' });
    mayEnd.open();
    await eventually(async () => (await get('b'))['state'] === 'off', 'what was seen to be written down');
    expect(writes).toEqual([['a'], ['b', 'c']]);
    expect(await bench.call('machine.list', { status: 'verified' })).toMatchObject({ machines: { length: 3 } });
  });

  it('is written down before the service has stopped', async () => {
    await query('a');
    await query('b');
    const stopped = bench.stop();
    mayEnd.open();
    await stopped;
    await bench.start();
    expect(await get('b')).toMatchObject({ status: 'verified', state: 'off' });
  });
});

describe('an interrupted change of the registry', () => {
  type Write = 'add' | 'change' | 'remove';
  /** What happens to the next write of this kind; the one after goes through. */
  let fault: { write: Write; does: 'dies before' | 'dies after' | 'loses the answer' } | undefined;
  let isDead: boolean;

  function faulty(real: MachineStore): MachineStore {
    return new Proxy(real, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          if (fault?.write !== name) return method.apply(target, args);
          const { does } = fault;
          fault = undefined;
          if (does !== 'dies before') await method.apply(target, args);
          if (does === 'loses the answer') throw new ComputeError('JOURNAL_UNAVAILABLE', 'cut off');
          isDead = true;
          return new Promise(() => undefined);
        };
      },
    });
  }

  beforeEach(async () => {
    isDead = false;
    await start({ machines: faulty });
    await register('web01', '4');
  });

  const changes = [
    ['add', 'machine.register', { machine: 'new', power_type: 'switch', power_parameters: outlet('9') }],
    ['change', 'machine.update', { machine: 'web01', power_parameters: { node_outlet: '5' } }],
    ['remove', 'machine.remove', { machine: 'web01' }],
  ] as const;
  const faults = ['dies before', 'dies after', 'loses the answer'] as const;
  const cases = changes.flatMap(([write, method, params]) =>
    faults.map((does) => [method, does, write, params] as const),
  );

  it.each(cases)('%s, whose process %s, is done once', async (method, does, write, params) => {
    fault = { write, does };
    const request = { ...params, idempotency_key: 'k' };
    if (does === 'loses the answer') expect(await bench.call(method, request)).toMatchObject({ outcome: 'done' });
    else {
      bench.send(method, request);
      await eventually(() => isDead, 'the write');
      await bench.stop();
      await bench.start();
      await inState('k', 'done');
    }
    expect(await operation('k')).toMatchObject({ state: 'done', result: { outcome: 'done' } });
    const { machines } = await bench.call('machine.list', {});
    const found = (machines as { name: string; power_parameters: { node_outlet: string } }[]).map(
      ({ name, power_parameters: { node_outlet } }) => `${name} ${node_outlet}`,
    );
    const expected = { add: ['new 9', 'web01 4'], change: ['web01 5'], remove: [] };
    expect(found).toEqual(expected[write]);
  });
});

describe('caller rules', () => {
  const rule = (given: Partial<CallerRule>): CallerRule => ({
    callers: ['ann'],
    methods: ['*'],
    hosts: undefined,
    powerTypes: undefined,
    action: 'allow',
    ...given,
  });
  const as = (requestedBy: string) => ({ requestedBy });
  const forbidden = { code: 'FORBIDDEN', details: { reason: 'caller' } };
  const names = async (caller: string) => {
    const { machines } = await bench.call('machine.list', {}, as(caller));
    return (machines as { name: string }[]).map(({ name }) => name);
  };

  beforeEach(async () => {
    await start({
      rules: [
        rule({ callers: ['tester'] }),
        rule({ callers: ['ann'], machines: ['web*'] }),
        rule({ callers: ['bob'], powerTypes: ['switch'] }),
        rule({ callers: ['eve'], machines: ['db*'], action: 'deny' }),
        rule({ callers: ['eve'], methods: ['machine.*', 'power.*', 'operation.*'] }),
      ],
    });
    await register('web01', '1');
    await register('db01', '2');
    await bench.call('machine.register', { machine: 'web02', power_type: 'manual' });
  });

  it('hold for a machine by its name', async () => {
    expect(await bench.call('power.on', { machine: 'web01' }, as('ann'))).toMatchObject({ outcome: 'done' });
    await expect(bench.call('power.on', { machine: 'db01' }, as('ann'))).rejects.toMatchObject(forbidden);
    await expect(bench.call('power.on', { machine: 'db01' }, as('eve'))).rejects.toMatchObject(forbidden);
    await expect(bench.call('machine.get', { machine: 'db01' }, as('ann'))).rejects.toMatchObject(forbidden);
    await expect(bench.call('machine.get', { machine: 'nobody' }, as('ann'))).rejects.toMatchObject(forbidden);
    // Its controller given in full is not the machine.
    const full = { power_type: 'switch', power_parameters: outlet('1') };
    await expect(bench.call('power.off', full, as('ann'))).rejects.toMatchObject(forbidden);
    expect([...power.on]).toEqual(['1']);
  });

  it('hold for the power type that is registered, and for the one that it is to become', async () => {
    expect(await bench.call('power.on', { machine: 'db01' }, as('bob'))).toMatchObject({ outcome: 'done' });
    await expect(bench.call('machine.get', { machine: 'web02' }, as('bob'))).rejects.toMatchObject(forbidden);
    const become = (machine: string, power_type: string, more: object = {}) =>
      bench.call('machine.update', { machine, power_type, ...more }, as('bob'));
    await expect(become('db01', 'manual')).rejects.toMatchObject(forbidden);
    await expect(become('web02', 'switch', { power_parameters: outlet('3') })).rejects.toMatchObject(forbidden);
    expect(await become('db01', 'switch', { power_parameters: outlet('3') })).toMatchObject({ outcome: 'done' });
  });

  it('have a machine looked up once for a request that only reads', async () => {
    await bench.discard();
    let finds = 0;
    await start({
      rules: [rule({ callers: ['tester'] }), rule({ callers: ['bob'], powerTypes: ['switch'] })],
      machines: (real) =>
        replacing(real, {
          find(name) {
            finds += 1;
            return real.find(name);
          },
        }),
    });
    await register('web01');
    for (const method of ['power.query', 'machine.get']) {
      finds = 0;
      expect(await bench.call(method, { machine: 'web01' }, as('bob'))).toMatchObject({ state: 'off' });
      expect(finds).toBe(1);
      await expect(bench.call(method, { machine: 'nobody' })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    }
  });

  it('hide the machines, and the operations of those, that a caller may not see', async () => {
    expect(await names('tester')).toEqual(['db01', 'web01', 'web02']);
    expect(await names('ann')).toEqual(['web01', 'web02']);
    expect(await names('bob')).toEqual(['db01', 'web01']);
    expect(await names('eve')).toEqual(['web01', 'web02']);
    await expect(bench.call('machine.list', {}, as('mallory'))).rejects.toMatchObject(forbidden);
    // A page that ended with one of the others would name it.
    expect(await bench.call('machine.list', { limit: 1 }, as('ann'))).toMatchObject({
      machines: [{ name: 'web01' }],
      next: 'web01',
    });
    const { operations } = await bench.call('operation.list', {}, as('ann'));
    expect((operations as { name: string }[]).map(({ name }) => name)).toEqual(['web02', 'web01']);
  });
});
