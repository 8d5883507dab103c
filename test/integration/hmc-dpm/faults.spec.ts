import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ComputeError } from '../../../src/common/errors/index.js';
import { systemClock } from '../../../src/common/clock.js';
import { Secret } from '../../../src/common/secret.js';
import { eventually } from '../../support/eventually.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { failureOf, HmcDpmBench, run } from './hmc-dpm-bench.js';

const START = { method: 'POST', path: '*/operations/start' } as const;

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

/** Starts on the wire, and those the HMC carried out. */
function starts(name = 'off'): { sent: number; executed: number } {
  const { wireLog } = bench.simulator;
  return { sent: wireLog.count({ ...START, subject: name }), executed: wireLog.starts(name) };
}

describe('a power-on succeeds, with one start carried out, although', () => {
  test('the session expires when the start is sent', async () => {
    bench.simulator.fault({ kind: 'session-expired', ...START });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 2, executed: 1 });
    expect(bench.simulator.wireLog.logons()).toBe(2);
  });

  test('the session expires while the job is polled', async () => {
    bench.simulator.fault({ kind: 'session-expired', method: 'GET', path: '/api/jobs/*' });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('the partition is busy for a while', async () => {
    bench.simulator.fault({ kind: 'busy', ...START, times: 3 });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 4, executed: 1 });
  });

  test('the HMC says 503 for a while', async () => {
    bench.simulator.fault({ kind: 'unavailable', ...START, times: 2 });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts().executed).toBe(1);
  });

  test('the HMC says 503 to everything for a while', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'off');
    bench.simulator.fault({ kind: 'unavailable', times: 4 });
    await expect(run(bench.host, 'powerOn', ctx, target)).resolves.toMatchObject({ outcome: 'done' });
    expect(starts().executed).toBe(1);
  });

  test.each([
    ['answer-lost', {}],
    ['truncated-json', {}],
    ['wrong-types', {}],
    ['html-error', { when: 'after' }],
    ['html-error', { when: 'after', status: 200 }],
  ] as const)('the answer to the start is lost after it was carried out: %s %j', async (kind, more) => {
    bench.simulator.fault({ kind, ...START, ...more });
    const ctx = bench.context();
    await expect(bench.change('powerOn', 'off', ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
    expect(ctx.begun).toEqual(['start']);
  });

  test('the answer to the start never ends', async () => {
    bench.simulator.fault({ kind: 'endless-body', ...START });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
  });

  test('its job is lost', async () => {
    bench.simulator.fault({ kind: 'job-lost', partition: 'off' });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
  });

  test.each(['connection-reset', 'html-error', 'unavailable', 'truncated-json'] as const)(
    'the polling of its job meets %s',
    async (kind) => {
      bench.simulator.fault({ kind, method: 'GET', path: '/api/jobs/*', times: 3 });
      await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
      expect(starts()).toEqual({ sent: 1, executed: 1 });
      expect(bench.simulator.jobs()).toHaveLength(0);
    },
  );

  test.each(['connection-reset', 'html-error', 'unavailable', 'answer-lost'] as const)(
    'the deletion of its job meets %s',
    async (kind) => {
      bench.simulator.fault({ kind, method: 'DELETE', path: '/api/jobs/*' });
      await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
      expect(bench.simulator.jobs()).toHaveLength(0);
    },
  );

  test('the HMC restarts while the job runs', async () => {
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const work = bench.change('powerOn', 'off', ctx);
    await job;
    await bench.simulator.restart({ downMs: 300 });
    await expect(work).resolves.toMatchObject({ outcome: 'done' });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
  });

  test('the HMC is away when the start is to be sent', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'off');
    const beginStep = ctx.beginStep.bind(ctx);
    let restarted: Promise<void> | undefined;
    ctx.beginStep = async (step) => {
      await beginStep(step);
      if (restarted !== undefined) return;
      restarted = bench.simulator.restart({ downMs: 300 });
      await eventually(() => bench.simulator.connections === 0, 'the HMC to go away');
    };
    await expect(run(bench.host, 'powerOn', ctx, target)).resolves.toMatchObject({ outcome: 'done' });
    await restarted;
    expect(starts().executed).toBe(1);
  });

  test('somebody else was faster', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'off');
    const beginStep = ctx.beginStep.bind(ctx);
    ctx.beginStep = async (step) => {
      await beginStep(step);
      bench.simulator.setStatus('off', 'active');
    };
    await expect(run(bench.host, 'powerOn', ctx, target)).resolves.toMatchObject({ outcome: 'already' });
    expect(starts()).toEqual({ sent: 1, executed: 0 });
  });
});

