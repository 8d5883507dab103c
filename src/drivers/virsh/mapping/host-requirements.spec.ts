import { describe, expect, test } from '@jest/globals';
import { recordedXml } from '../../../../test/support/libvirt-xml.js';
import { parseXml } from '../../../connectors/xml/index.js';
import type { Requirement } from '../../../compute/contract/index.js';
import type { HypervisorFacts } from '../client/domains.port.js';
import type { CpuOptions } from './cpu-choice.js';
import { domainCapabilities, type DomainCapabilities } from './domain-capabilities.js';
import { domainFacts } from './domain-facts.js';
import { domainRequirements } from './domain-requirements.js';
import { hostCapabilities, type GuestCapabilities, type HostCapabilities } from './host-capabilities.js';
import { bridgeRequirement, hostRequirements, networkRequirement, poolRequirement } from './host-requirements.js';

const pc = hostCapabilities(await recordedXml('capabilities'));
const [withKvm, ofZ] = await Promise.all(
  ['x86_64-kvm', 's390x-qemu'].map(async (name) =>
    domainCapabilities(await recordedXml(`domain-capabilities-${name}`)),
  ),
);

/** A host with other guests of one architecture than the one that was recorded. */
function having(host: HostCapabilities, arch: string, change: Partial<GuestCapabilities>): HostCapabilities {
  return { ...host, guests: host.guests.map((guest) => (guest.arch === arch ? { ...guest, ...change } : guest)) };
}
const without = (host: HostCapabilities, arch: string): HostCapabilities => ({
  ...host,
  guests: host.guests.filter((guest) => guest.arch !== arch),
});

/** What was recorded emulates IBM Z: a host of that kind has the same guests, with KVM. */
const z: HostCapabilities = { ...having(pc, 's390x', { virtTypes: ['qemu', 'kvm'] }), arch: 's390x' };

const FACTS: HypervisorFacts = {
  hostname: 'kvm01',
  type: 'QEMU',
  hypervisorVersion: '7.2.22',
  libvirtVersion: '9.0.0',
  cpuModel: 'x86_64',
  cpus: 2,
  memoryMib: 13_658,
};

interface Host {
  readonly facts?: Partial<HypervisorFacts>;
  readonly host?: HostCapabilities;
  readonly capabilities?: DomainCapabilities | undefined;
  readonly cpu?: CpuOptions;
}

function requirementsOf({ facts, host = pc, cpu, ...rest }: Host = {}): Requirement[] {
  const capabilities = 'capabilities' in rest ? rest.capabilities : withKvm;
  const found = hostRequirements({ ...FACTS, ...facts }, host, capabilities, cpu);
  for (const { subject, evidence, status, remedy } of found) {
    expect(subject).toBe('kvm01');
    expect(evidence).not.toBe('');
    expect(remedy === null).toBe(status === 'met');
  }
  return found;
}

function statuses(host: Host = {}): Record<string, string> {
  return Object.fromEntries(requirementsOf(host).map(({ requirement, status }) => [requirement, status]));
}

const ALL = {
  libvirt_level: 'met',
  hypervisor_level: 'met',
  architecture: 'met',
  emulator: 'met',
  kvm: 'met',
  machine_type: 'met',
  cpu_model: 'met',
};

