import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { guestSystems } from '../../support/guest-systems.js';
import { LibvirtCut, type Lost, type ProcedureName } from '../../support/libvirt-cut.js';
import { writeEncrypted } from '../../support/libvirt-storage.js';
import type { LibvirtHost } from '../../support/libvirt-hosts.js';
import { localUri } from '../../support/virsh-bench.js';
import {
  defineSwitchNetwork,
  openVswitch,
  PORT_GROUP,
  sendersAtSwitch,
  SWITCH_NETWORK,
} from '../../support/open-vswitch.js';
import { TwoHosts } from './two-hosts.js';

const WITHIN_MS = 400_000;
jest.setTimeout(WITHIN_MS);
/**
 * So slow, and with so short a standstill, that a guest which is busy never comes to its end, as little as it may get of the machine: it
 * would have to write to no more than two pages in the seconds in which all of it is copied. A disk takes minutes.
 */
const SLOW = { bandwidth_mib: 8, max_downtime_ms: 1 };
/** Of moves that are forced to their end, which takes as long as this lets it. */
const FORCED = { ...SLOW, bandwidth_mib: 32 };
const MAC = '52:54:00:00:07:07';
let kvm: TwoHosts;
/** Between the service and the daemon of kvm1. */
let cut: LibvirtCut;
beforeAll(async () => {
  kvm = await TwoHosts.start({
    emulators: ['x86_64', 's390x'],
    setUp: () => openVswitch,
    aliases: ({ shared, hosts: [first] }) => ({
      'kvm1-cut': { of: 'kvm1', uri: cutBefore(first), request_timeout_ms: 15_000 },
      'kvm2-slow': { of: 'kvm2', migration: SLOW },
      'kvm1-forced': { of: 'kvm1', migration: FORCED },
      'kvm2-post-copy': { of: 'kvm2', migration: { ...FORCED, post_copy: true } },
      'kvm2-tunnelled': { of: 'kvm2', migration: { tunnelled: true } },
      'kvm1-tls': { of: 'kvm1', migration: { tls: true } },
      'kvm2-tls': { of: 'kvm2', migration: { tls: true, address: '198.18.0.2' } },
      'kvm1-shared': { of: 'kvm1', pool: { name: 'shared', path: join(shared, 'pool') } },
      'kvm2-shared': { of: 'kvm2', pool: { name: 'shared', path: join(shared, 'pool') } },
      'kvm1-here': { of: 'kvm1', pool: { name: 'here', path: join(shared, 'here') } },
      'kvm2-there': { of: 'kvm2', pool: { name: 'there', path: join(shared, 'there') } },
    }),
    limits: { leaseMs: 3000 },
  });
}, WITHIN_MS);
afterAll(async () => {
  await kvm.stop();
  await cut.stop();
});

function cutBefore(host: LibvirtHost | undefined): string {
  cut = new LibvirtCut(host?.daemon.socketPath ?? '');
  return localUri('qemu:///system', cut);
}

const move = (instance: string, { host = 'kvm1', destination = 'kvm2', ...more }: Record<string, unknown> = {}) =>
  kvm.bench.call('compute.live_migrate', { host, instance, destination, ...more });
const DISKLESS = { flavor: { vcpus: 1, memory_mib: 256 } };

