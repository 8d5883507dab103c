import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { STEP_CHECKPOINT } from '../../../src/compute/contract/index.js';
import type { HmcFaultInput } from '../../../src/simulators/hmc/index.js';
import { examplesOf } from '../../docs/documents.js';
import { dyingAt, dyingWhen } from '../../support/dying.js';
import { MemorySeeds } from '../../support/memory-seeds.js';
import { readIso } from '../../support/read-iso.js';
import { RescueImage } from '../../support/rescue-image.js';
import { failureOf } from './hmc-dpm-bench.js';
import { description, LaunchBench, NETWORK, volume, type Description } from './launch-bench.js';

const IBM = 'hmc-dpm';
const MOUNT = { method: 'POST', path: '*/operations/mount-iso-image*' } as const;
const SMALL = { vcpus: 1, memory_mib: 2048 };

let bench: LaunchBench;
let image: RescueImage;
let seeds: MemorySeeds;
let isoFolder: string;
beforeEach(async () => {
  image = new RescueImage();
  seeds = new MemorySeeds();
  isoFolder = mkdtempSync(join(tmpdir(), 'zenova-mounted-'));
  bench = await LaunchBench.start({ images: image.images, seeds, isoFolder });
});
afterEach(async () => {
  await bench.stop();
  image.remove();
  rmSync(isoFolder, { recursive: true });
});

const partition = (name: string) => bench.simulator.partitions(name)[0];

/** From its image, on one network. */
const fromImage = (name: string, more: Partial<Description> = {}) =>
  description(name, { flavor: SMALL, image: image.source, ...more });

/** What is mounted to a partition. */
function mounted(name: string) {
  const file = partition(name)?.iso?.file ?? '';
  return readIso(file);
}

function yaml(files: Readonly<Record<string, Buffer>>, path: string): unknown {
  return parse(files[path]?.toString() ?? '', { version: '1.1' });
}

const file = { path: '/etc/motd', content: Buffer.from('hello').toString('base64') };

