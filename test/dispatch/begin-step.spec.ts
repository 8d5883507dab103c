import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STEP_CHECKPOINT, type Checkpoint } from '../../src/compute/contract/index.js';
import type { Journal } from '../../src/journal/journal.port.js';
import { failureOf } from '../support/failure-of.js';
import { ComputeBench } from '../support/compute-bench.js';
import { SharedDevice } from '../support/device-driver.js';
import { eventually } from '../support/eventually.js';
import { MovedClock } from './moved-clock.js';

const one = { host: 'site', instance: 'instance-0001', idempotency_key: 'k' };
const DEADLINE_MS = 60_000;

let bench: ComputeBench;
let clock: MovedClock;
let device: SharedDevice;
/** What happens while a step is committed, by the number of the step. */
let duringCommit: (step: number) => Promise<void> | void;

beforeEach(async () => {
  clock = new MovedClock();
  device = new SharedDevice();
  duringCommit = () => undefined;
  let steps = 0;
  const journal = (real: Journal): Journal =>
    new Proxy(real, {
      get: (target, name: keyof Journal) => {
        const method = target[name] as (...args: unknown[]) => Promise<unknown>;
        if (name !== 'checkpoint') return method.bind(target);
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          if ((args[1] as Checkpoint).name === STEP_CHECKPOINT) await duringCommit(++steps);
          return answer;
        };
      },
    });
  const host = { name: 'site', driver: 'fake', settings: {}, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({ drivers: [device.driver], hosts: [host], clock, journal });
});
afterEach(() => bench.discard());

/** What the journal holds of the operation. */
async function checkpoints(): Promise<string[]> {
  const [record] = await bench.opened.journal.list({ limit: 1 });
  if (record === undefined) throw new Error('it is not in the journal');
  return (await bench.opened.journal.checkpoints(record.id)).map(({ name }) => name);
}

describe('while the first step is written down', () => {
  it.each([
    ['and the timer says so', true],
    ['and no timer has said so yet', false],
  ])('its time passes, %s: nothing is sent, nothing was done', async (_how, isTold) => {
    duringCommit = () => {
      clock.moveOn(DEADLINE_MS + 1);
      if (isTold) clock.fire();
    };
    const failure = await failureOf(bench.call('compute.power_on', { ...one, deadline_ms: DEADLINE_MS }));
    expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not-started', retry: 'safe' });
    expect(device.count()).toBe(0);
    expect(await checkpoints()).toEqual([STEP_CHECKPOINT]);
  });

  it('it is cancelled: nothing is sent, nothing was done', async () => {
    let cancelled: Promise<unknown> | undefined;
    duringCommit = async () => {
      cancelled = bench.call('operation.cancel', { idempotency_key: 'k' });
      await eventually(async () => (await checkpoints()).includes('cancel'), 'the cancel');
    };
    const failure = await failureOf(bench.call('compute.power_on', one));
    expect(failure).toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'not-started', retry: 'safe' });
    expect(await cancelled).toMatchObject({ state: 'cancelled' });
    expect(device.count()).toBe(0);
  });

  it('time passes, but not all of it: it is sent', async () => {
    duringCommit = () => clock.moveOn(DEADLINE_MS / 2);
    expect(await bench.call('compute.power_on', { ...one, deadline_ms: DEADLINE_MS })).toMatchObject({
      outcome: 'done',
    });
    expect(device.count()).toBe(1);
  });
});

describe('while a later step is written down', () => {
  it('its time passes: it is not sent, and what went before is looked after', async () => {
    device.beforeStep = (ctx) => ctx.beginStep({ name: 'first', description: 'first', requestTimeoutMs: 100 });
    duringCommit = (step) => {
      if (step === 2) clock.moveOn(DEADLINE_MS + 1);
    };
    const failure = await failureOf(bench.call('compute.power_on', { ...one, deadline_ms: DEADLINE_MS }));
    expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'unknown', retry: 'after-reconcile' });
    expect(device.count()).toBe(0);
    expect(await checkpoints()).toEqual([STEP_CHECKPOINT, STEP_CHECKPOINT]);
  });
});
