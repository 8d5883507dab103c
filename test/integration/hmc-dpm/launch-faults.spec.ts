import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { HmcFaultInput } from '../../../src/simulators/hmc/index.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { eventually } from '../../support/eventually.js';
import { dyingWhen } from './dying.js';
import { description, LaunchBench, volume } from './launch-bench.js';

/** Each fault at each step: the asked state, or nothing, and nothing that nobody knows of. */

let bench: LaunchBench;
let next = 1;
beforeAll(async () => {
  bench = await LaunchBench.start({ listens: true });
});
afterAll(async () => {
  await bench.stop();
});
beforeEach(async () => {
  await bench.hmc.untilHeard();
});
afterEach(async () => {
  bench.simulator.faults.clear();
  // Jobs whose answers were lost are deleted a while after their end.
  await eventually(
    () => bench.orphans().length === 0,
    () => `what is left to go: ${bench.orphans().join(', ')}`,
  );
  expect(bench.simulator.storageGroups().find(({ name }) => name === 'disks')).toMatchObject({ attachedTo: [] });
});

const FAULTS: Readonly<Record<string, HmcFaultInput>> = {
  'an answer that is lost': { kind: 'answer-lost' },
  'an answer that is cut off': { kind: 'truncated-json' },
  'a web page in place of an answer': { kind: 'html-error', when: 'after' },
  'a web page in place of its execution': { kind: 'html-error', when: 'before' },
  'a connection that breaks': { kind: 'connection-reset' },
  'a failure of the HMC': { kind: 'error', status: 500, reason: 0 },
  'an HMC that is not ready': { kind: 'unavailable' },
  'a refusal': { kind: 'error', status: 409, reason: 1 },
  'a permission that is missing': { kind: 'error', status: 403, reason: 1 },
  'a busy object': { kind: 'error', status: 409, reason: 2 },
  'a session that has ended': { kind: 'session-expired' },
};

interface Place {
  readonly method: string;
  readonly path: string;
  readonly nth?: number;
}

const LAUNCH_STEPS: Readonly<Record<string, Place>> = {
  'the creation of the partition': { method: 'POST', path: '/api/cpcs/*/partitions' },
  'the attachment of a group': { method: 'POST', path: '*/operations/attach-storage-group' },
  'the creation of its group': { method: 'POST', path: '/api/storage-groups' },
  'the creation of its NIC': { method: 'POST', path: '/api/partitions/*/nics' },
  // After two groups and a NIC.
  'its boot device': { method: 'POST', path: '/api/partitions/*', nth: 4 },
  'its start': { method: 'POST', path: '*/operations/start' },
};

const END_STEPS: Readonly<Record<string, Place>> = {
  'the stop': { method: 'POST', path: '*/operations/stop' },
  'the detachment of its group': { method: 'POST', path: '*/operations/detach-storage-group' },
  'the deletion of its group': { method: 'POST', path: '/api/storage-groups/*/operations/delete' },
  'the deletion of the partition': { method: 'DELETE', path: '/api/partitions/*' },
};

const JOB_FAULTS: Readonly<Record<string, HmcFaultInput>> = {
  'a job that fails': { kind: 'job-failed' },
  'a job that is forgotten': { kind: 'job-lost' },
  'a job that is cancelled': { kind: 'job-cancelled' },
};

const cases = (steps: Readonly<Record<string, Place>>) =>
  Object.entries(steps).flatMap(([step, at]) =>
    Object.entries({ ...FAULTS, ...(/start|stop/.test(at.path) ? JOB_FAULTS : {}) }).map(
      ([fault, rule]) => [step, fault, { ...rule, ...at }] as const,
    ),
  );

/** Whose name nobody had before. */
const wanted = () => description(`web${next++}`, { volumes: [volume('disks')] });

/** It is as it was asked for: once. */
function isLaunched(name: string): void {
  expect(bench.simulator.partitions(name)).toMatchObject([{ status: 'active', busy: false }]);
  expect(bench.simulator.properties(name)).toMatchObject({ 'boot-device': 'storage-volume' });
  expect(bench.simulator.nics(name)).toHaveLength(1);
  const groups = bench.simulator.attachedGroups(name).map((group) => group.name);
  expect(groups.toSorted()).toEqual(['disks', name]);
  expect(bench.simulator.storageGroups().filter((group) => group.name === name)).toHaveLength(1);
}

