import { element, type XmlElement } from '../../../connectors/xml/index.js';
import { consolesXml, displayXml } from './console-xml.js';
import { diskXml } from './disk.js';
import type { DomainDefinition } from './domain-definition.js';
import { hostDeviceXml } from './host-device-xml.js';
import { markXml } from './instance-mark.js';
import { clockXml, cpuXml, featuresXml, memoryBackingXml, osXml } from './machine-xml.js';
import { nicXml } from './nic.js';

/** Seconds between two looks of the memory balloon at what the guest does with its memory. */
const BALLOON_PERIOD_S = 10;

/** A definition as libvirt writes it. Addresses of devices are libvirt's to choose. */
export function domainXml(domain: DomainDefinition): XmlElement {
  const { vcpus, maxVcpus, memoryMib } = domain;
  return element(
    'domain',
    { type: domain.virtType },
    element('name', {}, domain.name),
    element('uuid', {}, domain.uuid),
    element('metadata', {}, markXml(domain.mark)),
    element('memory', { unit: 'MiB' }, memoryMib),
    element('currentMemory', { unit: 'MiB' }, memoryMib),
    memoryBackingXml(domain),
    element('vcpu', { placement: 'static', current: vcpus < maxVcpus ? vcpus : undefined }, maxVcpus),
    osXml(domain),
    featuresXml(domain),
    cpuXml(domain),
    clockXml(domain),
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, 'restart'),
    element('on_crash', {}, domain.onCrash),
    devicesXml(domain),
    domain.isProtected && element('launchSecurity', { type: 's390-pv' }),
  );
}

function devicesXml(domain: DomainDefinition): XmlElement {
  const { disks, nics, hostDevices, watchdog, tpm, isProtected } = domain;
  return element(
    'devices',
    {},
    domain.emulator !== undefined && element('emulator', {}, domain.emulator),
    ...disks.map(diskXml),
    ...controllersXml(domain),
    ...nics.map(nicXml),
    ...consolesXml(domain),
    element('channel', { type: 'unix' }, element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })),
    ...displayXml(domain),
    tpm && element('tpm', { model: tpm.model }, element('backend', { type: 'emulator', version: tpm.version })),
    ...hostDevices.map(hostDeviceXml),
    watchdog && element('watchdog', { model: watchdog.model, action: watchdog.action }),
    // The host cannot take memory away that it cannot read.
    isProtected
      ? element('memballoon', { model: 'none' })
      : element('memballoon', { model: 'virtio' }, element('stats', { period: BALLOON_PERIOD_S })),
    domain.hasRng && element('rng', { model: 'virtio' }, element('backend', { model: 'random' }, '/dev/urandom')),
    panicXml(domain),
  );
}

/** By it libvirt learns that the guest has crashed. */
function panicXml({ arch }: DomainDefinition): XmlElement {
  return element('panic', { model: arch === 's390x' ? 's390' : 'isa' });
}

function controllersXml(domain: DomainDefinition): XmlElement[] {
  const { arch, disks, hostDevices, graphics } = domain;
  const isScsi = disks.some(({ bus }) => bus === 'scsi') || hostDevices.some(({ type }) => type === 'scsi');
  const scsi = isScsi ? [element('controller', { type: 'scsi', index: 0, model: 'virtio-scsi' })] : [];
  if (arch === 's390x') return scsi;
  return [
    ...scsi,
    // A pointer that is where the screen shows it needs one.
    element('controller', { type: 'usb', model: graphics.length > 0 ? 'qemu-xhci' : 'none' }),
    element('controller', { type: 'pci', model: 'pcie-root' }),
    ...Array.from({ length: pciDevices(domain) + domain.spareSlots }, () =>
      element('controller', { type: 'pci', model: 'pcie-root-port' }),
    ),
  ];
}

/** How many ports its own devices take: libvirt gives each one, and has none left for later where nobody asks for more. */
function pciDevices({ disks, nics, hostDevices, watchdog, graphics }: DomainDefinition): number {
  // Of the channels, the memory balloon, the random numbers and the SCSI controller.
  const always = 4;
  return (
    always +
    disks.filter(({ bus }) => bus === 'virtio').length +
    nics.length +
    hostDevices.filter(({ type }) => type === 'pci').length +
    (watchdog === undefined ? 0 : 1) +
    graphics.length
  );
}
