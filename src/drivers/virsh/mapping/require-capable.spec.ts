import { describe, expect, test } from '@jest/globals';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { ComputeError } from '../../../common/errors/index.js';
import type { Volume } from '../../../compute/contract/index.js';
import type { Description } from './admit-description.js';
import type { CpuOptions } from './cpu-choice.js';
import { defineDomain } from './define-domain.js';
import { domainCapabilities, type DomainCapabilities } from './domain-capabilities.js';
import { driverOptions, type DriverOptions } from './driver-options.js';
import { hostCapabilities } from './host-capabilities.js';
import { machineChoice } from './machine-choice.js';
import type { NetworkSource } from './network-source.js';

const host = hostCapabilities(await recordedXml('capabilities'));
const recorded = new Map(
  await Promise.all(
    ['x86_64-kvm', 'x86_64-qemu', 's390x-qemu'].map(
      async (name) => [name, domainCapabilities(await recordedXml(`domain-capabilities-${name}`))] as const,
    ),
  ),
);

const bridge: NetworkSource = { kind: 'bridge', name: 'br0', isOpenVswitch: false };
const macvtap: NetworkSource = { kind: 'direct', device: 'eth1', mode: 'bridge' };
const ovs: NetworkSource = { kind: 'bridge', name: 'ovs0', isOpenVswitch: true };

interface Request extends Partial<Omit<Description, 'driver_options'>> {
  readonly options?: object;
  readonly sources?: readonly NetworkSource[];
  /** That the host gives. */
  readonly cpu?: CpuOptions;
}

/** The error that a request gets, as its code and its path; `taken` when it gets none. */
function answer(request: Request, capabilities: Partial<DomainCapabilities> = {}): string {
  const { options: asked = {}, sources = [], cpu, ...fields } = request;
  const description = {
    name: 'web',
    flavor: { vcpus: 1, memory_mib: 512 },
    ...fields,
    driver_options: { virsh: asked },
  } as Description;
  try {
    const options: DriverOptions = driverOptions(description);
    const choice = machineChoice(host, options);
    const offers = recorded.get(`${choice.arch}-${choice.virtType}`);
    if (offers === undefined) throw new Error('nothing was recorded for it');
    defineDomain(
      description,
      options,
      choice,
      { ...offers, ...capabilities },
      {
        uuid: '0198a7c2-5f00-7000-8000-0000000000a1',
        mark: { operation: 'o' },
        cpu,
        networks: sources,
        iso: fields.image?.format === 'iso' ? '/srv/cd.iso' : undefined,
      },
    );
    return 'taken';
  } catch (error) {
    if (!(error instanceof ComputeError)) throw error;
    const { path } = error.details;
    return `${error.code} ${typeof path === 'string' ? path : error.message}`;
  }
}

const Z = { arch: 's390x' };
const OPTION = 'driver_options.virsh';
const volume = (connection: object, more: object = {}): { volumes: Volume[] } => ({
  volumes: [{ id: 'v', connection, ...more } as Volume],
});
const file = { type: 'file', path: '/srv/v' };

