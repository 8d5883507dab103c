import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { targetKey, type WorkerId } from '../../src/common/ids.js';
import { Secret } from '../../src/common/secret.js';
import { createFakeDriver } from '../../src/drivers/fake/index.js';
import { hmcDpmDriver } from '../../src/drivers/hmc-dpm/index.js';
import type { Journal } from '../../src/journal/journal.port.js';
import type { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';
import { EstateBench, fakeHost, inState, instancesOf, seen } from './estate-bench.js';
import { MovedClock } from './moved-clock.js';

let estate: EstateBench;
beforeAll(async () => {
  estate = await EstateBench.make();
});
afterEach(() => estate.clear());
afterAll(() => estate.remove());

const guest = { host: 'one', instance: 'guest' };
const request = { ...guest, destination: 'two', idempotency_key: 'm' };
const settings = { names: ['guest', 'other'] };
/** Nobody is there: what asks it anything fails in another way. */
const hmc = { endpoint: 'https://127.0.0.1:1', userid: 'u', password: new Secret('p'), cpc: 'CPC' };
const HOUR_MS = 3_600_000;
const FORCE = 'compute.live_migration_force_complete';
const ABORT = 'compute.live_migration_abort';

/** A migration that goes on until it is forced or aborted. */
async function busyMigration(worker: ComputeBench): Promise<void> {
  worker.send('compute.live_migrate', request);
  await atPercent(worker, 75);
}

/** A migration that has begun and goes on once the clock lets it go. */
async function heldMigration(worker: ComputeBench): Promise<void> {
  worker.send('compute.live_migrate', request);
  await atPercent(worker, 0);
}

function atPercent(worker: ComputeBench, percent: number): Promise<unknown> {
  const isThere = (view: Record<string, unknown>): boolean =>
    ((view['progress'] as { percent: number } | null)?.percent ?? -1) >= percent;
  return seen(worker, 'm', isThere, `at ${percent} %`);
}

/** What was asked of the only migration, and taken by its driver. */
async function taken(worker: ComputeBench): Promise<unknown[]> {
  const [record] = await worker.opened.journal.list({ method: 'compute.live_migrate', limit: 1 });
  if (record === undefined) throw new Error('there is no migration');
  const left = await worker.opened.journal.checkpoints(record.id);
  return left.flatMap(({ name, data }) => (name === 'taken' ? [data] : []));
}

/** A journal in which nothing is ever found to be adopted. */
function adoptingNothing(real: Journal): Journal {
  return new Proxy(real, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return name === 'adopt' ? () => Promise.resolve([]) : method.bind(target);
    },
  });
}

async function stepsOf(worker: ComputeBench, name: string): Promise<number> {
  const [record] = await worker.opened.journal.list({ method: 'compute.live_migrate', limit: 1 });
  const left = record === undefined ? [] : await worker.opened.journal.checkpoints(record.id);
  return left.filter((checkpoint) => (checkpoint.data as { step?: string } | null)?.step === name).length;
}