describe('a guest that runs', () => {
  test(
    'moves with its VLAN, and not at all to where nobody has that',
    async () => {
      for (const host of kvm.there.hosts) await defineSwitchNetwork(host);
      const there = kvm.host('kvm2');
      const update = (how: string) =>
        there.run(`virsh -q net-update ${SWITCH_NETWORK} ${how} portgroup "${PORT_GROUP}" --live`);
      await update('delete');
      // Without a disk, which would have to be copied.
      const flavor = { vcpus: 1, memory_mib: 256 };
      await kvm.launch('vlan01', { more: { flavor, networks: [{ name: SWITCH_NETWORK, vlan: 7, mac: MAC }] } });
      for (const more of [{ plan: true }, {}]) {
        await expect(move('vlan01', more)).rejects.toMatchObject({
          code: 'FEATURE_LIMITED',
          message: expect.stringContaining('port group'),
        });
      }
      expect(await kvm.domains('kvm1', '--state-running')).toEqual(['vlan01']);
      await update('add-last');
      await expect(move('vlan01')).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      const isSeen = async () => (await sendersAtSwitch(there)).find(({ mac }) => mac === MAC);
      // QEMU tells the network where the guest is now.
      await expect(eventually(isSeen, 'the switch to have seen its packets', WITHIN_MS)).resolves.toEqual({
        mac: MAC,
        vlan: 7,
      });
      await kvm.bench.call('compute.destroy', { host: 'kvm2', instance: 'vlan01' });
    },
    WITHIN_MS,
  );

  test(
    'moves with all that it has, on disks of its own host',
    async () => {
      const id = await kvm.launch('web01', {
        options: { graphics: [{ type: 'vnc' }] },
        more: {
          networks: [{ name: 'nat' }],
          firewall_rules: [{ direction: 'ingress', protocol: 'tcp', ports: '22' }],
          metadata: { role: 'web' },
          start: false,
        },
      });
      await kvm.host('kvm1').run(
        `virsh -q autostart web01; f=$(mktemp)
        virsh dumpxml --inactive web01 | sed "s/<graphics type='vnc'/& passwd='secret-1'/" > $f
        virsh -q define $f; rm $f`,
      );
      await kvm.bench.call('compute.power_on', { host: 'kvm1', instance: 'web01' });
      await kvm.bench.call('power.set_boot_device', {
        host: 'kvm1',
        instance: 'web01',
        boot_device: { type: 'network' },
      });
      await expect(move('web01', { plan: true })).resolves.toMatchObject({ steps: [{ action: 'migrate' }] });
      const before = await kvm.volumesOf('kvm1', id);
      expect(before).toEqual(expect.arrayContaining([`zenova-${id}-config.iso`, `zenova-${id}-root`]));
      const next = await kvm.definition('kvm1', 'web01');
      expect(next).toContain("passwd='secret-1'");
      await expect(move('web01')).resolves.toMatchObject({ outcome: 'done', host: 'kvm2', power_state: 'running' });
      expect(await kvm.domains('kvm1')).toEqual([]);
      expect(await kvm.domains('kvm2', '--persistent --state-running --autostart')).toEqual(['web01']);
      expect(await kvm.volumesOf('kvm1', id)).toEqual([]);
      expect(await kvm.volumesOf('kvm2', id)).toEqual(before);
      expect(await kvm.host('kvm2').run('virsh -q nwfilter-list')).toContain('zenova-');
      expect(await kvm.host('kvm1').run('virsh -q nwfilter-list')).not.toContain('zenova-');
      // Its mark, what it starts from next, and the password of its screen.
      expect(await kvm.definition('kvm2', 'web01')).toBe(next);
      expect(await kvm.host('kvm2').run('virsh dumpxml --security-info web01')).toContain("passwd='secret-1'");
      await expect(move('web01')).resolves.toMatchObject({ outcome: 'already' });
    },
    WITHIN_MS,
  );

  test(
    'keeps what it was before a rescue, and the medium that it is rescued with',
    async () => {
      const { rescue } = await guestSystems('x86_64');
      const id = await kvm.launch('sick01', { more: { ...DISKLESS, metadata: { role: 'web' } } });
      const image = { source: `file:${rescue.iso}`, format: 'iso' };
      const own = await kvm.definition('kvm1', 'sick01');
      await kvm.bench.call('compute.rescue', { host: 'kvm1', instance: 'sick01', image });
      const files = ['config.iso', 'console.log', 'rescue-config.iso', 'rescue.iso'].map(
        (file) => `zenova-${id}-${file}`,
      );
      expect(await kvm.volumesOf('kvm1', id)).toEqual(files);
      await expect(move('sick01')).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      expect(await kvm.volumesOf('kvm1', id)).toEqual([]);
      expect(await kvm.volumesOf('kvm2', id)).toEqual(files);
      await kvm.bench.call('compute.unrescue', { host: 'kvm2', instance: 'sick01' });
      expect(await kvm.definition('kvm2', 'sick01')).toBe(own);
      expect(await kvm.domains('kvm2', '--state-running')).toContain('sick01');
      await kvm.bench.call('compute.destroy', { host: 'kvm2', instance: 'sick01' });
    },
    WITHIN_MS,
  );

  test(
    'leaves its disks alone where both hosts have them, and takes the keys of its volumes along',
    async () => {
      const { shared } = kvm.there;
      const host = 'kvm1-shared';
      const destination = 'kvm2-shared';
      const id = await kvm.launch('web02', { host });
      const volume = { id: 'v1', connection: { type: 'file', path: luksFile(join(shared, 'pool')) } };
      await kvm.bench.call('compute.attach_volume', {
        host,
        instance: 'web02',
        volume: { ...volume, encryption: { format: 'luks', key: KEY } },
      });
      const files = () => kvm.host('kvm1').run(`ls -i ${shared}/pool`);
      const before = await files();
      await expect(move('web02', { host, destination })).resolves.toMatchObject({ outcome: 'done' });
      expect(await files()).toBe(before);
      const moved = await kvm.host('kvm2').run('virsh domjobinfo web02 --completed');
      expect(moved).toMatch(/^Memory total: +[1-9]/m);
      // What it tells of disks that were copied, or begun.
      expect(moved).not.toMatch(/^File /m);
      expect(await kvm.host('kvm1').run('virsh -q secret-list')).not.toContain(id);
      const [, secret = ''] =
        /^ *([0-9a-f-]{36}) .*zenova-/m.exec(await kvm.host('kvm2').run('virsh -q secret-list')) ?? [];
      const value = await kvm.host('kvm2').run(`virsh secret-get-value ${secret}`);
      expect(Buffer.from(value, 'base64').toString()).toBe(KEY);
      await kvm.bench.call('compute.reboot', { host: destination, instance: 'web02' });
      // One of which nobody has the value does not go along, and is missed before anything is begun.
      await kvm.host('kvm2').run(`virsh secret-undefine ${secret}`);
      await expect(move('web02', { host: destination, destination: host, plan: true })).rejects.toMatchObject({
        code: 'RESOURCE_NOT_FOUND',
        message: expect.stringContaining(`does not have the secret ${secret}`),
      });
      await kvm.bench.call('compute.destroy', { host: destination, instance: 'web02' });
    },
    WITHIN_MS,
  );

  test(
    'is not moved where the other host has the directory of its disks at another path, and keeps them',
    async () => {
      const [host, instance] = ['kvm1-here', 'web03'];
      await kvm.host('kvm2').run(`ln -s here ${kvm.there.shared}/there`);
      const id = await kvm.launch(instance, { host });
      const files = () => kvm.host('kvm1').run(`ls -i ${kvm.there.shared}/here`);
      const before = await files();
      await expect(move(instance, { host, destination: 'kvm2-there' })).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('are one directory'),
      });
      expect(before).toContain(id);
      expect(await files()).toBe(before);
      expect(await kvm.domains('kvm1', '--state-running')).toContain(instance);
      await kvm.bench.call('compute.destroy', { host, instance });
    },
    WITHIN_MS,
  );

  test(
    'goes through the connection of the daemons, and encrypted by QEMU, to hosts that say so',
    async () => {
      const id = await kvm.launch('m01', { more: DISKLESS });
      const log = `zenova-${id}-console.log`;
      expect(await kvm.volumesOf('kvm1', id)).toEqual([log]);
      await expect(move('m01', { destination: 'kvm2-tunnelled' })).resolves.toMatchObject({ outcome: 'done' });
      // Not even what its console has shown stays where it was.
      expect(await kvm.volumesOf('kvm1', id)).toEqual([]);
      expect(await kvm.volumesOf('kvm2', id)).toEqual([log]);
      await expect(move('m01', { host: 'kvm2', destination: 'kvm1-tls' })).resolves.toMatchObject({ outcome: 'done' });
      // The certificate of that host is not for this address, so that its QEMU is not believed.
      await expect(move('m01', { destination: 'kvm2-tls' })).rejects.toMatchObject({
        message: expect.stringMatching(/TLS|certificate/i),
      });
      expect(await kvm.domains('kvm1', '--state-running')).toEqual(['m01']);
      await kvm.bench.call('compute.destroy', { host: 'kvm1', instance: 'm01' });
    },
    WITHIN_MS,
  );

  test(
    'moves on IBM Z, emulated, with what it has in memory',
    async () => {
      await kvm.launch('z01', { arch: 's390x', more: DISKLESS });
      // Not earlier: QEMU loses guests that it emulates and moves while their kernel is unpacked, which then end in a disabled wait.
      await kvm.says('kvm1', 'z01', 'zenova guest ready');
      await kvm.tells('kvm1', 'z01', 'run echo from home >/run/memory');
      await kvm.says('kvm1', 'z01', 'ran: 0');
      await expect(move('z01')).resolves.toMatchObject({ outcome: 'done', host: 'kvm2', power_state: 'running' });
      await kvm.tells('kvm2', 'z01', 'run cat /run/memory');
      await kvm.says('kvm2', 'z01', '^from home');
      await kvm.bench.call('compute.destroy', { host: 'kvm2', instance: 'z01' });
    },
    WITHIN_MS,
  );
});

