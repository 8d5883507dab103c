import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Volume } from '../../../src/compute/contract/index.js';
import { volumeAlias } from '../../../src/drivers/virsh/mapping/names.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';

let bench: DeviceBench;
/** One that runs, with a system that lets go of disks. */
const instance = 'web01';
let console: GuestConsole;

beforeAll(async () => {
  bench = await DeviceBench.start();
  console = await bench.started(instance, { hasSystem: true });
  await bench.define('off');
}, WITHIN_MS);
afterAll(() => bench.stop());

const attach = (volume: Volume, to = instance) => bench.call('compute.attach_volume', { instance: to, volume });
const detach = (volume: string, from = instance) => bench.call('compute.detach_volume', { instance: from, volume });

function fileVolume(id: string, more: Partial<Volume> = {}, format?: 'qcow2'): Volume {
  return { id, connection: { type: 'file', path: bench.file(`${id}.img`), ...(format && { format }) }, ...more };
}

function pathOf({ connection }: Volume): string {
  return 'path' in connection ? connection.path : '';
}

describe('a file', () => {
  test(
    'is attached to a guest that runs, which sees it, and detached from it',
    async () => {
      const volume = fileVolume('data', { limits: { total_iops_sec: 500 } });
      await expect(attach(volume)).resolves.toMatchObject({
        outcome: 'done',
        power_state: 'running',
        device: expect.stringMatching(/^vd[a-z]$/),
      });
      await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(volume)], next: [pathOf(volume)] });
      const [disk] = (await bench.facts(instance)).disks;
      expect(disk).toMatchObject({ alias: volumeAlias('data'), serial: 'data' });
      await expect(attach(volume)).resolves.toMatchObject({ outcome: 'already' });
      await expect(bench.call('compute.get_info', { instance, devices: true })).resolves.toMatchObject({
        volumes: [{ id: 'data' }],
      });

      await expect(detach('data')).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
      await expect(detach('data')).resolves.toMatchObject({ outcome: 'already' });
      expect(readFileSync(pathOf(volume), 'utf8')).toMatch(/^data\.img/);
      expect(console.text).not.toContain('panic');
    },
    WITHIN_MS,
  );

  test('is attached to one that is off, for its next start', async () => {
    const volume = fileVolume('cold', { tag: 'cold-data' });
    await expect(attach(volume, 'off')).resolves.toMatchObject({ outcome: 'done', power_state: 'shutdown' });
    const { disks } = await bench.facts('off');
    expect(disks).toMatchObject([{ source: pathOf(volume), serial: 'cold-data' }]);
    await expect(bench.call('compute.get_info', { instance: 'off', devices: true })).resolves.toMatchObject({
      volumes: [{ id: 'cold' }],
    });
    await expect(attach(volume, 'off')).resolves.toMatchObject({ outcome: 'already' });
    await expect(detach('cold', 'off')).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.disks('off')).resolves.toEqual({ now: [], next: [] });
  });

  test.each([
    ['that is not there', instance, 'nowhere', 'RESOURCE_NOT_FOUND'],
    ['that is not there', 'off', 'nowhere', 'RESOURCE_NOT_FOUND'],
    ['that is a folder', instance, 'folder', 'REQUEST_INVALID'],
    ['that is a folder', 'off', 'folder', 'REQUEST_INVALID'],
  ])('%s is refused for %s, and nothing of it stays', async (_what, to, id, code) => {
    mkdirSync(`${bench.folder}/folder`, { recursive: true });
    const volume: Volume = { id, connection: { type: 'file', path: `${bench.folder}/${id}` } };
    await expect(attach(volume, to)).rejects.toMatchObject({ code, outcome: expect.stringMatching(/^not-/) });
    await expect(bench.disks(to)).resolves.toEqual({ now: [], next: [] });
  });

  test.each([
    ['/etc/passwd', 'FORBIDDEN', /host_folders/],
    ['/etc/../etc/passwd', 'REQUEST_INVALID', /parts/],
  ])('at %s is refused', async (path, code, message) => {
    await expect(attach({ id: 'x', connection: { type: 'file', path } })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    const inside = `${bench.folder}/../../etc/passwd`;
    await expect(attach({ id: 'x', connection: { type: 'file', path: inside } })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  test(
    'that another one has is refused, unless both share it',
    async () => {
      const volume = fileVolume('taken');
      await attach(volume, 'off');
      await expect(attach(volume)).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('domain off'),
      });
      await expect(attach({ ...volume, multiattach: true })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
      await detach('taken', 'off');
      await attach({ ...volume, multiattach: true }, 'off');
      await expect(attach({ ...volume, multiattach: true })).resolves.toMatchObject({ outcome: 'done' });
      await detach('taken');
      await detach('taken', 'off');
    },
    WITHIN_MS,
  );

  test(
    'is made known to a guest that runs when it has grown',
    async () => {
      const volume = fileVolume('growing');
      await attach(volume);
      const grow = { instance, volume: 'growing', size_gib: 1 };
      await expect(bench.call('compute.extend_volume', grow)).resolves.toMatchObject({ outcome: 'done' });
      await expect(bench.call('compute.extend_volume', grow)).resolves.toMatchObject({ outcome: 'already' });
      await detach('growing');
      await attach(volume, 'off');
      await expect(bench.call('compute.extend_volume', { ...grow, instance: 'off' })).resolves.toMatchObject({
        outcome: 'already',
      });
      await expect(
        bench.call('compute.extend_volume', { ...grow, instance: 'off', size_gib: 2 }),
      ).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
      await detach('growing', 'off');
    },
    WITHIN_MS,
  );
});

test(
  'a volume is copied to another one, which takes its place while the guest runs',
  async () => {
    const [old, other] = [fileVolume('old'), fileVolume('other', { limits: { total_iops_sec: 700 } })];
    await attach(old);
    const request = { instance, volume: 'old', new_volume: other };
    await expect(bench.call('compute.swap_volume', request)).resolves.toMatchObject({
      outcome: 'done',
      power_state: 'running',
    });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(other)], next: [pathOf(other)] });
    expect(readFileSync(pathOf(other), 'utf8')).toMatch(/^old\.img/);
    await expect(bench.call('compute.swap_volume', request)).resolves.toMatchObject({ outcome: 'already' });
    await expect(bench.call('compute.get_info', { instance, devices: true })).resolves.toMatchObject({
      volumes: [{ id: 'other' }],
    });
    await expect(attach(old)).resolves.toMatchObject({ outcome: 'done' });
    await detach('old');
    await detach('other');
    await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
    await expect(bench.call('compute.swap_volume', request)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  },
  WITHIN_MS,
);

test('nobody holds the file systems of a domain that does not run', async () => {
  for (const method of ['compute.quiesce', 'compute.unquiesce'] as const) {
    await expect(bench.call(method, { instance: 'off' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  }
});