describe('a power-on fails truly, and is not sent again, when', () => {
  test('its job is cancelled on the HMC', async () => {
    bench.simulator.fault({ kind: 'job-cancelled', partition: 'off' });
    const failure = await failureOf(bench.change('powerOn', 'off'));
    expect(failure).toMatchObject({ code: 'OPERATION_FAILED', outcome: 'not-applied', details: { status: 'stopped' } });
    expect(failure.message).toMatch(/cancelled on the HMC/);
    expect(starts()).toEqual({ sent: 1, executed: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('its job fails', async () => {
    bench.simulator.fault({ kind: 'job-failed', partition: 'off', status: 409, reason: 6, message: 'No power' });
    const failure = await failureOf(bench.change('powerOn', 'off'));
    expect(failure).toMatchObject({
      code: 'STATE_CONFLICT',
      outcome: 'not-applied',
      native: { status: 409, code: '409,6', text: 'No power' },
    });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('its job is complete and nothing happened', async () => {
    bench.simulator.fault({ kind: 'ignored', partition: 'off' });
    const failure = await failureOf(bench.change('powerOn', 'off'));
    expect(failure).toMatchObject({ code: 'OPERATION_FAILED', details: { status: 'stopped' } });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
  });

  test('the status never gets there', async () => {
    bench.simulator.fault({ kind: 'never-reaches', partition: 'off' });
    const host = bench.open({ operation_timeout_ms: 60_000 });
    const failure = await failureOf(bench.change('powerOn', 'off', bench.context(), host));
    expect(failure).toMatchObject({ code: 'BACKEND_TIMEOUT', outcome: 'unknown', retry: 'after-reconcile' });
    expect(failure.message).toMatch(/partition off to be active/);
    expect(starts()).toEqual({ sent: 1, executed: 1 });
  });

  test.each([
    ['connection-reset', {}],
    ['html-error', {}],
    ['error', { status: 500, reason: 99 }],
  ] as const)('the request got lost and the status does not change: %s %j', async (kind, more) => {
    bench.simulator.fault({ kind, ...START, ...more } as Parameters<typeof bench.simulator.fault>[0]);
    const failure = await failureOf(bench.change('powerOn', 'off'));
    expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown', retry: 'after-reconcile' });
    expect(starts()).toEqual({ sent: 1, executed: 0 });
  });

  test('the partition stays busy', async () => {
    bench.simulator.fault({ kind: 'busy', ...START, times: 'always' });
    const host = bench.open({ operation_timeout_ms: 60_000 });
    const failure = await failureOf(bench.change('powerOn', 'off', bench.context(), host));
    expect(failure).toMatchObject({
      code: 'BACKEND_BUSY',
      outcome: 'not-applied',
      retry: 'safe',
      native: { code: '409,2' },
    });
    expect(starts().executed).toBe(0);
  });

  test('its time is over before it could be sent', async () => {
    const host = bench.open({ operation_timeout_ms: 1000 });
    const target = await host.resolve(bench.context(), 'off');
    bench.simulator.fault({ kind: 'slow', method: 'GET', path: '/api/partitions/*', delay_ms: 100 });
    const failure = await failureOf(run(host, 'powerOn', bench.context(), target));
    expect(failure).toMatchObject({ code: 'BACKEND_TIMEOUT', outcome: 'not-applied', retry: 'safe' });
    expect(starts().sent).toBe(0);
  });

  test('the user lacks the task', async () => {
    const host = bench.open({ userid: 'reader', password: new Secret('secret-of-reader') });
    const failure = await failureOf(bench.change('powerOn', 'off', bench.context(), host));
    expect(failure).toMatchObject({ code: 'BACKEND_FORBIDDEN', outcome: 'not-started', native: { code: '403,1' } });
    expect(failure.message).toMatch(/Start Partition/);
    expect(bench.simulator.wireLog.logons()).toBe(1);
    expect(starts('off').sent).toBe(1);
  });

  test('the session is lost and the logon refused while its job runs: the outcome is unknown', async () => {
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const work = bench.change('powerOn', 'off', ctx);
    await job;
    bench.simulator.fault({ kind: 'logon-refused', times: 'always' });
    bench.simulator.dropSessions();
    const failure = await failureOf(work);
    expect(failure).toMatchObject({ code: 'BACKEND_AUTH_FAILED', outcome: 'unknown', retry: 'after-reconcile' });
    expect(bench.simulator.wireLog.logons()).toBe(2);
  });

  test('the partition is renamed in the meantime', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'off');
    const failure = await failureOf(run(bench.host, 'powerOn', ctx, { ...target, name: 'formerly' }));
    expect(failure.code).toBe('INSTANCE_NOT_FOUND');
    expect(starts().sent).toBe(0);
  });
});

describe('an operation that is interrupted', () => {
  /** A start takes so long that it cannot have ended before it is cancelled. */
  const startsSlowly = async () => {
    await bench.stop();
    bench = await HmcDpmBench.start({ inventory: { timing: { start_ms: 600_000, stop_ms: 40, cancel_ms: 20 } } });
  };
  /** Cancels an operation when its progress says so. */
  const cancelAt = (ctx: RecordingContext, words: string) => (message: string) => {
    if (message.includes(words)) ctx.abort(new ComputeError('OPERATION_CANCELLED', 'cancelled'));
  };

  test('by a cancel cancels its job and deletes it', async () => {
    await startsSlowly();
    const reason = new ComputeError('OPERATION_CANCELLED', 'cancelled');
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const work = bench.change('powerOn', 'off', ctx);
    await job;
    ctx.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(bench.simulator.jobs()).toHaveLength(0);
    expect(bench.simulator.status('off')).toBe('stopped');
    const target = await bench.host.resolve(bench.context(), 'off');
    // Also when the service died before it wrote the outcome down: what was cancelled is not begun again.
    await expect(
      bench.host.reconcile(bench.context(ctx.checkpoints), { operation: 'powerOn', params: {} }, target),
    ).resolves.toMatchObject({
      verdict: 'failed',
      error: { code: 'OPERATION_CANCELLED', outcome: 'not-applied' },
    });
  });

  test('by a cancel after its stop tells that it was stopped', async () => {
    await startsSlowly();
    const ctx = bench.context();
    await expect(
      bench.change('reboot', 'on', Object.assign(ctx, { progress: cancelAt(ctx, 'finish starting') })),
    ).rejects.toMatchObject({ code: 'OPERATION_CANCELLED' });
    const target = await bench.host.resolve(bench.context(), 'on');
    await expect(
      bench.host.reconcile(bench.context(ctx.checkpoints), { operation: 'reboot', params: {} }, target),
    ).resolves.toMatchObject({
      verdict: 'failed',
      error: { code: 'OPERATION_CANCELLED', outcome: 'unknown' },
    });
    expect(bench.simulator.status('on')).toBe('stopped');
  });

  test.each(['DEADLINE_EXCEEDED', 'SHUTTING_DOWN'] as const)('by %s leaves its job alone', async (code) => {
    const reason = new ComputeError(code, 'no more time');
    const ctx = bench.context();
    const job = ctx.whenLeft('job');
    const work = bench.change('powerOn', 'off', ctx);
    await job;
    ctx.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(bench.simulator.wireLog.count({ path: '/api/jobs/*/operations/cancel' })).toBe(0);
    const target = await bench.host.resolve(bench.context(), 'off');
    await expect(
      bench.host.reconcile(bench.context(ctx.checkpoints), { operation: 'powerOn', params: {} }, target),
    ).resolves.toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', state: { powerState: 'running' } },
    });
    expect(starts()).toEqual({ sent: 1, executed: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });
});

test('a start that is slow to be carried out is waited for, not sent again', async () => {
  const slow = await HmcDpmBench.start({ clock: systemClock });
  try {
    const ctx = slow.context();
    const target = await slow.host.resolve(ctx, 'off');
    slow.simulator.fault({ kind: 'slow', when: 'after', ...START, delay_ms: 15_000 });
    // What it looks at before it starts has as long as the start.
    const hasty = slow.open({ request_timeout_ms: 3000 });
    await expect(run(hasty, 'powerOn', ctx, target)).resolves.toMatchObject({ outcome: 'done' });
    expect(slow.simulator.wireLog.count({ ...START })).toBe(1);
  } finally {
    await slow.stop();
  }
});
