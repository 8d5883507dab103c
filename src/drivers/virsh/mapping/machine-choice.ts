import type { DriverOptions } from './driver-options.js';
import type { HostCapabilities } from './host-capabilities.js';
import { limited, optionPath } from './refusal.js';

export const ARCHITECTURES = ['x86_64', 's390x'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What a domain runs on: enough to ask what it can have there. */
export interface MachineChoice {
  readonly arch: Architecture;
  readonly virtType: 'kvm' | 'qemu';
  /** As it was asked for, or the newest of its kind. */
  readonly machine: string;
  readonly emulator: string | undefined;
}

/** The kind of machine that a guest gets, of which libvirt takes the newest. */
export const MACHINES: Readonly<Record<Architecture, string>> = { x86_64: 'q35', s390x: 's390-ccw-virtio' };

/**
 * Chooses the machine of a new domain: the host's own architecture, and KVM where the host has it.
 *
 * @throws ComputeError FEATURE_LIMITED when the host has no such machine
 */
export function machineChoice(host: HostCapabilities, options: DriverOptions): MachineChoice {
  const arch = options.arch ?? ARCHITECTURES.find((one) => one === host.arch);
  const has = `the host has ${listed(host.guests.map((guest) => guest.arch))}`;
  if (arch === undefined) {
    throw limited(
      optionPath('arch'),
      `must say for which architecture, x86_64 or s390x: the host itself is ${host.arch}`,
    );
  }
  const guest = host.guests.find((one) => one.arch === arch);
  if (guest === undefined) throw limited(optionPath('arch'), `there is no emulator for ${arch} guests: ${has}`);
  const virtType = options.virt_type ?? (guest.virtTypes.includes('kvm') ? 'kvm' : 'qemu');
  if (!guest.virtTypes.includes(virtType)) {
    const reason = virtType === 'kvm' ? 'KVM is not there, or not for this architecture' : 'there is none on this host';
    throw limited(optionPath('virt_type'), `${arch} guests cannot be of type ${virtType}: ${reason}`);
  }
  const machine = options.machine ?? MACHINES[arch];
  if (!machine.startsWith(arch === 's390x' ? 's390-ccw-virtio' : 'pc-q35') && machine !== MACHINES[arch]) {
    throw limited(optionPath('machine'), `this driver makes ${arch} guests of the kind ${MACHINES[arch]} only`);
  }
  if (!guest.machines.some(({ name }) => name === machine)) {
    throw limited(optionPath('machine'), `the emulator for ${arch} guests has no machine type ${machine}`);
  }
  return { arch, virtType, machine, emulator: guest.emulator };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
