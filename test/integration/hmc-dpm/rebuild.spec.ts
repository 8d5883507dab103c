import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChangeParams, ChangeResult } from '../../../src/compute/contract/index.js';
import { Died, dyingWhen } from '../../support/dying.js';
import { MemorySeeds } from '../../support/memory-seeds.js';
import { readIso } from '../../support/read-iso.js';
import { RescueImage } from '../../support/rescue-image.js';
import type { RecordingContext } from '../../support/operation-context.js';
import { failureOf, inventory } from './hmc-dpm-bench.js';
import { description, LaunchBench, NETWORK } from './launch-bench.js';

const MOUNT = { method: 'POST', path: '*/operations/mount-iso-image*' } as const;
const STARTS = { method: 'POST', path: '*/operations/start' } as const;
const STOPS = { method: 'POST', path: '*/operations/stop' } as const;
const SMALL = { vcpus: 1, memory_mib: 2048 };

let bench: LaunchBench;
let first: RescueImage;
let seeds: MemorySeeds;
let isoFolder: string;
let params: ChangeParams<'rebuild'>;
beforeEach(async () => {
  first = new RescueImage();
  seeds = new MemorySeeds();
  isoFolder = mkdtempSync(join(tmpdir(), 'zenova-mounted-'));
  params = { image: { source: `file:${first.another('other')}` } };
  bench = await LaunchBench.start({ images: first.images, seeds, isoFolder });
});
afterEach(async () => {
  await bench.stop();
  first.remove();
  rmSync(isoFolder, { recursive: true });
});

const partition = (name: string) => bench.simulator.partitions(name)[0];
const rebuild = (name: string, ctx?: RecordingContext, more: Partial<ChangeParams<'rebuild'>> = {}) =>
  bench.hmc.changeWith('rebuild', name, { ...params, ...more }, ctx);

/** All that the HMC has of a partition, but what its ISO image is, and what it gives out at the first start. */
function properties(name: string): Record<string, unknown> {
  const image = { 'boot-device': null, 'boot-iso-image-name': null, 'boot-iso-ins-file': null };
  return { ...bench.simulator.properties(name), ...image, 'partition-id': null };
}

/** What is mounted to a partition. */
function mounted(name: string): Readonly<Record<string, string>> {
  const { files } = readIso(partition(name)?.iso?.file ?? '');
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [path, content.toString()]));
}

/** What the kernel of an image is loaded by that something was added to. */
const OURS = '/zenova.ins';

/** It runs from the new image, with all that it had. */
function isRebuilt(name: string): void {
  expect(partition(name)).toMatchObject({
    status: 'active',
    iso: { insFile: OURS },
    booted: { device: 'iso-image', iso: { insFile: OURS, sha256: partition(name)?.iso?.sha256 } },
  });
  expect(mounted(name)['/other.ins']).toBe('* other\n');
}

