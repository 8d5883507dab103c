import { describe, expect, it } from '@jest/globals';
import { childAt, parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { domainFacts } from './domain-facts.js';
import { isInstance, writerOf } from './names.js';
import { bootDiskOf, hasBackingStore, writerDiskXml, writerXml } from './writer-xml.js';

const UUID = '6d5a3a0e-1f0b-4d5f-9c3e-000000000001';

interface Wanted {
  readonly arch?: string;
  readonly os?: string;
  readonly devices?: string;
}

function definition({ arch = 'x86_64', os = '', devices = '' }: Wanted = {}) {
  return parseXml(`<domain type='kvm'><name>web01</name><uuid>${UUID}</uuid><memory unit='GiB'>64</memory>
    <vcpu>32</vcpu><os><type arch='${arch}' machine='of-its-own'>hvm</type><loader>firmware</loader>${os}</os>
    <devices><emulator>/usr/bin/emulator</emulator>${devices}</devices></domain>`);
}

const disk = (target: string, more = '', device = 'disk') =>
  `<disk type='file' device='${device}'><driver name='qemu' type='qcow2' cache='none' io='native'/><source file='/${target}'/>
    <target dev='${target}' bus='scsi'/>${more}</disk>`;

const order = (at: number) => `<boot order='${at}'/>`;
const root = (more = '') => disk('vdr', `<alias name='ua-root'/>${more}`);
const nic = `<interface type='network'><mac address='52:54:00:00:00:01'/>${order(1)}</interface>`;

describe('what an instance starts from', () => {
  it.each<[string, Wanted, string | undefined]>([
    ['the first of its order', { devices: disk('vda', order(2)) + disk('vdb', order(1)) }, 'vdb'],
    ['the first that it can write to', { devices: disk('sda', order(1), 'cdrom') + disk('vda', order(2)) }, 'vda'],
    [
      'its first disk, where it starts from disks',
      { os: `<boot dev='hd'/>`, devices: disk('vda') + disk('vdb') },
      'vda',
    ],
    ['a volume before its root disk', { devices: root(order(2)) + disk('vda', order(1)) }, 'vda'],
    ['its root disk, where nothing is said', { devices: disk('vda') + root() }, 'vdr'],
    ['its root disk, behind the network', { devices: nic + root(order(2)) }, 'vdr'],
    ['the network alone', { devices: nic + disk('vda') }, undefined],
    ['nothing that it only reads', { devices: disk('vda', `<readonly/>${order(1)}`) }, undefined],
  ])('is %s', (_, wanted, target) => {
    expect(bootDiskOf(domainFacts(definition(wanted)))?.target).toBe(target);
  });
});

describe('the writer of an instance', () => {
  it('opens a disk with the logon and the key that stand beside its source', () => {
    const beside = `<auth username='u'><secret type='iscsi' usage='a'/></auth><encryption format='luks'><secret type='passphrase' usage='k'/></encryption>`;
    const [found] = domainFacts(definition({ devices: disk('vda', beside) })).disks;
    if (found === undefined) throw new Error('there is no disk');
    const written = writerDiskXml(found);
    expect([childAt(written, 'auth'), childAt(written, 'encryption')]).not.toContain(undefined);
  });

  it.each([
    ['x86_64', true],
    ['s390x', false],
  ])('is a small machine of the same kind, %s, with one disk', (arch, hasUsb) => {
    const instance = definition({ arch, devices: disk('vda', order(1)) });
    const facts = domainFacts(instance);
    const [volume] = facts.disks;
    if (volume === undefined) throw new Error('there is no disk');
    const writer = writerXml(instance, facts, 'operation', writerDiskXml(volume));
    expect(domainFacts(writer)).toMatchObject({
      ...writerOf(UUID),
      virtType: 'kvm',
      arch,
      machine: 'of-its-own',
      vcpus: 1,
      memoryMib: 64,
      mark: { operation: 'operation' },
      nics: [],
      disks: [{ target: 'vda', source: '/vda', format: 'qcow2', isReadonly: false, bootOrder: undefined }],
    });
    expect(childAt(writer, 'os', 'loader')).toBeUndefined();
    expect(serialiseXml(writer).includes(`type='usb'`) || serialiseXml(writer).includes('type="usb"')).toBe(hasUsb);
    // As the guest goes past the cache, the writer need not.
    expect(childAt(writer, 'devices', 'disk', 'driver')?.attributes.has('io')).toBe(false);
  });

  it('is known from all instances, and nobody passes for one by its name', () => {
    const writer = writerOf(UUID);
    expect(isInstance(writer)).toBe(false);
    expect(isInstance({ ...writer, uuid: UUID })).toBe(true);
    expect(isInstance({ ...writer, name: 'web01' })).toBe(true);
    expect(isInstance({ uuid: UUID, name: 'zenova-writer' })).toBe(true);
  });
});

it.each([
  ['of its own', `<backingStore/>`, false],
  ['that differs from another file', `<backingStore type='file'><source file='/x'/></backingStore>`, true],
])('a disk shows what is %s', (_, store, expected) => {
  const [volume] = domainFacts(definition({ devices: disk('vda', store) })).disks;
  expect(volume && hasBackingStore(volume)).toBe(expected);
});
