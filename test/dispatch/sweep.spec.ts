import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MethodProgress, MethodResult, QueryResult } from '../../src/compute/contract/index.js';
import { METHODS } from '../../src/compute/contract/index.js';
import type { CallerRule } from '../../src/common/caller-rule.js';
import { newOperationId, targetKey } from '../../src/common/ids.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import type { Lease } from '../../src/journal/journal.port.js';
import type { MachineDefinition, MachineStore } from '../../src/journal/machine-store.port.js';
import { accepted, claimed, self } from '../journal/journal-places.js';
import { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { ScriptedControllers } from '../support/scripted-controllers.js';
import { gate } from '../support/scripted-driver.js';

type Page = MethodResult<'power.query_many'>;

let one: ScriptedControllers;
let many: ScriptedControllers;
let bench: ComputeBench;
beforeEach(() => {
  one = new ScriptedControllers('one', false);
  many = new ScriptedControllers('many', true);
});
afterEach(() => bench.discard());

async function start(rules?: readonly CallerRule[]): Promise<void> {
  bench = await ComputeBench.start({
    drivers: [fakeDriver],
    powerTypes: [one.type, many.type],
    hosts: [
      {
        name: 'site',
        driver: 'fake',
        settings: { instances: 25 },
        manage: undefined,
        protect: [],
        protectSelf: true,
      },
    ],
    ...(rules === undefined ? {} : { rules }),
  });
  // The operations by which the tests change the registry are those of a worker that lives: nobody takes them over.
  await bench.opened.workers.join({ id: self, server: 'tester', hosts: [] }, { leaseMs: 3_600_000, graceMs: 0 });
}

/** Registers so many machines behind a controller, without asking it. */
async function register(type: 'one' | 'many', controller: string, count: number, pass = 'right'): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${controller}-${String(i).padStart(4, '0')}`);
  const parametersOf = (name: string) => ({ power_address: controller, power_id: name, power_pass: pass });
  const lease = await anyLease();
  await Promise.all(
    names.map((name) => add(name, { powerType: type, controller, parameters: parametersOf(name) }, lease)),
  );
  return names;
}

async function add(name: string, definition: MachineDefinition, lease: Lease): Promise<void> {
  const unseen = { status: 'unchecked', error: null, seen: null } as const;
  await bench.opened.machines.add({ name, ...definition, ...unseen, registeredBy: 'tester' }, lease, Date.now());
}

/** The registry is changed by operations; which one is of no account here. */
async function anyLease(): Promise<Lease> {
  return claimed(bench.opened, await accepted(bench.opened, { target: targetKey('machine', newOperationId(), 'any') }));
}

async function query(params: object = {}, meta: Parameters<ComputeBench['call']>[2] = {}): Promise<Page> {
  return METHODS['power.query_many'].result.parse(await bench.call('power.query_many', params, meta));
}

/** Every page, one after the other, and what each has taken. */
async function sweep(params: object = {}): Promise<{ pages: Page[]; results: QueryResult[]; tookMs: number[] }> {
  const pages: Page[] = [];
  const tookMs: number[] = [];
  for (let after: string | null | undefined; after !== null; after = pages.at(-1)?.next) {
    const began = performance.now();
    pages.push(await query(after === undefined ? params : { ...params, after }));
    tookMs.push(Math.ceil(performance.now() - began));
  }
  return { pages, results: pages.flatMap(({ results }) => results), tookMs };
}

const namesOf = (results: readonly QueryResult[]) => results.map(({ machine }) => machine ?? '');
const codesOf = (results: readonly QueryResult[]) => new Set(results.map(({ error }) => error?.code ?? null));

describe('a sweep of 10,000 machines', () => {
  it('asks each controller once where it tells of many, few at a time elsewhere, and waits for a dead one once', async () => {
    await start();
    for (let i = 0; i < 40; i++) await register('many', `hmc${String(i).padStart(2, '0')}`, 200);
    for (let i = 0; i < 20; i++) await register('one', `web${String(i).padStart(2, '0')}`, 100);
    many.behaviours.set('hmc07', 'hangs');
    const timeoutMs = 10_000;
    const { pages, results, tookMs } = await sweep({ limit: 1000, timeout_ms: timeoutMs });

    expect(results).toHaveLength(10_000);
    expect(new Set(namesOf(results)).size).toBe(10_000);
    expect(pages[0]?.total).toBe(10_000);
    const dead = results.filter(({ machine }) => machine?.startsWith('hmc07-') === true);
    expect(dead).toHaveLength(200);
    expect(codesOf(dead)).toEqual(new Set(['BACKEND_TIMEOUT']));
    const alive = results.filter(({ machine }) => machine?.startsWith('hmc07-') === false);
    expect(codesOf(alive)).toEqual(new Set([null]));
    // Requests grow with the controllers.
    expect([...many.requests.values()]).toEqual(Array.from({ length: 40 }, () => 1));
    expect([...one.requests.values()]).toEqual(Array.from({ length: 20 }, () => 100));
    expect(Math.max(...one.most.values())).toBeLessThanOrEqual(4);
    // One page of eleven has waited.
    expect(tookMs.filter((ms) => ms >= timeoutMs)).toHaveLength(1);
    expect(await bench.opened.machines.list({ status: 'verified', state: 'on' }, undefined, 20_000)).toHaveLength(9800);
    expect(await bench.opened.machines.list({ status: 'unverified' }, undefined, 20_000)).toHaveLength(200);
  }, 300_000);
});

describe('a page', () => {
  it('ends where the machines of a controller that tells of many do', async () => {
    await start();
    for (const controller of ['a', 'b', 'c']) await register('many', controller, 4);
    const { pages } = await sweep({ limit: 10 });
    expect(pages.map(({ results }) => results.length)).toEqual([8, 4]);
    expect(pages.map(({ total }) => total)).toEqual([12, null]);
  });

  it('is full where one controller alone has more machines, and where they are asked one by one', async () => {
    await start();
    await register('many', 'a', 10);
    await register('one', 'b', 10);
    const { pages } = await sweep({ limit: 4 });
    expect(pages.map(({ results }) => results.length)).toEqual([4, 4, 4, 4, 4]);
  });

  it.each([
    'nonsense',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('["x","a","b","c"]').toString('base64url'),
  ])('does not begin at %s', async (after) => {
    await start();
    await expect(query({ after })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('of a host begins at no page of machines, nor of another host', async () => {
    await start();
    await register('one', 'a', 2);
    const { next } = await query({ limit: 1 });
    await expect(query({ host: 'site', after: next })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const { next: ofHost } = await query({ host: 'site', limit: 1 });
    await expect(query({ after: ofHost })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('has the instances of a host', async () => {
    await start();
    const { pages, results } = await sweep({ host: 'site', limit: 10 });
    expect(pages.map((page) => page.results.length)).toEqual([10, 10, 5]);
    expect(pages[0]?.total).toBe(25);
    expect(new Set(results.map(({ instance }) => instance)).size).toBe(25);
    expect(results[0]).toMatchObject({ host: 'site', machine: null, state: 'off', error: null });
    await expect(query({ host: 'nowhere' })).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it('has the machines that are named, and says which are none', async () => {
    await start();
    const [first = '', second = ''] = await register('one', 'a', 2);
    const asked = { machines: [second, 'ghost-2', first, 'ghost-1', first] };
    const page = await query(asked);
    expect(namesOf(page.results)).toEqual(['ghost-1', 'ghost-2', first, second]);
    expect(page.results.map(({ error }) => error?.code ?? null)).toEqual([
      'RESOURCE_NOT_FOUND',
      'RESOURCE_NOT_FOUND',
      null,
      null,
    ]);
    for (const limit of [1, 2, 3])
      expect(namesOf((await sweep({ ...asked, limit })).results)).toEqual(namesOf(page.results));
  });

  it('has what the filter describes', async () => {
    await start();
    await register('one', 'a', 2);
    await register('many', 'b', 2);
    expect(namesOf((await query({ power_type: 'one' })).results)).toEqual(['a-0000', 'a-0001']);
    expect(namesOf((await query({ controller: 'b' })).results)).toEqual(['b-0000', 'b-0001']);
    expect(namesOf((await query({ name: '*-0001' })).results)).toEqual(['b-0001', 'a-0001']);
    await expect(query({ name: 'a*', machines: ['a-0000'] })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('a controller', () => {
  it('that is away is not asked for each of its machines', async () => {
    await start();
    await register('one', 'away', 100);
    await register('one', 'there', 5);
    one.behaviours.set('away', 'is away');
    const { results } = await query();
    expect(codesOf(results.filter(({ machine }) => machine?.startsWith('away') === true))).toEqual(
      new Set(['BACKEND_UNREACHABLE']),
    );
    expect(codesOf(results.filter(({ machine }) => machine?.startsWith('there') === true))).toEqual(new Set([null]));
    expect(one.requestsTo('away')).toBeLessThanOrEqual(6);
    await expect(bench.call('machine.get', { machine: 'away-0099' })).resolves.toMatchObject({
      status: 'unverified',
      error: { code: 'BACKEND_UNREACHABLE' },
    });
  });

  it('that loses an answer now and then is asked on', async () => {
    await start();
    await register('one', 'lossy', 20);
    one.behaviours.set('lossy', 'loses answers');
    const { results } = await query();
    expect(one.requestsTo('lossy')).toBe(20);
    expect(codesOf(results)).toEqual(new Set([null, 'BACKEND_UNREACHABLE']));
  });

  it('that refuses a logon is not asked again with the same credentials, but with others', async () => {
    await start();
    const wrong = await register('one', 'strict', 50, 'wrong');
    const parameters = { power_address: 'strict', power_id: 'x', power_pass: 'right' };
    await add('strict-right', { powerType: 'one', controller: 'strict', parameters }, await anyLease());
    one.behaviours.set('strict', 'refuses');
    const { results } = await query();
    const of = (name: string) => results.find(({ machine }) => machine === name)?.error?.code;
    expect(wrong.map(of)).toEqual(wrong.map(() => 'BACKEND_AUTH_FAILED'));
    expect(of('strict-right')).toBeUndefined();
    expect(one.requestsTo('strict')).toBeLessThanOrEqual(5);
  });

  it('that hangs costs its own machines the time, and no more requests than its limit', async () => {
    await start();
    await register('one', 'hanging', 30);
    await register('one', 'there', 30);
    one.behaviours.set('hanging', 'hangs');
    const parts: MethodProgress<'power.query_many'>[] = [];
    const asked = query(
      { timeout_ms: 5000, stream: true },
      { progress: (part) => void parts.push(METHODS['power.query_many'].progress.parse(part)) },
    );
    const { results } = await asked;
    expect(one.requestsTo('hanging')).toBe(4);
    expect(results.filter(({ error }) => error?.code === 'BACKEND_TIMEOUT')).toHaveLength(30);
    // The others were told of before.
    expect(parts[0]).toMatchObject({ results: [], done: 0, of: 60, next: null, total: 60 });
    const firstTold = parts.flatMap((part) => part.results).slice(0, 30);
    expect(namesOf(firstTold).toSorted()).toEqual(
      Array.from({ length: 30 }, (_, i) => `there-${String(i).padStart(4, '0')}`),
    );
    // What was never begun tells nothing of its machine.
    const unverified = await bench.opened.machines.list({ status: 'unverified' }, undefined, 100);
    expect(unverified).toHaveLength(4);
  });
});

describe('equal sweeps at the same moment', () => {
  it('ask each controller once, and tell of a change once', async () => {
    await start();
    await register('many', 'a', 3);
    await register('one', 'b', 4);
    const { passed, open } = gate();
    many.gates.set('a', passed);
    one.gates.set('b', passed);
    const first = query();
    await eventually(() => many.requestsTo('a') === 1 && one.requestsTo('b') === 4, 'the first to ask');
    const told: unknown[] = [];
    const second = query({ power_type: 'many', stream: true }, { progress: (part) => void told.push(part) });
    const third = query({ stream: true }, { progress: (part) => void told.push(part) });
    await eventually(() => told.length === 2, 'the others to ask');
    open();
    const { results } = await first;
    expect(codesOf(results)).toEqual(new Set([null]));
    expect((await second).results).toEqual(results.slice(0, 3));
    expect((await third).results).toEqual(results);
    expect([many.requestsTo('a'), one.requestsTo('b')]).toEqual([1, 4]);
    expect(bench.events.filter(({ kind }) => kind === 'power')).toHaveLength(7);
    await query();
    expect([many.requestsTo('a'), one.requestsTo('b')]).toEqual([2, 8]);
  });

  it('are not equal when they may take another time', async () => {
    await start();
    await register('many', 'a', 3);
    many.behaviours.set('a', 'hangs');
    const long = query({ timeout_ms: 10_000 });
    await eventually(() => many.requestsTo('a') === 1, 'the first to ask');
    await query({ timeout_ms: 2000 });
    expect(many.requestsTo('a')).toBe(2);
    await long;
  });
});

describe('what was seen', () => {
  it('is kept, and not asked for again while it is young enough', async () => {
    await start();
    await register('one', 'a', 3);
    const { results } = await query();
    expect(results).toEqual((await query({ max_age_ms: 60_000 })).results);
    expect(one.requestsTo('a')).toBe(3);
    await query({ max_age_ms: 0 });
    expect(one.requestsTo('a')).toBe(6);
    const machine = results[0]?.machine;
    await expect(bench.call('power.query', { machine, max_age_ms: 60_000 })).resolves.toMatchObject({ state: 'on' });
    expect(one.requestsTo('a')).toBe(6);
    await bench.call('power.query', { machine });
    expect(one.requestsTo('a')).toBe(7);
  });

  it('is told with the time of before when it cannot be told now', async () => {
    await start();
    await register('one', 'a', 1);
    const [{ observed_at: before } = {}] = (await query()).results;
    one.behaviours.set('a', 'is away');
    const [now] = (await query()).results;
    expect(before).toEqual(expect.any(String));
    expect(now).toMatchObject({ state: 'unknown', native_state: null, observed_at: before });
    one.behaviours.clear();
    // A look that failed is no look.
    expect((await query({ max_age_ms: 60_000 })).results).toMatchObject([{ state: 'on', error: null }]);
  });

  it('becomes an event when it is not what was seen before', async () => {
    await start();
    await register('many', 'a', 3);
    const told = () =>
      bench.events.flatMap((event) => (event.kind === 'power' ? [`${event.name} ${event.state}`] : []));
    await query();
    expect(told()).toEqual(['a-0000 on', 'a-0001 on', 'a-0002 on']);
    many.states.set('a-0001', 'shutdown');
    await query();
    await query();
    expect(told().slice(3)).toEqual(['a-0001 off']);
  });

  it('is told also when it cannot be written down', async () => {
    await start();
    await register('one', 'a', 2);
    const store: MachineStore = bench.opened.machines;
    store.observe = () => Promise.reject(new Error('the disk is full'));
    expect(codesOf((await query()).results)).toEqual(new Set([null]));
  });
});

describe('a machine that cannot be asked', () => {
  it('breaks no page', async () => {
    await start();
    await register('many', 'a', 3);
    const { machines } = bench.opened;
    const lease = await anyLease();
    const wrong = { powerType: 'many', controller: 'a', parameters: { power_address: 'a' } };
    await add('a-wrong', wrong, lease);
    const gone = { powerType: 'gone', controller: 'a', parameters: {} };
    await add('b', gone, lease);
    const find = machines.listByController.bind(machines);
    machines.listByController = async (...args) =>
      (await find(...args)).map((record) =>
        record.name === 'a-0001'
          ? Object.defineProperty({ ...record }, 'parameters', {
              get() {
                throw new Error('no key opens it');
              },
            })
          : record,
      );
    const { results } = await query();
    expect(results.map(({ machine, error }) => [machine, error?.code ?? null])).toEqual([
      ['b', 'RESOURCE_NOT_FOUND'],
      ['a-0000', null],
      ['a-0001', 'INTERNAL'],
      ['a-0002', null],
      ['a-wrong', 'REQUEST_INVALID'],
    ]);
    expect(many.requestsTo('a')).toBe(1);
  });

  it('may have been removed meanwhile', async () => {
    await start();
    const names = await register('one', 'a', 3);
    one.behaviours.set('a', 'answers');
    const asked = query();
    await bench.opened.machines.remove(names[1] ?? '', await anyLease());
    await expect(asked).resolves.toBeDefined();
    expect(namesOf((await query()).results)).toEqual([names[0], names[2]]);
  });
});

describe('whoever may not see all', () => {
  const rules: CallerRule[] = [
    {
      callers: ['ann'],
      methods: ['power.*'],
      hosts: undefined,
      powerTypes: undefined,
      machines: ['a-*'],
      action: 'allow',
    },
    { callers: ['boss'], methods: ['*'], hosts: undefined, powerTypes: undefined, action: 'allow' },
  ];

  it('has an answer without the rest, for which nothing is asked', async () => {
    await start(rules);
    await register('many', 'a', 2);
    await register('one', 'b', 2);
    const ann = { requestedBy: 'ann' };
    const page = await query({}, ann);
    expect(namesOf(page.results)).toEqual(['a-0000', 'a-0001']);
    expect(page.total).toBeNull();
    expect(one.requestsTo('b')).toBe(0);
    expect(namesOf((await query({ machines: ['a-0001', 'b-0000', 'b-none', 'a-none'] }, ann)).results)).toEqual([
      'a-none',
      'a-0001',
    ]);
    await expect(query({ host: 'site' }, ann)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(query({ host: 'site' }, { requestedBy: 'boss' })).resolves.toMatchObject({ total: 25 });
    await expect(query({}, { requestedBy: 'nobody' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is not told the names of the rest by where a page ends', async () => {
    await start(rules);
    for (const controller of ['0-hidden', 'a', 'b']) await register('many', controller, 3);
    const pages: Page[] = [];
    for (let after: string | null | undefined; after !== null; after = pages.at(-1)?.next) {
      pages.push(await query({ limit: 2, ...(after === undefined ? {} : { after }) }, { requestedBy: 'ann' }));
    }
    expect(pages.map(({ results }) => namesOf(results))).toEqual([['a-0000', 'a-0001'], ['a-0002']]);
    const told = pages.map(({ next }) => Buffer.from(next ?? '', 'base64url').toString());
    expect(told).toEqual(['["machine","many","a","a-0001"]', '']);
  });

  it('hears of the changes that it may see, and others of theirs', async () => {
    await start(rules);
    await register('one', 'a', 1);
    await query({}, { requestedBy: 'boss' });
    const [event] = bench.events.filter(({ kind }) => kind === 'power');
    if (event === undefined) throw new Error('no event was published');
    expect(event).toMatchObject({ name: 'a-0000', place: { host: null, powerType: 'one', machine: 'a-0000' } });
    expect(['boss', 'nobody'].map((caller) => bench.service.sees(caller, event))).toEqual([true, false]);
  });
});
