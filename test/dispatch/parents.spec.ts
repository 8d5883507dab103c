import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import type { Journal, WorkerRegistry } from '../../src/journal/journal.port.js';
import type { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';
import { gate } from '../support/scripted-driver.js';
import { EstateBench, childrenOf, inState, instancesOf, seen } from './estate-bench.js';
import { MovedClock } from './moved-clock.js';

let estate: EstateBench;
beforeAll(async () => {
  estate = await EstateBench.make();
});
afterEach(() => estate.clear());
afterAll(() => estate.remove());

const names = ['a', 'b', 'c'];
const HOUR_MS = 3_600_000;
const enter = { host: 'one', enabled: true, idempotency_key: 'enter' };
const leave = { host: 'one', enabled: false };
const evacuation = { host: 'one', destination: 'two', idempotency_key: 'evacuate' };

const inMaintenance = async (worker: ComputeBench): Promise<unknown> => {
  const { hosts } = (await worker.call('host.list', {})) as { hosts: { name: string; maintenance: boolean }[] };
  return hosts.find(({ name }) => name === 'one')?.maintenance;
};
const refusal = { code: 'STATE_CONFLICT', outcome: 'not-started', details: { reason: 'maintenance', host: 'one' } };

/** The database as a worker sees it that dies with a call of this method: it is carried out, and nothing is heard or asked after it. */
function dyingWith(method: keyof Journal, isIt: (asked: string) => boolean) {
  let isDead = false;
  const around = <T extends Journal | WorkerRegistry>(real: T): T =>
    new Proxy(real, {
      get: (target, name) => {
        const asked = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          const answer = isDead ? undefined : await asked.apply(target, args);
          isDead ||= name === method && isIt(JSON.stringify(args));
          if (isDead) throw new ComputeError('JOURNAL_UNAVAILABLE', 'gone');
          return answer;
        };
      },
    });
  return { journal: around<Journal>, workers: around<WorkerRegistry> };
}

/** The database as a worker sees it to whom its claims of a method's operations are answered late. */
function claimingLate(method: string, until: Promise<void>): (real: Journal) => Journal {
  return (real) =>
    new Proxy(real, {
      get: (target, name) => {
        const asked = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          const answer = await asked.apply(target, args);
          if (name === 'claim' && (args[0] as { method: string }).method === method) await until;
          return answer;
        };
      },
    });
}

/** All but one of three parts have ended. */
function nearlyThrough(worker: ComputeBench): Promise<unknown> {
  const message = (view: Record<string, unknown>): unknown => (view['progress'] as { message: string } | null)?.message;
  return seen(worker, 'enter', (view) => String(message(view)).startsWith('2 of 3'), 'nearly through');
}

/** How far an operation is, as it is told in events. */
function newsOf(worker: ComputeBench, key: string): (string | undefined)[] {
  return worker.events.flatMap((event) =>
    event.kind === 'operation' && event.operation.idempotency_key === key ? [event.operation.progress?.message] : [],
  );
}

