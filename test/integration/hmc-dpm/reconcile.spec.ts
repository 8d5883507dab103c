import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STEP_CHECKPOINT, type Checkpoint, type Target } from '../../../src/compute/contract/index.js';
import { Died, dyingAt as letDie } from '../../support/dying.js';
import { eventually } from '../../support/eventually.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { failureOf, HmcDpmBench, run } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
let off: Target;
let on: Target;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
  off = await bench.host.resolve(bench.context(), 'off');
  on = await bench.host.resolve(bench.context(), 'on');
});
afterEach(async () => {
  await bench.stop();
});

const START = { method: 'POST', path: '*/operations/start' } as const;
const HOUR_MS = 3_600_000;

const dyingAt = (name: string, count = 1, when: 'before' | 'after' = 'after'): RecordingContext =>
  letDie(bench.context(), name, count, when);

const reconcile = (operation: 'powerOn' | 'powerOff' | 'reboot', left: readonly Checkpoint[], target: Target) =>
  bench.host.reconcile(bench.context(left), { operation, params: {} }, target);

describe('a power-on whose process died', () => {
  test('before anything was begun goes on', async () => {
    await expect(reconcile('powerOn', [], off)).resolves.toEqual({ verdict: 'continue' });
  });

  test.each([
    ['a moment ago', 0],
    ['an hour ago, in a commit that took as long', -HOUR_MS],
    ['by a clock that is an hour ahead', HOUR_MS],
  ])('before the start was sent goes on, once the start cannot arrive any more: %s', async (_when, offsetMs) => {
    const ctx = dyingAt(STEP_CHECKPOINT);
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    const left = ctx.checkpoints.map((checkpoint) => ({ ...checkpoint, at: checkpoint.at + offsetMs }));
    const began = bench.clock.now();
    await expect(reconcile('powerOn', left, off)).resolves.toEqual({ verdict: 'continue' });
    const tookMs = bench.clock.now() - began;
    expect(tookMs).toBeGreaterThanOrEqual(2000);
    expect(tookMs).toBeLessThan(HOUR_MS / 2);
    const next = bench.context(left);
    await expect(run(bench.host, 'powerOn', next, off)).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });

  test('while the start was on its way is concluded, although the start was written down long before', async () => {
    const host = bench.open({ request_timeout_ms: 600_000 });
    bench.simulator.fault({ kind: 'slow', ...START, delay_ms: 300 });
    const ctx = dyingAt('job', 1, 'before');
    const dies = expect(run(host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await eventually(() => bench.simulator.wireLog.count(START) === 1, 'the start');
    const left = ctx.checkpoints.map((checkpoint) => ({ ...checkpoint, at: checkpoint.at - HOUR_MS }));
    await expect(reconcile('powerOn', left, off)).resolves.toMatchObject({ verdict: 'concluded' });
    await dies;
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });

  test('and whose start arrives while the HMC is slow to tell the status is concluded', async () => {
    const ctx = dyingAt(STEP_CHECKPOINT);
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    const { wireLog } = bench.simulator;
    const looks = { method: 'GET', path: '/api/partitions/*' };
    const before = wireLog.count(looks);
    bench.simulator.fault({ kind: 'slow', when: 'after', ...looks, delay_ms: 2000 });
    const arrive = async (): Promise<void> => {
      await eventually(() => wireLog.count(looks) > before, 'the look');
      await bench.change('powerOn', 'off');
      // Until the start that was written down cannot arrive any more.
      await bench.clock.sleep(15_000);
    };
    const [found] = await Promise.all([reconcile('powerOn', ctx.checkpoints, off), arrive()]);
    expect(found).toMatchObject({ verdict: 'concluded' });
    expect(wireLog.starts('off')).toBe(1);
  });

  test('after the start was sent, its job not yet written down, is concluded by the status', async () => {
    const ctx = dyingAt('job', 1, 'before');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await expect(reconcile('powerOn', ctx.checkpoints, off)).resolves.toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', state: { powerState: 'running' } },
    });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });

  test('while the job ran is concluded by the job, which is deleted', async () => {
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await expect(reconcile('powerOn', ctx.checkpoints, off)).resolves.toMatchObject({ verdict: 'concluded' });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('while the job ran, and so did the HMC, is concluded by the status', async () => {
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await bench.simulator.restart();
    await expect(reconcile('powerOn', ctx.checkpoints, off)).resolves.toMatchObject({ verdict: 'concluded' });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });

  test('and whose start failed has failed, and is not started again', async () => {
    bench.simulator.fault({ kind: 'job-failed', partition: 'off', ends_as: 'reservation-error' });
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await expect(reconcile('powerOn', ctx.checkpoints, off)).resolves.toMatchObject({
      verdict: 'failed',
      error: { details: { status: 'reservation-error' } },
    });
  });

  test('and whose start nobody can tell about any more is failed when the partition is stopped', async () => {
    bench.simulator.fault({ kind: 'ignored', partition: 'off' });
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await bench.simulator.restart();
    await expect(reconcile('powerOn', ctx.checkpoints, off)).resolves.toMatchObject({
      verdict: 'failed',
      error: { code: 'OPERATION_FAILED' },
    });
    expect(bench.simulator.wireLog.starts('off')).toBe(1);
  });

  test('and whose end never comes is unknown', async () => {
    bench.simulator.fault({ kind: 'never-reaches', partition: 'off' });
    const ctx = dyingAt('job');
    const host = bench.open({ operation_timeout_ms: 30_000 });
    await expect(run(host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    await expect(
      host.reconcile(bench.context(ctx.checkpoints), { operation: 'powerOn', params: {} }, off),
    ).resolves.toMatchObject({
      verdict: 'unknown',
    });
  });

  test('in the stop before the start goes on with the start', async () => {
    const paused = await bench.host.resolve(bench.context(), 'paused');
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, paused)).rejects.toThrow(Died);
    await expect(reconcile('powerOn', ctx.checkpoints, paused)).resolves.toEqual({ verdict: 'continue' });
    await run(bench.host, 'powerOn', bench.context(ctx.checkpoints), paused);
    expect(bench.simulator.wireLog.starts('paused')).toBe(1);
    expect(bench.simulator.wireLog.stops('paused')).toBe(1);
  });

  test.each([
    ['BACKEND_BUSY', { kind: 'unavailable', times: 'always' }, {}],
    ['BACKEND_TIMEOUT', { kind: 'slow', times: 'always', delay_ms: 60_000 }, { request_timeout_ms: 2000 }],
  ] as const)('can be asked again when the HMC does not answer: %s', async (code, fault, settings) => {
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'powerOn', ctx, off)).rejects.toThrow(Died);
    bench.simulator.fault(fault);
    const host = bench.open(settings);
    const asked = { operation: 'powerOn', params: {} } as const;
    const failure = await failureOf(host.reconcile(bench.context(ctx.checkpoints), asked, off));
    expect(failure.code).toBe(code);
  });
});