describe('a rebuild', () => {
  test('starts a partition from another image in place of its own; all else stays', async () => {
    await bench.spawn(
      description('web', { flavor: { ...SMALL, root_gib: 20 }, image: first.source, networks: [{ name: NETWORK }] }),
    );
    const before = [properties('web'), bench.simulator.nics('web'), bench.simulator.attachedGroups('web')];
    const ctx = bench.hmc.context();
    await expect(rebuild('web', ctx, { admin_password: 'canary-of-password' })).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    isRebuilt('web');
    expect([properties('web'), bench.simulator.nics('web'), bench.simulator.attachedGroups('web')]).toEqual(before);
    const files = mounted('web');
    expect(files['/rescue.ins']).toBeUndefined();
    expect(files['/cidata/meta-data']).toContain(ctx.operationId);
    expect(files['/cidata/meta-data']).toContain('web');
    expect(files['/cidata/network-config']).toMatch(/"enc[0-9a-f]+"/);
    expect(files['/cidata/user-data']).toMatch(/"password": ?"\$6\$/);
    const elsewhere = JSON.stringify([
      bench.simulator.properties('web'),
      ctx.checkpoints,
      ctx.steps,
      ctx.messages,
      files,
    ]);
    expect(elsewhere).not.toMatch(/canary/);
    expect(first.left).toEqual([]);
    await bench.destroy(await bench.find('web'));
    expect(bench.orphans()).toEqual([]);
  });

  test('takes so many requests', async () => {
    await bench.stop();
    const timing = { start_ms: 20, paused_ms: 0 };
    bench = await LaunchBench.start({ images: first.images, isoFolder, inventory: { timing } });
    const ctx = bench.hmc.context();
    await bench.hmc.host.resolve(ctx, 'on');
    const since = bench.simulator.wireLog.last;
    await rebuild('on', ctx);
    expect(bench.hmc.requests(since)).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/mount-iso-image',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/stop',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/start',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
    ]);
    expect(ctx.begun).toEqual(['mount-iso-image', 'stop', 'set-boot-device', 'start']);
  });

  test('of one that is off leaves it off, and what it starts from next is the image', async () => {
    await expect(rebuild('off')).resolves.toMatchObject({ outcome: 'done', state: { powerState: 'shutdown' } });
    expect(partition('off')).toMatchObject({ status: 'stopped', iso: { insFile: OURS } });
    expect(bench.simulator.properties('off')['boot-device']).toBe('iso-image');
    await bench.hmc.change('powerOn', 'off');
    isRebuilt('off');
  });

  test('takes away the address of a seed that is no more, and no other parameter', async () => {
    const driver_options = { 'hmc-dpm': { boot_os_parameters: 'console=ttyS0' } };
    await bench.spawn(
      description('web', { flavor: SMALL, boot: { from: 'network' }, metadata: { role: 'web' }, driver_options }),
    );
    expect(bench.simulator.booted('web')?.osParameters).toContain('ds=nocloud;s=');
    await rebuild('web');
    isRebuilt('web');
    expect(bench.simulator.properties('web')['boot-os-specific-parameters']).toBe('console=ttyS0');
  });

  test('is done once more when it is asked for again', async () => {
    await rebuild('on');
    const { sha256 } = partition('on')?.iso ?? {};
    await expect(rebuild('on')).resolves.toMatchObject({ outcome: 'done' });
    expect(partition('on')?.iso?.sha256).not.toBe(sha256);
    isRebuilt('on');
  });

  test('is planned without being begun', async () => {
    const since = bench.simulator.wireLog.last;
    const plan = async (name: string) => {
      const ctx = bench.hmc.context();
      const target = await bench.find(name);
      const steps = await bench.hmc.host.plan(ctx, { operation: 'rebuild', params }, target);
      return steps.map(({ action }) => action);
    };
    await expect(plan('on')).resolves.toEqual(['fetch-image', 'mount-iso-image', 'stop', 'set-boot-device', 'start']);
    await expect(plan('off')).resolves.toEqual(['fetch-image', 'mount-iso-image', 'set-boot-device']);
    await expect(plan('locked')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(bench.writes(since)).toEqual([]);
  });
});

