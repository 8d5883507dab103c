import { describe, expect, test } from '@jest/globals';
import { expectGolden, recordedXml, schemaErrors } from '../../../../test/support/libvirt-xml.js';
import { serialiseXml } from '../../../connectors/xml/index.js';
import type { Description } from './admit-description.js';
import { defineDomain, type DomainPlaces } from './define-domain.js';
import { domainCapabilities } from './domain-capabilities.js';
import { domainXml } from './domain-xml.js';
import { driverOptions } from './driver-options.js';
import { hostCapabilities } from './host-capabilities.js';
import { machineChoice } from './machine-choice.js';
import type { NetworkSource } from './network-source.js';

const UUID = '0198a7c2-5f00-7000-8000-0000000000a1';
const CHAP = 'chap-secret-of-one';
const KEY = 'luks-key-of-one';

const host = hostCapabilities(await recordedXml('capabilities'));

const lan: NetworkSource = {
  kind: 'network',
  name: 'default',
  forwarding: 'nat',
  isOpenVswitch: false,
  isBehindDevice: false,
  portgroups: [],
};

const places: DomainPlaces = {
  uuid: UUID,
  mark: { operation: '0198a7c2-5f00-7000-8000-00000000000f' },
  rootDisk: { type: 'file', path: `/var/lib/libvirt/images/zenova-${UUID}-root`, format: 'qcow2' },
  configDrive: `/var/lib/libvirt/images/zenova-${UUID}-config.iso`,
  consoleLog: `/var/log/libvirt/qemu/zenova-${UUID}-console.log`,
  networks: [],
};

const plain: Description = {
  name: 'web-1',
  flavor: { vcpus: 2, memory_mib: 2048, root_gib: 10 },
  image: { source: 'debian-12', format: 'qcow2' },
};

/** The XML of a description on a recorded host. */
async function xmlOf(description: Description, more: Partial<DomainPlaces> = {}) {
  const options = driverOptions(description);
  const choice = machineChoice(host, options);
  const capabilities = domainCapabilities(await recordedXml(`domain-capabilities-${choice.arch}-${choice.virtType}`));
  return domainXml(defineDomain(description, options, choice, capabilities, { ...places, ...more }));
}