describe('a host', () => {
  test.each<[string, Host]>([
    ['of x86', {}],
    ['of IBM Z', { host: z, capabilities: ofZ && { ...ofZ, cpuModes: new Set(['host-model']) } }],
  ])('%s with KVM has all that guests need', (_what, host) => {
    expect(statuses(host)).toEqual(ALL);
  });

  const { libvirt_level, hypervisor_level } = ALL;
  test.each<[string, Host, object]>([
    ['x86 without KVM', { host: having(pc, 'x86_64', { virtTypes: ['qemu'] }) }, { ...ALL, kvm: 'not_met' }],
    [
      'IBM Z without KVM, as it was recorded',
      { host: { ...pc, arch: 's390x' }, capabilities: ofZ },
      { ...ALL, kvm: 'not_met' },
    ],
    [
      'no emulator of its own architecture',
      { host: without(pc, 'x86_64') },
      { libvirt_level, hypervisor_level, architecture: 'met', emulator: 'not_met' },
    ],
    [
      'another architecture',
      { host: { ...pc, arch: 'aarch64' } },
      { libvirt_level, hypervisor_level, architecture: 'not_met' },
    ],
    [
      'no machine that guests get',
      { host: having(pc, 'x86_64', { machines: [] }) },
      { ...ALL, machine_type: 'not_met' },
    ],
    ['nothing told of its guests', { capabilities: undefined }, { ...ALL, cpu_model: 'unknown' }],
    [
      'KVM, and no model of its processor',
      { capabilities: withKvm && { ...withKvm, cpuModes: new Set() } },
      { ...ALL, cpu_model: 'not_met' },
    ],
    ['a processor that it can run', { cpu: { mode: 'host-model' } }, ALL],
    ['one that it does not know', { cpu: { mode: 'custom', model: 'nobody' } }, { ...ALL, cpu_model: 'not_met' }],
  ])('with %s', (_what, host, expected) => {
    expect(statuses(host)).toEqual(expected);
  });

  test.each([
    ['6.0.0', 'met'],
    ['6.0.1', 'met'],
    ['10.0.0', 'met'],
    ['5.10.9', 'not_met'],
    ['0.9.13', 'not_met'],
    ['unheard of', 'unknown'],
  ])('has libvirt %s: %s', (libvirtVersion, status) => {
    expect(statuses({ facts: { libvirtVersion } })).toEqual({ ...ALL, libvirt_level: status });
  });

  test.each([
    ['4.2.0', 'met'],
    ['4.2.1', 'met'],
    ['11.0.0', 'met'],
    ['4.1.99', 'not_met'],
    ['2.12.0', 'not_met'],
    [null, 'unknown'],
  ])('has QEMU %s: %s', (hypervisorVersion, status) => {
    expect(statuses({ facts: { hypervisorVersion } })).toEqual({ ...ALL, hypervisor_level: status });
  });

  test('has another hypervisor, whatever its version', () => {
    expect(statuses({ facts: { type: 'Xen', hypervisorVersion: '4.17.0' } })).toEqual({
      ...ALL,
      hypervisor_level: 'not_met',
    });
  });

  test.each<[string, Host, string, string]>([
    ['libvirt_level', { facts: { libvirtVersion: '5.10.9' } }, 'libvirt 5.10.9; 6.0.0 or newer', 'update libvirt'],
    ['hypervisor_level', { facts: { hypervisorVersion: '4.1.0' } }, 'QEMU 4.1.0; 4.2.0 or newer', 'update QEMU'],
    ['emulator', { host: without(z, 's390x') }, 'no emulator for s390x', 'qemu-system-s390x'],
    ['kvm', { host: having(z, 's390x', { virtTypes: ['qemu'] }) }, 'no KVM', 'nested=1'],
    ['kvm', { host: having(pc, 'x86_64', { virtTypes: ['qemu'] }) }, 'no KVM', '/dev/kvm'],
    ['machine_type', { host: having(z, 's390x', { machines: [] }) }, 's390-ccw-virtio', 'update QEMU'],
    ['cpu_model', { cpu: { mode: 'custom', model: 'nobody' } }, 'nobody', 'cpu.model in the settings'],
  ])('says of %s what is so, and what to do', (requirement, host, evidence, remedy) => {
    expect(requirementsOf(host)).toContainEqual({
      requirement,
      subject: 'kvm01',
      status: 'not_met',
      evidence: expect.stringContaining(evidence),
      remedy: expect.stringContaining(remedy),
    });
  });

  test('says which emulator and which machine guests get', () => {
    const told = (host: Host) => requirementsOf(host).map(({ evidence }) => evidence);
    expect(told({})).toEqual(
      expect.arrayContaining([
        'guests of x86_64 run with /usr/bin/qemu-system-x86_64',
        'new guests are machines of type pc-q35-7.2',
      ]),
    );
    expect(told({ host: z })).toContain('new guests are machines of type s390-ccw-virtio-7.2');
  });
});