describe('a reboot whose process died', () => {
  test('in its stop goes on with the start', async () => {
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'reboot', ctx, on)).rejects.toThrow(Died);
    await expect(reconcile('reboot', ctx.checkpoints, on)).resolves.toEqual({ verdict: 'continue' });
    await expect(run(bench.host, 'reboot', bench.context(ctx.checkpoints), on)).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(bench.simulator.wireLog.stops('on')).toBe(1);
    expect(bench.simulator.wireLog.starts('on')).toBe(1);
  });

  test('in a stop that failed has changed nothing', async () => {
    bench.simulator.fault({ kind: 'job-failed', partition: 'on' });
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'reboot', ctx, on)).rejects.toThrow(Died);
    await expect(reconcile('reboot', ctx.checkpoints, on)).resolves.toMatchObject({
      verdict: 'failed',
      error: { outcome: 'not-applied', details: { status: 'active' } },
    });
  });

  test('in its stop, and whose start is refused then, tells that it was stopped', async () => {
    const ctx = dyingAt('job');
    await expect(run(bench.host, 'reboot', ctx, on)).rejects.toThrow(Died);
    await reconcile('reboot', ctx.checkpoints, on);
    bench.simulator.fault({ kind: 'error', method: 'POST', path: '*/operations/start', status: 403, reason: 1 });
    const failure = await failureOf(run(bench.host, 'reboot', bench.context(ctx.checkpoints), on));
    expect(failure).toMatchObject({ code: 'BACKEND_FORBIDDEN', outcome: 'unknown' });
  });

  test('in its start is concluded', async () => {
    const ctx = dyingAt('job', 2);
    await expect(run(bench.host, 'reboot', ctx, on)).rejects.toThrow(Died);
    await expect(reconcile('reboot', ctx.checkpoints, on)).resolves.toMatchObject({ verdict: 'concluded' });
    expect(bench.simulator.wireLog.starts('on')).toBe(1);
  });
});

test('a power-off whose process died is concluded', async () => {
  const ctx = dyingAt('job');
  await expect(run(bench.host, 'powerOff', ctx, on)).rejects.toThrow(Died);
  await expect(reconcile('powerOff', ctx.checkpoints, on)).resolves.toMatchObject({
    verdict: 'concluded',
    result: { state: { powerState: 'shutdown' } },
  });
  expect(bench.simulator.wireLog.stops('on')).toBe(1);
});