async function remove(name: string): Promise<void> {
  await bench.destroy(await bench.find(name));
}

describe('a launch that meets', () => {
  test.each(cases(LAUNCH_STEPS))('at %s %s', async (_step, _fault, rule) => {
    const params = wanted();
    const fault = bench.simulator.fault(rule);
    const ctx = bench.hmc.context();
    const failure = await bench.seeThrough({ operation: 'spawn', params }, ctx);
    expect(bench.simulator.faults.remove(fault)).toBe(false);
    if (failure !== undefined) {
      expect(bench.simulator.partitions(params.name)).toEqual([]);
      return;
    }
    isLaunched(params.name);
    await remove(params.name);
  });
});

describe('an end that meets', () => {
  test.each(cases(END_STEPS))('at %s %s', async (_step, _fault, rule) => {
    const params = wanted();
    await bench.spawn(params);
    const target = await bench.find(params.name);
    const fault = bench.simulator.fault(rule);
    const failure = await bench.seeThrough({ operation: 'destroy', target }, bench.hmc.context());
    expect(bench.simulator.faults.remove(fault)).toBe(false);
    // What was refused is asked for again, when that has been mended.
    if (failure !== undefined) await bench.destroy(target);
    expect(bench.simulator.partitions(params.name)).toEqual([]);
  });
});

/** Dies at the checkpoint of this number, before it is left or after it. */
function dying(at: number, when: 'before' | 'after'): RecordingContext {
  let left = 0;
  return dyingWhen(bench.hmc.context(), () => ++left === at, when);
}

/** Checkpoints that a launch leaves: before each of its seven steps, after each that is no job, its job, and the partition. */
const LAUNCH_CHECKPOINTS = 15;
const END_CHECKPOINTS = 8;
const moments = (most: number) =>
  Array.from({ length: most }, (_, index) => [[index + 1, 'before'] as const, [index + 1, 'after'] as const]).flat();

describe('a worker that dies', () => {
  test('has so many checkpoints to die at', async () => {
    const params = wanted();
    const ctx = bench.hmc.context();
    await bench.spawn(params, ctx);
    const end = bench.hmc.context();
    await bench.destroy(await bench.find(params.name), end);
    expect([ctx.checkpoints.length, end.checkpoints.length]).toEqual([LAUNCH_CHECKPOINTS, END_CHECKPOINTS]);
  });

  test.each(moments(LAUNCH_CHECKPOINTS))('in a launch at checkpoint %i, %s it is left', async (at, when) => {
    const params = wanted();
    await expect(bench.seeThrough({ operation: 'spawn', params }, dying(at, when))).resolves.toBeUndefined();
    isLaunched(params.name);
    await remove(params.name);
  });

  test.each(moments(END_CHECKPOINTS))('in an end at checkpoint %i, %s it is left', async (at, when) => {
    const params = wanted();
    await bench.spawn(params);
    const target = await bench.find(params.name);
    await expect(bench.seeThrough({ operation: 'destroy', target }, dying(at, when))).resolves.toBeUndefined();
    expect(bench.simulator.partitions(params.name)).toEqual([]);
  });

  test.each(moments(8))(
    'while a launch that failed is removed, at checkpoint %i of that, %s it is left',
    async (at, when) => {
      const params = wanted();
      bench.simulator.fault({
        kind: 'job-failed',
        method: 'POST',
        path: '*/operations/start',
        ends_as: 'terminated',
        times: 'always',
      });
      const ctx = dying(LAUNCH_CHECKPOINTS + at, when);
      const failure = await bench.seeThrough({ operation: 'spawn', params }, ctx);
      expect(failure).toMatchObject({ outcome: 'not-applied' });
      expect(failure?.message).toMatch(/terminated/);
      expect(bench.simulator.partitions(params.name)).toEqual([]);
    },
  );
});
