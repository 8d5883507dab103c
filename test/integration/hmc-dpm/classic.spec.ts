import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { VirtHost } from '../../../src/compute/contract/index.js';
import type { HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const estate: Partial<HmcInventoryInput> = {
  users: [{ name: 'zenova', password: 'secret-of-zenova' }],
  timing: {
    start_ms: 60,
    paused_ms: 20,
    stop_ms: 40,
    cancel_ms: 20,
    activate_ms: 60,
    deactivate_ms: 40,
    load_ms: 60,
    settle_ms: 0,
  },
  cpcs: [
    { name: 'CPC1', mode: 'dpm', partitions: [{ name: 'off' }, { name: 'BOTH' }] },
    {
      name: 'CPC3',
      mode: 'classic',
      logical_partitions: [
        { name: 'OFF' },
        { name: 'IDLE', status: 'not-operating' },
        { name: 'PROD', status: 'operating' },
        { name: 'ODD', status: 'exceptions' },
        { name: 'LOST', status: 'status-check' },
        { name: 'AUTO', load_at_activation: true },
        { name: 'BOTH' },
      ],
    },
  ],
};

let bench: HmcDpmBench;
let host: VirtHost;
beforeEach(async () => {
  bench = await HmcDpmBench.start({ inventory: estate });
  host = bench.open({ cpc: 'CPC3', classic: { load_address: '01000', lpars: { AUTO: { load_at_activation: true } } } });
});
afterEach(async () => {
  await bench.stop();
});

describe('a CPC in classic mode', () => {
  test('lists its LPARs, and tells of each and of itself', async () => {
    const listed = await host.operations.listInstances(bench.context());
    expect(listed).toHaveLength(7);
    expect(listed.find(({ name }) => name === 'IDLE')).toMatchObject({
      state: { powerState: 'shutdown', holdsResources: true, nativeState: 'not-operating' },
    });
    const info = await host.operations.getInfo?.(bench.context(), 'PROD');
    expect(info).toMatchObject({
      state: { powerState: 'running' },
      vcpus: null,
      memoryMib: null,
      native: { cpc: 'CPC3', activation_mode: 'linux', next_activation_profile: 'PROD' },
    });
    await expect(host.operations.getInfo?.(bench.context(), info?.id ?? '')).resolves.toMatchObject({ name: 'PROD' });
    await expect(host.operations.getHostInfo?.(bench.context())).resolves.toMatchObject({
      hypervisor: expect.stringMatching(/PR\/SM/) as unknown as string,
      instances: 7,
      running: 2,
      native: { mode: 'classic' },
    });
    await expect(host.operations.queryPower(bench.context(), 'OFF')).resolves.toMatchObject({ powerState: 'shutdown' });
  });

  test('is found out once', async () => {
    await host.operations.queryPower(bench.context(), 'PROD');
    const since = bench.simulator.wireLog.last;
    await host.operations.queryPower(bench.context(), 'PROD');
    expect(bench.requests(since)).toEqual(['GET /api/console/operations/list-permitted-logical-partitions']);
  });

  test.each([
    ['OFF', 'powerOn', 'done', ['activate', 'load'], 'operating'],
    ['IDLE', 'powerOn', 'done', ['load'], 'operating'],
    ['PROD', 'powerOn', 'already', [], 'operating'],
    ['ODD', 'powerOn', 'already', [], 'exceptions'],
    ['AUTO', 'powerOn', 'done', ['activate'], 'operating'],
    ['OFF', 'powerOff', 'already', [], 'not-activated'],
    ['IDLE', 'powerOff', 'done', ['deactivate'], 'not-activated'],
    ['PROD', 'powerOff', 'done', ['deactivate'], 'not-activated'],
    ['ODD', 'powerOff', 'done', ['deactivate'], 'not-activated'],
    ['PROD', 'reboot', 'done', ['deactivate', 'activate', 'load'], 'operating'],
  ] as const)('%s: %s is %s', async (name, operation, outcome, steps, native) => {
    const ctx = bench.context();
    const result = await bench.change(operation, name, ctx, host);
    expect(result).toMatchObject({ outcome, state: { nativeState: native } });
    expect(ctx.begun).toEqual(steps);
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test.each(['powerOn', 'powerOff', 'reboot'] as const)(
    '%s of what is in no known state is refused',
    async (operation) => {
      const failure = await failureOf(bench.change(operation, 'LOST', bench.context(), host));
      expect(failure).toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied' });
      expect(failure.message).toMatch(/LPAR LOST.*status-check/);
    },
  );

  test('takes few requests', async () => {
    const lpar = 'GET /api/logical-partitions/{id}';
    await host.operations.listInstances(bench.context());
    const since = bench.simulator.wireLog.last;
    await bench.change('powerOn', 'OFF', bench.context(), host);
    expect(bench.requests(since)).toEqual([
      'GET /api/console/operations/list-permitted-logical-partitions',
      lpar,
      'POST /api/logical-partitions/{id}/operations/activate',
      'DELETE /api/jobs/{id}',
      lpar,
      'POST /api/logical-partitions/{id}/operations/load',
      'DELETE /api/jobs/{id}',
      lpar,
    ]);
  });

  test('does nothing over an operating system that came meanwhile', async () => {
    const target = await host.resolve(bench.context(), 'IDLE');
    const ctx = bench.context();
    const begin = ctx.beginStep.bind(ctx);
    ctx.beginStep = async (step) => {
      await bench.change('powerOn', 'IDLE', bench.context(), host);
      await begin(step);
    };
    const failure = await failureOf(host.operations.powerOff(ctx, target, {}));
    expect(failure).toMatchObject({ code: 'BACKEND_REJECTED', outcome: 'not-applied', native: { code: '500,263' } });
    await expect(host.operations.queryPower(bench.context(), 'IDLE')).resolves.toMatchObject({ powerState: 'running' });
  });

  test('plans what it would do', async () => {
    const target = await host.resolve(bench.context(), 'PROD');
    const steps = await host.plan(bench.context(), { operation: 'reboot', params: {} }, target);
    expect(steps.map(({ description }) => description)).toEqual([
      'deactivate LPAR PROD',
      'activate LPAR PROD',
      'load LPAR PROD',
    ]);
  });

  test('refuses what DPM alone has, before anything is sent', async () => {
    const target = await host.resolve(bench.context(), 'PROD');
    const since = bench.simulator.wireLog.last;
    const dump = host.operations.triggerCrashDump?.(bench.context(), target, {});
    expect(await failureOf(Promise.resolve(dump))).toMatchObject({
      code: 'FEATURE_UNSUPPORTED',
      message: expect.stringMatching(/CPC3.*classic mode/) as unknown as string,
    });
    const plan = host.plan(bench.context(), { operation: 'triggerCrashDump', params: {} }, target);
    expect((await failureOf(plan)).code).toBe('FEATURE_UNSUPPORTED');
    expect(bench.requests(since)).toEqual([]);
    const log = host.operations.getConsoleLog?.(bench.context(), 'PROD', { tail_lines: 5 });
    expect((await failureOf(Promise.resolve(log))).code).toBe('FEATURE_UNSUPPORTED');
  });
});

describe('a lost answer', () => {
  test.each(['activate', 'load'])('to %s is looked for, and the step sent once', async (step) => {
    bench.simulator.fault({ kind: 'answer-lost', path: `*/operations/${step}` });
    await expect(bench.change('powerOn', 'OFF', bench.context(), host)).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.count({ path: `*/operations/${step}` })).toBe(1);
  });

  test('of an attempt that died is found by the next one', async () => {
    bench.simulator.fault({ kind: 'error', path: '*/operations/load', status: 500, reason: 263 });
    await failureOf(bench.change('powerOn', 'OFF', bench.context(), host));
    const first = bench.context();
    const target = await host.resolve(first, 'OFF');
    await first.beginStep({ name: 'activate', description: 'activating LPAR OFF', requestTimeoutMs: 2000 });
    const next = bench.context(first.checkpoints);
    await expect(host.reconcile(next, { operation: 'powerOn', params: {} }, target)).resolves.toEqual({
      verdict: 'continue',
    });
    await expect(host.operations.powerOn(next, target, {})).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.count({ path: '*/operations/activate' })).toBe(1);
  });
});

test('a load that fails says that the LPAR was activated before', async () => {
  bench.simulator.fault({ kind: 'error', path: '*/operations/load', status: 500, reason: 263, message: 'reserved' });
  const failure = await failureOf(bench.change('powerOn', 'OFF', bench.context(), host));
  expect(failure).toMatchObject({ code: 'BACKEND_REJECTED', outcome: 'unknown', native: { code: '500,263' } });
  expect(failure.message).toMatch(/Carried out before: activation of the LPAR/);
});

describe('hmcz', () => {
  test('finds LPARs too, in one request more', async () => {
    const machine = bench.machine({ power_partition_name: 'PROD' });
    await expect(machine.verbs.queryPower?.(bench.context())).resolves.toMatchObject({ powerState: 'running' });
    const { powerOff } = machine.verbs;
    const target = await machine.resolve(bench.context());
    await expect(powerOff?.(bench.context(), target, {})).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.queryMany(['PROD', 'off', 'BOTH'])).resolves.toMatchObject([
      { nativeState: 'not-activated' },
      { nativeState: 'stopped' },
      { code: 'AMBIGUOUS' },
    ]);
  });

  test('does not guess between a partition and an LPAR of one name', async () => {
    const failure = await failureOf(bench.machine({ power_partition_name: 'BOTH' }).resolve(bench.context()));
    expect(failure.details['candidates']).toMatchObject([{ cpc: 'CPC1' }, { cpc: 'CPC3' }]);
  });
});
