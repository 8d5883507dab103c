import {
  attributeOf,
  childAt,
  childrenOf,
  required,
  textOf,
  wholeNumber,
  type XmlElement,
} from '../../../connectors/xml/index.js';

/** A machine type that an emulator has. */
export interface MachineType {
  readonly name: string;
  /** What libvirt pins it to; its own name for one that is no alias. */
  readonly canonical: string;
  readonly maxVcpus: number | undefined;
}

/** What guests of one architecture can be on a host. */
export interface GuestCapabilities {
  readonly arch: string;
  readonly emulator: string | undefined;
  /** `kvm`, `qemu` and the like, in the host's order. */
  readonly virtTypes: readonly string[];
  readonly machines: readonly MachineType[];
}

/** What libvirt tells of a host (`virsh capabilities`). */
export interface HostCapabilities {
  readonly uuid: string | undefined;
  readonly arch: string;
  readonly cpuModel: string | undefined;
  /** Does a core of it run several threads at once? */
  readonly hasThreads: boolean;
  /** Of virtual machines (`hvm`) alone. */
  readonly guests: readonly GuestCapabilities[];
}

/** @throws XmlFailure unexpected */
export function hostCapabilities(capabilities: XmlElement): HostCapabilities {
  const cpu = childAt(capabilities, 'host', 'cpu');
  return {
    uuid: textOf(childAt(capabilities, 'host', 'uuid')),
    arch: required(textOf(childAt(cpu, 'arch')), 'the architecture of the host'),
    cpuModel: textOf(childAt(cpu, 'model')),
    hasThreads: childrenOf(childAt(capabilities, 'host', 'topology', 'cells'), 'cell')
      .flatMap((cell) => childrenOf(childAt(cell, 'cpus'), 'cpu'))
      .some((one) => /[,-]/.test(attributeOf(one, 'siblings') ?? '')),
    guests: childrenOf(capabilities, 'guest')
      .filter((guest) => textOf(childAt(guest, 'os_type')) === 'hvm')
      .map(guestCapabilities),
  };
}

function guestCapabilities(guest: XmlElement): GuestCapabilities {
  const arch = required(childAt(guest, 'arch'), 'the architecture of a guest');
  return {
    arch: required(attributeOf(arch, 'name'), 'the architecture of a guest'),
    emulator: textOf(childAt(arch, 'emulator')),
    virtTypes: childrenOf(arch, 'domain').flatMap((domain) => attributeOf(domain, 'type') ?? []),
    machines: childrenOf(arch, 'machine').flatMap((machine): MachineType[] => {
      const name = textOf(machine);
      if (name === undefined) return [];
      return [
        {
          name,
          canonical: attributeOf(machine, 'canonical') ?? name,
          maxVcpus: wholeNumber(attributeOf(machine, 'maxCpus'), `the number of processors of ${name}`),
        },
      ];
    }),
  };
}
