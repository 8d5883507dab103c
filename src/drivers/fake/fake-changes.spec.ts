import { describe, expect, it } from '@jest/globals';
import { FakeBench } from '../../../test/support/fake-bench.js';
import type { ChangeOperationName } from '../../compute/contract/index.js';

const data = { id: 'data', connection: { type: 'block', path: '/dev/data' } };
const spare = { id: 'spare', connection: { type: 'block', path: '/dev/spare' } };
const flavor = { vcpus: 8, memory_mib: 16_384 };
const before = { vcpus: 2, memory_mib: 4096, root_gib: 10 };

describe('volumes of the fake driver', () => {
  it('are attached, grow, are swapped, and are detached', async () => {
    const bench = new FakeBench();
    expect(await bench.run('attachVolume', { volume: data })).toMatchObject({ answer: { device: 'vdb' } });
    expect(await bench.run('extendVolume', { volume: 'data', size_gib: 20 })).toMatchObject({ outcome: 'done' });
    expect(await bench.facts()).toMatchObject({ volumes: [{ id: 'data', device: 'vdb', size_gib: 20 }] });
    const swap = { volume: 'data', new_volume: spare };
    expect(await bench.run('swapVolume', swap)).toMatchObject({ outcome: 'done' });
    expect(await bench.run('swapVolume', swap)).toMatchObject({ outcome: 'already' });
    expect(await bench.facts()).toMatchObject({ volumes: [{ id: 'spare', device: 'vdb', size_gib: 20 }] });
    expect(bench.site.storage.volume('spare').holds).toBe('data of data');
    expect(await bench.run('detachVolume', { volume: 'spare' })).toMatchObject({ outcome: 'done' });
    expect(await bench.run('detachVolume', { volume: 'spare' })).toMatchObject({ outcome: 'already' });
    expect(await bench.facts()).toMatchObject({ volumes: [] });
    expect(await bench.log()).toMatch(
      /data is \/dev\/vdb\n.*20 GiB\n.*spare has the place of data\n.*spare is gone\n$/,
    );
  });

  it('belong to one instance, unless all share them', async () => {
    const bench = new FakeBench();
    await bench.run('attachVolume', { volume: data });
    const shared = { ...spare, multiattach: true };
    await bench.run('attachVolume', { volume: shared });
    const other = { of: 'other' };
    await expect(bench.run('attachVolume', { volume: data }, other)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await expect(bench.run('attachVolume', { volume: spare }, other)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await bench.run('attachVolume', { volume: shared }, other)).toMatchObject({ outcome: 'done' });
  });

  it('are not given to two instances that ask at the same time', async () => {
    const bench = new FakeBench({ change_delay_ms: 40 });
    const first = bench.run('attachVolume', { volume: data });
    const both = await Promise.allSettled([first, bench.run('attachVolume', { volume: data }, { of: 'other' })]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('are opened with their key, and logged on to with their password', async () => {
    const bench = new FakeBench();
    const locked = (key: string) => ({ ...data, encryption: { format: 'luks', key } });
    const target = (password: string) => ({
      id: 'lun',
      connection: { type: 'iscsi', portal: 'p:1', target: 't', lun: 0, auth: { user: 'u', password } },
    });
    await bench.run('attachVolume', { volume: locked('right') });
    await bench.run('attachVolume', { volume: target('right') });
    for (const volume of ['data', 'lun']) await bench.run('detachVolume', { volume });
    await expect(bench.run('attachVolume', { volume: locked('wrong') })).rejects.toMatchObject({
      code: 'BACKEND_REJECTED',
    });
    await expect(bench.run('attachVolume', { volume: target('wrong') })).rejects.toMatchObject({
      code: 'BACKEND_AUTH_FAILED',
    });
    await bench.run('attachVolume', { volume: locked('right') });
    expect(await bench.facts()).toMatchObject({ volumes: [{ id: 'data' }] });
  });
});

describe('interfaces of the fake driver', () => {
  it('are attached and detached by address or name', async () => {
    const bench = new FakeBench();
    const mac = '52:54:00:00:00:01';
    const network = { name: 'lan', mac, tag: 'front' };
    const nic = { interface: { name: 'nic0', mac } };
    expect(await bench.run('attachInterface', { network })).toMatchObject({ outcome: 'done', answer: nic });
    expect(await bench.run('attachInterface', { network })).toMatchObject({ outcome: 'already', answer: nic });
    expect(await bench.run('attachInterface', { network: { name: 'dmz', vlan: 4 } })).toMatchObject({
      answer: { interface: { name: 'nic1' } },
    });
    await expect(bench.run('attachInterface', { network }, { of: 'other' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await bench.run('detachInterface', { interface: mac.toUpperCase() });
    expect(await bench.facts()).toMatchObject({ networks: [{ name: 'dmz', vlan: 4 }] });
    await bench.run('detachInterface', { interface: 'nic1' });
    expect(await bench.run('detachInterface', { interface: 'nic1' })).toMatchObject({ outcome: 'already' });
  });
});

describe('sizes of the fake driver', () => {
  it('are kept until they are confirmed or reverted', async () => {
    const bench = new FakeBench();
    await bench.run('resize', { flavor });
    expect(await bench.facts()).toMatchObject({ flavor: { ...flavor, root_gib: 10 }, resized_from: before });
    expect(await bench.run('resize', { flavor })).toMatchObject({ outcome: 'already' });
    await expect(bench.run('resize', { flavor: before })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await bench.run('revertResize')).toMatchObject({ state: { powerState: 'running' } });
    expect(await bench.facts()).toMatchObject({ flavor: before, resized_from: null });
    await expect(bench.run('revertResize')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await bench.run('resize', { flavor });
    await bench.run('confirmResize');
    expect(await bench.facts()).toMatchObject({ flavor, resized_from: null });
    await expect(bench.run('confirmResize')).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });
});

describe('a rescue by the fake driver', () => {
  it('starts from something else, and afterwards exactly as before', async () => {
    const bench = new FakeBench();
    const { boot } = await bench.facts();
    await bench.run('attachInterface', { network: { name: 'lan' } });
    const rescue = { boot: { from: 'network' } };
    expect(await bench.run('rescue', rescue)).toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    expect(await bench.facts()).toMatchObject({ boot: { from: 'network' }, rescued: true, networks: [{}] });
    expect(await bench.run('rescue', {})).toMatchObject({ outcome: 'already' });
    await expect(bench.run('rebuild', { image: { source: 'debian-13' } })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    });
    await bench.run('unrescue');
    expect(await bench.facts()).toMatchObject({ rescued: false, networks: [{}] });
    expect((await bench.facts())['boot']).toEqual(boot);
    expect(await bench.run('unrescue')).toMatchObject({ outcome: 'already' });
  });
});

describe('images of the fake driver', () => {
  it('are made of root disks, which are made of images', async () => {
    const bench = new FakeBench();
    await bench.run('rebuild', { image: { source: 'debian-13' }, admin_password: 'secret' });
    expect(await bench.facts()).toMatchObject({
      root_disk: { holds: 'debian-13' },
      guest: { admin_password_set: true },
    });
    const ctx = bench.ctx();
    const saved = { answer: { image: { name: 'saved', native: { holds: 'debian-13' } } } };
    expect(await bench.run('snapshot', { name: 'saved', quiesce: true }, { ctx })).toMatchObject(saved);
    expect(await bench.reconcile('snapshot', { name: 'saved' }, { ctx })).toMatchObject({ result: saved });
    await expect(bench.run('snapshot', { name: 'saved' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(bench.run('removeImage', {}, { of: 'debian-13' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await bench.run('removeImage', {}, { of: 'saved' })).toMatchObject({ outcome: 'done' });
    expect(await bench.run('removeImage', {}, { of: 'saved' })).toMatchObject({ outcome: 'already' });
  });

  it('are copied elsewhere, and fetched from there', async () => {
    const bench = new FakeBench();
    const url = 'https://images.example/copy.raw';
    await bench.run('exportImage', { to: { url, token: 'secret' } }, { of: 'debian-13' });
    const fetched = { answer: { image: { name: 'again', native: { holds: 'debian-13' } } } };
    const again = { of: 'again' };
    expect(await bench.run('importImage', { from: { source: url } }, again)).toMatchObject({
      ...fetched,
      outcome: 'done',
    });
    expect(await bench.run('importImage', { from: { source: url } }, again)).toMatchObject({ outcome: 'already' });
    await expect(bench.run('importImage', { from: { source: 'rescue' } }, again)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('are written to the volume that an instance starts from, when that is asked for', async () => {
    const bench = new FakeBench();
    const description = { name: 'web01', flavor, volumes: [{ ...data, boot: true }] };
    await bench.run('spawn', description, { of: 'web01' });
    const image = { source: 'debian-13' };
    await expect(bench.run('rebuild', { image }, { of: 'web01' })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    await bench.run('rebuild', { image, reimage_boot_volume: true }, { of: 'web01' });
    expect(bench.site.storage.volume('data').holds).toBe('debian-13');
  });
});

describe('an operation of the fake driver that is carried out once more', () => {
  it.each<[ChangeOperationName, object, string]>([
    ['reboot', {}, 'running'],
    ['reboot', { type: 'soft' }, 'running'],
    ['attachVolume', { volume: data }, 'is /dev/'],
    ['attachInterface', { network: { name: 'lan' } }, 'is there'],
    ['resize', { flavor }, '8 processors'],
    ['rebuild', { image: { source: 'debian-13' } }, 'made anew'],
    ['setAdminPassword', { password: 'p' }, 'password of root'],
    ['triggerCrashDump', {}, 'memory was dumped'],
    ['sendConsoleCommand', { command: 'date' }, '> date'],
    ['snapshot', { name: 'saved', quiesce: true }, 'were held'],
  ])('does not do %s twice', async (operation, params, line) => {
    const lost = { operation, error: 'BACKEND_TIMEOUT', after_effect: true, times: 1 };
    const bench = new FakeBench({ faults: [lost] });
    const ctx = bench.ctx();
    expect(await bench.reconcile(operation, params, { ctx })).toEqual({ verdict: 'continue' });
    await expect(bench.run(operation, params, { ctx })).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT' });
    expect(await bench.reconcile(operation, params, { ctx })).toMatchObject({ result: { outcome: 'done' } });
    expect(await bench.run(operation, params, { ctx })).toMatchObject({ outcome: 'done' });
    expect(bench.site.requestsOf(operation)).toBe(1);
    expect((await bench.log()).split('\n').filter((text) => text.includes(line))).toHaveLength(1);
  });
});
