import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  connectListAllSecrets,
  domainAttachDeviceFlags,
  DomainDeviceModifyFlags,
  domainLookupByName,
} from 'node-libvirt';
import type { Volume } from '../../../src/compute/contract/index.js';
import { attributeOf, childAt } from '../../../src/connectors/xml/index.js';
import { volumeAlias } from '../../../src/drivers/virsh/mapping/names.js';
import { swapVolumeWorks } from '../../../src/drivers/virsh/operations/swap-volume.js';
import { eventually } from '../../support/eventually.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { lunPath, readVolume, volumeFile, writeEncrypted } from '../../support/libvirt-storage.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';
import { StorageContext } from './storage-bench.js';

jest.setTimeout(WITHIN_MS);

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

describe('a device of the host', () => {
  const path = lunPath(0);
  const volume: Volume = { id: 'device', connection: { type: 'block', path } };
  /** Tells what a command has said in the guest. */
  const inGuest = async (command: string): Promise<string> => {
    const asked = console.text.length;
    const since = () => console.text.slice(asked).replaceAll('\r', '');
    await bench.call('compute.send_console_command', { instance, command: `run ${command}` });
    await eventually(() => /^ran: \d+\n/m.test(since()), `the guest to have run ${command}`, WITHIN_MS);
    expect(since()).toContain('ran: 0');
    return since();
  };

  test(
    'is attached to a guest that runs, which reads, writes and sees it grow, and detached from it',
    async () => {
      const file = volumeFile(bench.folder, 'loop');
      const begin = createHash('sha256')
        .update(Buffer.from(readVolume(file), 'hex'))
        .digest('hex');
      const answer = await attach(volume);
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
      await expect(bench.disks(instance)).resolves.toEqual({ now: [path], next: [path] });
      const [disk] = await bench.devicesXml(instance, 'disk');
      expect(attributeOf(disk, 'type')).toBe('block');
      await expect(attach(volume)).resolves.toMatchObject({ outcome: 'already' });
      await expect(attach(volume, 'off')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });

      const device = `/dev/${String(answer['device'])}`;
      await inGuest(`until [ -b ${device} ]; do usleep 100000; done`);
      await expect(inGuest(`head -c 4096 ${device} | sha256sum`)).resolves.toContain(begin);
      await inGuest(`sh -c "echo from the guest | dd of=${device} conv=notrunc,fsync"`);
      expect(Buffer.from(readVolume(file), 'hex').toString('latin1')).toMatch(/^from the guest\n/);

      await expect(inGuest(`blockdev --getsize64 ${device}`)).resolves.toContain(`${2 ** 30}\n`);
      const grow = { instance, volume: 'device', size_gib: 2 };
      await expect(bench.call('compute.extend_volume', grow)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
      truncateSync(file, 2 ** 31);
      await bench.host.run(`losetup --set-capacity $(readlink -f ${path})`);
      await expect(bench.call('compute.extend_volume', grow)).resolves.toMatchObject({ outcome: 'done' });
      await inGuest(`until [ $(blockdev --getsize64 ${device}) = ${2 ** 31} ]; do usleep 100000; done`);

      await expect(detach('device')).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
    },
    WITHIN_MS,
  );

  test.each([
    ['that is not there', '/dev/disk/by-path/nowhere', 'RESOURCE_NOT_FOUND'],
    ['elsewhere', '/dev/loop0', 'FORBIDDEN'],
  ])('%s is refused', async (_what, elsewhere, code) => {
    const other: Volume = { id: 'other', connection: { type: 'block', path: elsewhere } };
    await expect(attach(other)).rejects.toMatchObject({ code });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
  });
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
    await expect(attach(old)).resolves.toMatchObject({
      outcome: 'done',
      device: expect.stringMatching(/^vd[a-z]$/),
    });
    await detach('old');
    await detach('other');
    await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
    await expect(bench.call('compute.swap_volume', request)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  },
  WITHIN_MS,
);

const encryption = { format: 'luks', key: 'a key' } as const;

test(
  'a volume that cannot be copied stays, and so does one whose swap nobody goes on with',
  async () => {
    const [old, larger] = [fileVolume('kept'), { ...fileVolume('larger'), encryption }];
    rmSync(pathOf(larger));
    writeEncrypted(pathOf(larger), encryption.key, 16);
    await attach(old);
    const request = { instance, volume: 'kept', new_volume: larger };
    await expect(bench.call('compute.swap_volume', request)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringContaining('not of the same size'),
    });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(old)], next: [pathOf(old)] });
    await expect(bench.connection.call(connectListAllSecrets, {})).resolves.toMatchObject({ secrets: [] });

    const { swapVolume } = swapVolumeWorks(bench.place());
    const target = await bench.target(instance);
    const params = { volume: 'kept', new_volume: fileVolume('never') };
    const first = new StorageContext();
    first.onStep = async (name) => {
      if (name === 'pivot-disk') first.abort(new Error('it died'));
    };
    await expect(swapVolume.run(first, target, params)).rejects.toThrow('it died');
    const isCopied = async () => (await bench.facts(instance)).disks.some(({ xml }) => childAt(xml, 'mirror'));
    await expect(isCopied()).resolves.toBe(true);
    await expect(attach(params.new_volume, 'off')).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining('copies a disk to it'),
      outcome: 'not-started',
    });
    await expect(swapVolume.reconcile(new StorageContext(first), target, params)).resolves.toEqual({
      verdict: 'continue',
    });
    await expect(isCopied()).resolves.toBe(false);
    await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(old)], next: [pathOf(old)] });
    await detach('kept');
  },
  WITHIN_MS,
);