describe('a live migration', () => {
  it('moves an instance while it runs, tells how far it is, and answers where it is', async () => {
    const worker = await estate.worker({ ...settings, migrate_delay_ms: 200 });
    const answer = await worker.call('compute.live_migrate', request);
    expect(answer).toMatchObject({ outcome: 'done', host: 'two', power_state: 'running' });
    expect(await instancesOf(worker, 'one')).toEqual(['other running']);
    expect(await instancesOf(worker, 'two')).toEqual(['guest running']);
    const news = worker.events.flatMap((event) =>
      event.kind === 'operation' && event.operation.progress !== null ? [event.operation.progress] : [],
    );
    expect(new Set(news.map(({ percent }) => percent)).size).toBeGreaterThan(10);
    expect(news.some(({ message }) => message.includes('2048 MiB left'))).toBe(true);
    expect(worker.events).toContainEqual(
      expect.objectContaining({ kind: 'power', host: 'two', name: 'guest', state: 'on' }),
    );
    expect(await worker.call('compute.live_migrate', { ...request, idempotency_key: 'again' })).toMatchObject({
      outcome: 'already',
      host: 'two',
    });
  });

  it('has the instance at both hosts for itself', async () => {
    const worker = await estate.worker({ ...settings, busy: ['guest'] });
    const { id } = await worker.call('compute.get_info', guest);
    await busyMigration(worker);
    const [record] = await worker.opened.journal.list({ state: 'running', limit: 10 });
    expect(record).toMatchObject({
      target: targetKey('fake', 'one', String(id)),
      alsoTargets: [targetKey('fake', 'two', String(id))],
    });
    worker.send('compute.power_off', { ...guest, idempotency_key: 'off' });
    await inState(worker, 'off', 'accepted');
    expect(await worker.call(FORCE, guest)).toMatchObject({ method: 'compute.live_migrate' });
    await inState(worker, 'm', 'done');
    // By then it is not where it was.
    expect(await inState(worker, 'off', 'failed')).toMatchObject({ error: { code: 'INSTANCE_NOT_FOUND' } });
    expect(await instancesOf(worker, 'two')).toEqual(['guest running']);
  });

  it('says what it would do, and does nothing', async () => {
    const worker = await estate.worker(settings);
    expect(await worker.call('compute.live_migrate', { ...request, plan: true })).toMatchObject({
      outcome: 'planned',
      steps: [{ action: 'liveMigrate', description: 'migrating guest to two' }],
    });
    expect(await instancesOf(worker, 'two')).toEqual([]);
  });

  it.each([
    ['to the host itself', { destination: 'one' }, 'REQUEST_INVALID'],
    ['to a host that is not there', { destination: 'nowhere' }, 'RESOURCE_NOT_FOUND'],
    ['to a host of another driver', { destination: 'cpc' }, 'REQUEST_INVALID'],
    ['of an instance that is not there', { instance: 'nobody' }, 'INSTANCE_NOT_FOUND'],
    ['of a protected instance', { instance: 'protected' }, 'FORBIDDEN'],
    ['of one that does not run', { instance: 'other' }, 'STATE_CONFLICT'],
    ['by a driver that cannot', { host: 'cpc' }, 'FEATURE_UNSUPPORTED'],
  ])('is refused %s', async (_what, more, code) => {
    const host = (name: string, driver: string, its: object) => ({
      name,
      driver,
      settings: its,
      manage: ['*'],
      protect: ['protected'],
      protectSelf: true,
    });
    const one = { instances: 0, names: ['guest', 'other', 'protected'], initial_state: 'shutdown' };
    const worker = await estate.worker(
      {},
      {
        drivers: [createFakeDriver(), hmcDpmDriver],
        hosts: [host('one', 'fake', one), host('two', 'fake', { instances: 0 }), host('cpc', 'hmc-dpm', hmc)],
      },
    );
    await expect(worker.call('compute.live_migrate', { ...request, ...more })).rejects.toMatchObject({ code });
  });

  it('is not accepted while it cannot be told which instance is meant', async () => {
    const worker = await estate.worker({
      ...settings,
      faults: [{ operation: 'resolve', error: 'BACKEND_UNREACHABLE' }],
    });
    await expect(worker.call('compute.live_migrate', request)).rejects.toMatchObject({
      code: 'BACKEND_UNREACHABLE',
      retry: 'safe',
      outcome: 'not-started',
    });
    expect(await worker.opened.journal.list({ limit: 10 })).toEqual([]);
  });
});

