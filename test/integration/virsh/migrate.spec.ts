import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import {
  defineSwitchNetwork,
  openVswitch,
  PORT_GROUP,
  sendersAtSwitch,
  SWITCH_NETWORK,
} from '../../support/open-vswitch.js';
import { TwoHosts } from './two-hosts.js';

const WITHIN_MS = 240_000;
const MAC = '52:54:00:00:07:07';
let kvm: TwoHosts;
beforeAll(async () => {
  kvm = await TwoHosts.start({
    setUp: () => openVswitch,
    settings: (_there, { name }) => ({ migration: name === 'kvm2' ? { bandwidth_mib: 24 } : {} }),
    limits: { leaseMs: 3000 },
  });
}, WITHIN_MS);
afterAll(() => kvm.stop());

const move = (instance: string, more = {}) =>
  kvm.bench.call('compute.live_migrate', { host: 'kvm1', instance, destination: 'kvm2', ...more });

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
      await expect(eventually(isSeen, 'the switch to have seen its packets')).resolves.toEqual({ mac: MAC, vlan: 7 });
      await kvm.bench.call('compute.destroy', { host: 'kvm2', instance: 'vlan01' });
    },
    WITHIN_MS,
  );

  test(
    'moves with its disk, its interface and the rules for its packets',
    async () => {
      await kvm.launch('web01', {
        more: {
          networks: [{ name: 'nat' }],
          firewall_rules: [{ direction: 'ingress', protocol: 'tcp', ports: '22' }],
        },
      });
      await expect(move('web01', { plan: true })).resolves.toMatchObject({ steps: [{ action: 'migrate' }] });
      const before = await kvm.volumes('kvm1');
      expect(before.length).toBeGreaterThan(0);
      await expect(move('web01')).resolves.toMatchObject({ outcome: 'done', host: 'kvm2', power_state: 'running' });
      expect(await kvm.domains('kvm1')).toEqual([]);
      expect(await kvm.domains('kvm2', '--persistent --state-running')).toEqual(['web01']);
      expect(await kvm.volumes('kvm1')).toEqual([]);
      expect(await kvm.volumes('kvm2')).toEqual(before);
      expect(await kvm.host('kvm2').run('virsh -q nwfilter-list')).toContain('zenova-');
      expect(await kvm.host('kvm1').run('virsh -q nwfilter-list')).not.toContain('zenova-');
      await expect(move('web01')).resolves.toMatchObject({ outcome: 'already' });
    },
    WITHIN_MS,
  );
});

describe('a guest that writes faster than it is copied', () => {
  const instance = 'busy01';
  beforeAll(async () => {
    await kvm.launch(instance, { words: 'zenova.busy=96' });
    await kvm.busy(instance);
  }, WITHIN_MS);

  const isAtHome = async () => {
    expect(await kvm.domains('kvm1', '--state-running')).toEqual([instance]);
    expect(await kvm.domains('kvm2')).not.toContain(instance);
  };

  test(
    'runs on where it was when its move is aborted, and nothing is left of that',
    async () => {
      const id = await kvm.beginMove(instance);
      const aborted = await kvm.bench.call('compute.live_migration_abort', { host: 'kvm1', instance });
      expect(aborted).toMatchObject({ operation_id: id, state: 'cancelled' });
      await isAtHome();
      expect((await kvm.volumes('kvm2')).filter((name) => name.includes('root'))).toHaveLength(1);
    },
    WITHIN_MS,
  );

  test(
    'is followed by the worker that comes after one that died',
    async () => {
      const id = await kvm.beginMove(instance);
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
      const id = await kvm.beginMove(instance);
      await kvm.host(victim).daemon.kill();
      await kvm.host(victim).daemon.restart();
      await kvm.settles(id, instance);
      // A daemon ends what was coming in when it was killed, once it is up again.
      await eventually(async () => !(await kvm.domains('kvm2')).includes(instance), 'what was coming in is ended');
      await isAtHome();
    },
    WITHIN_MS,
  );

  test(
    'comes there when its move is forced to its end',
    async () => {
      const id = await kvm.beginMove(instance);
      const forced = await kvm.bench.call('compute.live_migration_force_complete', { host: 'kvm1', instance });
      expect(forced).toMatchObject({ operation_id: id });
      expect(await kvm.ended(id)).toMatchObject({ state: 'done', error: null });
      expect(await kvm.domains('kvm1')).toEqual([]);
      expect(await kvm.domains('kvm2', '--state-running')).toContain(instance);
    },
    WITHIN_MS,
  );
});