describe('a launch from an image', () => {
  test('mounts it, sets it as boot device with its ins file, and starts, in so many requests', async () => {
    await bench.stop();
    const timing = { start_ms: 20, paused_ms: 0 };
    bench = await LaunchBench.start({ images: image.images, inventory: { timing } });
    const ctx = bench.hmc.context();
    await bench.hmc.host.resolve(ctx, 'off');
    const since = bench.simulator.wireLog.last;
    await expect(bench.spawn(fromImage('web'), ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(bench.hmc.requests(since)).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/cpcs',
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/cpcs/{id}',
      'GET /api/cpcs/{id}/virtual-switches',
      'GET /api/cpcs/{id}/adapters',
      'GET /api/console/operations/list-permitted-partitions',
      'POST /api/cpcs/{id}/partitions',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/nics',
      'GET /api/partitions/{id}/nics/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/mount-iso-image',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/start',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
    ]);
    expect(ctx.begun).toEqual(['create-partition', 'create-nic', 'mount-iso-image', 'set-boot-device', 'start']);
    // Nothing is to be told, so it is the image as it is.
    expect(partition('web')).toMatchObject({
      status: 'active',
      booted: { device: 'iso-image', iso: { sha256: image.sha256, insFile: '/rescue.ins' } },
    });
    expect(image.left).toEqual([]);
  });

  test('tells the guest everything on it, and nothing of that anywhere else', async () => {
    const ctx = bench.hmc.context();
    await bench.spawn(
      fromImage('Web 01', {
        networks: [
          { name: NETWORK, vlan: 42, addresses: [{ address: '192.0.2.7/24', gateway: '192.0.2.1' }] },
          { name: 'IQD 07C0' },
        ],
        config_drive: true,
        user_data: '#cloud-config\npackages: [canary-of-user-data]\n',
        ssh_keys: ['ssh-ed25519 AAAA me'],
        admin_password: 'canary-of-password',
        files: [{ ...file, content: Buffer.from('canary-of-file').toString('base64') }],
        metadata: { role: 'web' },
        disk_config: 'manual',
      }),
      ctx,
    );
    const { label, files } = mounted('Web 01');
    expect(label).toBe('RESCUE');
    expect(files['/rescue.ins']?.toString()).toBe('* rescue\n');
    expect(yaml(files, '/cidata/meta-data')).toEqual({
      'instance-id': ctx.operationId,
      'local-hostname': 'web-01',
      'public-keys': ['ssh-ed25519 AAAA me'],
      meta: { role: 'web' },
    });
    const [first, second] = bench.simulator.nics('Web 01');
    const { ethernets, vlans } = yaml(files, '/cidata/network-config') as Record<string, Record<string, unknown>>;
    // DPM tags, so the guest does not.
    expect(vlans).toBeUndefined();
    expect(Object.keys(ethernets ?? {})).toEqual([
      expect.stringMatching(/^enc[0-9a-f]+$/),
      expect.stringMatching(/^enc/),
    ]);
    expect(Object.values(ethernets ?? {})).toEqual([
      expect.objectContaining({ match: { macaddress: first?.mac.toLowerCase() }, addresses: ['192.0.2.7/24'] }),
      expect.objectContaining({ match: { macaddress: second?.mac.toLowerCase() }, dhcp4: true }),
    ]);
    const userData = files['/cidata/user-data']?.toString() ?? '';
    const parts = [...userData.matchAll(/\n\n([A-Za-z0-9+/=\n]+)\n--/g)].map(([, part = '']) =>
      Buffer.from(part, 'base64').toString(),
    );
    expect(parts[0]).toContain('canary-of-user-data');
    expect(parts[1]).toContain(Buffer.from('canary-of-file').toString('base64'));
    expect(parts[1]).toMatch(/"password": "\$6\$/);
    const elsewhere = JSON.stringify([bench.simulator.properties('Web 01'), ctx.checkpoints, ctx.steps, ctx.messages]);
    expect(elsewhere).not.toMatch(/canary/);
    expect(image.left).toEqual([]);
    // Where it is no drive to the guest, its kernel has an address of the same.
    const [offer] = seeds.offered;
    expect(offer?.content['user-data']).toBe(userData);
    expect(partition('Web 01')?.booted?.iso?.insFile).toBe('/zenova.ins');
    expect(files['/zenova.ins']?.toString()).toContain('zenova.prm 0x00010480');
    expect(files['/zenova.prm']?.toString()).toBe(`ds=nocloud;s=${offer?.url};i=${ctx.operationId}\0`);
  });

  test('that is started later has no address for the guest, which would be dead by then', async () => {
    await bench.spawn(fromImage('web', { metadata: { role: 'web' }, start: false }));
    expect(seeds.offered).toEqual([]);
    expect(partition('web')).toMatchObject({ status: 'stopped', booted: null });
    expect(bench.simulator.properties('web')).toMatchObject({
      'boot-device': 'iso-image',
      'boot-iso-ins-file': '/zenova.ins',
    });
    const { files } = mounted('web');
    expect(files['/zenova.prm']?.toString()).toBe('ds=nocloud;s=/cdrom/cidata/\0');
    expect(yaml(files, '/cidata/meta-data')).toMatchObject({ meta: { role: 'web' } });
  });

  test('hands parameters of the caller to its kernel, and none to what starts after it', async () => {
    const driver_options = { [IBM]: { boot_os_parameters: 'autoinstall url=http://192.0.2.1/installer.iso' } };
    await bench.spawn(fromImage('web', { driver_options }));
    const { files } = mounted('web');
    expect(files['/zenova.prm']?.toString()).toBe('autoinstall url=http://192.0.2.1/installer.iso\0');
    expect(files['/cidata/meta-data']).toBeUndefined();
    expect(bench.simulator.properties('web')['boot-os-specific-parameters']).toBe('');
  });

  test('is one of kernel and initrd that are packed, with the seed where cloud-init finds it', async () => {
    await bench.spawn(fromImage('web', { image: image.kernel, metadata: { role: 'web' } }));
    const { label, files } = mounted('web');
    expect(label).toBe('cidata');
    expect(yaml(files, '/meta-data')).toMatchObject({ meta: { role: 'web' } });
    expect(files['/parmfile']?.toString()).toContain(`quiet ds=nocloud;s=${seeds.offered[0]?.url}`);
    expect(partition('web')?.booted).toMatchObject({ device: 'iso-image', iso: { insFile: '/zenova.ins' } });
  });

  test('of an installer makes and attaches the root disk too', async () => {
    await bench.spawn(
      fromImage('web', { flavor: { ...SMALL, root_gib: 20 }, volumes: [volume('disks')], boot: { from: 'iso' } }),
    );
    expect(partition('web')?.booted).toMatchObject({ device: 'iso-image' });
    const groups = bench.simulator.attachedGroups('web').map(({ name }) => name);
    expect(groups.toSorted()).toEqual(['disks', 'web']);
  });

  test('says what it would do, and does nothing', async () => {
    const since = bench.simulator.wireLog.last;
    const params = fromImage('web', { metadata: { role: 'web' } });
    const steps = await bench.hmc.host.plan(bench.hmc.context(), { operation: 'spawn', params }, bench.targetOf('web'));
    expect(steps.map(({ action }) => action)).toEqual([
      'create-partition',
      'create-nic',
      'fetch-image',
      'mount-iso-image',
      'set-boot-device',
      'start',
    ]);
    expect(bench.writes(since)).toEqual([]);
  });

  test.each<[string, Partial<Description>, string, RegExp]>([
    ['is not there', { image: { source: 'file:/none' } }, 'FORBIDDEN', /images\.directories/],
    [
      'has another checksum',
      { image: { source: '', checksum: `sha256:${'0'.repeat(64)}` } },
      'OPERATION_FAILED',
      /checksum/,
    ],
    [
      'has no such ins file',
      { image: { source: '', properties: { ins_file: '/no.ins' } } },
      'REQUEST_INVALID',
      /rescue\.ins/,
    ],
  ])('that %s leaves nothing', async (_what, more, code, why) => {
    const { image: wrong } = more;
    const params = fromImage('web', {
      image: { ...image.source, ...wrong, source: wrong?.source || image.source.source },
    });
    const failure = await failureOf(bench.spawn(params));
    expect(failure).toMatchObject({ code, outcome: 'not-applied' });
    expect(failure.message).toMatch(why);
    expect(failure.message).toMatch(/Nothing is left of partition web/);
    expect(bench.orphans()).toEqual([]);
    expect(image.left).toEqual([]);
  });

  test('that cannot be started takes its ISO image away again', async () => {
    bench.simulator.fault({ kind: 'job-failed', method: 'POST', path: '*/operations/start', ends_as: 'terminated' });
    const failure = await failureOf(bench.spawn(fromImage('web')));
    expect(failure).toMatchObject({ outcome: 'not-applied' });
    expect(bench.orphans()).toEqual([]);
  });

  test('whose mounting was never answered is looked for, and not sent twice', async () => {
    bench.simulator.fault({ kind: 'answer-lost', ...MOUNT });
    await bench.spawn(fromImage('web'));
    expect(bench.simulator.wireLog.count(MOUNT)).toBe(1);
  });
});

describe('a mounting that meets', () => {
  test.each<[string, HmcFaultInput]>([
    ['an answer that is cut off', { kind: 'truncated-json' }],
    ['a web page in place of its execution', { kind: 'html-error', when: 'before' }],
    ['a connection that breaks', { kind: 'connection-reset' }],
    ['a failure of the HMC', { kind: 'error', status: 500, reason: 0 }],
    ['an HMC that is not ready', { kind: 'unavailable' }],
    ['a permission that is missing', { kind: 'error', status: 403, reason: 1 }],
    ['a busy partition', { kind: 'error', status: 409, reason: 2 }],
    ['a session that has ended', { kind: 'session-expired' }],
  ])('%s leaves a partition that was started from it once, or nothing', async (_fault, rule) => {
    const fault = bench.simulator.fault({ ...rule, ...MOUNT });
    const params = fromImage('web', { metadata: { role: 'web' } });
    const failure = await bench.seeThrough({ operation: 'spawn', params }, bench.hmc.context());
    expect(bench.simulator.faults.remove(fault)).toBe(false);
    expect(image.left).toEqual([]);
    if (failure === undefined) {
      expect(partition('web')).toMatchObject({ status: 'active', booted: { device: 'iso-image' } });
      expect(bench.simulator.wireLog.count({ ...MOUNT, executed: true })).toBe(1);
      await bench.destroy(await bench.find('web'));
    }
    expect(bench.orphans()).toEqual([]);
  });
});

describe('what a guest is told that starts from elsewhere', () => {
  test.each<[string, Partial<Description>, string]>([
    ['its root disk', { flavor: { ...SMALL, root_gib: 20 } }, 'storage-volume'],
    ['a volume', { volumes: [volume('disks', { boot: true })] }, 'storage-volume'],
    ['the network', { boot: { from: 'network' } }, 'network-adapter'],
  ])('stands at an address that its kernel is given: from %s', async (_what, more, device) => {
    const ctx = bench.hmc.context();
    const driver_options = { [IBM]: { boot_os_parameters: 'console=ttyS0' } };
    await bench.spawn(
      description('web', { flavor: SMALL, ssh_keys: ['ssh-ed25519 AAAA me'], driver_options, ...more }),
      ctx,
    );
    const [offer] = seeds.offered;
    expect(offer?.instance).toBe((await bench.find('web')).key);
    expect(offer?.content['meta-data']).toContain('ssh-ed25519 AAAA me');
    expect(offer?.content['network-config']).toMatch(/"enc[0-9a-f]+"/);
    expect(bench.simulator.booted('web')).toMatchObject({
      device,
      osParameters: `console=ttyS0 ds=nocloud;s=${offer?.url};i=${ctx.operationId}`,
    });
    expect(ctx.begun.filter((step) => step === 'set-boot-device')).toHaveLength(1);
  });

  test('is planned', async () => {
    const params = description('web', { flavor: SMALL, boot: { from: 'network' }, metadata: { role: 'web' } });
    const steps = await bench.hmc.host.plan(bench.hmc.context(), { operation: 'spawn', params }, bench.targetOf('web'));
    expect(steps.map(({ action }) => action)).toEqual([
      'create-partition',
      'create-nic',
      'offer-seed',
      'set-boot-device',
      'start',
    ]);
    expect(seeds.offered).toEqual([]);
  });

  test('is nothing when nothing is asked for: nothing is offered', async () => {
    await bench.spawn(
      description('web', { ssh_keys: [], files: [], metadata: {}, config_drive: false, disk_config: 'auto' }),
    );
    expect(seeds.offered).toEqual([]);
    expect(bench.simulator.booted('web')?.osParameters).toBe('');
  });
});

describe('a rescue of a partition that was made of an image', () => {
  test('is refused while it starts from that, since the image could not be mounted again', async () => {
    await bench.spawn(fromImage('web'));
    const failure = await failureOf(bench.hmc.changeWith('rescue', 'web', { image: image.kernel }));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(failure.message).toMatch(/zenova-image-.* is mounted/);
  });

  test('takes its place once it starts from what was installed', async () => {
    await bench.spawn(fromImage('web', { flavor: { ...SMALL, root_gib: 20 } }));
    await bench.hmc.changeWith('setBootDevice', 'web', { boot_device: { type: 'disk' }, restart: true });
    const before = bench.simulator.booted('web');
    expect(before).toMatchObject({ device: 'storage-volume' });
    await bench.hmc.changeWith('rescue', 'web', { image: image.kernel });
    expect(bench.simulator.booted('web')).toMatchObject({ device: 'iso-image', iso: { insFile: '/zenova.ins' } });
    await bench.hmc.change('unrescue', 'web');
    expect(bench.simulator.booted('web')).toMatchObject({ device: 'storage-volume', volume: before?.volume });
    expect(partition('web')?.iso).toBeNull();
  });
});

test('a KVM host has a bridge on each interface, and devices that learn', async () => {
  const networks = [{ name: NETWORK }, { name: 'IQD 07C0' }];
  await bench.spawn(fromImage('kvm', { networks, driver_options: { [IBM]: { preset: 'kvm-host' } } }));
  const { files } = mounted('kvm');
  const { bridges } = yaml(files, '/cidata/network-config') as { bridges: object };
  expect(Object.keys(bridges)).toEqual([expect.stringMatching(/^br-enc/), expect.stringMatching(/^br-enc/)]);
  const userData = files['/cidata/user-data']?.toString() ?? '';
  expect(userData.match(/vnicc\/learning=1/g)).toHaveLength(2);
  expect(userData.match(/vnicc\/flooding=1/g)).toHaveLength(1);
});

test('the example of the page is what the driver can do', async () => {
  const [example] = examplesOf('src/drivers/hmc-dpm/README.md').filter(({ text }) => text.includes('preset: kvm-host'));
  const described = parse(example?.text ?? '') as Description;
  expect(described.user_data).toEqual({ file: 'autoinstall.yaml' });
  const params = { ...described, user_data: '#cloud-config\n{}\n' };
  const steps = await bench.hmc.host.plan(bench.hmc.context(), { operation: 'spawn', params }, bench.targetOf('kvm01'));
  expect(steps.map(({ action }) => action)).toEqual(expect.arrayContaining(['fetch-image', 'create-storage-group']));
});

describe('refused before anything is asked', () => {
  const told = { ssh_keys: ['ssh-ed25519 AAAA me'] };
  const options = (more: object) => ({ driver_options: { [IBM]: more as Record<string, never> } });
  const noImage = { image: undefined } as unknown as Partial<Description>;

  test.each<[string, Partial<Description>, string, RegExp]>([
    [
      'an image that is only a name',
      { image: { source: 'debian-13' } },
      'RESOURCE_NOT_FOUND',
      /no image debian-13: an HMC keeps none/,
    ],
    ['an address of another kind', { image: { source: 'ftp://a/b' } }, 'REQUEST_INVALID', /no address/],
    ['a disk image', { image: { source: 'https://a/b', format: 'qcow2' } }, 'FEATURE_LIMITED', /not written to a LUN/],
    ['an image and another start', { boot: { from: 'network' } }, 'FEATURE_LIMITED', /^image: .*boot\.from network/],
    [
      'an image and a volume to start from',
      { volumes: [volume('disks', { boot: true })] },
      'REQUEST_INVALID',
      /disks has boot true/,
    ],
    [
      'a start from an image that is not given',
      { ...noImage, boot: { from: 'iso' } },
      'REQUEST_INVALID',
      /no image to start from/,
    ],
    [
      'an image for a Secure Service Container',
      options({ type: 'ssc', ssc: { host_name: 'a', userid: 'b', password: 'c' } }),
      'FEATURE_LIMITED',
      /type ssc/,
    ],
    ['telling z/VM', { ...told, ...options({ type: 'zvm' }) }, 'FEATURE_LIMITED', /ssh_keys: .*type zvm/],
    [
      'a config drive without an image',
      { ...noImage, flavor: { ...SMALL, root_gib: 1 }, config_drive: true },
      'FEATURE_LIMITED',
      /config_drive: .*ISO image/,
    ],
    [
      'a seed of a partition that is not started',
      { ...noImage, ...told, boot: { from: 'network' }, start: false },
      'FEATURE_LIMITED',
      /half an hour/,
    ],
    [
      'a seed over FTP',
      {
        ...noImage,
        ...told,
        boot: { from: 'ftp' },
        ...options({ ftp: { host: 'a', user: 'b', password: 'c', insfile: '/d' } }),
      },
      'FEATURE_LIMITED',
      /ssh_keys/,
    ],
    [
      'kernel parameters that leave no room',
      { ...noImage, ...told, boot: { from: 'network' }, ...options({ boot_os_parameters: 'a'.repeat(140) }) },
      'REQUEST_INVALID',
      /must be 13[0-9] characters at most beside ssh_keys/,
    ],
    [
      'a KVM host without a network',
      { networks: [], ...options({ preset: 'kvm-host' }) },
      'REQUEST_INVALID',
      /preset: kvm-host .*at least one of networks/,
    ],
    ['another preset', options({ preset: 'desktop' }), 'REQUEST_INVALID', /preset/],
    [
      'user data that hides the rest',
      { user_data: 'canary', files: [file] },
      'REQUEST_INVALID',
      /user_data is none of what/,
    ],
  ])('is %s', async (_what, more, code, why) => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(bench.spawn(fromImage('web', more)));
    expect(failure).toMatchObject({ code, outcome: 'not-started' });
    expect(failure.message).toMatch(why);
    expect(failure.message).not.toMatch(/canary/);
    expect(bench.simulator.wireLog.last).toBe(since);
  });

  test('is what the service has nothing for', async () => {
    await bench.stop();
    bench = await LaunchBench.start();
    const since = bench.simulator.wireLog.last;
    const address = description('web', { flavor: SMALL, ...told, boot: { from: 'network' } });
    const noSeed = await failureOf(bench.spawn(address));
    expect(noSeed).toMatchObject({ code: 'FEATURE_LIMITED', outcome: 'not-started' });
    expect(noSeed.message).toMatch(/ssh_keys: .*the configuration has no `seed`/);
    const noImages = await failureOf(bench.spawn(fromImage('web')));
    expect(noImages).toMatchObject({ code: 'FEATURE_LIMITED', outcome: 'not-started' });
    expect(bench.simulator.wireLog.last).toBe(since);
  });
});

