import { describe, expect, it } from '@jest/globals';
import { FakeBench } from '../../../test/support/fake-bench.js';
import { checksumOf, fakeImage } from './fake-image.js';

const flavor = { vcpus: 4, memory_mib: 8192, root_gib: 20, memory_backing: 'file' };
const plain = { name: 'web01', flavor: { vcpus: 1, memory_mib: 512 } };
const web01 = { of: 'web01' };
const SECRETS = [
  'pass-word',
  'user-data',
  'volume-key',
  'chap-secret',
  'c2VjcmV0',
  'image-token',
  'signature-of-address',
];
const source = 'https://images.example/d.qcow2';
const whole = {
  name: 'web01',
  flavor,
  image: {
    source: `${source}?sig=signature-of-address`,
    token: 'image-token',
    checksum: checksumOf(fakeImage(source, undefined)),
    trusted_certificates: ['another', 'fake certificate'],
    cache: true,
  },
  networks: [
    { name: 'lan', vlan: 7, mac: '52:54:00:00:00:AA', addresses: [{ address: '192.0.2.7/24' }], tag: 'front' },
    { name: 'dmz', forwarding: 'nat' },
  ],
  volumes: [
    { id: 'd1', connection: { type: 'block', path: '/dev/d1' }, limits: { total_iops_sec: 100 }, multiattach: true },
    {
      id: 'd2',
      connection: {
        type: 'iscsi',
        portal: 'p:3260',
        target: 't',
        lun: 1,
        auth: { user: 'u', password: 'chap-secret' },
      },
      encryption: { format: 'luks2', key: 'volume-key' },
      tag: 'data',
    },
    { id: 'd3', connection: { type: 'fibre_channel', wwpns: ['0x500507630a0b0c0d'], lun: 2 } },
  ],
  disk_limits: { read_iops_sec: 50 },
  disk_config: 'auto',
  firmware_stateless: true,
  tpm: { version: '2.0' },
  security_groups: ['web'],
  firewall_rules: [{ direction: 'ingress', protocol: 'tcp', ports: '80' }],
  config_drive: true,
  user_data: 'user-data',
  ssh_keys: ['ssh-ed25519 AAAA someone'],
  admin_password: 'pass-word',
  files: [{ path: '/etc/motd', content: 'c2VjcmV0', mode: '0600' }],
  metadata: { role: 'web' },
  driver_options: { fake: { greeting: 'good morning' }, lxd: { whatever: 1 } },
};