describe('force complete', () => {
  it('brings a migration that does not converge to its end, once', async () => {
    const worker = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(worker);
    const answers = await Promise.all(
      [1, 2].map(() => worker.call(FORCE, guest).catch((error: unknown) => error as Record<string, unknown>)),
    );
    expect(answers).toContainEqual(expect.objectContaining({ method: 'compute.live_migrate', name: 'guest' }));
    // For the later one it may be through.
    const told = answers.map(({ method, code }) => method ?? code);
    expect(['compute.live_migrate', 'STATE_CONFLICT']).toEqual(expect.arrayContaining(told));
    expect(await inState(worker, 'm', 'done')).toMatchObject({ result: { host: 'two' } });
    expect(await taken(worker)).toEqual([{ control: 'force_complete', error: null }]);
    expect(await stepsOf(worker, 'force_complete')).toBe(1);
  });

  it('reaches a migration that another worker has, by the hint or without it', async () => {
    const a = await estate.worker({ ...settings, busy: ['*'] });
    const b = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(a);
    await b.call(FORCE, guest);
    await inState(b, 'm', 'done');
    expect(await stepsOf(a, 'force_complete')).toBe(1);
  });

  it('is found by the next look when the hint is lost, and carried out once when both come', async () => {
    const worker = await estate.worker({ ...settings, busy: ['*'] }, { limits: { leaseMs: 3000 } });
    await busyMigration(worker);
    const [record] = await worker.opened.journal.list({ state: 'running', limit: 1 });
    if (record === undefined) throw new Error('it does not run');
    await worker.opened.journal.requestControl(record.id, 'force_complete', Date.now());
    await inState(worker, 'm', 'done');
    expect(await stepsOf(worker, 'force_complete')).toBe(1);
  });

  it('waits for a migration that waits for its turn', async () => {
    const clock = new HeldClock();
    const worker = await estate.worker({ ...settings, busy: ['*'], change_delay_ms: HELD_MS }, { clock });
    worker.send('compute.pause', { ...guest, idempotency_key: 'before' });
    await inState(worker, 'before', 'running');
    worker.send('compute.live_migrate', request);
    await inState(worker, 'm', 'accepted');
    const forced = worker.call(FORCE, guest);
    const [{ id } = { id: '' as WorkerId }] = await worker.opened.workers.list();
    await eventually(async () => (await worker.opened.journal.controlsOf(id)).length > 0, 'it to be asked for');
    clock.letGo();
    await forced;
    expect(await inState(worker, 'm', 'done')).toMatchObject({ result: { power_state: 'paused', host: 'two' } });
  });

  it('is not given up while the journal does not answer', async () => {
    const faults = [{ operation: 'liveMigrationForceComplete', error: 'JOURNAL_UNAVAILABLE', times: 2 }];
    const worker = await estate.worker({ ...settings, busy: ['*'], faults });
    await busyMigration(worker);
    await worker.call(FORCE, guest);
    expect(await inState(worker, 'm', 'done')).toMatchObject({ result: { host: 'two' } });
    expect(await taken(worker)).toEqual([{ control: 'force_complete', error: null }]);
  });

  it('tells a refusal of the driver, and the migration goes on', async () => {
    const faults = [{ operation: 'liveMigrationForceComplete', error: 'BACKEND_REJECTED', times: 1 }];
    const worker = await estate.worker({ ...settings, busy: ['*'], faults });
    await busyMigration(worker);
    await expect(worker.call(FORCE, guest)).rejects.toMatchObject({ code: 'BACKEND_REJECTED' });
    expect(await inState(worker, 'm', 'running')).toMatchObject({ error: null });
    await worker.call(ABORT, guest);
  });
});

describe('abort', () => {
  it.each([
    ['live_migration_abort', (worker: ComputeBench) => worker.call(ABORT, guest)],
    ['operation.cancel', (worker: ComputeBench) => worker.call('operation.cancel', { idempotency_key: 'm' })],
  ])('by %s leaves the instance where it was, and answers the end', async (_by, abort) => {
    const worker = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(worker);
    expect(await abort(worker)).toMatchObject({
      state: 'cancelled',
      error: {
        code: 'OPERATION_CANCELLED',
        outcome: 'not-applied',
        message: expect.stringContaining('at one, as before'),
      },
    });
    expect(await instancesOf(worker, 'one')).toEqual(['guest running', 'other running']);
    expect(await stepsOf(worker, 'abort')).toBe(1);
    expect(await worker.call('compute.power_off', guest)).toMatchObject({ outcome: 'done' });
  });

  it('reaches a migration that another worker has', async () => {
    const a = await estate.worker({ ...settings, busy: ['*'] });
    const b = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(a);
    expect(await b.call(ABORT, guest)).toMatchObject({ state: 'cancelled' });
  });

  it('happens when the time is over', async () => {
    const clock = new MovedClock();
    const worker = await estate.worker({ ...settings, busy: ['*'] }, { clock });
    const answer = worker.call('compute.live_migrate', { ...request, deadline_ms: HOUR_MS });
    const ended = expect(answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not-applied' });
    await atPercent(worker, 75);
    clock.pass(HOUR_MS + 1);
    await ended;
    expect(await instancesOf(worker, 'two')).toEqual([]);
  });

  it('that comes too late tells that the instance has arrived', async () => {
    const faults = [{ operation: 'liveMigrate', error: 'BACKEND_TIMEOUT', after_effect: true }];
    const worker = await estate.worker({ ...settings, faults });
    await expect(worker.call('compute.live_migrate', request)).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT' });
    await expect(worker.call(ABORT, guest)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });

  it.each([FORCE, ABORT])('like force complete is refused when nothing migrates (%s)', async (method) => {
    const worker = await estate.worker(settings);
    await expect(worker.call(method, guest)).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: 'no live migration of guest from one is under way',
    });
  });

  it.each([FORCE, ABORT])('and of a driver that cannot migrate, without asking it (%s)', async (method) => {
    const worker = await estate.worker(
      {},
      {
        drivers: [hmcDpmDriver],
        hosts: [{ name: 'one', driver: 'hmc-dpm', settings: hmc, manage: ['*'], protect: [], protectSelf: true }],
      },
    );
    await expect(worker.call(method, guest)).rejects.toMatchObject({
      code: 'FEATURE_UNSUPPORTED',
      message: expect.stringContaining('cannot move to another'),
    });
  });
});

