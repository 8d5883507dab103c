import { describe, expect, test } from '@jest/globals';
import { expectGolden, schemaErrors } from '../../../../test/support/libvirt-xml.js';
import { parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import type { FirewallRule } from '../../../compute/contract/index.js';
import { networkNic } from './define-domain.js';
import { diskXml, freeDiskTarget } from './disk.js';
import { fibreChannelPath } from './fibre-channel.js';
import { filterXml } from './filter-xml.js';
import { hostNetworkSource, keepsVlan, networkSource } from './network-source.js';
import { nicXml } from './nic.js';
import { secretXml } from './secret-xml.js';
import { snapshotXml } from './snapshot-xml.js';
import {
  devicePathsOf,
  directoryPoolXml,
  storagePoolFacts,
  storageVolumeFacts,
  storageVolumeXml,
} from './storage-xml.js';
import { volumeDisk, volumeSecrets } from './volume-disk.js';

const UUID = '0198a7c2-5f00-7000-8000-0000000000a1';

describe('parts of a host', () => {
  const volume = {
    id: 'data/1',
    connection: {
      type: 'iscsi',
      portal: 'san.example',
      target: 'iqn.2026-11.example:data',
      lun: 4,
      auth: { user: 'u', password: 'chap-password' },
    },
    encryption: { format: 'luks', key: 'luks-key' },
  } as const;

  test('a disk and an interface that are attached', async () => {
    const target = freeDiskTarget('virtio', new Set(['vda', 'vdb', 'vdd']));
    const disk = volumeDisk('volume', volume, { instance: UUID, bus: 'virtio', target });
    await expectGolden('disk-iscsi', diskXml(disk));
    const lan = networkSource(parseXml("<network><name>lan</name><bridge name='br7'/></network>"));
    const mac = '52:54:00:00:00:01';
    const nic = networkNic('network', { name: 'lan', tag: 't' }, lan, {}, { mac, filter: undefined, boot: undefined });
    await expectGolden('interface', nicXml(nic));
  });

  test('its secrets hold no value, and are the same each time', async () => {
    const secrets = volumeSecrets(UUID, volume);
    expect(secrets).toEqual(volumeSecrets(UUID, volume));
    expect(secrets.map(({ value }) => value)).toEqual(['chap-password', 'luks-key']);
    for (const secret of secrets) {
      const xml = secretXml(secret);
      await expectGolden(`secret-${secret.usage}`, xml);
      expect(await schemaErrors(xml, 'secret')).toBe('');
      expect(serialiseXml(xml)).not.toContain(secret.value);
    }
  });

  test('a snapshot', async () => {
    const xml = snapshotXml('zenova-s', [{ target: 'vda', overlay: '/srv/a.overlay' }], ['vdb', 'sda']);
    await expectGolden('snapshot', xml);
    expect(await schemaErrors(xml, 'domainsnapshot')).toBe('');
  });

  test('a volume of a pool', async () => {
    const backing = { path: '/srv/images/base', format: 'qcow2' } as const;
    const xml = storageVolumeXml({ name: 'root', format: 'qcow2', capacityBytes: 10 * 1024 ** 3, backing });
    await expectGolden('storage-volume', xml);
    expect(await schemaErrors(xml, 'storagevol')).toBe('');
    expect(storageVolumeFacts(xml)).toEqual({
      name: 'root',
      path: undefined,
      format: 'qcow2',
      capacityBytes: 10 * 1024 ** 3,
      allocationBytes: 0,
      fileBytes: 0,
      backingPath: '/srv/images/base',
      writtenAt: undefined,
    });
  });

  test('a pool', async () => {
    const made = directoryPoolXml({ name: 'images', uuid: UUID, path: '/srv/images' });
    expect(await schemaErrors(made, 'storagepool')).toBe('');
    expect(storagePoolFacts(made)).toMatchObject({ name: 'images', uuid: UUID, type: 'dir', path: '/srv/images' });
    const pool = `<pool type='dir'><name>images</name><uuid>${UUID}</uuid><capacity unit='bytes'>100</capacity>
      <available unit='KiB'>2</available><target><path>/srv/images</path></target></pool>`;
    expect(storagePoolFacts(parseXml(pool))).toEqual({
      name: 'images',
      uuid: UUID,
      type: 'dir',
      path: '/srv/images',
      capacityBytes: 100,
      availableBytes: 2048,
    });
    expect(() => storagePoolFacts(parseXml('<pool><name>x</name></pool>'))).toThrow('the type of the pool');
  });

  test('a filter', async () => {
    const rules: FirewallRule[] = [
      { direction: 'ingress', protocol: 'tcp', ports: '80', remote: '192.0.2.0/24' },
      { direction: 'ingress', protocol: 'udp', ports: '8000-8080', remote: '2001:db8::/32' },
      { direction: 'ingress', protocol: 'icmp' },
      { direction: 'egress', protocol: 'any', remote: '198.51.100.7/32' },
    ];
    const xml = filterXml(UUID, rules, ['web', 'clean-traffic']);
    await expectGolden('filter', xml);
    expect(await schemaErrors(xml, 'nwfilter')).toBe('');
    const open = filterXml(UUID, rules.slice(0, 1), []);
    await expectGolden('filter-ingress', open);
    expect(await schemaErrors(open, 'nwfilter')).toBe('');
    expect(serialiseXml(filterXml(UUID, [], ['web']))).not.toContain('<rule');
  });

  test.each<[FirewallRule, string]>([
    [{ direction: 'ingress', protocol: 'icmp', ports: '1' }, 'only tcp and udp'],
    [{ direction: 'ingress', protocol: 'tcp', ports: '80-70' }, 'must be a port'],
    [{ direction: 'ingress', protocol: 'tcp', ports: '70000' }, 'must be a port'],
  ])('no filter of a rule that makes no sense: %j', (rule, message) => {
    expect(() => filterXml(UUID, [rule], [])).toThrow(message);
    expect(() => filterXml(UUID, [], ['../x'])).toThrow('cannot be the name of a filter');
  });

  test('a network', () => {
    const source = (inside: string) => networkSource(parseXml(`<network><name>n</name>${inside}</network>`));
    expect(source("<forward/><bridge name='virbr0'/>")).toMatchObject({ forwarding: 'nat', isBehindDevice: false });
    expect(source("<forward mode='bridge'><interface dev='eth0'/></forward>")).toMatchObject({ isBehindDevice: true });
    expect(source("<forward mode='bridge'/><bridge name='br0'/>")).toMatchObject({ isBehindDevice: false });
    const groups = {
      one: "<tag id='4'/>",
      two: "<tag id='4'/><tag id='5'/>",
      native: "<tag id='4' nativeMode='tagged'/>",
    };
    const portgroups = Object.entries(groups).map(
      ([name, tags]) => `<portgroup name='${name}'><vlan>${tags}</vlan></portgroup>`,
    );
    expect(source(`<virtualport type='openvswitch'/>${portgroups.join('')}`)).toMatchObject({
      forwarding: 'none',
      isOpenVswitch: true,
      portgroups: [
        { name: 'one', vlan: 4 },
        { name: 'two', vlan: undefined },
        { name: 'native', vlan: undefined },
      ],
    });
  });

  test('a device of the host, which may be a bridge of Open vSwitch', () => {
    const source = (type: string, name: string) =>
      hostNetworkSource(parseXml(`<interface type='${type}' name='${name}'/>`), ['ovs0', 'br0']);
    expect(source('bridge', 'br0')).toEqual({ kind: 'bridge', name: 'br0', isOpenVswitch: false });
    expect(source('ethernet', 'ovs0')).toEqual({ kind: 'bridge', name: 'ovs0', isOpenVswitch: true });
    expect(source('ethernet', 'eth0')).toEqual({ kind: 'direct', device: 'eth0', mode: 'bridge' });
  });

  test.each<[string, string, boolean]>([
    ["<vlan><tag id='4'/></vlan>", "<virtualport type='openvswitch'/>", true],
    ["<vlan><tag id='4'/></vlan>", '', false],
    ["<virtualport type='openvswitch'/>", '', false],
    ["<source network='n' portgroup='p'/>", "<portgroup name='p'><vlan><tag id='4'/></vlan></portgroup>", true],
    ["<source network='n' portgroup='p'/>", "<virtualport type='openvswitch'/>", false],
    [
      "<source network='n' portgroup='p'/><vlan><tag id='5'/></vlan>",
      "<portgroup name='p'><vlan><tag id='4'/></vlan></portgroup>",
      false,
    ],
    ['', '', true],
  ])('an interface with %s on a network with %s elsewhere is the same: %p', (nic, network, isSame) => {
    const there = networkSource(parseXml(`<network><name>n</name>${network}</network>`));
    expect(keepsVlan(parseXml(`<interface>${nic}</interface>`), there)).toBe(isSame);
  });

  test('names of block devices, and the one of a logical unit', () => {
    const paths = devicePathsOf(
      parseXml(
        `<device><name>block_sda</name><devnode type='dev'>/dev/sda</devnode>
          <devnode type='link'>/dev/disk/by-path/pci-0000:05:00.0-fc-0x500507630500c74c-lun-7</devnode></device>`,
      ),
    );
    expect(paths).toHaveLength(2);
    const find = (lun: string | number, wwpn = '500507630500C74C') =>
      fibreChannelPath('volume.connection', { type: 'fibre_channel', wwpns: ['0x5005076305FFFFFF', wwpn], lun }, [
        ...paths,
        '/dev/disk/by-path/ccw-0.0.1900-zfcp-0x500507630500c74c:0x0007000000000000',
        '/dev/disk/by-path/ccw-0.0.1900-zfcp-0x500507630500c74d:0x4010400000000000',
        '/dev/disk/by-path/pci-0000:05:00.0-fc-0x500507630500c74e-lun-0x4101000000000000',
      ]);
    expect(find(7)).toContain('zfcp-0x500507630500c74c:0x0007');
    expect(find('0x7')).toBe(find(7));
    expect(find('0x4010400000000000', '500507630500c74d')).toContain('0x4010400000000000');
    expect(find(257, '500507630500c74e')).toContain('-lun-0x4101');
    expect(() => find(8)).toThrow('-fc-0x500507630500c74c-lun-8');
    expect(() => find(20_000)).toThrow('must be below 16384');
  });
});