describe('spawn of the fake driver', () => {
  it('keeps the whole description, and of what is secret only that it was given', async () => {
    const bench = new FakeBench();
    expect(await bench.run('spawn', whole, web01)).toMatchObject({ outcome: 'done', state: { powerState: 'running' } });
    const facts = await bench.facts('web01');
    expect(facts).toMatchObject({
      flavor,
      boot: { from: 'image' },
      root_disk: { image: source, size_gib: 20, file_system_gib: 20, limits: { read_iops_sec: 50 } },
      networks: [
        { name: 'lan', vlan: 7, mac: '52:54:00:00:00:aa', device: 'nic0', tag: 'front' },
        { name: 'dmz', device: 'nic1', mac: expect.stringMatching(/^52:54:00(:[0-9a-f]{2}){3}$/), forwarding: 'nat' },
      ],
      volumes: [
        { id: 'd1', device: 'vdb', limits: { total_iops_sec: 100 }, multiattach: true },
        { id: 'd2', device: 'vdc', connection: { auth: { user: 'u' } }, encryption: { format: 'luks2' }, tag: 'data' },
        { id: 'd3', device: 'vdd', connection: { type: 'fibre_channel' } },
      ],
      firmware: 'uefi',
      firmware_stateless: true,
      tpm: { version: '2.0' },
      security_groups: ['web'],
      firewall_rules: [{ ports: '80' }],
      config_drive: true,
      guest: {
        user_data_set: true,
        admin_password_set: true,
        ssh_keys: 1,
        files: [{ path: '/etc/motd', mode: '0600', size_bytes: 6 }],
        metadata: { role: 'web' },
      },
    });
    const told = JSON.stringify([facts, await bench.log('web01')]);
    for (const secret of SECRETS) expect(told).not.toContain(secret);
    expect(await bench.log('web01')).toMatch(/good morning\n.* web01 was made .*\n.* running\n$/);
  });

  it('fetches an image that is to be kept once', async () => {
    const bench = new FakeBench();
    const image = { source, cache: true };
    await bench.run('spawn', { ...plain, image }, web01);
    await bench.run('spawn', { ...plain, name: 'web02', image }, { of: 'web02' });
    expect(bench.site.requestsOf('fetchImage')).toBe(1);
    expect(await bench.host.operations.listImages?.(bench.ctx())).toContainEqual(
      expect.objectContaining({ name: source, checksum: checksumOf(fakeImage(source, undefined)) }),
    );
  });

  it('leaves an instance off that is not to be started', async () => {
    const bench = new FakeBench();
    const result = await bench.run('spawn', { ...plain, start: false }, web01);
    expect(result).toMatchObject({ outcome: 'done', state: { powerState: 'shutdown' } });
  });

  it.each([
    ['a name that is taken', { name: 'other' }, 'ALREADY_EXISTS'],
    ['an image that is not there', { image: { source: 'nothing' } }, 'RESOURCE_NOT_FOUND'],
    ['an image with another checksum', { image: { source, checksum: `sha256:${'0'.repeat(64)}` } }, 'OPERATION_FAILED'],
    ['an image that nobody trusted signed', { image: { source, trusted_certificates: ['x'] } }, 'OPERATION_FAILED'],
    ['a network that is not there', { networks: [{ name: 'nowhere' }] }, 'RESOURCE_NOT_FOUND'],
    ['a security group that is not there', { security_groups: ['nobody'] }, 'RESOURCE_NOT_FOUND'],
    ['a volume twice', { volumes: [volume('d'), volume('d')] }, 'REQUEST_INVALID'],
    ['a volume that is not reached', { volumes: [volume('far')] }, 'RESOURCE_NOT_FOUND'],
    ['limits in bytes', { disk_limits: { read_bytes_sec: 1 } }, 'FEATURE_LIMITED'],
    ['a large file', { files: [{ path: '/x', content: 'A'.repeat(16_000) }] }, 'FEATURE_LIMITED'],
    ['an option that it does not know', { driver_options: { fake: { colour: 'red' } } }, 'REQUEST_INVALID'],
    ['a property that it does not know', { flavor: { ...flavor, extras: { numa: 2 } } }, 'REQUEST_INVALID'],
    ['more memory than there is', { flavor: { vcpus: 1, memory_mib: 100_000 } }, 'CAPACITY_EXHAUSTED'],
    ['a start by FTP', { boot: { from: 'ftp' } }, 'REQUEST_INVALID'],
    ['a start from a volume that it lacks', { boot: { from: 'volume', volume: 'd' } }, 'REQUEST_INVALID'],
  ])('refuses %s, and makes nothing', async (_what, more, code) => {
    const bench = new FakeBench({ unreachable_volumes: ['far'], memory_mib: 65_536 });
    const ctx = bench.ctx();
    const name = 'name' in more ? more.name : 'web01';
    await expect(bench.run('spawn', { ...plain, ...more }, { of: name, ctx })).rejects.toMatchObject({ code });
    expect(ctx.begun).toEqual([]);
    expect(bench.site.all().map((instance) => instance.name)).toEqual(['guest', 'other']);
  });

  it('goes on with what it has made when the answer to its making was lost', async () => {
    const bench = new FakeBench({ faults: [fault('spawn', { error: 'BACKEND_TIMEOUT', after_effect: true })] });
    const ctx = bench.ctx();
    expect(await bench.run('spawn', plain, { ...web01, ctx })).toMatchObject({ state: { powerState: 'running' } });
    expect(ctx.begun).toEqual(['spawn', 'powerOn']);
    expect(bench.site.all()).toHaveLength(3);
  });

  it('leaves nothing of an instance that cannot be started', async () => {
    const bench = new FakeBench({ faults: [fault('powerOn')] });
    const volumes = [volume('d')];
    const spawned = bench.run('spawn', { ...plain, volumes }, web01);
    await expect(spawned).rejects.toMatchObject({ code: 'BACKEND_REJECTED', outcome: 'not-applied' });
    expect(bench.site.tryFind('web01')).toBeUndefined();
    expect(await bench.run('attachVolume', { volume: volume('d') })).toMatchObject({ outcome: 'done' });
  });

  it('says what stays of one that can neither be started nor removed', async () => {
    const bench = new FakeBench({ faults: [fault('powerOn'), fault('destroy')] });
    const spawned = bench.run('spawn', plain, web01);
    await expect(spawned).rejects.toMatchObject({ code: 'OPERATION_PARTIAL', outcome: 'applied' });
    expect(bench.site.tryFind('web01')).toMatchObject({ state: 'shutdown' });
  });

  it('says what it would do', async () => {
    const bench = new FakeBench();
    expect(await bench.plan('spawn', plain, 'web01')).toEqual(['spawn', 'powerOn']);
    expect(await bench.plan('destroy')).toEqual(['destroy']);
    expect(bench.site.all()).toHaveLength(2);
  });
});

describe('destroy of the fake driver', () => {
  it('removes an instance, and what it had is free', async () => {
    const bench = new FakeBench();
    await bench.run('attachVolume', { volume: volume('d') });
    const ctx = bench.ctx();
    const target = await bench.host.resolve(ctx, 'guest');
    const { destroy } = bench.host.operations;
    expect(await destroy?.(ctx, target, {})).toEqual({ outcome: 'done', state: null });
    expect(await bench.host.reconcile(ctx, { operation: 'destroy', params: {} }, target)).toMatchObject({
      verdict: 'concluded',
    });
    expect(await destroy?.(bench.ctx(), target, {})).toEqual({ outcome: 'already', state: null });
    await bench.run('attachVolume', { volume: volume('d') }, { of: 'other' });
  });
});

function volume(id: string) {
  return { id, connection: { type: 'block', path: `/dev/${id}` } };
}

function fault(operation: string, more: object = {}) {
  return { operation, error: 'BACKEND_REJECTED', ...more };
}
