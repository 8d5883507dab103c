import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationContext } from '../../../src/compute/contract/index.js';
import { Died, dyingWhen } from '../../support/dying.js';
import { failureOf } from './hmc-dpm-bench.js';
import { LaunchBench, type Description } from './launch-bench.js';

let bench: LaunchBench;
const resize = (name: string, flavor: Description['flavor'], ctx?: OperationContext) =>
  bench.hmc.changeWith('resize', name, { flavor }, ctx);
beforeEach(async () => {
  bench = await LaunchBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const UPDATE = 'POST /api/partitions/{id}';
const STOP = 'POST /api/partitions/{id}/operations/stop';
const START = 'POST /api/partitions/{id}/operations/start';

/** Those of the bench have 2 IFLs and 4096 of at most 8192 MiB. */
const LARGER = { vcpus: 4, memory_mib: 8192 };
const size = (name: string) => {
  const {
    'ifl-processors': ifls,
    'initial-memory': memory,
    'maximum-memory': most,
  } = bench.simulator.properties(name, 'CPC1');
  return [ifls, memory, most];
};

describe('a resize', () => {
  test.each([
    ['of a running partition within its maximum is one request', 'on', LARGER, [UPDATE], [4, 8192, 8192]],
    [
      'beyond its maximum needs a stop',
      'on',
      { vcpus: 2, memory_mib: 16_384 },
      [STOP, UPDATE, START],
      [2, 16_384, 16_384],
    ],
    [
      'that takes memory away needs a stop',
      'on',
      { vcpus: 2, memory_mib: 2048 },
      [STOP, UPDATE, START],
      [2, 2048, 8192],
    ],
    [
      'to dedicated processors needs a stop',
      'on',
      { vcpus: 2, memory_mib: 4096, extras: { processor_mode: 'dedicated' } },
      [STOP, UPDATE, START],
      [2, 4096, 8192],
    ],
    ['of a stopped partition is one request', 'off', { vcpus: 2, memory_mib: 16_384 }, [UPDATE], [2, 16_384, 16_384]],
  ])('%s', async (_what, name, flavor, writes, expected) => {
    const status = bench.simulator.status(name, 'CPC1');
    const target = await bench.find(name);
    const plan = await bench.hmc.host.plan(bench.hmc.context(), { operation: 'resize', params: { flavor } }, target);
    const since = bench.simulator.wireLog.last;
    await expect(resize(name, flavor)).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.writes(since)).toEqual(writes);
    expect(plan.map(({ action }) => action)).toEqual(
      writes.map((line) => (line === UPDATE ? 'resize' : line.slice(line.lastIndexOf('/') + 1))),
    );
    expect(size(name)).toEqual(expected);
    expect(bench.simulator.status(name, 'CPC1')).toBe(status);
    await expect(resize(name, flavor)).resolves.toMatchObject({ outcome: 'already' });

    await bench.hmc.change('revertResize', name);
    expect(size(name)).toEqual([2, 4096, 8192]);
    expect(bench.simulator.properties(name, 'CPC1')).toMatchObject({ description: '', 'processor-mode': 'shared' });
    expect(bench.simulator.status(name, 'CPC1')).toBe(status);
  });

  test.each([
    ['while it runs', LARGER, 6],
    ['with a stop and a start', { vcpus: 2, memory_mib: 16_384 }, 12],
  ])('%s takes so many requests', async (_how, flavor, requests) => {
    await bench.stop();
    bench = await LaunchBench.start({ inventory: { timing: { start_ms: 20, paused_ms: 0, stop_ms: 20 } } });
    const target = await bench.find('on');
    const since = bench.simulator.wireLog.last;
    await bench.hmc.host.operations.resize?.(bench.hmc.context(), target, { flavor });
    expect(bench.hmc.requests(since)).toHaveLength(requests);
    const then = bench.simulator.wireLog.last;
    await bench.hmc.host.operations.confirmResize?.(bench.hmc.context(), target, {});
    expect(bench.hmc.requests(then)).toHaveLength(4);
  });

  test('keeps what others wrote into the description, and the earlier size until it is confirmed', async () => {
    await bench.hmc.atHmc('POST', bench.simulator.partitions('on', 'CPC1')[0]?.uri ?? '', {
      description: 'of the bank',
    });
    await resize('on', LARGER);
    expect(bench.simulator.properties('on', 'CPC1')['description']).toMatch(
      /^of the bank \[zenova-size:[0-9a-f-]{36}:ifl-processors=2,initial-memory=4096\]$/,
    );
    expect(await failureOf(resize('on', { vcpus: 1, memory_mib: 4096 }))).toMatchObject({
      code: 'STATE_CONFLICT',
    });
    await bench.hmc.change('confirmResize', 'on');
    expect(bench.simulator.properties('on', 'CPC1')['description']).toBe('of the bank');
    expect(await failureOf(bench.hmc.change('confirmResize', 'on'))).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await failureOf(bench.hmc.change('revertResize', 'on'))).toMatchObject({ code: 'STATE_CONFLICT' });
  });

  test('that cannot be had is taken back', async () => {
    bench.simulator.fault({
      kind: 'job-failed',
      method: 'POST',
      path: '*/operations/start',
      ends_as: 'reservation-error',
    });
    const failure = await failureOf(resize('on', { vcpus: 2, memory_mib: 16_384 }));
    expect(failure).toMatchObject({ code: 'CAPACITY_EXHAUSTED', outcome: 'not-applied' });
    expect(failure.message).toMatch(/earlier size again/);
    expect(size('on')).toEqual([2, 4096, 8192]);
    expect(bench.simulator.status('on', 'CPC1')).toBe('active');
    expect(bench.simulator.properties('on', 'CPC1')['description']).toBe('');
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('that the machine is too small for is refused before anything is changed', async () => {
    const since = bench.simulator.wireLog.last;
    expect(await failureOf(resize('on', { vcpus: 5000, memory_mib: 4096 }))).toMatchObject({
      code: 'CAPACITY_EXHAUSTED',
    });
    expect(bench.writes(since)).toEqual([]);
  });

  test.each([
    ['a locked partition that would be stopped', 'locked', { vcpus: 2, memory_mib: 2048 }, 'STATE_CONFLICT', /locked/],
    [
      'one that could not be started again',
      'bootless-on',
      { vcpus: 2, memory_mib: 2048 },
      'STATE_CONFLICT',
      /boot-device/,
    ],
    ['a root disk', 'on', { ...LARGER, root_gib: 10 }, 'FEATURE_LIMITED', /flavor\.root_gib/],
    ['an unknown extra', 'on', { ...LARGER, extras: { numa: 1 } }, 'REQUEST_INVALID', /unknown: numa/],
  ])('is refused for %s', async (_what, name, flavor, code, text) => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(resize(name, flavor));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toMatch(text);
    expect(bench.writes(since)).toEqual([]);
  });
});

/** Checkpoints that a resize with a stop leaves: what was before, two steps with their jobs, and one that is answered. */
const moments = Array.from({ length: 7 }, (_, index) => index + 1);

describe('a worker that dies', () => {
  test.each(
    (['resize', 'revert'] as const).flatMap((verb) =>
      moments.flatMap((at) => (['before', 'after'] as const).map((when) => [verb, at, when] as const)),
    ),
  )('in a %s at checkpoint %i, %s it is left, leaves it to the next', async (verb, at, when) => {
    const flavor = { vcpus: 2, memory_mib: 16_384 };
    if (verb === 'revert') await resize('on', flavor);
    const act =
      verb === 'resize'
        ? (ctx: OperationContext) => resize('on', flavor, ctx)
        : (ctx: OperationContext) => bench.hmc.change('revertResize', 'on', ctx);
    let left = 0;
    const ctx = dyingWhen(bench.hmc.context(), () => ++left === at, when);
    await expect(act(ctx)).rejects.toThrow(Died);
    const next = bench.hmc.again(ctx);
    const asked =
      verb === 'resize'
        ? ({ operation: 'resize', params: { flavor } } as const)
        : ({ operation: 'revertResize', params: {} } as const);
    await expect(bench.hmc.host.reconcile(next, asked, await bench.find('on'))).resolves.toEqual({
      verdict: 'continue',
    });
    await expect(act(bench.hmc.again(next))).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(size('on')).toEqual(verb === 'resize' ? [2, 16_384, 16_384] : [2, 4096, 8192]);
    expect(bench.simulator.properties('on', 'CPC1')['description'] === '').toBe(verb === 'revert');
  });
});

test('an answer that is lost is looked for, and the request not sent again', async () => {
  bench.simulator.fault({ kind: 'answer-lost', method: 'POST', path: '/api/partitions/*' });
  const since = bench.simulator.wireLog.last;
  await resize('on', LARGER);
  expect(bench.writes(since)).toEqual([UPDATE]);
  expect(size('on')).toEqual([4, 8192, 8192]);
});
