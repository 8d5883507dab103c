import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Volume } from '../../../src/compute/contract/index.js';
import { isInstance } from '../../../src/drivers/virsh/mapping/names.js';
import { rebuildWorks } from '../../../src/drivers/virsh/operations/rebuild.js';
import { IscsiTargets, writeEncrypted } from '../../support/libvirt-storage.js';
import { LibvirtCut, type Lost, type ProcedureName } from '../../support/libvirt-cut.js';
import { DeviceBench, imagesOf, WITHIN_MS } from './device-bench.js';
import { StorageContext } from './storage-bench.js';

jest.setTimeout(WITHIN_MS);

const MIB = 1024 * 1024;
const VOLUME_MIB = 16;
const IMAGE = randomBytes(4 * MIB);
const KEY = 'a key';

let bench: DeviceBench;
let cut: LibvirtCut;
let targets: IscsiTargets;

beforeAll(async () => {
  bench = await DeviceBench.start(
    { request_timeout_ms: 15_000, shutdown_timeout_ms: 0 },
    {
      images: imagesOf,
      socketBefore: (daemon) => (cut = new LibvirtCut(daemon)).socketPath,
    },
  );
  targets = new IscsiTargets(bench.host, '198.18.0.1:3260');
  await targets.ready();
  writeFileSync(join(bench.folder, 'image.raw'), IMAGE);
}, WITHIN_MS);
afterAll(async () => {
  await bench.stop();
  await cut.stop();
});

/** A file that is full of something else. */
function written(id: string, mib = VOLUME_MIB): string {
  const path = join(bench.folder, `${id}.img`);
  writeFileSync(path, Buffer.alloc(mib * MIB, 'old'));
  return path;
}

const fileVolume = (id: string, mib?: number): Volume => ({ id, connection: { type: 'file', path: written(id, mib) } });

async function spawn(name: string, volume: Volume, start = true): Promise<unknown> {
  const description = {
    name,
    flavor: { vcpus: 1, memory_mib: 64 },
    volumes: [{ ...volume, boot: true }],
    start,
    driver_options: { virsh: { virt_type: 'qemu', hotplug_slots: 0 } },
  };
  return (await bench.call('compute.spawn', description))['id'];
}

const rebuild = (instance: string, more: object = { reimage_boot_volume: true }) =>
  bench.call('compute.rebuild', { instance, image: { source: `file:${bench.folder}/image.raw` }, ...more });

const info = (instance: string) => bench.call('compute.get_info', { instance });

/** Is on it what is on the image, and nothing behind that? */
function holdsImage(path: string): boolean {
  const [image, rest] = [readFileSync(path).subarray(0, IMAGE.length), readFileSync(path).subarray(IMAGE.length)];
  return image.equals(IMAGE) && rest.equals(Buffer.alloc(rest.length));
}

const holdsOld = (path: string): boolean => readFileSync(path).subarray(0, MIB).equals(Buffer.alloc(MIB, 'old'));

const pathOf = ({ connection }: Volume): string => ('path' in connection ? connection.path : '');

/** All domains of the host that are none of its instances, and all volumes of instances in the pool. */
async function left(): Promise<string[]> {
  const listed = await bench.host.run('virsh -q list --all --name --uuid');
  const domains = listed
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([uuid = '', name = '']) => uuid !== '' && !isInstance({ uuid, name }))
    .map(([, name = '']) => name);
  const pool = `/proc/${bench.host.daemon.hostPid}/root/var/lib/libvirt/images/zenova`;
  return [...domains, ...readdirSync(pool).filter((file) => file.includes('-root'))];
}

