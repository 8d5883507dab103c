import type { Requirement } from '../../../compute/contract/index.js';
import { cannotTell, judged, met, notMet, type Judgement } from '../../kit/index.js';
import type { HypervisorFacts } from '../client/domains.port.js';
import { lackingCpu, type CpuOptions } from './cpu-choice.js';
import type { DomainCapabilities } from './domain-capabilities.js';
import type { HostCapabilities } from './host-capabilities.js';
import { ARCHITECTURES, MACHINES, type Architecture } from './machine-choice.js';

type Version = readonly [major: number, minor: number, release: number];

/** The oldest that have all that this driver asks for; what it is tested with is newer. */
export const OLDEST_LIBVIRT: Version = [6, 0, 0];
export const OLDEST_QEMU: Version = [4, 2, 0];

/** What guests need of a host, by what libvirt tells of itself and of its emulators. @param cpu the one of the settings */
export function hostRequirements(
  facts: HypervisorFacts,
  host: HostCapabilities,
  capabilities: DomainCapabilities | undefined,
  cpu: CpuOptions | undefined,
): Requirement[] {
  const subject = facts.hostname;
  const arch = ARCHITECTURES.find((one) => one === host.arch);
  return [
    judged(
      'libvirt_level',
      subject,
      levelOf('libvirt', facts.libvirtVersion, OLDEST_LIBVIRT),
      'update libvirt on the host',
    ),
    facts.type === 'QEMU'
      ? judged(
          'hypervisor_level',
          subject,
          levelOf('QEMU', facts.hypervisorVersion ?? undefined, OLDEST_QEMU),
          'update QEMU on the host',
        )
      : notMet('hypervisor_level', subject, `the hypervisor is ${facts.type}`, 'give a URI of QEMU: qemu:///system'),
    arch === undefined
      ? notMet(
          'architecture',
          subject,
          `the host is ${host.arch}`,
          `guests are made for ${ARCHITECTURES.join(' and ')}; on other hosts they are emulated, slowly`,
        )
      : met('architecture', subject, `the host is ${arch}`),
    ...(arch === undefined ? [] : guestRequirements(subject, arch, host, capabilities, cpu)),
  ];
}

function guestRequirements(
  subject: string,
  arch: Architecture,
  host: HostCapabilities,
  capabilities: DomainCapabilities | undefined,
  cpu: CpuOptions | undefined,
): Requirement[] {
  const guest = host.guests.find((one) => one.arch === arch);
  if (guest === undefined) {
    return [
      notMet(
        'emulator',
        subject,
        `there is no emulator for ${arch} guests`,
        `install QEMU for ${arch} on the host (Debian and Ubuntu: qemu-system-${arch === 's390x' ? 's390x or qemu-system-misc' : 'x86'}), and restart libvirtd`,
      ),
    ];
  }
  const hasKvm = guest.virtTypes.includes('kvm');
  const machine = guest.machines.find(({ name }) => name === MACHINES[arch]);
  return [
    met('emulator', subject, `guests of ${arch} run with ${guest.emulator ?? 'an emulator whose path is not told'}`),
    hasKvm
      ? met('kvm', subject, 'guests run with KVM')
      : notMet(
          'kvm',
          subject,
          'libvirt sees no KVM: guests would be emulated, slowly',
          arch === 's390x'
            ? 'load the module kvm on the host; in an LPAR it is there, and in a z/VM or KVM guest it must be allowed (nested=1)'
            : 'switch virtualisation on in the firmware, load the module kvm, and see that /dev/kvm can be used',
        ),
    machine === undefined
      ? notMet(
          'machine_type',
          subject,
          `the emulator has no machine of the kind ${MACHINES[arch]}`,
          'update QEMU on the host',
        )
      : met('machine_type', subject, `new guests are machines of type ${machine.canonical}`),
    cpuRequirement(subject, hasKvm, capabilities, cpu),
  ];
}