describe('a move whose request is lost with the daemon', () => {
  const crash = async () => {
    const { daemon } = kvm.host('kvm1');
    await daemon.kill();
    await daemon.restart();
  };
  const MIGRATE = 'domain_migrate_perform3_params';
  test.each<[string, ProcedureName, Lost]>([
    ['when the guest is there already', MIGRATE, 'answer'],
    ['before the daemon has heard of it', MIGRATE, 'call'],
    ['when what it leaves is looked for, to be cleared away', 'storage_pool_list_all_volumes', 'call'],
  ])(
    '%s: the guest has moved, once, with its disks',
    async (_when, procedure, lost) => {
      const id = await kvm.launch('lost01');
      await kvm.says('kvm1', 'lost01', 'zenova guest ready');
      await kvm.tells('kvm1', 'lost01', 'run echo from home >/run/memory');
      const before = await kvm.volumesOf('kvm1', id);
      cut.at(procedure, lost, crash);
      await expect(move('lost01', { host: 'kvm1-cut' })).resolves.toMatchObject({
        outcome: 'done',
        host: 'kvm2',
        power_state: 'running',
      });
      expect(await cut.hasCut()).toBe(true);
      expect(await kvm.domains('kvm1')).not.toContain('lost01');
      expect(await kvm.domains('kvm2', '--persistent --state-running')).toContain('lost01');
      expect(await kvm.volumesOf('kvm1', id)).toEqual([]);
      expect(await kvm.volumesOf('kvm2', id)).toEqual(before);
      await kvm.tells('kvm2', 'lost01', 'run cat /run/memory');
      await kvm.says('kvm2', 'lost01', '^from home');
      await kvm.bench.call('compute.destroy', { host: 'kvm2', instance: 'lost01' });
    },
    WITHIN_MS,
  );
});

