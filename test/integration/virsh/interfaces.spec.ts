import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { attributeOf, childAt } from '../../../src/connectors/xml/index.js';
import type { Network } from '../../../src/compute/contract/index.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { eventually } from '../../support/eventually.js';
import {
  defineSwitchNetwork,
  sendersAtSwitch,
  SWITCH,
  SWITCH_NETWORK,
  vlanAtSwitch,
} from '../../support/open-vswitch.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';

jest.setTimeout(WITHIN_MS);

let bench: DeviceBench;
/** One that runs, with a system that lets go of interfaces. */
const instance = 'web01';
let console: GuestConsole;

beforeAll(async () => {
  bench = await DeviceBench.start({ openvswitch_bridges: [SWITCH, 'br0'] });
  await defineSwitchNetwork(bench.host);
  await bench.host.run('ip link add plug0 type veth peer name plug1');
  console = await bench.started(instance, { hasSystem: true });
  await bench.define('off');
}, WITHIN_MS);
afterAll(() => bench.stop());

const attach = (network: Network, to = instance) => bench.call('compute.attach_interface', { instance: to, network });
const detach = (name: unknown, from = instance) =>
  bench.call('compute.detach_interface', { instance: from, interface: name });

describe.each([
  ['a network of libvirt', 'nat', 'network'],
  ['a bridge', 'br0', 'bridge'],
])('an interface on %s', (_what, name, word) => {
  test(
    'is attached to a guest that runs, which sees it, and detached from it',
    async () => {
      const answer = await attach({ name });
      const mac = (answer['interface'] as { mac: string }).mac;
      expect(answer).toMatchObject({ outcome: 'done', power_state: 'running', interface: { name: mac, mac } });
      await expect(bench.nics(instance)).resolves.toEqual({ now: [mac], next: [mac] });
      const [nic] = await bench.devicesXml(instance, 'interface');
      expect(attributeOf(nic && childAt(nic, 'source'), word)).toBe(name);
      await expect(bench.call('compute.get_info', { instance, devices: true })).resolves.toMatchObject({
        interfaces: [{ name: mac, mac, network: name, vlan: null }],
      });
      await expect(attach({ name, mac })).resolves.toMatchObject({ outcome: 'already' });
      await expect(attach({ name, mac }, 'off')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      await expect(detach(mac)).resolves.toMatchObject({ outcome: 'done', power_state: 'running' });
      await expect(bench.nics(instance)).resolves.toEqual({ now: [], next: [] });
      await expect(detach(mac)).resolves.toMatchObject({ outcome: 'already' });
    },
    WITHIN_MS,
  );
});

test('each request adds one of its own, to a domain that is off too', async () => {
  const macs = [await attach({ name: 'nat' }, 'off'), await attach({ name: 'nat', tag: 'front' }, 'off')].map(
    (answer) => (answer['interface'] as { mac: string }).mac,
  );
  await expect(bench.nics('off')).resolves.toEqual({ now: macs, next: macs });
  const { nics } = await bench.facts('off');
  expect(nics.map(({ tag }) => tag)).toEqual([undefined, 'front']);
  await expect(attach({ name: 'nat', tag: 'front' }, 'off')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  for (const mac of macs) await detach(mac, 'off');
});

// A machine without udev has no device for macvtap until somebody makes one, so this one is not started.
test('one on a device of the host goes by macvtap', async () => {
  const answer = await attach({ name: 'plug0' }, 'off');
  const { nics } = await bench.facts('off');
  expect(nics).toMatchObject([{ sourceType: 'direct', source: 'plug0' }]);
  await detach((answer['interface'] as { mac: string }).mac, 'off');
});

describe.each([
  ['a tag of a bridge of Open vSwitch', SWITCH, 42],
  ['a tag of a network on one', SWITCH_NETWORK, 42],
  ['the port group of a network', SWITCH_NETWORK, 7],
])('one in a VLAN by %s', (_what, name, vlan) => {
  test(
    'is in it at the switch when it is attached, and no more when it is detached',
    async () => {
      const answer = await attach({ name, vlan });
      const mac = (answer['interface'] as { mac: string }).mac;
      const [nic] = (await bench.facts(instance)).nics;
      const device = nic?.hostDevice ?? '';
      await expect(vlanAtSwitch(bench.host, device)).resolves.toBe(vlan);
      await expect(bench.call('compute.get_info', { instance, devices: true })).resolves.toMatchObject({
        interfaces: [{ mac, network: name, vlan }],
      });
      // It sends something; the switch tells where it came from.
      await bench.host.run(`virsh -q qemu-monitor-command ${instance} --hmp announce_self`);
      const seen = await eventually(
        async () => (await sendersAtSwitch(bench.host)).find((sender) => sender.mac === mac),
        'the switch to have seen its packets',
        WITHIN_MS,
      );
      expect(seen).toEqual({ mac, vlan });
      await detach(mac);
      await expect(bench.host.run(`ovs-vsctl list-ports ${SWITCH}`)).resolves.not.toContain(device);
    },
    WITHIN_MS,
  );

  test('is in it at the next start of a domain that is off', async () => {
    const answer = await attach({ name, vlan }, 'off');
    await expect(bench.call('compute.get_info', { instance: 'off', devices: true })).resolves.toMatchObject({
      interfaces: [{ network: name, vlan }],
    });
    await bench.call('power.on', { instance: 'off' });
    const [nic] = (await bench.facts('off')).nics;
    await expect(vlanAtSwitch(bench.host, nic?.hostDevice ?? '')).resolves.toBe(vlan);
    await bench.destroy('off');
    await detach((answer['interface'] as { mac: string }).mac, 'off');
  });
});

test('one without a VLAN is plugged into a bridge of Open vSwitch too, without a tag', async () => {
  const answer = await attach({ name: SWITCH });
  const [nic] = (await bench.facts(instance)).nics;
  await expect(vlanAtSwitch(bench.host, nic?.hostDevice ?? '')).resolves.toBeNull();
  await detach((answer['interface'] as { mac: string }).mac);
});

test.each([
  ['br0', 'name a bridge on a VLAN device'],
  ['nat', 'name a bridge on a VLAN device'],
  ['plug0', 'make a VLAN device on it'],
])('one in a VLAN is refused on %s, which nobody tags', async (name, hint) => {
  for (const vlan of [7, 42]) {
    await expect(attach({ name, vlan })).rejects.toMatchObject({
      code: 'FEATURE_LIMITED',
      message: expect.stringContaining(hint),
    });
  }
  await expect(bench.nics(instance)).resolves.toEqual({ now: [], next: [] });
});

test.each<[string, Network, string]>([
  ['a network that nobody has', { name: 'no-such-network' }, 'RESOURCE_NOT_FOUND'],
  ['fixed addresses', { name: 'nat', addresses: [{ address: '192.0.2.7/24' }] }, 'FEATURE_LIMITED'],
  ['a MAC address of many', { name: 'nat', mac: '01:00:5e:00:00:01' }, 'REQUEST_INVALID'],
  ['another way of forwarding', { name: 'nat', forwarding: 'route' }, 'FEATURE_LIMITED'],
])('%s is refused, and nothing comes of it', async (_what, network, code) => {
  await expect(attach(network)).rejects.toMatchObject({ code });
  await expect(bench.call('compute.attach_interface', { instance, network, plan: true })).rejects.toMatchObject({
    code,
  });
  await expect(bench.nics(instance)).resolves.toEqual({ now: [], next: [] });
  expect(console.text).not.toContain('panic');
});
