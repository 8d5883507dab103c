import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ComputeError } from '../../../src/common/errors/index.js';
import {
  STEP_CHECKPOINT,
  type Checkpoint,
  type OperationContext,
  type VirtHost,
} from '../../../src/compute/contract/index.js';
import { Secret } from '../../../src/common/secret.js';
import { Died, dyingAt } from '../../support/dying.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const RESTART = { method: 'POST', path: '*/operations/psw-restart' } as const;

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const dump = (name: string, ctx?: OperationContext, host?: VirtHost) =>
  bench.change('triggerCrashDump', name, ctx, host);

const reconcile = (left: readonly Checkpoint[]) =>
  bench.reconcile({ operation: 'triggerCrashDump', params: {} }, 'on', left);

/** PSW restarts on the wire, and those that the HMC carried out. */
function restarts(): { sent: number; executed: number } {
  const { wireLog } = bench.simulator;
  return { sent: wireLog.count(RESTART), executed: wireLog.count({ ...RESTART, executed: true }) };
}

describe('a crash dump', () => {
  test('is a PSW restart, in four requests, and its job is deleted', async () => {
    const ctx = bench.context();
    await bench.host.resolve(ctx, 'on');
    const since = bench.simulator.wireLog.last;
    await expect(dump('on', ctx)).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(bench.requests(since)).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/psw-restart',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
    ]);
    expect(ctx.begun).toEqual(['psw-restart']);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('is sent again when it is asked for again', async () => {
    await dump('on');
    await dump('on');
    expect(restarts()).toEqual({ sent: 2, executed: 2 });
  });

  test('is taken of a guest that has crashed', async () => {
    await expect(dump('terminated')).resolves.toMatchObject({ outcome: 'done' });
  });

  test.each([
    ['off', /power it on/i],
    ['paused', /halted or did not boot/],
    ['starting', /repeat it when that has ended/],
    ['locked', /locked on the HMC/],
    ['out-of-touch', /communications-not-active/],
  ])('is refused of %s, and nothing is sent', async (name, why) => {
    const failure = await failureOf(dump(name));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied' });
    expect(failure.message).toMatch(why);
    expect(restarts().sent).toBe(0);
  });

  test('is planned without being sent', async () => {
    const plan = async (name: string) =>
      await bench.host.plan(
        bench.context(),
        { operation: 'triggerCrashDump', params: {} },
        await bench.host.resolve(bench.context(), name),
      );
    await expect(plan('on')).resolves.toMatchObject([{ action: 'psw-restart' }]);
    await expect(failureOf(plan('off'))).resolves.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(restarts().sent).toBe(0);
  });

  test('needs the task PSW Restart, which the refusal names', async () => {
    const host = bench.open({ userid: 'reader', password: new Secret('secret-of-reader') });
    const failure = await failureOf(dump('on', bench.context(), host));
    expect(failure.code).toBe('BACKEND_FORBIDDEN');
    expect(failure.message).toMatch(/the task PSW Restart/);
  });
});

describe('a crash dump that meets', () => {
  test('a busy partition is sent until it is taken', async () => {
    bench.simulator.fault({ kind: 'busy', ...RESTART, times: 3 });
    await expect(dump('on')).resolves.toMatchObject({ outcome: 'done' });
    expect(restarts()).toEqual({ sent: 4, executed: 1 });
  });

  test('a partition that stays busy gives up', async () => {
    bench.simulator.fault({ kind: 'busy', ...RESTART, times: 'always' });
    await expect(failureOf(dump('on'))).resolves.toMatchObject({ code: 'BACKEND_BUSY', outcome: 'not-applied' });
    expect(restarts().executed).toBe(0);
  });

  test.each([
    ['answer-lost', {}],
    ['truncated-json', {}],
    ['html-error', { when: 'after' }],
  ] as const)('a lost answer is sent once, and nobody claims to know: %s', async (kind, more) => {
    bench.simulator.fault({ kind, ...RESTART, ...more });
    const failure = await failureOf(dump('on'));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown', retry: 'after-reconcile' });
    expect(failure.message).toMatch(/look at the guest/);
    expect(restarts()).toEqual({ sent: 1, executed: 1 });
  });

  test('an HMC that forgets the job is not known to be done', async () => {
    bench.simulator.fault({ kind: 'job-lost', partition: 'on' });
    await expect(failureOf(dump('on'))).resolves.toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' });
    expect(restarts().sent).toBe(1);
  });

  test('a job that fails has changed nothing', async () => {
    bench.simulator.fault({ kind: 'job-failed', partition: 'on', status: 500, reason: 3, message: 'no PSW' });
    const failure = await failureOf(dump('on'));
    expect(failure).toMatchObject({ code: 'BACKEND_REJECTED', native: { code: '500,3', text: 'no PSW' } });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('its own cancellation leaves the job alone, which cannot be cancelled', async () => {
    const ctx = bench.context();
    const accepted = ctx.whenLeft('job');
    const cancelled = new ComputeError('OPERATION_CANCELLED', 'no longer wanted');
    bench.simulator.fault({ kind: 'slow', method: 'GET', path: '/api/jobs/*', delay_ms: 200 });
    const ended = failureOf(dump('on', ctx));
    await accepted;
    ctx.abort(cancelled);
    await expect(ended).resolves.toMatchObject({ code: 'OPERATION_CANCELLED' });
    expect(bench.simulator.wireLog.count({ path: '*/operations/cancel' })).toBe(0);
    await expect(reconcile(ctx.checkpoints)).resolves.toMatchObject({ verdict: 'concluded' });
  });
});

describe('a crash dump whose process died', () => {
  test('before anything was begun goes on', async () => {
    await expect(reconcile([])).resolves.toEqual({ verdict: 'continue' });
  });

  test('around its sending is unknown, and nothing is sent', async () => {
    const ctx = dyingAt(bench.context(), STEP_CHECKPOINT);
    await expect(dump('on', ctx)).rejects.toThrow(Died);
    await expect(reconcile(ctx.checkpoints)).resolves.toMatchObject({ verdict: 'unknown' });
    expect(restarts().sent).toBe(0);
  });

  test('while its job ran is concluded by the job, which is deleted', async () => {
    const ctx = dyingAt(bench.context(), 'job');
    await expect(dump('on', ctx)).rejects.toThrow(Died);
    await expect(reconcile(ctx.checkpoints)).resolves.toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', state: { powerState: 'running' } },
    });
    expect(restarts()).toEqual({ sent: 1, executed: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('while its job ran, and so did the HMC, is unknown', async () => {
    const ctx = dyingAt(bench.context(), 'job');
    await expect(dump('on', ctx)).rejects.toThrow(Died);
    await bench.simulator.restart();
    await expect(reconcile(ctx.checkpoints)).resolves.toMatchObject({ verdict: 'unknown' });
    expect(restarts().sent).toBe(1);
  });
});