describe('a guest that writes faster than it is copied', () => {
  const instance = 'busy01';
  const words = 'zenova.busy=96';
  let uuid: string;
  beforeAll(async () => {
    uuid = await kvm.launch(instance, { words });
    await kvm.busy(instance);
  }, WITHIN_MS);

  const isAtHome = async () => {
    expect(await kvm.domains('kvm1', '--state-running')).toEqual([instance]);
    expect(await kvm.domains('kvm2')).not.toContain(instance);
  };

  test(
    'runs on where it was when its move is aborted, and nothing is left of that',
    async () => {
      const id = await kvm.beginMove(instance, 'kvm2-slow');
      const aborted = await kvm.bench.call('compute.live_migration_abort', { host: 'kvm1', instance });
      expect(aborted).toMatchObject({ operation_id: id, state: 'cancelled' });
      await isAtHome();
      expect(await kvm.volumesOf('kvm2', uuid)).toEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'is followed by the worker that comes after one that died',
    async () => {
      const id = await kvm.beginMove(instance, 'kvm2-slow');
      await kvm.bench.stop();
      await kvm.bench.start();
      const { state } = await kvm.bench.call('operation.get', { operation_id: id });
      expect(state).not.toBe('failed');
      await kvm.isFollowed(id);
      await kvm.bench.call('compute.live_migration_abort', { host: 'kvm1', instance });
      expect(await kvm.ended(id)).toMatchObject({ state: 'cancelled' });
      await isAtHome();
    },
    WITHIN_MS,
  );

  test.each(['kvm1', 'kvm2'] as const)(
    'runs exactly once when the daemon of %s is killed in the middle',
    async (victim) => {
      const id = await kvm.beginMove(instance, 'kvm2-slow');
      await kvm.host(victim).daemon.kill();
      await kvm.host(victim).daemon.restart();
      const { state, error } = await kvm.settles(id, instance);
      // It never comes to its end by itself: `done` would be of a guest at the other host.
      expect(['failed', 'cancelled']).toContain(state);
      expect(error).toMatchObject({ outcome: 'not-applied' });
      // A daemon ends what was coming in when it was killed, once it is up again.
      await eventually(
        async () => !(await kvm.domains('kvm2')).includes(instance),
        'what was coming in is ended',
        WITHIN_MS,
      );
      await isAtHome();
    },
    WITHIN_MS,
  );

  test(
    'does not begin to move where its disk cannot come along',
    async () => {
      await expect(move(instance, { destination: 'kvm2-tunnelled' })).rejects.toMatchObject({
        code: 'STATE_CONFLICT',
        message: expect.stringContaining('migration.tunnelled'),
      });
      await isAtHome();
    },
    WITHIN_MS,
  );

  const forced = async (name: string, host: string, destination: string) => {
    const id = await kvm.beginMove(name, destination, host);
    const answer = await kvm.bench.call('compute.live_migration_force_complete', { host, instance: name });
    expect(answer).toMatchObject({ operation_id: id });
    expect(await kvm.ended(id)).toMatchObject({ state: 'done', error: null });
  };

  test(
    'goes on at once at a host that allows post-copy when its move is forced to its end, and stands still on the way to others',
    async () => {
      // Without a disk, all of which would be copied before its memory.
      const name = 'busy02';
      await kvm.launch(name, { words, more: DISKLESS });
      await kvm.busy(name);
      await forced(name, 'kvm1', 'kvm2-post-copy');
      expect(await kvm.domains('kvm1')).not.toContain(name);
      expect(await kvm.domains('kvm2', '--state-running')).toContain(name);
      expect(kvm.bench.events).toContainEqual(
        expect.objectContaining({
          host: 'kvm1',
          name,
          data: expect.objectContaining({ native_state: 'paused (post-copy)' }),
        }),
      );
      await forced(name, 'kvm2', 'kvm1-forced');
      expect(await kvm.domains('kvm1', '--state-running')).toContain(name);
      expect(await kvm.domains('kvm2')).not.toContain(name);
      await kvm.bench.call('compute.destroy', { host: 'kvm1', instance: name });
    },
    WITHIN_MS,
  );
});

const KEY = 'a-key-of-a-volume';

/** A volume of 16 MiB that opens with {@link KEY}. */
function luksFile(folder: string): string {
  const path = join(folder, 'v1.luks');
  writeEncrypted(path, KEY, 16);
  return path;
}