describe('evacuate', () => {
  it('of one instance sets it up elsewhere, in the state it is in', async () => {
    const worker = await estate.worker({ names, initial_state: 'shutdown' });
    expect(await worker.call('compute.evacuate', { ...evacuation, instance: 'a' })).toMatchObject({
      outcome: 'done',
      host: 'two',
      power_state: 'shutdown',
    });
    expect(await instancesOf(worker, 'two')).toEqual(['a shutdown']);
    expect(await instancesOf(worker, 'one')).toEqual(['b shutdown', 'c shutdown']);
  });

  it('of a host is one child for each of its instances', async () => {
    const clock = new HeldClock();
    const worker = await estate.worker({ names, change_delay_ms: HELD_MS }, { clock });
    const evacuated = worker.call('compute.evacuate', evacuation);
    await eventually(() => newsOf(worker, 'evacuate').includes('0 of 3 instances are through'), 'news of its parts');
    clock.letGo();
    const answer = await evacuated;
    expect(answer).toMatchObject({ outcome: 'done', host: 'one', children: 3 });
    expect(await instancesOf(worker, 'one')).toEqual([]);
    expect(await instancesOf(worker, 'two')).toEqual(['a running', 'b running', 'c running']);
    const children = await childrenOf(worker, answer.operation_id);
    expect(children.map(({ name }) => String(name)).toSorted()).toEqual(names);
    for (const child of children) {
      expect(child).toMatchObject({
        method: 'compute.evacuate',
        state: 'done',
        parent_operation_id: answer.operation_id,
        requested_by: 'tester',
      });
    }
    expect(await worker.call('operation.get', { idempotency_key: 'evacuate' })).toMatchObject({
      parent_operation_id: null,
      target: 'fake:one:host',
    });
    expect(await worker.call('compute.evacuate', { ...evacuation, idempotency_key: 'again' })).toMatchObject({
      outcome: 'already',
      children: 0,
    });
  });

  it('takes no place at the endpoint from its children', async () => {
    const worker = await estate.worker({ names }, { limits: { maxConcurrentPerEndpoint: 1 } });
    expect(await worker.call('compute.evacuate', evacuation)).toMatchObject({ outcome: 'done', children: 3 });
  });

  it('says which of its parts have failed, and which were not even accepted', async () => {
    const faults = [{ operation: 'evacuate', instance: 'b', error: 'CAPACITY_EXHAUSTED', times: 1 }];
    const worker = await estate.worker({ names: [...names, 'protected'], faults });
    await expect(worker.call('compute.evacuate', evacuation)).rejects.toMatchObject({
      code: 'OPERATION_PARTIAL',
      outcome: 'applied',
      details: {
        done: 2,
        children: 3,
        failed: [
          { name: 'b', code: 'CAPACITY_EXHAUSTED', outcome: 'not-applied', operation_id: expect.any(String) },
          { name: 'protected', code: 'FORBIDDEN', operation_id: null },
        ],
      },
    });
    expect(await instancesOf(worker, 'one')).toEqual(['b running', 'protected running']);
  });

  it('says what it would do', async () => {
    const worker = await estate.worker({ names: ['a', 'b'] });
    expect(await worker.call('compute.evacuate', { ...evacuation, plan: true })).toMatchObject({
      outcome: 'planned',
      steps: [{ description: 'compute.evacuate of a to two' }, { description: 'compute.evacuate of b to two' }],
    });
  });

  it('goes on with the same parts when another worker takes it over', async () => {
    const clock = new HeldClock();
    const a = await estate.worker({ names, change_delay_ms: HELD_MS }, { clock });
    const b = await estate.worker({ names, change_delay_ms: HELD_MS }, { clock });
    a.send('compute.evacuate', evacuation);
    const { operation_id: id } = await inState(b, 'evacuate', 'running');
    await eventually(() => childrenOf(b, id).then((children) => children.length === 3), 'its parts');
    await a.stop();
    clock.letGo();
    expect(await inState(b, 'evacuate', 'done')).toMatchObject({
      attempts: 2,
      result: { outcome: 'done', children: 3 },
    });
    expect(await childrenOf(b, id)).toHaveLength(3);
    expect(await instancesOf(b, 'two')).toHaveLength(3);
  });

  it.each([
    ['with a part accepted', 'accept', (asked: string) => !asked.includes('"parentId":null')],
    ['before any part', 'checkpoint', (asked: string) => asked.includes('"step":"children"')],
  ] as const)('is carried on with no part twice when its worker dies %s', async (_when, method, isIt) => {
    const a = await estate.worker({ names }, { limits: { leaseMs: 1500 }, ...dyingWith(method, isIt) });
    a.send('compute.evacuate', evacuation);
    const b = await estate.worker({ names }, { limits: { leaseMs: 6000 } });
    const { operation_id: id } = await inState(b, 'evacuate', 'done');
    expect(await b.call('operation.get', { operation_id: id })).toMatchObject({ attempts: 2, result: { children: 3 } });
    const parts = (await childrenOf(b, id)).map(({ name }) => String(name));
    expect(parts.toSorted()).toEqual(names);
    expect(await instancesOf(b, 'two')).toHaveLength(3);
  });

  it('is cancelled by another worker', async () => {
    const a = await estate.worker({ names, change_delay_ms: HELD_MS }, { clock: new HeldClock() });
    const b = await estate.worker({ names });
    a.send('compute.evacuate', evacuation);
    const { operation_id: id } = await inState(b, 'evacuate', 'running');
    await eventually(() => childrenOf(b, id).then((children) => children.length === 3), 'its parts');
    expect(await b.call('operation.cancel', { idempotency_key: 'evacuate' })).toMatchObject({
      state: 'cancelled',
      error: { details: { done: 0, children: 3 } },
    });
    expect(await instancesOf(b, 'one')).toEqual(['a running', 'b running', 'c running']);
  });
});

