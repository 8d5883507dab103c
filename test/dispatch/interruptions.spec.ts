import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { ComputeError } from '../../src/common/errors/index.js';
import { fakeDriver } from '../../src/drivers/fake/index.js';
import type { Journal } from '../../src/journal/journal.port.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';
import { ScriptedDriver, gate } from '../support/scripted-driver.js';
import { MovedClock } from './moved-clock.js';

let bench: ComputeBench;
let scripted: ScriptedDriver;
beforeEach(() => {
  scripted = new ScriptedDriver(fakeDriver);
});
afterEach(() => bench.discard());

async function start(settings: object = {}, options: Partial<ComputeBenchOptions> = {}): Promise<void> {
  const host = { name: 'site', driver: 'fake', settings, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({ drivers: [scripted.driver], hosts: [host], ...options });
}

/** Changes last until the clock lets them go. */
async function startHeld(options: Partial<ComputeBenchOptions> = {}): Promise<MovedClock> {
  const clock = new MovedClock();
  await start({ change_delay_ms: HELD_MS }, { clock, ...options });
  return clock;
}

const one = { host: 'site', instance: 'instance-0001' };
const two = { host: 'site', instance: 'instance-0002' };
const HOUR_MS = 3_600_000;

const view = (key: string) => bench.call('operation.get', { idempotency_key: key });
const inState = (key: string, state: string) =>
  eventually(
    async () => (await view(key).catch(() => undefined))?.state === state,
    () => `${key} to be ${state}`,
  );

/** A journal that does not answer some of its methods for as long as it is told to. */
class FailingJournal {
  readonly failing = new Set<keyof Journal>();
  readonly refused: (keyof Journal)[] = [];

  readonly around = (real: Journal): Journal =>
    new Proxy(real, {
      get: (target, name: keyof Journal) => {
        const method = target[name] as (...args: unknown[]) => unknown;
        if (!this.failing.has(name)) return method.bind(target);
        return () => {
          this.refused.push(name);
          return Promise.reject(new ComputeError('JOURNAL_UNAVAILABLE', 'the disk is gone'));
        };
      },
    });
}

describe('an operation that was accepted by name', () => {
  /** Leaves `moved` waiting, under its true key, for `running`, which was accepted after it. */
  async function moveBehindRunning(more: object = {}): Promise<void> {
    const { id } = await bench.call('compute.get_info', one);
    const found = gate();
    let asked = 0;
    scripted.beforeResolve = async (_ctx, reference) => {
      if (reference !== one.instance) return;
      asked += 1;
      if (asked === 1) throw new ComputeError('BACKEND_UNREACHABLE', 'away');
      if (asked === 2) await found.passed;
    };
    bench.send('compute.power_off', { ...one, ...more, idempotency_key: 'moved' });
    await inState('moved', 'running');
    bench.send('compute.power_on', { host: 'site', instance: id, idempotency_key: 'running' });
    await inState('running', 'running');
    found.open();
    await inState('moved', 'accepted');
  }

  it('waits for what runs on its true target, over a restart too', async () => {
    const clock = await startHeld();
    await moveBehindRunning();
    expect((await view('moved')).target).toBe((await view('running')).target);
    await bench.stop();
    clock.letGo();
    await bench.start();
    await inState('running', 'done');
    await inState('moved', 'done');
    const [running, moved] = [await view('running'), await view('moved')];
    expect(String(moved.finished_at) >= String(running.finished_at)).toBe(true);
  });

  it('ends in time when its time is over while it waits there', async () => {
    const clock = await startHeld();
    await moveBehindRunning({ deadline_ms: HOUR_MS });
    clock.pass(HOUR_MS + 1);
    await inState('moved', 'failed');
    expect(await view('moved')).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED', outcome: 'not-started' } });
    expect(await view('running')).toMatchObject({ state: 'running' });
  });
});

describe('an operation that waits for a place at its endpoint', () => {
  beforeEach(async () => {
    await startHeld({ limits: { maxConcurrentPerEndpoint: 1 } });
    bench.send('compute.power_on', { ...two, idempotency_key: 'runs' });
    await inState('runs', 'running');
  });

  it('ends when its time is over', async () => {
    await expect(bench.call('compute.power_on', { ...one, deadline_ms: 1000 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(await view('runs')).toMatchObject({ state: 'running' });
  });

  it('ends when it is cancelled', async () => {
    const waiting = bench.call('compute.power_on', { ...one, idempotency_key: 'waits' });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'not-started' });
    await inState('waits', 'accepted');
    expect(await bench.call('operation.cancel', { idempotency_key: 'waits' })).toMatchObject({ state: 'cancelled' });
    await refused;
    expect(await view('runs')).toMatchObject({ state: 'running' });
  });
});

describe('an operation that somebody else goes on with', () => {
  it('finds its target once', async () => {
    const open: typeof fakeDriver.open = (...how) => ({
      ...fakeDriver.open(...how),
      reconcile: () => Promise.resolve({ verdict: 'continue' }),
    });
    scripted = new ScriptedDriver({ ...fakeDriver, open });
    const clock = await startHeld();
    bench.send('compute.power_on', { ...one, idempotency_key: 'left' });
    await eventually(async () => (await bench.call('power.query', one)).transition === 'starting', 'its step');
    await bench.stop();
    clock.letGo();
    let asked = 0;
    scripted.beforeResolve = () => {
      asked += 1;
      return asked === 1 ? Promise.resolve() : Promise.reject(new ComputeError('BACKEND_UNREACHABLE', 'it went away'));
    };
    await bench.start();
    await eventually(async () => ['done', 'failed'].includes(String((await view('left')).state)), 'its end');
    expect(await view('left')).toMatchObject({ state: 'done', attempts: 2 });
    expect(asked).toBe(1);
  });
});

describe('a journal that does not answer', () => {
  it.each(['claim', 'checkpoint', 'conclude'] as const)(
    'at %s delays an operation, and changes nothing about its outcome',
    async (method) => {
      const journal = new FailingJournal();
      await start({}, { journal: journal.around });
      journal.failing.add(method);
      const answer = bench.call('compute.power_on', one);
      await eventually(() => journal.refused.includes(method), `${method} is refused`);
      journal.failing.clear();
      expect(await answer).toMatchObject({ power_state: 'running' });
      expect((await bench.call('operation.list', { state: 'unfinished' })).operations).toEqual([]);
    },
  );

  it('when it is asked what an earlier attempt left, delays an operation', async () => {
    const journal = new FailingJournal();
    const clock = await startHeld({ journal: journal.around });
    bench.send('compute.power_on', { ...one, idempotency_key: 'left' });
    await inState('left', 'running');
    await bench.stop();
    clock.letGo();
    journal.failing.add('checkpoints');
    await bench.start();
    await eventually(() => journal.refused.includes('checkpoints'), 'the refusal');
    journal.failing.clear();
    await inState('left', 'done');
    expect(await view('left')).toMatchObject({ attempts: 3 });
  });

  it('at accept refuses a request, which may be sent again', async () => {
    const journal = new FailingJournal();
    await start({}, { journal: journal.around });
    journal.failing.add('accept');
    let isAccepted = false;
    const request = { ...one, idempotency_key: 'k' };
    const refused = bench.call('compute.power_on', request, { accepted: () => void (isAccepted = true) });
    await expect(refused).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE', outcome: 'unknown' });
    expect(isAccepted).toBe(false);
    expect(await bench.call('power.query', one)).toMatchObject({ state: 'off' });
    journal.failing.clear();
    expect(await bench.call('compute.power_on', request)).toMatchObject({ outcome: 'done' });
  });

  it('at settling the target leaves an operation to be settled later', async () => {
    const journal = new FailingJournal();
    await start(
      { faults: [{ operation: 'resolve', error: 'BACKEND_UNREACHABLE', times: 1 }] },
      { journal: journal.around },
    );
    journal.failing.add('settleTarget');
    const answer = bench.call('compute.power_on', one);
    await eventually(() => journal.refused.length > 0, 'settling is refused');
    journal.failing.clear();
    expect(await answer).toMatchObject({ outcome: 'done' });
  });

  it('does not keep a cancelled operation, nor the process, spinning', async () => {
    const journal = new FailingJournal();
    await start({}, { journal: journal.around });
    journal.failing.add('claim');
    const answer = bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    const ended = expect(answer).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' });
    await eventually(() => journal.refused.length > 0, 'claiming is refused');
    const cancelled = bench.call('operation.cancel', { idempotency_key: 'k' });
    const [before, began] = [journal.refused.length, performance.now()];
    await systemClock.sleep(50);
    expect(journal.refused.length - before).toBeLessThan(1 + (performance.now() - began) / 10);
    journal.failing.clear();
    expect(await cancelled).toMatchObject({ state: 'cancelled', error: { outcome: 'not-started' } });
    await ended;
  });
});

describe('stopping', () => {
  it('leaves nothing behind that would keep the process from its end, or end it too early', async () => {
    const journal = new FailingJournal();
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const sleeps = new Set<Promise<void>>();
    const moved = new MovedClock();
    const clock: Clock = {
      now: () => moved.now(),
      sleep: (ms, signal) => {
        const sleep = systemClock.sleep(ms, signal);
        sleeps.add(sleep);
        const forget = (): void => void sleeps.delete(sleep);
        sleep.then(forget, forget);
        return sleep;
      },
      after: (ms, end) => {
        let isOver = (): void => undefined;
        const pending = new Promise<void>((resolve) => {
          isOver = () => {
            sleeps.delete(pending);
            resolve();
          };
        });
        sleeps.add(pending);
        const forget = moved.after(ms, () => {
          isOver();
          end();
        });
        return () => {
          forget();
          isOver();
        };
      },
    };
    await start({}, { journal: journal.around, clock });
    journal.failing.add('claim').add('conclude');
    bench.send('compute.power_on', { ...two, idempotency_key: 'first' });
    await eventually(() => journal.refused.includes('claim'), 'the first cannot be claimed');
    bench.send('compute.power_off', { ...two, deadline_ms: 60_000, idempotency_key: 'late' });
    bench.send('compute.power_off', { ...two, deadline_ms: HOUR_MS, idempotency_key: 'patient' });
    await eventually(() => bench.service.load === 3, 'all are accepted');
    moved.pass(60_001);
    await eventually(() => journal.refused.includes('conclude'), 'the outcome of the late one cannot be written');
    await bench.stop();
    await eventually(
      () => sleeps.size === 0,
      () => `${sleeps.size} sleeps to end`,
    );
    // The outcome was asked for again with a pause of its own.
    await systemClock.sleep(500);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    journal.failing.clear();
    await bench.start();
    await inState('late', 'failed');
    await inState('patient', 'done');
  });
});

describe('time that passes while the service is down', () => {
  it('after a step was begun is not told as if nothing had been done', async () => {
    let offsetMs = 0;
    const clock = new HeldClock();
    clock.now = () => systemClock.now() + offsetMs;
    await start({ change_delay_ms: HELD_MS }, { clock });
    bench.send('compute.power_on', { ...one, idempotency_key: 'k', deadline_ms: 60_000 });
    await eventually(
      () => bench.events.some((event) => event.kind === 'operation' && event.operation.progress !== null),
      'its step',
    );
    await bench.stop();
    clock.letGo();
    offsetMs = 61_000;
    await bench.start();
    await inState('k', 'failed');
    const { error } = await view('k');
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown', retry: 'after-reconcile' });
  });

  it('is told in events too', async () => {
    const clock = await startHeld({ limits: { startWithinMs: 0 } });
    bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await inState('runs', 'running');
    bench.send('compute.power_off', { ...one, idempotency_key: 'waits' });
    await inState('waits', 'accepted');
    const { operation_id: id } = await view('waits');
    await bench.stop();
    clock.letGo();
    await bench.start();
    await inState('waits', 'failed');
    expect(bench.statesOf(id)).toEqual(['accepted', 'failed']);
  });
});

describe('a cancel', () => {
  it('holds when the process dies before it is carried out', async () => {
    const clock = await startHeld();
    bench.send('compute.reboot', { ...one, idempotency_key: 'k' });
    const begun = () => bench.events.some((event) => event.kind === 'operation' && event.operation.progress !== null);
    await eventually(begun, 'its step');
    const [record] = await bench.opened.journal.list({ state: 'unfinished', limit: 100 });
    if (record === undefined) throw new Error('it is not in the journal');
    // As a process would leave it that died between writing the cancel down and carrying it out.
    await bench.opened.journal.checkpoint(
      { operationId: record.id, fence: 1 },
      { name: 'cancel', data: null, at: Date.now() },
    );
    await bench.stop();
    clock.letGo();
    await bench.start();
    await inState('k', 'cancelled');
    expect((await view('k')).error).toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'unknown' });
  });
});

describe('a request that waits when the service stops', () => {
  it('is told at once that the next start carries it on', async () => {
    const clock = await startHeld();
    bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await eventually(() => bench.service.load === 1, 'the first is accepted');
    const waits = bench.call('compute.power_off', { ...one, idempotency_key: 'waits' });
    const told = expect(waits).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    await eventually(() => bench.service.load === 2, 'the second waits');
    const stopped = bench.stop(50_000);
    await told;
    clock.letGo();
    await stopped;
    await bench.start();
    await inState('runs', 'done');
    await inState('waits', 'done');
  });
});