/** With everything that the architecture has. */
const GOLDEN: Readonly<Record<string, { description: Description; places?: Partial<DomainPlaces> }>> = {
  'domain-x86_64': { description: { ...plain, networks: [{ name: 'default' }] }, places: { networks: [lan] } },
  'domain-s390x': {
    description: { ...plain, networks: [{ name: 'default' }], driver_options: { virsh: { arch: 's390x' } } },
    places: { networks: [lan] },
  },
  'domain-x86_64-everything': {
    description: {
      ...plain,
      name: `a "web" & <'server'>`,
      flavor: { vcpus: 2, memory_mib: 4096, root_gib: 10, memory_backing: 'file' },
      firmware: 'uefi',
      tpm: { version: '2.0' },
      disk_limits: { total_bytes_sec: 10_000_000, read_iops_sec: 100, write_iops_sec: 50 },
      security_groups: ['web'],
      networks: [{ name: 'default', mac: '52:54:00:AB:CD:EF', tag: 'front:1', forwarding: 'nat' }, { name: 'br0' }],
      volumes: [
        {
          id: 'data 1',
          connection: {
            type: 'iscsi',
            portal: '[2001:db8::1]:3261',
            target: 'iqn.2026-11.example:data',
            lun: 1,
            auth: { user: 'u_1', password: CHAP },
          },
          limits: { read_bytes_sec: 1000, write_bytes_sec: 2000 },
          tag: 'data',
        },
        { id: 'shared', connection: { type: 'block', path: '/dev/vg/shared' }, multiattach: true },
        {
          id: 'sealed',
          connection: { type: 'file', path: '/srv/sealed.img' },
          encryption: { format: 'luks', key: KEY },
          boot: true,
        },
      ],
      driver_options: {
        virsh: {
          virt_type: 'kvm',
          max_vcpus: 4,
          secure_boot: true,
          cpu: {
            mode: 'host-passthrough',
            topology: { sockets: 1, cores: 2, threads: 2 },
            features: [{ name: 'vmx', policy: 'disable' }],
          },
          interface: { mtu: 9000, queues: 2 },
          graphics: [{ type: 'vnc' }, { type: 'spice', listen: '::1' }],
          watchdog: { action: 'reset' },
          on_crash: 'coredump-restart',
          hotplug_slots: 2,
          host_devices: [{ type: 'pci', address: '0000:01:02.0' }],
        },
      },
    },
    places: { networks: [lan, { kind: 'bridge', name: 'br0', isOpenVswitch: false }] },
  },
  'domain-s390x-everything': {
    description: {
      ...plain,
      boot: { from: 'volume' },
      volumes: [
        {
          id: 'scsi-1',
          connection: { type: 'fibre_channel', wwpns: ['0x500507630500C74C'], lun: '0x4010400000000000' },
        },
      ],
      networks: [{ name: 'encf500' }, { name: 'ovs', vlan: 42 }],
      driver_options: {
        virsh: {
          arch: 's390x',
          machine: 's390-ccw-virtio-7.2',
          cpu: { mode: 'custom', model: 'qemu' },
          loadparm: '2',
          console: 'virtio',
          graphics: [{ type: 'vnc', listen: '0.0.0.0' }],
          watchdog: { action: 'inject-nmi' },
          hugepages: true,
          host_devices: [
            { type: 'vfio-ap', mdev: '62177883-f1bb-47f0-914d-32a22e3a8804' },
            { type: 'vfio-ccw', mdev: '9063cba3-ecef-47b6-abcf-3fef4fdcad85', device_number: 'fe.0.1234' },
            { type: 'scsi', adapter: 'scsi_host0', bus: 0, target: 3, unit: 1 },
            { type: 'zfcp', adapter: '0.0.1900', wwpn: '500507630500c74c', lun: '0x4010400100000000' },
          ],
        },
      },
    },
    places: {
      devicePaths: [
        '/dev/disk/by-id/scsi-36005076',
        '/dev/disk/by-path/ccw-0.0.1900-zfcp-0x500507630500c74c:0x4010400000000000',
      ],
      networks: [
        { kind: 'direct', device: 'encf500', mode: 'bridge' },
        { kind: 'bridge', name: 'ovs', isOpenVswitch: true },
      ],
    },
  },
  'domain-x86_64-iso': {
    description: {
      ...plain,
      image: { source: 'installer', format: 'iso' },
      firmware: 'uefi',
      firmware_stateless: true,
      networks: [{ name: 'vlan', vlan: 7 }],
      driver_options: { virsh: { disk: { bus: 'scsi', cache: 'writeback' } } },
    },
    places: {
      iso: '/srv/installer.iso',
      configDrive: undefined,
      networks: [{ ...lan, name: 'vlan', portgroups: [{ name: 'seven', vlan: 7 }] }],
    },
  },
  'domain-s390x-kernel': {
    description: {
      ...plain,
      image: undefined,
      flavor: { vcpus: 1, memory_mib: 512 },
      driver_options: {
        virsh: {
          arch: 's390x',
          kernel: { path: '/boot/vmlinuz-s390x', initrd: '/boot/initrd-s390x', parameters: 'console=ttysclp0 a="<b>"' },
        },
      },
    },
    places: { rootDisk: undefined, configDrive: undefined, consoleLog: undefined },
  },
};

describe('the definition of a domain', () => {
  test.each(Object.keys(GOLDEN))('is as it was read: %s', async (name) => {
    const { description, places: more } = GOLDEN[name] ?? { description: plain };
    const xml = await xmlOf(description, more);
    await expectGolden(name, xml);
    expect(await schemaErrors(xml, 'domain')).toBe('');
    const text = serialiseXml(xml);
    expect(text).not.toContain(CHAP);
    expect(text).not.toContain(KEY);
  });
});