function cpuRequirement(
  subject: string,
  hasKvm: boolean,
  capabilities: DomainCapabilities | undefined,
  cpu: CpuOptions | undefined,
): Requirement {
  const remedy = 'look at `virsh domcapabilities` on the host; without it guests can move to equal machines only';
  if (capabilities === undefined)
    return cannotTell('cpu_model', subject, 'libvirt does not tell what domains can have', remedy);
  if (cpu !== undefined) {
    const guests = `${capabilities.arch} guests of type ${capabilities.virtType}`;
    const lacking = lackingCpu(cpu, capabilities, guests);
    return lacking === undefined
      ? met('cpu_model', subject, `guests get what the settings say: ${cpu.model ?? cpu.mode}`)
      : notMet('cpu_model', subject, lacking.reason, `correct cpu.${lacking.field} in the settings of the host`);
  }
  if (!hasKvm) return met('cpu_model', subject, 'emulated processors are the same everywhere');
  return capabilities.cpuModes.has('host-model')
    ? met('cpu_model', subject, 'guests get the model of the host by name, with which they can move to others like it')
    : notMet('cpu_model', subject, 'the host does not know its own model of processor', remedy);
}

const GIB = 1024n ** 3n;
/** An image and a root disk of a usual size. */
const ENOUGH_GIB = 20n;

/** The pool in which the disks of guests are made, as far as it is there. */
export interface PoolState {
  readonly isActive: boolean;
  readonly availableBytes: bigint;
}

/** @param pool undefined: there is none yet */
export function poolRequirement(
  { name, path }: { readonly name: string; readonly path: string },
  pool: PoolState | undefined,
): Requirement {
  const subject = `pool ${name}`;
  if (pool === undefined) {
    return met('storage', subject, `there is none yet; the first launch makes it as the directory ${path}`);
  }
  if (!pool.isActive) return met('storage', subject, 'it is there, and not active; the first launch starts it');
  const gib = pool.availableBytes / GIB;
  return gib >= ENOUGH_GIB
    ? met('storage', subject, `${gib} GiB are free`)
    : notMet(
        'storage',
        subject,
        `${gib} GiB are free`,
        `free some, or name another pool: ${ENOUGH_GIB} GiB are little enough`,
      );
}

/** @param active names of networks of libvirt */
export function networkRequirement(subject: string, active: readonly string[]): Requirement {
  return active.length > 0
    ? met(
        'network',
        subject,
        `active networks of libvirt: ${active.join(', ')}; bridges and devices of the host can be named as well`,
      )
    : cannotTell(
        'network',
        subject,
        'libvirt has no active network',
        'start one (virsh net-start default), or name a bridge or a device of the host in networks',
      );
}

/**
 * Guests behind a bridge on an OSA or HiperSockets port are reached only when the port takes in what is not for its own address
 * (libvirt-lxd.md section 8), which libvirt does not tell.
 */
export function bridgeRequirement(subject: string, { arch }: Pick<HostCapabilities, 'arch'>): Requirement[] {
  if (arch !== 's390x') return [];
  return [
    cannotTell(
      'bridge_learning',
      subject,
      'whether ports of OSA and HiperSockets learn the addresses of guests behind bridges, libvirt does not tell',
      'on the host, of each interface in a bridge: `cat /sys/class/net/<interface>/device/bridge_state` must say active (write primary into bridge_role), or /sys/class/net/<interface>/device/vnicc/learning and flooding must be 1 (chzdev <device> vnicc/learning=1 vnicc/flooding=1)',
    ),
  ];
}

function levelOf(product: string, version: string | undefined, oldest: Version): Judgement {
  const wanted = `${oldest.join('.')} or newer is needed`;
  const numbers = version?.split('.').map(Number);
  if (numbers === undefined || numbers.some((one) => !Number.isInteger(one))) {
    return { status: 'unknown', evidence: `the version of ${product} is not told; ${wanted}` };
  }
  const at = oldest.findIndex((one, place) => one !== (numbers[place] ?? 0));
  const isEnough = at < 0 || (numbers[at] ?? 0) > (oldest[at] ?? 0);
  return { status: isEnough ? 'met' : 'not_met', evidence: `${product} ${version}; ${wanted}` };
}