test(
  'a volume that another guest was given meanwhile does not take the place of one',
  async () => {
    const [old, wanted] = [fileVolume('own'), fileVolume('wanted')];
    await attach(old);
    const { swapVolume } = swapVolumeWorks(bench.place());
    const context = new StorageContext();
    context.onStep = async (name) => {
      if (name === 'copy-volume') await attach(wanted, 'off');
    };
    await expect(
      swapVolume.run(context, await bench.target(instance), { volume: 'own', new_volume: wanted }),
    ).rejects.toMatchObject({ code: 'STATE_CONFLICT', outcome: 'not-applied' });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [pathOf(old)], next: [pathOf(old)] });
    expect((await bench.facts(instance)).disks.some(({ xml }) => childAt(xml, 'mirror'))).toBe(false);
    await detach('wanted', 'off');
    await detach('own');
  },
  WITHIN_MS,
);

test(
  'what a guest has now is detached, and not what somebody has put in its place for its next start',
  async () => {
    const [now, next] = [bench.file('now.img'), bench.file('next.img')];
    const disk = (file: string) => `<disk type='file' device='disk'><source file='${file}'/>
      <target dev='vdx' bus='virtio'/></disk>`;
    const { domain } = await bench.connection.call(domainLookupByName, { name: instance });
    const { VIR_DOMAIN_DEVICE_MODIFY_LIVE: LIVE, VIR_DOMAIN_DEVICE_MODIFY_CONFIG: CONFIG } = DomainDeviceModifyFlags;
    await bench.connection.call(domainAttachDeviceFlags, { domain, xml: disk(now), flags: LIVE });
    await bench.connection.call(domainAttachDeviceFlags, { domain, xml: disk(next), flags: CONFIG });
    await expect(detach('vdx')).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [next] });
    await expect(detach('vdx')).resolves.toMatchObject({ outcome: 'done' });
    await expect(bench.disks(instance)).resolves.toEqual({ now: [], next: [] });
  },
  WITHIN_MS,
);

test('nobody holds the file systems of a domain that does not run', async () => {
  for (const method of ['compute.quiesce', 'compute.unquiesce'] as const) {
    await expect(bench.call(method, { instance: 'off' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  }
});