describe('what a host cannot make is refused before it is made', () => {
  test.each<[string, Request, string]>([
    ['a plain guest', {}, 'taken'],
    ['a plain guest of IBM Z', { options: Z }, 'taken'],
    ['its newest machine', { options: { ...Z, machine: 's390-ccw-virtio-7.2' } }, 'taken'],
    ['an architecture of others', { options: { arch: 'ppc64le' } }, `REQUEST_INVALID ${OPTION}: arch`],
    ['KVM of another architecture', { options: { ...Z, virt_type: 'kvm' } }, `FEATURE_LIMITED ${OPTION}.virt_type`],
    ['a machine that is not there', { options: { machine: 'pc-q35-99.0' } }, `FEATURE_LIMITED ${OPTION}.machine`],
    ['a machine of another kind', { options: { machine: 'microvm' } }, `FEATURE_LIMITED ${OPTION}.machine`],
    ['a machine of a PC for IBM Z', { options: { ...Z, machine: 'q35' } }, `FEATURE_LIMITED ${OPTION}.machine`],
    ['too many processors', { flavor: { vcpus: 289, memory_mib: 1 } }, 'FEATURE_LIMITED flavor.vcpus'],
    ['too many to come', { options: { ...Z, max_vcpus: 249 } }, `FEATURE_LIMITED ${OPTION}.max_vcpus`],
    [
      'a mode of KVM under emulation',
      { options: { ...Z, cpu: { mode: 'host-model' } } },
      `FEATURE_LIMITED ${OPTION}.cpu.mode`,
    ],
    [
      'a model that nobody knows',
      { options: { cpu: { mode: 'custom', model: 'z80' } } },
      `FEATURE_LIMITED ${OPTION}.cpu.model`,
    ],
    [
      'a model that it cannot run',
      { options: { ...Z, cpu: { mode: 'custom', model: 'z14' } } },
      `FEATURE_LIMITED ${OPTION}.cpu.model`,
    ],
    ['a mode of the settings', { cpu: { mode: 'host-passthrough' } }, 'taken'],
    [
      'a mode of the settings that it lacks',
      { options: Z, cpu: { mode: 'host-model' } },
      'FEATURE_LIMITED settings.cpu.mode',
    ],
    [
      'a model of the settings that it lacks',
      { cpu: { mode: 'custom', model: 'z80' } },
      'FEATURE_LIMITED settings.cpu.model',
    ],
    [
      'another mode than that of the settings',
      { cpu: { mode: 'custom', model: 'z80' }, options: { cpu: { mode: 'host-model' } } },
      'taken',
    ],
    ['UEFI', { firmware: 'uefi' }, 'taken'],
    ['UEFI on IBM Z', { firmware: 'uefi', options: Z }, 'FEATURE_LIMITED firmware'],
    ['a BIOS on IBM Z', { firmware: 'bios', options: Z }, 'FEATURE_LIMITED firmware'],
    ['a TPM', { tpm: { version: '2.0' } }, 'taken'],
    ['a TPM on IBM Z', { tpm: { version: '2.0' }, options: Z }, 'FEATURE_LIMITED tpm.model'],
    ['a TPM of another architecture', { tpm: { version: '2.0', model: 'spapr' } }, 'FEATURE_LIMITED tpm.model'],
    ['Secure Execution without it', { memory_encryption: true, options: Z }, 'FEATURE_LIMITED memory_encryption'],
    ['memory encryption of a PC', { memory_encryption: true }, 'FEATURE_LIMITED memory_encryption'],
    [
      'SATA on IBM Z',
      { ...volume(file), options: { ...Z, disk: { bus: 'sata' } } },
      `FEATURE_LIMITED ${OPTION}.disk.bus`,
    ],
    ['a CD on IBM Z, by SCSI', { image: { source: 'i', format: 'iso' }, options: Z }, 'taken'],
    [
      'VGA on IBM Z',
      { options: { ...Z, graphics: [{ type: 'vnc' }], video: 'vga' } },
      `FEATURE_LIMITED ${OPTION}.video`,
    ],
    ['a screen on IBM Z', { options: { ...Z, graphics: [{ type: 'vnc' }] } }, 'taken'],
    ['a serial port on IBM Z', { options: { ...Z, console: 'serial' } }, `FEATURE_LIMITED ${OPTION}.console`],
    ['a console of IBM Z on a PC', { options: { console: 'sclp' } }, `FEATURE_LIMITED ${OPTION}.console`],
    [
      'a watchdog of a PC',
      { options: { ...Z, watchdog: { model: 'i6300esb', action: 'reset' } } },
      `FEATURE_LIMITED ${OPTION}.watchdog.model`,
    ],
    ['loadparm on a PC', { options: { loadparm: '1' } }, `FEATURE_LIMITED ${OPTION}.loadparm`],
    [
      'vfio-ap on a PC',
      { options: { host_devices: [{ type: 'vfio-ap', mdev: '62177883-f1bb-47f0-914d-32a22e3a8804' }] } },
      `FEATURE_LIMITED ${OPTION}.host_devices.0.type`,
    ],
    [
      'an old interface on IBM Z',
      { networks: [{ name: 'br0' }], sources: [bridge], options: { ...Z, interface: { model: 'e1000' } } },
      `FEATURE_LIMITED ${OPTION}.interface.model`,
    ],
    [
      'a VLAN on a plain bridge',
      { networks: [{ name: 'br0', vlan: 7 }], sources: [bridge] },
      'FEATURE_LIMITED networks.0.vlan',
    ],
    [
      'a VLAN on macvtap',
      { networks: [{ name: 'eth1', vlan: 7 }], sources: [macvtap] },
      'FEATURE_LIMITED networks.0.vlan',
    ],
    ['a VLAN on Open vSwitch', { networks: [{ name: 'ovs0', vlan: 7 }], sources: [ovs] }, 'taken'],
    [
      'rules on macvtap',
      { networks: [{ name: 'eth1' }], sources: [macvtap], security_groups: ['web'] },
      'FEATURE_LIMITED networks.0',
    ],
    [
      'rules on Open vSwitch',
      { networks: [{ name: 'ovs0' }], sources: [ovs], security_groups: ['web'] },
      'FEATURE_LIMITED networks.0',
    ],
    ['rules on a bridge', { networks: [{ name: 'br0' }], sources: [bridge], security_groups: ['web'] }, 'taken'],
    [
      'NAT of a bridge',
      { networks: [{ name: 'br0', forwarding: 'nat' }], sources: [bridge] },
      'FEATURE_LIMITED networks.0.forwarding',
    ],
    [
      'bandwidth',
      { networks: [{ name: 'br0', resource_request: {} }], sources: [bridge] },
      'FEATURE_LIMITED networks.0.resource_request',
    ],
    [
      'a multicast address',
      { networks: [{ name: 'br0', mac: '01:00:5e:00:00:01' }], sources: [bridge] },
      'REQUEST_INVALID networks.0.mac',
    ],
    [
      'LUKS 2',
      volume(file, { encryption: { format: 'luks2', key: 'k' } }),
      'FEATURE_LIMITED volumes.0.encryption.format',
    ],
    [
      'two writers of a qcow2 file',
      volume({ ...file, format: 'qcow2' }, { multiattach: true }),
      'REQUEST_INVALID volumes.0.multiattach',
    ],
    [
      'limits that contradict each other',
      volume(file, { limits: { total_iops_sec: 1, read_iops_sec: 1 } }),
      'REQUEST_INVALID volumes.0.limits',
    ],
    [
      'a limit beyond all limits',
      volume(file, { limits: { read_iops_sec: 2 ** 52 } }),
      'REQUEST_INVALID volumes.0.limits.read_iops_sec',
    ],
    ['a tag that a guest would see cut off', volume(file, { tag: 'a'.repeat(21) }), 'FEATURE_LIMITED volumes.0.tag'],
    [
      'a way out of the folder',
      volume({ ...file, path: '/srv/../etc/shadow' }),
      'REQUEST_INVALID volumes.0.connection.path',
    ],
    [
      'a portal that is none',
      volume({ type: 'iscsi', portal: 'a b:1', target: 'iqn.x', lun: 0 }),
      'REQUEST_INVALID volumes.0.connection.portal',
    ],
    [
      'a target that is none',
      volume({ type: 'iscsi', portal: 'a:1', target: 'iqn.x/1?', lun: 0 }),
      'REQUEST_INVALID volumes.0.connection.target',
    ],
    [
      'a unit that nobody sees',
      volume({ type: 'fibre_channel', wwpns: ['500507630500c74c'], lun: 1 }),
      'RESOURCE_NOT_FOUND volumes.0.connection',
    ],
    ['fibre channel without an address', volume({ type: 'fibre_channel' }), 'FEATURE_LIMITED volumes.0.connection'],
    ['a start by FTP', { boot: { from: 'ftp' } }, 'FEATURE_LIMITED boot.from'],
    ['a start from no image', { boot: { from: 'image' } }, 'REQUEST_INVALID boot.from'],
    [
      'a start from one of two volumes',
      { ...volume(file), boot: { from: 'volume', volume: 'w' } },
      'REQUEST_INVALID boot.volume',
    ],
    ['extras', { flavor: { vcpus: 1, memory_mib: 1, extras: { a: 1 } } }, 'FEATURE_LIMITED flavor.extras'],
    ['a name with a way in it', { name: '../web' }, 'REQUEST_INVALID name'],
    ['a name that is no name of a file', { name: 'ä'.repeat(121) }, 'REQUEST_INVALID name'],
    ['an option that there is not', { options: { machina: 'q35' } }, `REQUEST_INVALID ${OPTION}: unknown: machina`],
  ])('%s', (_what, request, expected) => {
    expect(answer(request)).toContain(expected);
  });

  test('what a host lacks that others have', () => {
    expect(answer({ firmware: 'uefi' }, { firmware: new Set() })).toBe('FEATURE_LIMITED firmware');
    const tpm = { models: new Set(['tpm-crb']), backends: new Set(['passthrough']), versions: undefined };
    expect(answer({ tpm: { version: '2.0' } }, { tpm })).toBe('FEATURE_LIMITED tpm');
    const flavor = { vcpus: 1, memory_mib: 1, memory_backing: 'file' } as const;
    expect(answer({ flavor }, { memorySources: new Set(['memfd']) })).toBe('FEATURE_LIMITED flavor.memory_backing');
    const pv = { features: new Map([['s390-pv', true]]) };
    expect(answer({ memory_encryption: true, options: Z }, pv)).toBe('taken');
  });

  test('what an older libvirt does not tell is not held against it', () => {
    expect(answer({ firmware: 'uefi' }, { firmware: undefined })).toBe('taken');
    expect(answer(volume(file), { diskBuses: undefined, diskDevices: undefined })).toBe('taken');
  });
});
