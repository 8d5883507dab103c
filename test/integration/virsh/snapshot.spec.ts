import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { LibvirtCut, type Lost } from '../../support/libvirt-cut.js';
import { DeviceBench, imagesOf, WITHIN_MS } from './device-bench.js';

jest.setTimeout(WITHIN_MS);

const MIB = 1024 * 1024;
/** Of the image. */
const PIECES = 64;
const PIECE = randomBytes(4 * MIB);

let bench: DeviceBench;
let cut: LibvirtCut;

beforeAll(async () => {
  bench = await DeviceBench.start(
    { request_timeout_ms: 15_000 },
    {
      images: imagesOf,
      socketBefore: (daemon) => (cut = new LibvirtCut(daemon)).socketPath,
    },
  );
  for (let piece = 0; piece < PIECES; piece++) appendFileSync(join(bench.folder, 'image.raw'), PIECE);
  for (const [name, more] of [
    ['web01', {}],
    ['off01', { start: false }],
  ] as const)
    await spawn(name, `file:${join(bench.folder, 'image.raw')}`, more);
}, WITHIN_MS);
afterAll(async () => {
  await bench.stop();
  await cut.stop();
});
afterEach(async () => {
  // Whatever came of it: the disks of the guest are what they were, and no copy goes on.
  expect(rootDisk('web01')).toMatchObject({ source: expect.stringMatching(/-root$/) });
  expect(await bench.host.run('virsh backup-dumpxml web01 2>&1 || true')).toContain('error');
});

async function spawn(name: string, source: string, more: object = {}): Promise<void> {
  await bench.call('compute.spawn', {
    name,
    flavor: { vcpus: 1, memory_mib: 64 },
    image: { source, cache: true },
    driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } },
    ...more,
  });
}

const snapshot = (instance: string, name: string, more: object = {}) =>
  bench.call('compute.snapshot', { instance, name, ...more });

const pool = (): string => `/proc/${bench.host.daemon.hostPid}/root/var/lib/libvirt/images/zenova`;
const volumesOf = (image: string): string[] => readdirSync(pool()).filter((file) => file.startsWith(`image.${image}.`));

function rootDisk(name: string): { readonly source: string | undefined } {
  const xml = execFileSync('nsenter', ['-t', String(bench.host.daemon.hostPid), '-m', 'virsh', 'dumpxml', name]);
  return { source: /<source file='([^']+-root)'/.exec(xml.toString())?.[1] };
}

/** Is it whole by itself, and the disk that the guests were made of? */
function isWhole(image: string): boolean {
  const [volume] = volumesOf(image).filter((file) => file.endsWith('.qcow2'));
  const path = `${pool()}/${volume}`;
  const told = execFileSync('qemu-img', ['info', '--output', 'json', path]).toString();
  const original = join(bench.folder, 'image.raw');
  const compared = execFileSync('qemu-img', ['compare', '-f', 'qcow2', '-F', 'raw', path, original]).toString();
  return !told.includes('backing-filename') && compared.includes('identical');
}

