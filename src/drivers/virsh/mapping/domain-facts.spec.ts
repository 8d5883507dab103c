import { describe, expect, test } from '@jest/globals';
import { recordedXml, schemaErrors } from '../../../../test/support/libvirt-xml.js';
import { XmlFailure, childAt, childrenOf, parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { domainFacts } from './domain-facts.js';
import { withBootOrder, withDevice, withMark, withSecretsOf, withSize } from './edit-domain.js';
import { diskXml } from './disk.js';
import { volumeAlias } from './names.js';

const UUID = '0198a7c2-5f00-7000-8000-0000000000a1';

/** What others have written, with what we do not know. */
const FOREIGN = `<domain type='qemu' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a &quot;b&quot; &lt;c&gt;</name>
  <uuid>0198A7C2-5F00-7000-8000-0000000000A1</uuid>
  <metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'><nova:name>x</nova:name></nova:instance></metadata>
  <memory unit='GiB'>2</memory>
  <currentMemory>1048576</currentMemory>
  <vcpu current='2'>8</vcpu>
  <vcpus><vcpu id='0' enabled='yes'/></vcpus>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='network'/><boot dev='hd'/></os>
  <cpu mode='host-model'><topology sockets='8' cores='1' threads='1'/></cpu>
  <devices>
    <disk device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='volume'><driver name='qemu' type='raw'/><source pool='p' volume='v'/><target dev='vda' bus='virtio'/></disk>
    <interface type='user'><model type='e1000'/></interface>
    <interface type='network'><mac address='52:54:00:AA:BB:CC'/><source network='lan' bridge='virbr0'/><target dev='vnet3'/></interface>
    <console type='pty' tty='/dev/pts/4'><source path='/dev/pts/4'/><target type='sclp' port='0'/><alias name='console0'/></console>
    <graphics type='vnc' port='5901' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
    <graphics type='spice' port='-1' tlsPort='5902' autoport='yes'/>
    <gadget of='tomorrow'/>
  </devices>
  <qemu:commandline><qemu:arg value='-x'/></qemu:commandline>
</domain>`;

function kindOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof XmlFailure ? error.kind : String(error);
  }
}

describe('facts of a domain', () => {
  test('that this driver has made', async () => {
    const facts = domainFacts(await recordedXml('inactive-s390x-everything'));
    expect(facts).toMatchObject({
      name: 'domain-s390x-everything',
      id: undefined,
      virtType: 'qemu',
      arch: 's390x',
      machine: 's390-ccw-virtio-7.2',
      vcpus: 2,
      maxVcpus: 2,
      memoryMib: 2048,
      maxMemoryMib: 2048,
      hasAgentChannel: true,
      bootOrder: ['vdb', 'vda'],
      mark: { operation: '0198a7c2-5f00-7000-8000-00000000000f' },
      consoles: [{ type: 'pty', targetType: 'virtio' }],
      graphics: [{ type: 'vnc', listen: '0.0.0.0', port: undefined }],
    });
    expect(facts.disks.map(({ target, bus, alias }) => [target, bus, alias])).toEqual([
      ['vda', 'virtio', 'ua-root'],
      ['vdb', 'virtio', volumeAlias('scsi-1')],
      ['vdc', 'virtio', 'ua-config'],
      ['sda', 'scsi', undefined],
    ]);
    expect(facts.nics).toMatchObject([
      { sourceType: 'direct', source: 'encf500' },
      { sourceType: 'bridge', source: 'ovs' },
    ]);
  });

  test('that somebody else has made', () => {
    expect(domainFacts(parseXml(FOREIGN))).toMatchObject({
      name: 'a "b" <c>',
      uuid: UUID,
      id: 7,
      vcpus: 2,
      maxVcpus: 8,
      memoryMib: 1024,
      maxMemoryMib: 2048,
      disks: [
        { target: 'sda', source: undefined, isReadonly: true },
        { target: 'vda', sourceType: 'volume', source: 'v', format: 'raw' },
      ],
      nics: [
        { mac: undefined, sourceType: 'user' },
        { mac: '52:54:00:aa:bb:cc', source: 'lan', hostDevice: 'vnet3' },
      ],
      consoles: [{ targetType: 'sclp', alias: 'console0' }],
      graphics: [
        { type: 'vnc', listen: '127.0.0.1', port: 5901 },
        { type: 'spice', port: undefined, tlsPort: 5902 },
      ],
      hasAgentChannel: false,
      bootOrder: ['network', 'hd'],
      mark: undefined,
    });
  });

  test('of the smallest domain there is', () => {
    const xml = `<domain type='test'><name>t</name><uuid>${UUID}</uuid><memory>1024</memory></domain>`;
    expect(domainFacts(parseXml(xml))).toMatchObject({ vcpus: 1, memoryMib: 1, disks: [], bootOrder: [] });
  });

  test.each([
    ['another document', /<domain type='qemu' id='7'/, "<network type='qemu' id='7'", /<\/domain>/, '</network>'],
    ['no name', /<name>.*<\/name>/, ''],
    ['no memory', /<memory.*<\/memory>/, ''],
    ['a UUID that is none', /<uuid>.*<\/uuid>/, '<uuid>../../etc</uuid>'],
    ['a negative number', /current='2'/, "current='-2'"],
    ['processors in words', />8<\/vcpu>/, '>many</vcpu>'],
    ['memory beyond all sizes', /<memory unit='GiB'>2/, "<memory unit='EiB'>9007199254740991"],
    ['a unit that is none', /unit='GiB'/, "unit='constructor'"],
    ['a disk without a target', /<target dev='vda' bus='virtio'\/>/, ''],
    ['a port that is none', /port='5901'/, "port='59x1'"],
  ])('are refused: %s', (_what, from, to, alsoFrom = /^$/, alsoTo = '') => {
    const xml = parseXml(FOREIGN.replace(from, to).replace(alsoFrom, alsoTo));
    expect(kindOf(() => domainFacts(xml))).toBe('unexpected');
  });
});

