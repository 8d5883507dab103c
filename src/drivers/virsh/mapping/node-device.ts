import { attributeOf, childAt, type XmlElement } from '../../../connectors/xml/index.js';
import type { HostDevice } from './driver-options.js';

/** Devices of a host by the names that libvirt makes of what udev calls them: `virsh nodedev-list`. */

export type MediatedDevice = Extract<HostDevice, { mdev: string }>;

/** What kernels call the types of mediated devices that become such devices of a guest. */
const KERNEL_TYPES = { 'vfio-ap': 'vfio_ap-', 'vfio-ccw': 'vfio_ccw-' } as const;

/** The name of a device on PCI, and of a logical unit of SCSI. */
export function nodeDeviceName(device: Extract<HostDevice, { type: 'pci' | 'scsi' }>): string {
  if (device.type === 'pci') return `pci_${device.address.replaceAll(/[:.]/g, '_')}`;
  const { adapter, bus, target, unit } = device;
  return [adapter.replace('scsi_host', 'scsi_'), bus, target, unit].join('_');
}

/** Is it that of this mediated device? Newer versions of libvirt append where it is: one may be defined in several places. */
export function isMediatedName(name: string, { mdev }: Pick<MediatedDevice, 'mdev'>): boolean {
  return name.startsWith(`mdev_${mdev.toLowerCase().replaceAll('-', '_')}`);
}

/** What the kernel calls the type of a mediated device; undefined when libvirt does not tell. */
export function mediatedType(nodeDevice: XmlElement): string | undefined {
  return attributeOf(childAt(nodeDevice, 'capability', 'type'), 'id');
}

/** Can a mediated device of a type be had as this one? */
export function isOfType(kernelType: string, { type }: Pick<MediatedDevice, 'type'>): boolean {
  return kernelType.startsWith(KERNEL_TYPES[type]);
}
