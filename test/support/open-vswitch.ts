import type { LibvirtHost } from './libvirt-hosts.js';

/** The switch of a host, and a network of libvirt's on it. */
export const SWITCH = 'ovs0';
export const SWITCH_NETWORK = 'vlan';
/** Of that network. */
export const PORT_GROUP = `<portgroup name='seven'><vlan><tag id='7'/></vlan></portgroup>`;

/** Makes a switch of Open vSwitch on a host; in a process of its own, since not every kernel has its part of one. */
export const openVswitch: readonly string[] = [
  'mkdir /run/openvswitch',
  'ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema',
  'ovsdb-server -vconsole:warn --remote=punix:/run/openvswitch/db.sock /run/openvswitch/conf.db &',
  'until [ -S /run/openvswitch/db.sock ]; do sleep 0.02; done',
  'ovs-vswitchd -vconsole:warn --pidfile unix:/run/openvswitch/db.sock &',
  `ovs-vsctl --timeout=60 add-br ${SWITCH} -- set bridge ${SWITCH} datapath_type=netdev`,
];

/** The same for libvirt, in whose network a port group has VLAN 7. */
export async function defineSwitchNetwork(host: LibvirtHost): Promise<void> {
  const xml = `<network><name>${SWITCH_NETWORK}</name><forward mode='bridge'/><bridge name='${SWITCH}'/>
    <virtualport type='openvswitch'/><portgroup name='plain' default='yes'/>
    ${PORT_GROUP}</network>`;
  await host.run(`f=$(mktemp); echo "${xml}" > $f
    virsh -q net-define $f; virsh -q net-start ${SWITCH_NETWORK}; rm $f`);
}

/** The VLAN that the switch puts the packets of a device into. */
export async function vlanAtSwitch(host: LibvirtHost, device: string): Promise<number | null> {
  const tag = (await host.run(`ovs-vsctl --timeout=60 get port ${device} tag`)).trim();
  return tag === '[]' ? null : Number(tag);
}

/** Whose packets the switch has seen, and in which VLAN. */
export async function sendersAtSwitch(host: LibvirtHost): Promise<{ readonly mac: string; readonly vlan: number }[]> {
  const [, ...lines] = (await host.run(`ovs-appctl fdb/show ${SWITCH}`)).trim().split('\n');
  return lines.map((line) => {
    const [, vlan, mac = ''] = line.trim().split(/\s+/);
    return { mac, vlan: Number(vlan) };
  });
}