describe('maintenance', () => {
  it('switches off what runs, refuses changes, and allows them again', async () => {
    const worker = await estate.worker({ names });
    await worker.call('compute.suspend', { host: 'one', instance: 'c' });
    expect(await worker.call('host.set_maintenance', enter)).toMatchObject({
      outcome: 'done',
      host: 'one',
      children: 2,
    });
    expect(await instancesOf(worker, 'one')).toEqual(['a shutdown', 'b shutdown', 'c suspended']);
    expect(await worker.call('host.get_info', { host: 'one' })).toMatchObject({ native_status: 'maintenance' });
    expect(await inMaintenance(worker)).toBe(true);
    const one = { host: 'one', instance: 'a' };
    await expect(worker.call('compute.power_on', one)).rejects.toMatchObject(refusal);
    await expect(worker.call('power.on', one)).rejects.toMatchObject(refusal);
    await expect(worker.call('compute.evacuate', evacuation)).rejects.toMatchObject(refusal);
    // Reads, plans and other hosts are not concerned.
    expect(await worker.call('power.query', one)).toMatchObject({ state: 'off' });
    expect(await worker.call('host.set_maintenance', { ...enter, idempotency_key: 'again' })).toMatchObject({
      outcome: 'already',
    });
    expect(await worker.call('host.set_maintenance', leave)).toMatchObject({ outcome: 'done', children: 0 });
    expect(await inMaintenance(worker)).toBe(false);
    expect(await worker.call('compute.power_on', one)).toMatchObject({ outcome: 'done' });
    expect(await worker.call('host.set_maintenance', leave)).toMatchObject({ outcome: 'already' });
  });

  it('moves what runs, when it is told where to', async () => {
    const worker = await estate.worker({ names });
    await worker.call('compute.power_off', { host: 'one', instance: 'c' });
    expect(await worker.call('host.set_maintenance', { ...enter, destination: 'two' })).toMatchObject({ children: 2 });
    expect(await instancesOf(worker, 'one')).toEqual(['c shutdown']);
    expect(await instancesOf(worker, 'two')).toEqual(['a running', 'b running']);
    // Nor does anything come to it.
    const back = { host: 'two', instance: 'a', destination: 'one' };
    await expect(worker.call('compute.live_migrate', back)).rejects.toMatchObject(refusal);
  });

  it('waits for what runs already, ends what waits, and takes what was started meanwhile', async () => {
    const clock = new HeldClock();
    const its = { names: ['a'], initial_state: 'shutdown', change_delay_ms: HELD_MS };
    const worker = await estate.worker(its, { clock });
    const one = { host: 'one', instance: 'a' };
    worker.send('compute.power_on', { ...one, idempotency_key: 'on' });
    await inState(worker, 'on', 'running');
    worker.send('compute.reboot', { ...one, idempotency_key: 'waits' });
    await inState(worker, 'waits', 'accepted');
    const entered = worker.call('host.set_maintenance', enter);
    await eventually(() => inMaintenance(worker), 'the host to be closed');
    clock.letGo();
    expect(await entered).toMatchObject({ outcome: 'done', children: 1 });
    expect(await inState(worker, 'on', 'done')).toMatchObject({ result: { outcome: 'done' } });
    expect(await inState(worker, 'waits', 'failed')).toMatchObject({ error: refusal });
    expect(await instancesOf(worker, 'one')).toEqual(['a shutdown']);
  });

  it('keeps what was claimed just before from beginning', async () => {
    const closed = gate();
    const late = { journal: claimingLate('compute.power_on', closed.passed) };
    const a = await estate.worker({ names: ['a'], initial_state: 'shutdown' }, late);
    const b = await estate.worker({ names: ['a'], initial_state: 'shutdown' });
    a.send('compute.power_on', { host: 'one', instance: 'a', idempotency_key: 'on' });
    await inState(b, 'on', 'running');
    b.send('host.set_maintenance', enter);
    await eventually(() => inMaintenance(b), 'the host to be closed');
    closed.open();
    expect(await inState(b, 'on', 'failed')).toMatchObject({ error: refusal });
    expect(await inState(b, 'enter', 'done')).toMatchObject({ result: { outcome: 'done', children: 0 } });
    expect(await instancesOf(b, 'one')).toEqual(['a shutdown']);
  });

  it('holds over restarts and for every worker', async () => {
    const a = await estate.worker({ names });
    await a.call('host.set_maintenance', enter);
    await a.stop();
    await a.start();
    const b = await estate.worker({ names });
    for (const worker of [a, b]) {
      await expect(worker.call('compute.power_on', { host: 'one', instance: 'a' })).rejects.toMatchObject(refusal);
    }
    await b.call('host.set_maintenance', leave);
    expect(await a.call('compute.power_on', { host: 'one', instance: 'a' })).toMatchObject({ outcome: 'done' });
  });

  it('stays when some of its parts fail, which are named', async () => {
    const faults = [{ operation: 'powerOff', instance: 'b', error: 'BACKEND_REJECTED', times: 1 }];
    const worker = await estate.worker({ names, faults });
    await expect(worker.call('host.set_maintenance', enter)).rejects.toMatchObject({
      code: 'OPERATION_PARTIAL',
      details: { done: 2, children: 3, failed: [{ name: 'b', code: 'BACKEND_REJECTED' }] },
    });
    expect(await inMaintenance(worker)).toBe(true);
    expect(await worker.call('host.set_maintenance', { ...enter, idempotency_key: 'again' })).toMatchObject({
      outcome: 'done',
      children: 1,
    });
  });

  it('of which a migration never ends is ended by aborting that, and the rest is through', async () => {
    const worker = await estate.worker({ names, busy: ['b'] });
    worker.send('host.set_maintenance', { ...enter, destination: 'two' });
    await nearlyThrough(worker);
    const { operation_id: id } = await worker.call('compute.live_migration_abort', { host: 'one', instance: 'b' });
    expect(await inState(worker, 'enter', 'failed')).toMatchObject({
      error: {
        code: 'OPERATION_PARTIAL',
        details: { done: 2, failed: [{ name: 'b', operation_id: id, code: 'OPERATION_CANCELLED' }] },
      },
    });
  });

  it.each([
    ['a cancel', {}, 'cancelled', 'OPERATION_CANCELLED'],
    ['the end of its time', { deadline_ms: HOUR_MS }, 'failed', 'DEADLINE_EXCEEDED'],
  ])('ends its unfinished parts with %s, and tells what came of them', async (_what, more, state, code) => {
    const clock = new MovedClock();
    const worker = await estate.worker({ names, busy: ['b'] }, { clock });
    worker.send('host.set_maintenance', { ...enter, destination: 'two', ...more });
    await nearlyThrough(worker);
    if (state === 'cancelled') await worker.call('operation.cancel', { idempotency_key: 'enter' });
    else clock.pass(HOUR_MS + 1);
    const view = await inState(worker, 'enter', state);
    expect(view).toMatchObject({
      error: {
        code,
        outcome: 'applied',
        details: { done: 2, children: 3, failed: [{ name: 'b', code, outcome: 'not-applied' }] },
      },
    });
    expect((await childrenOf(worker, view['operation_id'])).filter((child) => child['finished_at'] === null)).toEqual(
      [],
    );
    expect(await instancesOf(worker, 'one')).toEqual(['b running']);
  });

  it('takes no destination when it ends', async () => {
    const worker = await estate.worker({ names });
    await expect(worker.call('host.set_maintenance', { ...leave, destination: 'two' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });
});