describe('an image of a root disk', () => {
  test(
    'is made of a guest that runs, that is paused, and that is off; others start from it',
    async () => {
      await expect(snapshot('web01', 'plan', { plan: true })).resolves.toMatchObject({
        steps: [{ action: 'copy-volume' }],
      });
      expect(volumesOf('plan')).toEqual([]);
      const answer = await snapshot('web01', 'running');
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', image: { name: 'running' } });
      await bench.call('compute.pause', { instance: 'web01' });
      await expect(snapshot('web01', 'paused')).resolves.toMatchObject({ power_state: 'paused' });
      await bench.call('compute.unpause', { instance: 'web01' });
      await expect(snapshot('off01', 'off')).resolves.toMatchObject({ power_state: 'shutdown' });
      for (const name of ['running', 'paused', 'off']) expect([name, isWhole(name)]).toEqual([name, true]);
      await expect(snapshot('web01', 'off')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      const { images } = await bench.call('image.list', {});
      expect((images as { name: string }[]).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['running', 'paused', 'off']),
      );
      await spawn('copy01', 'running');
      await expect(bench.call('image.remove', { image: 'running' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
      await bench.call('compute.destroy', { instance: 'copy01' });
      await bench.call('image.remove', { image: 'running' });
      expect(volumesOf('running')).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'is put where it is wanted, and not kept on the host then',
    async () => {
      const url = `file:${join(bench.folder, 'put.raw')}`;
      await expect(snapshot('web01', 'put', { store_at: { url, format: 'raw' } })).resolves.toMatchObject({
        image: { name: url, format: 'raw', checksum: expect.stringMatching(/^sha256:/) },
      });
      expect(volumesOf('put')).toEqual([]);
    },
    WITHIN_MS,
  );

  test('is not made while an agent is to hold the file systems, and there is none', async () => {
    await expect(snapshot('web01', 'held', { quiesce: true })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(volumesOf('held')).toEqual([]);
  });
});

interface BlockNode {
  readonly 'node-name': string;
  readonly drv: string;
  readonly file: string;
}

/** From now on until its next start, what is behind the disk of a guest is read so slowly that a copy of it takes half a minute; one that is ended takes a moment. */
async function readsSlowly(name: string): Promise<void> {
  const ask = async (execute: string, args: object = {}): Promise<unknown> => {
    const command = JSON.stringify({ execute, arguments: args });
    const answer = JSON.parse(await bench.host.run(`virsh -q qemu-monitor-command ${name} '${command}'`)) as object;
    expect(answer).toHaveProperty('return');
    return 'return' in answer ? answer.return : undefined;
  };
  const nodes = (await ask('query-named-block-nodes')) as readonly BlockNode[];
  const image = nodes.find(({ drv }) => drv === 'raw');
  const file = nodes.find((node) => node.drv === 'file' && node.file === image?.file);
  const group = { id: 'slow', limits: { 'bps-total': 8 * MIB } };
  await ask('object-add', { 'qom-type': 'throttle-group', ...group });
  await ask('blockdev-add', {
    driver: 'throttle',
    'node-name': 'slow',
    'throttle-group': group.id,
    file: file?.['node-name'],
  });
  const reopened = { driver: 'raw', 'node-name': image?.['node-name'], 'read-only': true, file: 'slow' };
  await ask('blockdev-reopen', { options: [reopened] });
}

/** Stops the hypervisor in the middle of the next copy; the connection is lost with that. */
async function stopsMeanwhile(name: string): Promise<void> {
  await readsSlowly(name);
  cut.at('domain_backup_begin', 'answer', () => bench.signal(name, 'STOP'));
}

describe('what dies while a disk is copied', () => {
  test.each<[Lost]>([['call'], ['answer']])(
    'a daemon that is killed when the copy begins (the %s is lost) leaves one image, and the guest runs',
    async (lost) => {
      cut.at('domain_backup_begin', lost, () => bench.crash());
      await expect(snapshot('web01', `begun-${lost}`)).resolves.toMatchObject({
        outcome: 'done',
        power_state: 'running',
      });
      expect(await cut.hasCut()).toBe(true);
      expect(isWhole(`begun-${lost}`)).toBe(true);
    },
    WITHIN_MS,
  );

  test(
    'a guest that is stopped leaves no image, and starts again',
    async () => {
      await stopsMeanwhile('web01');
      const failed = snapshot('web01', 'stopped').catch((error: unknown) => error);
      await eventually(() => cut.hasCut(), 'the copy to be under way', WITHIN_MS);
      await bench.host.run('virsh -q destroy web01');
      expect(await failed).toMatchObject({
        code: 'OPERATION_FAILED',
        message: expect.stringContaining('before it was whole'),
      });
      expect(volumesOf('stopped')).toEqual([]);
      await bench.call('compute.power_on', { instance: 'web01' });
    },
    WITHIN_MS,
  );

  test(
    'a caller who cancels leaves no image, and nothing goes on',
    async () => {
      await stopsMeanwhile('web01');
      const { operation_id: id } = await bench.call('compute.snapshot', {
        instance: 'web01',
        name: 'cancelled',
        wait: 'accepted',
      });
      await eventually(() => cut.hasCut(), 'the copy to be under way', WITHIN_MS);
      const cancelling = bench.bench.call('operation.cancel', { operation_id: id });
      const operation = async () =>
        (await bench.bench.call('operation.get', { operation_id: id })) as {
          readonly state: string;
          readonly progress: { readonly message: string } | null;
        };
      await eventually(
        async () => /^(finding out|ending the copy)/.test((await operation()).progress?.message ?? ''),
        'the cancel to be heeded',
        WITHIN_MS,
      );
      await bench.signal('web01', 'CONT');
      await cancelling;
      await eventually(
        async () => (await operation()).state === 'cancelled',
        'the operation to be cancelled',
        WITHIN_MS,
      );
      expect(await operation()).toMatchObject({ error: { code: 'OPERATION_CANCELLED', outcome: 'not-applied' } });
      await eventually(() => volumesOf('cancelled').length === 0, 'the rest of the copy to be gone', WITHIN_MS);
    },
    WITHIN_MS,
  );
});