describe('a definition that is changed', () => {
  test('in size, with the rest as it was', () => {
    const changed = withSize(parseXml(FOREIGN), { vcpus: 12, memoryMib: 4096 });
    expect(domainFacts(changed)).toMatchObject({ vcpus: 12, maxVcpus: 12, memoryMib: 4096, maxMemoryMib: 4096 });
    const smaller = domainFacts(withSize(parseXml(FOREIGN), { vcpus: 3, memoryMib: 512 }));
    expect(smaller).toMatchObject({ vcpus: 3, maxVcpus: 8 });
    expect(serialiseXml(changed)).toContain('<qemu:arg value="-x"/>');
    expect(childAt(changed, 'cpu', 'topology')).toBeUndefined();
    expect(childAt(changed, 'vcpus')).toBeUndefined();
  });

  test('in what it starts from', async () => {
    const foreign = domainFacts(withBootOrder(parseXml(FOREIGN), ['52:54:00:aa:bb:cc', 'vda']));
    expect(foreign.bootOrder).toEqual(['52:54:00:aa:bb:cc', 'vda']);
    const ours = withBootOrder(await recordedXml('inactive-s390x-everything'), ['vda'], '3');
    expect(domainFacts(ours).bootOrder).toEqual(['vda']);
    expect(serialiseXml(ours)).toContain('<boot order="1" loadparm="3"/>');
    expect(await schemaErrors(ours, 'domain')).toBe('');
  });

  test('in what is kept in it, beside what others keep', () => {
    const undo = { kind: 'rescue', operation: 'o2', definition: FOREIGN } as const;
    const once = withMark(parseXml(FOREIGN), { operation: 'o1' });
    const twice = parseXml(serialiseXml(withMark(once, { operation: 'o1', undo })));
    expect(domainFacts(twice).mark).toEqual({ operation: 'o1', undo });
    expect(childrenOf(childAt(twice, 'metadata'))).toHaveLength(2);
  });

  test('by secrets that libvirt tells only to who edits it', async () => {
    const withDevices = (devices: string) => parseXml(`<domain><devices>${devices}</devices></domain>`);
    const cookies = '<cookies><cookie name="c">of-cookie</cookie></cookies>';
    const disk = (target: string, more: string) =>
      `<disk type="network"><source protocol="https">${more}</source><target dev="${target}"/></disk>`;
    const told = withDevices(
      `<graphics type="vnc" passwd="of-vnc"/><graphics type="spice"/>${disk('sda', '')}${disk('sdb', cookies)}`,
    );
    const kept = withDevices(`${disk('sdb', '')}${disk('sdc', '')}<graphics type="spice"/><graphics type="vnc"/>`);
    expect(serialiseXml(withSecretsOf(kept, told))).toBe(
      serialiseXml(
        withDevices(
          `${disk('sdb', cookies)}${disk('sdc', '')}<graphics type="spice"/><graphics type="vnc" passwd="of-vnc"/>`,
        ),
      ),
    );
  });

  test('by a mark that nobody can read, which is none', () => {
    const broken = FOREIGN.replace(
      '<metadata>',
      '<metadata><z:i xmlns:z="urn:zenova:libvirt:instance">{"operation":</z:i>',
    );
    expect(domainFacts(parseXml(broken)).mark).toBeUndefined();
  });

  test('by one more disk', async () => {
    const disk = diskXml({ source: { type: 'block', path: '/dev/x' }, device: 'disk', bus: 'virtio', target: 'vdz' });
    const more = withDevice(await recordedXml('inactive-x86_64-iso'), disk);
    expect(domainFacts(more).disks.at(-1)).toMatchObject({ target: 'vdz', source: '/dev/x' });
    expect(await schemaErrors(more, 'domain')).toBe('');
  });
});
