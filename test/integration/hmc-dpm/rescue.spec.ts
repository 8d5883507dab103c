import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STEP_CHECKPOINT } from '../../../src/compute/contract/index.js';
import { Died, dyingAt } from '../../support/dying.js';
import { RescueImage } from '../../support/rescue-image.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const MOUNT = { method: 'POST', path: '*/operations/mount-iso-image*' } as const;

let bench: HmcDpmBench;
let rescue: RescueImage;
beforeEach(async () => {
  rescue = new RescueImage();
  bench = await HmcDpmBench.start({ images: rescue.images, settings: { rescue_image: rescue.source } });
});
afterEach(async () => {
  await bench.stop();
  rescue.remove();
});

async function plan(operation: 'rescue' | 'unrescue', name: string): Promise<string[]> {
  const ctx = bench.context();
  const target = await bench.host.resolve(ctx, name);
  return (await bench.host.plan(ctx, { operation, params: {} }, target)).map(({ action }) => action);
}

/** All that the HMC has of a partition, but for what it gives out itself at the first start. */
function properties(name: string): Record<string, unknown> {
  return { ...bench.simulator.properties(name), 'partition-id': null };
}

const partition = (name: string) => bench.simulator.partitions(name)[0];

describe('a rescue', () => {
  test('starts a partition from the image of the host, and afterwards exactly as before', async () => {
    const before = properties('on');
    await expect(bench.change('rescue', 'on')).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(partition('on')).toMatchObject({
      status: 'active',
      iso: { sha256: rescue.sha256, insFile: '/rescue.ins' },
      booted: { device: 'iso-image', iso: { sha256: rescue.sha256 } },
    });
    expect(rescue.left).toEqual([]);
    const since = bench.simulator.wireLog.last;
    await expect(bench.change('rescue', 'on')).resolves.toMatchObject({ outcome: 'already' });
    expect(bench.requests(since).every((request) => request.startsWith('GET'))).toBe(true);

    await expect(bench.change('unrescue', 'on')).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(partition('on')).toMatchObject({ status: 'active', iso: null, booted: { device: 'storage-volume' } });
    expect(properties('on')).toEqual(before);
    await expect(bench.change('unrescue', 'on')).resolves.toMatchObject({ outcome: 'already' });
  });

  test('is planned without being begun', async () => {
    await expect(plan('rescue', 'on')).resolves.toEqual([
      'keep-boot',
      'mount-iso-image',
      'stop',
      'set-boot-device',
      'start',
    ]);
    await expect(plan('unrescue', 'on')).resolves.toEqual([]);
    await bench.change('rescue', 'off');
    await expect(plan('rescue', 'off')).resolves.toEqual([]);
    await expect(plan('unrescue', 'off')).resolves.toEqual([
      'stop',
      'restore-boot',
      'unmount-iso-image',
      'forget-boot',
      'start',
    ]);
  });

  test('is refused where it could not be as before, and nothing is changed', async () => {
    const before = properties('locked');
    await expect(bench.change('rescue', 'locked')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(properties('locked')).toEqual(before);
    const both = { image: { source: 'file:/a' }, boot: { from: 'network' } } as const;
    await expect(bench.changeWith('rescue', 'on', both)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const password = await failureOf(bench.changeWith('rescue', 'on', { admin_password: 'of-mine' }));
    expect(password).toMatchObject({ code: 'FEATURE_UNSUPPORTED' });
    expect(JSON.stringify(password)).not.toContain('of-mine');
  });

  test('of an image that is not there leaves the partition running, and can be ended', async () => {
    const before = properties('on');
    const image = { source: `file:${rescue.folder}/none.iso` };
    await expect(bench.changeWith('rescue', 'on', { image })).rejects.toThrow(/no image at/);
    expect(partition('on')?.status).toBe('active');
    await expect(bench.change('unrescue', 'on')).resolves.toMatchObject({ outcome: 'done' });
    expect(properties('on')).toEqual(before);
    expect(bench.simulator.wireLog.count({ method: 'POST', path: '*/operations/stop' })).toBe(0);
  });
});

describe('a process that dies in a rescue', () => {
  test.each([1, 2, 3, 4, 5])('at step %i: the next goes on, and all comes back as it was', async (count) => {
    const before = properties('on');
    const ctx = dyingAt(bench.context(), STEP_CHECKPOINT, count);
    await expect(bench.change('rescue', 'on', ctx)).rejects.toBeInstanceOf(Died);
    const next = bench.context(ctx.checkpoints);
    const target = await bench.host.resolve(next, 'on');
    await expect(bench.host.reconcile(next, { operation: 'rescue', params: {} }, target)).resolves.toEqual({
      verdict: 'continue',
    });
    await expect(bench.change('rescue', 'on', bench.context(next.checkpoints))).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(partition('on')?.booted).toMatchObject({ device: 'iso-image', iso: { sha256: rescue.sha256 } });
    await bench.change('unrescue', 'on');
    expect(properties('on')).toEqual(before);
  });

  test.each([1, 2, 3, 4, 5])('at step %i of its end: the next goes on', async (count) => {
    const before = properties('on');
    await bench.change('rescue', 'on');
    const ctx = dyingAt(bench.context(), STEP_CHECKPOINT, count);
    await expect(bench.change('unrescue', 'on', ctx)).rejects.toBeInstanceOf(Died);
    const next = bench.context(ctx.checkpoints);
    await expect(bench.change('unrescue', 'on', next)).resolves.toMatchObject({ outcome: 'done' });
    expect(properties('on')).toEqual(before);
    expect(partition('on')).toMatchObject({ status: 'active', iso: null, booted: { device: 'storage-volume' } });
  });
});

test('an image whose mounting was never answered is looked for, and not sent twice', async () => {
  bench.simulator.fault({ kind: 'answer-lost', ...MOUNT });
  await expect(bench.change('rescue', 'on')).resolves.toMatchObject({ outcome: 'done' });
  expect(bench.simulator.wireLog.count(MOUNT)).toBe(1);
});