describe('a volume that an instance starts from', () => {
  test(
    'is written anew when that is asked for: all that was there goes, and the instance runs as before',
    async () => {
      const volume = fileVolume('file');
      const id = await spawn('web01', volume);
      const disks = await bench.disks('web01');
      // It grows, and nobody tells the instance.
      appendFileSync(pathOf(volume), Buffer.alloc(MIB, 'old'));
      await expect(rebuild('web01', {})).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('volume file; reimage_boot_volume'),
      });
      expect(holdsOld(pathOf(volume))).toBe(true);

      await expect(rebuild('web01')).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      expect(holdsImage(pathOf(volume))).toBe(true);
      // What is zero in the image takes no room.
      expect(statSync(pathOf(volume)).blocks * 512).toBeLessThan(2 * IMAGE.length);
      await expect(bench.disks('web01')).resolves.toEqual(disks);
      await expect(info('web01')).resolves.toMatchObject({ id });
      await expect(left()).resolves.toEqual([]);
      expect(bench.bench.events.filter((event) => JSON.stringify(event).includes('-writer'))).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'is written wherever it is: behind iSCSI, encrypted, in a file of qcow2; an instance that is off stays off',
    async () => {
      const auth = { user: 'user', password: 'secret-secret' };
      const behind = written('iscsi');
      const connection = {
        type: 'iscsi',
        portal: targets.portal,
        target: targets.add(behind, auth),
        lun: 1,
        auth,
      } as const;
      await spawn('iscsi', { id: 'iscsi', connection }, false);
      await expect(rebuild('iscsi')).resolves.toMatchObject({ outcome: 'done', power_state: 'shutdown' });
      expect(holdsImage(behind)).toBe(true);
      const grown = { instance: 'iscsi', volume: 'iscsi', size_gib: 1 };
      await expect(bench.call('compute.extend_volume', grown)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });

      const [luks, qcow2] = [join(bench.folder, 'luks.img'), join(bench.folder, 'volume.qcow2')];
      writeEncrypted(luks, KEY, VOLUME_MIB);
      const encryption = { format: 'luks', key: KEY } as const;
      await spawn('luks', { id: 'luks', connection: { type: 'file', path: luks }, encryption }, false);
      await rebuild('luks');
      qemuImg('create', '-f', 'qcow2', qcow2, `${VOLUME_MIB}M`);
      await spawn('qcow2', { id: 'qcow2', connection: { type: 'file', path: qcow2, format: 'qcow2' } }, false);
      await rebuild('qcow2');
      const opened = [`driver=luks,key-secret=key,file.filename=${luks}`, `driver=qcow2,file.filename=${qcow2}`];
      for (const one of opened) {
        const raw = `driver=raw,file.filename=${behind}`;
        const secret = `secret,id=key,data=${KEY}`;
        expect(qemuImg('compare', '--object', secret, '--image-opts', one, raw)).toContain('identical');
      }
      await expect(left()).resolves.toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'stays as it is, and so does the instance, when the image does not fit, or another one has it too',
    async () => {
      const small = fileVolume('small', 2);
      await spawn('small', small);
      await expect(rebuild('small')).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        message: expect.stringContaining(`${IMAGE.length} bytes, and volume small has ${2 * MIB}`),
        outcome: expect.stringMatching(/^not-/),
      });
      expect(holdsOld(pathOf(small))).toBe(true);
      await expect(info('small')).resolves.toMatchObject({ power_state: 'running' });

      const taken = fileVolume('taken');
      await spawn('taken', taken, false);
      await bench.define('other', {
        devices: `<disk type='file' device='disk'><source file='${pathOf(taken)}'/><target dev='vda' bus='virtio'/></disk>`,
      });
      await expect(rebuild('taken')).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('domain other'),
      });
      expect(holdsOld(pathOf(taken))).toBe(true);

      const layered = join(bench.folder, 'layered.qcow2');
      qemuImg('create', '-f', 'qcow2', '-b', written('below'), '-F', 'raw', layered);
      await spawn('layered', { id: 'layered', connection: { type: 'file', path: layered, format: 'qcow2' } }, false);
      await expect(rebuild('layered')).rejects.toMatchObject({ code: 'FEATURE_LIMITED' });
      await expect(left()).resolves.toEqual([]);
    },
    WITHIN_MS,
  );
});

describe('what dies while a volume is written', () => {
  test(
    'is the service: whoever comes next ends what it has left, and writes all of it',
    async () => {
      const volume = fileVolume('service');
      await spawn('service', volume);
      const rebuilding = rebuildWorks(bench.place(), imagesOf(bench.folder)).rebuild;
      const target = await bench.target('service');
      const params = { image: { source: `file:${bench.folder}/image.raw` }, reimage_boot_volume: true };
      const first = new StorageContext();
      first.onStep = async (name) => {
        if (name === 'pivot-disk') first.abort(new Error('it died'));
      };
      await expect(rebuilding.run(first, target, params)).rejects.toThrow('it died');
      await expect(left()).resolves.toHaveLength(3);

      const next = new StorageContext(first);
      await expect(rebuilding.reconcile(next, target, params)).resolves.toEqual({ verdict: 'continue' });
      await expect(left()).resolves.toHaveLength(2);
      await expect(rebuilding.run(next, target, params)).resolves.toMatchObject({ state: { powerState: 'running' } });
      expect(holdsImage(pathOf(volume))).toBe(true);
      await expect(left()).resolves.toEqual([]);
      expect(next.begun.filter((step) => step === 'write-volume')).toHaveLength(1);
    },
    WITHIN_MS,
  );

  test.each<[ProcedureName, Lost, number]>([
    ['domain_create_xml', 'answer', 0],
    ['domain_block_copy', 'answer', 0],
    ['domain_block_job_abort', 'answer', 0],
    ['domain_destroy', 'answer', 0],
    // What is asked between two changes: how much room there is for the image.
    ['storage_pool_get_xml_desc', 'answer', 1],
  ])(
    'is the daemon, at %s, whose %s is lost: the volume is whole, and nothing is left',
    async (procedure, lost, passing) => {
      const name = procedure.replaceAll('_', '-');
      const volume = fileVolume(name);
      await spawn(name, volume, false);
      cut.at(procedure, lost, () => bench.crash(), passing);
      await expect(rebuild(name)).resolves.toMatchObject({ outcome: 'done', power_state: 'shutdown' });
      expect(await cut.hasCut()).toBe(true);
      expect(holdsImage(pathOf(volume))).toBe(true);
      await expect(left()).resolves.toEqual([]);
    },
    WITHIN_MS,
  );
});

function qemuImg(...args: string[]): string {
  return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: 'pipe' });
}
