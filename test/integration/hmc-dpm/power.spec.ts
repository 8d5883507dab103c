import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

describe('power on', () => {
  test.each([
    ['off', 'done', ['start'], 'active'],
    ['on', 'already', [], 'active'],
    ['degraded', 'already', [], 'degraded'],
    ['paused', 'done', ['stop', 'start'], 'active'],
    ['terminated', 'done', ['stop', 'start'], 'active'],
    ['starved', 'done', ['stop', 'start'], 'active'],
  ])('of %s is %s', async (name, outcome, steps, native) => {
    const ctx = bench.context();
    const result = await bench.change('powerOn', name, ctx);
    expect(result).toMatchObject({ outcome, state: { powerState: 'running', nativeState: native, transition: null } });
    expect(ctx.begun).toEqual(steps);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test.each([
    ['starving', 'CAPACITY_EXHAUSTED', /reservation-error/, 1],
    ['crashing', 'OPERATION_FAILED', /terminated/, 1],
    ['halting', 'OPERATION_FAILED', /paused/, 1],
    ['bootless', 'STATE_CONFLICT', /boot-device is "none"/, 0],
    ['out-of-touch', 'STATE_CONFLICT', /support element/, 0],
    ['checking', 'STATE_CONFLICT', /status-check/, 0],
  ])('of %s fails with %s', async (name, code, message, starts) => {
    const failure = await failureOf(bench.change('powerOn', name));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure).toMatchObject({ driver: 'hmc-dpm', outcome: 'not-applied' });
    expect(bench.simulator.wireLog.starts(name)).toBe(starts);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('waits while somebody else starts it, and sends nothing', async () => {
    const ctx = bench.context();
    const work = bench.change('powerOn', 'starting', ctx);
    await progress(ctx.messages);
    bench.simulator.setStatus('starting', 'paused');
    const since = bench.simulator.wireLog.last;
    await eventually(() => bench.simulator.wireLog.count({ since, method: 'GET' }) > 2, 'more looks at it');
    bench.simulator.setStatus('starting', 'active');
    await expect(work).resolves.toMatchObject({ outcome: 'already' });
    expect(bench.simulator.wireLog.starts('starting')).toBe(0);
    expect(bench.simulator.wireLog.stops('starting')).toBe(0);
  });

  test('waits while somebody else stops it, and then starts it', async () => {
    const ctx = bench.context();
    const work = bench.change('powerOn', 'stopping', ctx);
    await progress(ctx.messages);
    bench.simulator.setStatus('stopping', 'stopped');
    await expect(work).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.starts('stopping')).toBe(1);
  });
});

describe('power off', () => {
  test.each([
    ['on', 'done', ['stop']],
    ['degraded', 'done', ['stop']],
    ['paused', 'done', ['stop']],
    ['terminated', 'done', ['stop']],
    ['off', 'already', []],
  ])('of %s is %s', async (name, outcome, steps) => {
    const ctx = bench.context();
    const result = await bench.change('powerOff', name, ctx);
    expect(result).toMatchObject({ outcome, state: { powerState: 'shutdown', nativeState: 'stopped' } });
    expect(ctx.begun).toEqual(steps);
  });

  test('of a partition without resources has nothing to do', async () => {
    const result = await bench.change('powerOff', 'starved');
    expect(result).toMatchObject({ outcome: 'already', state: { nativeState: 'reservation-error' } });
  });

  test('waits for the end of a start before it stops', async () => {
    const ctx = bench.context();
    const work = bench.change('powerOff', 'starting', ctx);
    await progress(ctx.messages);
    bench.simulator.setStatus('starting', 'active');
    await expect(work).resolves.toMatchObject({ outcome: 'done' });
    expect(ctx.begun).toEqual(['stop']);
  });

  test('waits for the end of a stop that somebody else began', async () => {
    const ctx = bench.context();
    const work = bench.change('powerOff', 'stopping', ctx);
    await progress(ctx.messages);
    bench.simulator.setStatus('stopping', 'stopped');
    await expect(work).resolves.toMatchObject({ outcome: 'already' });
    expect(ctx.begun).toEqual([]);
  });

  test.each(['out-of-touch', 'checking'])('of %s is refused', async (name) => {
    const failure = await failureOf(bench.change('powerOff', name));
    expect(failure.code).toBe('STATE_CONFLICT');
    expect(bench.simulator.wireLog.stops(name)).toBe(0);
  });

  test('of a locked partition is refused, saying so', async () => {
    const failure = await failureOf(bench.change('powerOff', 'locked'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied' });
    expect(failure.message).toMatch(/locked on the HMC/);
    expect(bench.simulator.wireLog.stops('locked')).toBe(0);
  });
});

describe('reboot', () => {
  test.each([
    ['on', ['stop', 'start']],
    ['paused', ['stop', 'start']],
    ['off', ['start']],
    ['starved', ['stop', 'start']],
  ])('of %s', async (name, steps) => {
    const ctx = bench.context();
    await expect(bench.change('reboot', name, ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(ctx.begun).toEqual(steps);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('is hard only', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'on');
    const params = { type: 'soft', within_s: 5 } as const;
    const since = bench.simulator.wireLog.last;
    const refused = { code: 'FEATURE_LIMITED', details: { path: 'type' } };
    const { reboot } = bench.host.operations;
    if (reboot === undefined) throw new Error('it has no reboot');
    expect(await failureOf(reboot(ctx, target, params))).toMatchObject(refused);
    expect(await failureOf(bench.host.plan(ctx, { operation: 'reboot', params }, target))).toMatchObject(refused);
    expect(bench.simulator.wireLog.count({ since })).toBe(0);
    await expect(reboot(ctx, target, { type: 'hard' })).resolves.toMatchObject({ outcome: 'done' });
  });

  test('does not stop what it could not start again', async () => {
    const failure = await failureOf(bench.change('reboot', 'bootless-on'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT', details: { status: 'active' } });
    expect(bench.simulator.status('bootless-on')).toBe('active');
  });
});

describe('what was stopped and cannot be started', () => {
  const START = { method: 'POST', path: '*/operations/start' } as const;

  test.each([
    ['reboot', 'on', { kind: 'error', ...START, status: 403, reason: 1 }, 'BACKEND_FORBIDDEN'],
    ['reboot', 'on', { kind: 'job-failed', partition: 'on', ...START }, 'BACKEND_REJECTED'],
    ['powerOn', 'paused', { kind: 'error', ...START, status: 409, reason: 6 }, 'STATE_CONFLICT'],
  ] as const)('by %s of %s is told as a change: %j', async (operation, name, fault, code) => {
    bench.simulator.fault(fault);
    const failure = await failureOf(bench.change(operation, name));
    expect(failure).toMatchObject({ code, outcome: 'unknown', retry: 'after-reconcile' });
    expect(failure.message).toMatch(/Carried out before: stop of the partition/);
    expect(bench.simulator.status(name)).toBe('stopped');
  });

  test('is not told when the stop itself fails', async () => {
    bench.simulator.fault({ kind: 'job-failed', partition: 'on', method: 'POST', path: '*/operations/stop' });
    const failure = await failureOf(bench.change('reboot', 'on'));
    expect(failure).toMatchObject({ outcome: 'not-applied', details: { status: 'active' } });
  });
});

describe('plan', () => {
  test.each([
    ['powerOn', 'off', ['start']],
    ['powerOn', 'on', []],
    ['powerOn', 'paused', ['stop', 'start']],
    ['powerOn', 'starting', ['wait']],
    ['powerOn', 'stopping', ['wait', 'start']],
    ['powerOff', 'on', ['stop']],
    ['powerOff', 'off', []],
    ['powerOff', 'starting', ['wait', 'stop']],
    ['reboot', 'on', ['stop', 'start']],
    ['reboot', 'starting', ['wait', 'stop', 'start']],
  ] as const)('of %s for %s says %j and does nothing', async (operation, name, actions) => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, name);
    const before = bench.simulator.status(name);
    const steps = await bench.host.plan(ctx, { operation, params: {} }, target);
    expect(steps.map(({ action }) => action)).toEqual(actions);
    expect(bench.simulator.status(name)).toBe(before);
    expect(bench.simulator.wireLog.count({ method: 'POST', path: '/api/partitions/*' })).toBe(0);
  });

  test('says why it cannot be done', async () => {
    const ctx = bench.context();
    const target = await bench.host.resolve(ctx, 'bootless');
    const failure = await failureOf(bench.host.plan(ctx, { operation: 'powerOn', params: {} }, target));
    expect(failure.code).toBe('STATE_CONFLICT');
  });
});

async function progress(messages: readonly string[]): Promise<void> {
  await eventually(() => messages.some((message) => message.includes('waiting')), 'the operation to wait');
}
