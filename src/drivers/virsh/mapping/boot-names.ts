import type { DiskFacts, NicFacts } from './device-facts.js';
import { DISK_ALIASES } from './domain-definition.js';
import type { DomainFacts } from './domain-facts.js';

type Bootable = Pick<DomainFacts, 'disks' | 'nics' | 'bootOrder'>;

/**
 * What a domain starts from, first to last: targets of disks and MAC addresses. The words that `os` has in place of orders of devices mean
 * every device of a kind; without any order libvirt takes the disks.
 */
export function bootNames({ disks, nics, bootOrder }: Bootable): string[] {
  const ofKind = (kind: string): string[] =>
    disks.filter(({ device }) => (device === 'lun' ? 'disk' : device) === kind).map(({ target }) => target);
  const kinds: Readonly<Record<string, () => string[]>> = {
    hd: () => ofKind('disk'),
    cdrom: () => ofKind('cdrom'),
    fd: () => ofKind('floppy'),
    network: () => nics.flatMap(({ mac }) => mac ?? []),
  };
  const order = bootOrder.length === 0 ? ['hd'] : bootOrder;
  return order.flatMap((name) => kinds[name]?.() ?? [name]);
}

/** With this one first, and the others behind it. */
export function bootFirst(domain: Bootable, name: string): string[] {
  return [name, ...bootNames(domain).filter((other) => other !== name)];
}

/** The network interfaces that a MAC address, or none, means. */
export function meantNics(nics: readonly NicFacts[], mac: string | undefined): NicFacts[] {
  return nics.filter((nic) => nic.mac !== undefined && (mac === undefined || nic.mac === mac.toLowerCase()));
}

/** The disks that a name means: serial number, target, or id of a volume. Without one, that which it was made with, or the only one. */
export function meantDisks(disks: readonly DiskFacts[], name: string | undefined): DiskFacts[] {
  if (name !== undefined) {
    const wanted = name.toLowerCase();
    return disks.filter(({ target, serial }) => target === name || serial?.toLowerCase() === wanted);
  }
  const ours = disks.filter(({ alias }) => alias === DISK_ALIASES.root);
  return ours.length > 0 ? ours : disks.filter(({ device }) => device === 'disk' || device === 'lun');
}
