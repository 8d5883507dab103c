import type { Description } from './admit-description.js';
import { requireCpu } from './cpu-choice.js';
import type { DomainCapabilities, Offered } from './domain-capabilities.js';
import type { DomainDefinition } from './domain-definition.js';
import { limited, optionPath } from './refusal.js';

/**
 * Refuses what the host cannot make, before anything is made: libvirt itself would refuse it at the end, at the first start, or
 * take it and not do it.
 *
 * @param cpuPath where its processor was chosen
 * @throws ComputeError FEATURE_LIMITED
 */
export function requireCapable(
  description: Description,
  domain: DomainDefinition,
  capabilities: DomainCapabilities,
  cpuPath: string,
): void {
  const { arch, virtType } = domain;
  const guests = `${arch} guests of type ${virtType} on this host`;
  const { maxVcpus } = capabilities;
  if (maxVcpus !== undefined && domain.maxVcpus > maxVcpus) {
    const path = domain.vcpus > maxVcpus ? 'flavor.vcpus' : optionPath('max_vcpus');
    throw limited(path, `${guests} have ${maxVcpus} processors at most`);
  }
  requireFirmware(description, domain, capabilities);
  if (domain.cpu !== undefined) requireCpu(cpuPath, domain.cpu, capabilities, guests);
  if (domain.memory === 'file') {
    requireOffered('flavor.memory_backing', 'memory in files', 'file', capabilities.memorySources, guests);
  }
  requireProtection(description, domain, capabilities);
  requireTpm(domain, capabilities, guests);
  requireDisks(domain, capabilities, guests);
  requireConsoles(domain, capabilities, guests);
  requireHostDevices(domain, capabilities, guests);
}

function requireFirmware(
  { firmware }: Description,
  { arch }: DomainDefinition,
  { firmware: offered }: DomainCapabilities,
): void {
  if (firmware === undefined) return;
  if (arch === 's390x') throw limited('firmware', 'IBM Z boots by IPL, and has no other firmware');
  if (firmware === 'uefi' && offered !== undefined && !offered.has('efi')) {
    throw limited('firmware', 'the host has no UEFI firmware for guests; install it there (Debian: ovmf)');
  }
}

function requireProtection(
  { memory_encryption: isWanted = false }: Description,
  { arch }: DomainDefinition,
  { features }: DomainCapabilities,
): void {
  if (!isWanted) return;
  if (arch !== 's390x')
    throw limited('memory_encryption', 'this driver knows IBM Secure Execution only, which is of s390x');
  if (features.get('s390-pv') !== true) {
    throw limited(
      'memory_encryption',
      'the host does not have IBM Secure Execution, or it is not switched on (prot_virt=1)',
    );
  }
}

function requireTpm({ tpm }: DomainDefinition, capabilities: DomainCapabilities, guests: string): void {
  if (tpm === undefined) return;
  const { models = new Set(), backends = new Set(), versions } = capabilities.tpm;
  if (!models.has(tpm.model)) throw limited('tpm.model', `${guests} have no ${tpm.model}; they have ${listed(models)}`);
  if (!backends.has('emulator')) throw limited('tpm', 'the host cannot emulate a TPM; install swtpm there');
  requireOffered('tpm.version', 'a TPM of version', tpm.version, versions, guests);
}

function requireDisks(
  { disks }: DomainDefinition,
  { diskBuses, diskDevices }: DomainCapabilities,
  guests: string,
): void {
  for (const { bus, device } of disks) {
    requireOffered(optionPath('disk.bus'), 'disks on the bus', bus, diskBuses, guests);
    requireOffered(
      device === 'lun' ? optionPath('host_devices') : 'image',
      'a disk device',
      device,
      diskDevices,
      guests,
    );
  }
}

function requireConsoles(domain: DomainDefinition, capabilities: DomainCapabilities, guests: string): void {
  const { arch, graphics, video, watchdog } = domain;
  const consoles = arch === 's390x' ? ['sclp', 'virtio'] : ['serial', 'virtio'];
  requireOffered(optionPath('console'), 'a console', domain.console, new Set(consoles), guests);
  for (const [at, { type }] of graphics.entries()) {
    requireOffered(optionPath(`graphics.${at}.type`), 'a screen by', type, capabilities.graphics, guests);
  }
  if (video !== undefined) requireOffered(optionPath('video'), 'a display', video, capabilities.video, guests);
  if (watchdog === undefined) return;
  const models = new Set([arch === 's390x' ? 'diag288' : 'i6300esb']);
  requireOffered(optionPath('watchdog.model'), 'a watchdog', watchdog.model, models, guests);
}

function requireHostDevices(domain: DomainDefinition, { hostDevices }: DomainCapabilities, guests: string): void {
  for (const [at, { type }] of domain.hostDevices.entries()) {
    const path = optionPath(`host_devices.${at}.type`);
    const isZ = type === 'vfio-ap' || type === 'vfio-ccw';
    if (isZ && domain.arch !== 's390x') throw limited(path, `${type} is of IBM Z`);
    // Mediated devices are not among what libvirt tells here: they are looked up on the host.
    if (!isZ) requireOffered(path, 'a device of the host of type', type, hostDevices, guests);
  }
  const aps = domain.hostDevices.filter(({ type }) => type === 'vfio-ap');
  if (aps.length > 1) throw limited(optionPath('host_devices'), 'a guest has one vfio-ap at most');
}

function requireOffered(path: string, what: string, word: string, offered: Offered, guests: string): void {
  if (offered === undefined || offered.has(word)) return;
  throw limited(path, `${guests} cannot have ${what} ${word}; they can have ${listed(offered)}`);
}

function listed(words: ReadonlySet<string>): string {
  return words.size === 0 ? 'none' : [...words].join(', ');
}