describe('what is refused', () => {
  test.each<[string, string, Partial<ChangeParams<'rebuild'>>, string, RegExp]>([
    ['a locked partition', 'locked', {}, 'STATE_CONFLICT', /locked/],
    ['one whose state cannot be told', 'out-of-touch', {}, 'STATE_CONFLICT', /rebuilt/],
    ['a name of an image', 'on', { image: { source: 'debian-13' } }, 'RESOURCE_NOT_FOUND', /debian-13/],
    ['a disk image', 'on', { image: { source: 'file:/a.qcow2', format: 'qcow2' } }, 'FEATURE_LIMITED', /LUN/],
    ['an image that is not there', 'on', { image: { source: 'file:/none' } }, 'FORBIDDEN', /images\.directories/],
  ])('is %s, and nothing is changed', async (_what, name, more, code, why) => {
    const before = bench.simulator.properties(name);
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(rebuild(name, undefined, more));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toMatch(why);
    expect(bench.simulator.properties(name)).toEqual(before);
    expect(bench.writes(since)).toEqual([]);
  });

  test('is one that is being rescued', async () => {
    await bench.hmc.changeWith('rescue', 'on', { image: first.source });
    const failure = await failureOf(rebuild('on'));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(failure.message).toMatch(/unrescue/);
    await bench.hmc.change('unrescue', 'on');
    await rebuild('on');
    isRebuilt('on');
  });

  test('is one with an ISO image of somebody else, and one that is no Linux', async () => {
    await bench.stop();
    const properties = { 'boot-device': 'iso-image', 'boot-iso-image-name': 'theirs.iso' };
    const partitions = [
      { name: 'held', properties },
      { name: 'vm', properties: { type: 'zvm' } },
    ];
    const cpcs = [{ name: 'CPC1', mode: 'dpm' as const, partitions }, ...inventory.cpcs.slice(1)];
    bench = await LaunchBench.start({ images: first.images, isoFolder, inventory: { cpcs } });
    const failures = [await failureOf(rebuild('held')), await failureOf(rebuild('vm'))];
    expect(failures).toMatchObject([{ code: 'STATE_CONFLICT' }, { code: 'STATE_CONFLICT' }]);
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringMatching(/theirs\.iso is mounted/),
      expect.stringMatching(/its type is zvm/),
    ]);
  });
});

describe('a worker that dies in a rebuild', () => {
  /** What was noted before, four steps with what was answered, and two jobs. */
  const CHECKPOINTS = 9;
  const moments = Array.from({ length: CHECKPOINTS }, (_, index) => index + 1).flatMap((at) => [
    [at, 'before'] as const,
    [at, 'after'] as const,
  ]);

  test('has so many checkpoints to die at', async () => {
    const ctx = bench.hmc.context();
    await rebuild('on', ctx);
    expect(ctx.checkpoints).toHaveLength(CHECKPOINTS);
  });

  test.each(moments)('at checkpoint %i, %s it is left: it is stopped, mounted and started once', async (at, when) => {
    let left = 0;
    const ctx = dyingWhen(bench.hmc.context(), () => ++left === at, when);
    await expect(rebuild('on', ctx)).rejects.toBeInstanceOf(Died);
    await seenThrough('on', ctx);
    isRebuilt('on');
    for (const request of [MOUNT, STOPS, STARTS]) {
      expect(bench.simulator.wireLog.count({ ...request, executed: true })).toBe(1);
    }
    expect(mounted('on')['/cidata/meta-data']).toContain(ctx.operationId);
    expect(first.left).toEqual([]);
  });

  /** As the dispatcher does it: what became of it, and then on. */
  async function seenThrough(name: string, left: RecordingContext): Promise<ChangeResult> {
    const looking = bench.hmc.again(left);
    const target = await bench.find(name);
    const found = await bench.hmc.host.reconcile(looking, { operation: 'rebuild', params }, target);
    if (found.verdict === 'concluded') return found.result as ChangeResult;
    expect(found).toEqual({ verdict: 'continue' });
    return await rebuild(name, bench.hmc.again(looking));
  }
});

describe('what goes wrong at the HMC', () => {
  test.each([
    ['the mounting', MOUNT],
    ['the stop', STOPS],
    ['the start', STARTS],
  ])('an answer of %s that is lost is looked for, and not asked for again', async (_what, at) => {
    bench.simulator.fault({ kind: 'answer-lost', ...at });
    await expect(rebuild('on')).resolves.toMatchObject({ outcome: 'done' });
    isRebuilt('on');
    expect(bench.simulator.wireLog.count(at)).toBe(1);
  });

  test('a start that fails is told, with what was done before', async () => {
    bench.simulator.fault({ kind: 'job-failed', ...STARTS, ends_as: 'terminated' });
    const failure = await failureOf(rebuild('on'));
    expect(failure).toMatchObject({ outcome: 'unknown' });
    expect(failure.message).toMatch(/Carried out before: .*mounting of ISO image/);
  });
});