describe('a migration whose worker goes away', () => {
  it('is followed to its end by the next one', async () => {
    const clock = new HeldClock();
    const its = { ...settings, migrate_delay_ms: HELD_MS };
    const [a, b] = [await estate.worker(its, { clock }), await estate.worker(its, { clock })];
    await heldMigration(a);
    await a.stop();
    // Only who carries it out knows how far it is.
    await atPercent(b, 0);
    clock.letGo();
    expect(await inState(b, 'm', 'done')).toMatchObject({ attempts: 2, result: { outcome: 'done', host: 'two' } });
    expect(await stepsOf(b, 'liveMigrate')).toBe(1);
    expect(await instancesOf(b, 'two')).toEqual(['guest running']);
  });

  it('is concluded when it has ended meanwhile', async () => {
    const clock = new HeldClock();
    const a = await estate.worker({ ...settings, migrate_delay_ms: HELD_MS }, { clock });
    await heldMigration(a);
    await a.stop();
    // Nobody serves the host until the instance is there.
    const b = await estate.worker({}, { hosts: [] });
    clock.letGo();
    await eventually(() => estate.namesOf('two').includes('guest'), 'the instance to have arrived');
    expect(await b.opened.journal.list({ state: 'unfinished', limit: 5 })).toHaveLength(1);
    const c = await estate.worker(settings);
    expect(await inState(c, 'm', 'done')).toMatchObject({ result: { outcome: 'done', host: 'two' } });
    expect(await stepsOf(c, 'liveMigrate')).toBe(1);
  });

  it('is passed on by one that has not both hosts to one that has', async () => {
    const onlyOne = { hosts: [fakeHost('one', settings)] };
    const a = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(a);
    // It takes over nothing by itself.
    const c = await estate.worker({ ...settings, busy: ['*'] }, { journal: adoptingNothing });
    await estate.worker({}, onlyOne);
    await a.stop();
    await seen(c, 'm', ({ attempts, state }) => attempts === 2 && state === 'running', 'taken over');
    expect(await c.call(FORCE, guest)).toMatchObject({ method: 'compute.live_migrate' });
    expect(await inState(c, 'm', 'done')).toMatchObject({ result: { outcome: 'done', host: 'two' } });
  });

  it('is ended when nobody has both hosts', async () => {
    const a = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(a);
    const b = await estate.worker({}, { hosts: [fakeHost('one', settings)] });
    await a.stop();
    expect(await inState(b, 'm', 'failed')).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
  });

  it('takes what was asked of it before and after', async () => {
    const a = await estate.worker({ ...settings, busy: ['*'] });
    await busyMigration(a);
    const [record] = await a.opened.journal.list({ state: 'running', limit: 1 });
    if (record === undefined) throw new Error('it does not run');
    await a.stop();
    const b = await estate.worker({ ...settings, busy: ['*'] }, { hosts: [] });
    await b.opened.journal.requestControl(record.id, 'abort', Date.now());
    const c = await estate.worker({ ...settings, busy: ['*'] });
    expect(await inState(c, 'm', 'cancelled')).toMatchObject({ error: { outcome: 'not-applied' } });
    expect(await instancesOf(c, 'one')).toEqual(['guest running', 'other running']);
  });
});