describe('a worker that dies in a launch', () => {
  const CHECKPOINTS = 11;
  const moments = Array.from({ length: CHECKPOINTS }, (_, index) => index + 1).flatMap((at) => [
    [at, 'before'] as const,
    [at, 'after'] as const,
  ]);
  let jobs: string[] = [];

  /** Dies at a checkpoint, and remembers a job whose URI nobody has written down. */
  function dying(at: number, when: 'before' | 'after') {
    let left = 0;
    const isIt = (checkpoint: string): boolean => {
      const dies = ++left === at;
      if (dies && when === 'before' && checkpoint === 'job') jobs = bench.simulator.jobs().map(({ uri }) => uri);
      return dies;
    };
    return dyingWhen(bench.hmc.context(), isIt, when);
  }

  test('has so many checkpoints to die at', async () => {
    const ctx = bench.hmc.context();
    await bench.spawn(fromImage('web', { metadata: { role: 'web' } }), ctx);
    expect(ctx.checkpoints).toHaveLength(CHECKPOINTS);
  });

  test.each(moments)('from an image at checkpoint %i, %s it is left: it is mounted once', async (at, when) => {
    const params = fromImage('web', { metadata: { role: 'web' } });
    const ctx = dying(at, when);
    await expect(bench.seeThrough({ operation: 'spawn', params }, ctx)).resolves.toBeUndefined();
    expect(partition('web')).toMatchObject({ status: 'active', booted: { device: 'iso-image' } });
    expect(bench.simulator.wireLog.count({ ...MOUNT, executed: true })).toBe(1);
    expect(yaml(mounted('web').files, '/cidata/meta-data')).toMatchObject({ 'instance-id': ctx.operationId });
    expect(image.left).toEqual([]);
    await bench.destroy(await bench.find('web'));
    for (const uri of jobs.splice(0)) await bench.hmc.atHmc('DELETE', uri);
    expect(bench.orphans()).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5])('with a seed to offer, at step %i: it is offered once', async (count) => {
    const params = description('web', { flavor: SMALL, boot: { from: 'network' }, metadata: { role: 'web' } });
    const ctx = dyingAt(bench.hmc.context(), STEP_CHECKPOINT, count);
    await expect(bench.seeThrough({ operation: 'spawn', params }, ctx)).resolves.toBeUndefined();
    expect(seeds.offered).toHaveLength(1);
    expect(bench.simulator.booted('web')?.osParameters).toContain(seeds.offered[0]?.url);
  });
});