describe('ports of IBM Z behind bridges', () => {
  test('are for people to look at, and x86 has none', () => {
    expect(bridgeRequirement('kvm01', pc)).toEqual([]);
    expect(bridgeRequirement('kvm01', z)).toEqual([
      {
        requirement: 'bridge_learning',
        subject: 'kvm01',
        status: 'unknown',
        evidence: expect.stringContaining('OSA and HiperSockets'),
        remedy: expect.stringContaining('vnicc/learning'),
      },
    ]);
  });
});

describe('the room for disks', () => {
  const GIB = 1024n ** 3n;
  const pool = { name: 'default', path: '/var/lib/libvirt/images' };

  test.each([
    ['none yet', undefined, 'met', '/var/lib/libvirt/images'],
    ['none that is active', { isActive: false, availableBytes: 0n }, 'met', 'not active'],
    ['enough', { isActive: true, availableBytes: 20n * GIB }, 'met', '20 GiB'],
    ['nearly enough', { isActive: true, availableBytes: 20n * GIB - 1n }, 'not_met', '19 GiB'],
    ['none left', { isActive: true, availableBytes: 0n }, 'not_met', '0 GiB'],
  ])('is %s', (_what, state, status, evidence) => {
    expect(poolRequirement(pool, state)).toEqual({
      requirement: 'storage',
      subject: 'pool default',
      status,
      evidence: expect.stringContaining(evidence),
      remedy: status === 'met' ? null : expect.stringContaining('20 GiB'),
    });
  });
});

describe('networks', () => {
  test('of libvirt are named; without one there may be bridges', () => {
    expect(networkRequirement('kvm01', ['default', 'lab'])).toMatchObject({
      requirement: 'network',
      subject: 'kvm01',
      status: 'met',
      evidence: expect.stringContaining('default, lab'),
      remedy: null,
    });
    expect(networkRequirement('kvm01', [])).toMatchObject({
      requirement: 'network',
      status: 'unknown',
      remedy: expect.stringContaining('virsh net-start'),
    });
  });
});

describe('a guest', () => {
  const definition = (devices: string, os = '') =>
    domainFacts(
      parseXml(`<domain type='kvm'><name>web</name><uuid>0198a7c2-5f00-7000-8000-0000000000a1</uuid>
        <memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type>${os}</os><devices>${devices}</devices></domain>`),
    );
  const channel = `<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`;
  const console = (log: string) => `<console type='pty'>${log}<target type='serial'/></console>`;
  const logged = console(`<log file='/srv/web.log'/>`);
  const disk = (order: string) => `<disk type='file' device='disk'><target dev='vda' bus='virtio'/>${order}</disk>`;

  test.each([
    ['all', definition(`${disk("<boot order='1'/>")}${channel}${logged}`), 'met', 'met', 'it starts from vda'],
    ['no channel', definition(logged), 'not_met', 'met', 'it starts from whatever comes first'],
    ['another channel', definition(channel.replace('guest_agent', 'other')), 'not_met', 'not_met', 'whatever'],
    ['a console that nobody keeps', definition(`${channel}${console('')}`), 'met', 'not_met', 'whatever'],
    [
      'words for what it starts from',
      definition(disk(''), `<boot dev='hd'/><boot dev='network'/>`),
      'not_met',
      'not_met',
      'hd, network',
    ],
  ])('with %s', (_what, facts, agent, log, order) => {
    expect(domainRequirements('web', facts)).toEqual([
      expect.objectContaining({ requirement: 'agent_channel', subject: 'web', status: agent }),
      expect.objectContaining({ requirement: 'console_log', subject: 'web', status: log }),
      {
        requirement: 'boot_order',
        subject: 'web',
        status: 'information',
        evidence: expect.stringContaining(order),
        remedy: null,
      },
    ]);
  });

  test('as it was recorded', async () => {
    const facts = domainFacts(await recordedXml('inactive-s390x-everything'));
    expect(domainRequirements('web', facts).map(({ requirement, status }) => [requirement, status])).toEqual([
      ['agent_channel', 'met'],
      ['console_log', 'met'],
      ['boot_order', 'information'],
    ]);
  });
});
