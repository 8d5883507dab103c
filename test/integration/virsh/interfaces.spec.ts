import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attributeOf, childAt } from '../../../src/connectors/xml/index.js';
import type { Network } from '../../../src/compute/contract/index.js';
import type { GuestConsole } from '../../support/guest-console.js';
import { DeviceBench, WITHIN_MS } from './device-bench.js';

const PORTS = `<network><name>ports</name><forward mode='bridge'/><bridge name='br0'/>
  <portgroup name='plain' default='yes'/>
  <virtualport type='openvswitch'/><portgroup name='seven'><vlan><tag id='7'/></vlan></portgroup></network>`;

let bench: DeviceBench;
/** One that runs, with a system that lets go of interfaces. */
const instance = 'web01';
let console: GuestConsole;

beforeAll(async () => {
  bench = await DeviceBench.start();
  await bench.host.run(`f=$(mktemp); echo "${PORTS}" > $f; virsh -q net-define $f; virsh -q net-start ports; rm $f
    ip link add plug0 type veth peer name plug1`);
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

test('one in a VLAN is refused before anything is asked, by port group as by tag', async () => {
  for (const name of ['ports', 'br0']) {
    await expect(attach({ name, vlan: 7 }, 'off')).rejects.toMatchObject({ code: 'FEATURE_UNSUPPORTED' });
  }
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
