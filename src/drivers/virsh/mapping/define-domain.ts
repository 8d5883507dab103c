import type { ChangeParams, Network } from '../../../compute/contract/index.js';
import { admitDescription, bootChoice, type BootChoice, type Description } from './admit-description.js';
import { diskTarget, type Disk, type DiskBus, type DiskSource } from './disk.js';
import type { DomainCapabilities } from './domain-capabilities.js';
import { DISK_ALIASES, type DomainDefinition } from './domain-definition.js';
import { usualCpu, type CpuOptions } from './cpu-choice.js';
import type { DriverOptions } from './driver-options.js';
import { zfcpPath } from './fibre-channel.js';
import type { InstanceMark } from './instance-mark.js';
import type { MachineChoice } from './machine-choice.js';
import { instanceFiles, macAddress } from './names.js';
import { admitNetwork, vlanWay, type NetworkSource } from './network-source.js';
import type { Nic } from './nic.js';
import { invalid, limited, optionPath } from './refusal.js';
import { requireCapable } from './require-capable.js';
import { volumeDisk } from './volume-disk.js';

/** Where on the host what belongs to a domain is to be, or is, and what the host gives it. */
export interface DomainPlaces {
  readonly uuid: string;
  readonly mark: InstanceMark;
  /** The processor of a description that names none; without it, the usual one. */
  readonly cpu?: CpuOptions | undefined;
  readonly rootDisk?: DiskSource | undefined;
  /** A CD with what it starts from. */
  readonly iso?: string | undefined;
  readonly configDrive?: string | undefined;
  readonly consoleLog?: string | undefined;
  /** What its networks are, in the order of the description. */
  readonly networks: readonly NetworkSource[];
  /** Names of the host's block devices, for fibre channel. */
  readonly devicePaths?: readonly string[] | undefined;
}

/** More than these a PC has no room for behind its ports. */
const MOST_PCI_DEVICES = 200;
const HOTPLUG_SLOTS = 8;
/** Where the processor of a host's guests stands. */
const HOST_CPU = 'settings.cpu';

/**
 * The definition of a described domain, on a host that can make it.
 *
 * @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED, RESOURCE_NOT_FOUND
 */
export function defineDomain(
  description: Description,
  options: DriverOptions,
  choice: MachineChoice,
  capabilities: DomainCapabilities,
  places: DomainPlaces,
): DomainDefinition {
  admitDescription(description, options);
  const { flavor, tpm } = description;
  const { arch } = choice;
  const disks = disksOf(description, options, choice, places);
  const definition: DomainDefinition = {
    ...choice,
    name: description.name,
    uuid: places.uuid,
    memoryMib: flavor.memory_mib,
    vcpus: flavor.vcpus,
    maxVcpus: options.max_vcpus ?? flavor.vcpus,
    cpu: options.cpu ?? places.cpu ?? usualCpu(choice.virtType, capabilities),
    firmware:
      description.firmware === 'uefi'
        ? { isSecure: options.secure_boot, isStateless: description.firmware_stateless ?? false }
        : undefined,
    kernel: options.kernel,
    memory: flavor.memory_backing ?? (options.hugepages === true ? 'hugepages' : undefined),
    isProtected: description.memory_encryption ?? false,
    disks,
    nics: nicsOf(description, options, places),
    hostDevices: (options.host_devices ?? []).filter((device) => device.type !== 'zfcp'),
    console: options.console ?? (arch === 's390x' ? 'sclp' : 'serial'),
    consoleLog: places.consoleLog,
    graphics: (options.graphics ?? []).map(({ type, listen = '127.0.0.1' }) => ({ type, listen })),
    video: videoOf(options, choice, capabilities),
    watchdog: options.watchdog && {
      model: options.watchdog.model ?? (arch === 's390x' ? 'diag288' : 'i6300esb'),
      action: options.watchdog.action,
    },
    tpm: tpm && { model: `tpm-${tpm.model ?? (tpm.version === '2.0' ? 'crb' : 'tis')}`, version: tpm.version },
    hasRng: capabilities.rngBackends?.has('random') ?? true,
    onCrash: options.on_crash ?? 'destroy',
    spareSlots: options.hotplug_slots ?? HOTPLUG_SLOTS,
    mark: places.mark,
  };
  requireZ(definition, options);
  requireCapable(description, definition, capabilities, options.cpu === undefined ? HOST_CPU : optionPath('cpu'));
  return definition;
}

/** What only one architecture has. */
function requireZ({ arch, disks, nics, graphics, video }: DomainDefinition, options: DriverOptions): void {
  if (arch !== 's390x' && options.loadparm !== undefined) throw limited(optionPath('loadparm'), 'is of IBM Z');
  if (arch !== 's390x' && disks.length + nics.length > MOST_PCI_DEVICES) {
    throw limited('volumes', `a PC has room for ${MOST_PCI_DEVICES} disks and interfaces`);
  }
  if (arch === 's390x' && nics.some(({ model }) => model !== 'virtio')) {
    throw limited(optionPath('interface.model'), 'guests on IBM Z have interfaces of model virtio only');
  }
  if (video !== undefined && graphics.length === 0) {
    throw invalid(optionPath('video'), `is seen by nobody without ${optionPath('graphics')}`);
  }
}

function videoOf(
  { video, graphics = [] }: DriverOptions,
  { arch }: MachineChoice,
  offers: DomainCapabilities,
): string | undefined {
  if (video !== undefined || graphics.length === 0) return video;
  return arch !== 's390x' && offers.video?.has('vga') !== false ? 'vga' : 'virtio';
}

/** Disks in the order in which they get their names: the root disk is the first of its bus. */
function disksOf(
  description: Description,
  options: DriverOptions,
  { arch }: MachineChoice,
  places: DomainPlaces,
): Disk[] {
  const { volumes = [], disk_limits: limits } = description;
  const { bus = 'virtio', cache } = options.disk ?? {};
  const boot = bootChoice(description, options);
  const counts = new Map<string, number>();
  const next = (on: DiskBus): { bus: DiskBus; target: string } => {
    const family = on === 'virtio' ? 'vd' : 'sd';
    const index = counts.get(family) ?? 0;
    counts.set(family, index + 1);
    return { bus: on, target: diskTarget(on, index) };
  };
  const order = (from: BootChoice['from']) => bootPlace(boot, from, options);
  const disks: Disk[] = [];
  const { rootDisk, iso, configDrive, devicePaths } = places;
  if (rootDisk !== undefined) {
    const alias = DISK_ALIASES.root;
    disks.push({ source: rootDisk, device: 'disk', ...next(bus), cache, limits, alias, boot: order('root') });
  }
  for (const [at, volume] of volumes.entries()) {
    const isFirst = boot.from === 'volume' && boot.volume === volume.id;
    disks.push(
      volumeDisk(`volumes.${at}`, volume, {
        instance: places.uuid,
        ...next(bus),
        cache,
        devicePaths,
        boot: isFirst ? order('volume') : undefined,
      }),
    );
  }
  if (iso !== undefined) {
    disks.push({
      ...readonlyFile(iso),
      device: 'cdrom',
      ...next(arch === 's390x' ? 'scsi' : 'sata'),
      alias: DISK_ALIASES.iso,
      boot: order('iso'),
    });
  }
  // A disk, and no CD: kernels made for clouds have drivers for the one and not for the other.
  if (configDrive !== undefined) {
    disks.push({ ...readonlyFile(configDrive), device: 'disk', ...next('virtio'), alias: DISK_ALIASES.config });
  }
  for (const device of options.host_devices ?? []) {
    if (device.type !== 'zfcp') continue;
    disks.push({ source: { type: 'block', path: zfcpPath(device) }, device: 'lun', ...next('scsi') });
  }
  return disks;
}

function readonlyFile(path: string): Pick<Disk, 'source' | 'isReadonly'> {
  return { source: { type: 'file', path, format: 'raw' }, isReadonly: true };
}

/** What was chosen comes first, and the root disk behind it: an installer has put a system there. */
function bootPlace(boot: BootChoice, from: BootChoice['from'], { loadparm }: DriverOptions): Disk['boot'] {
  if (boot.from === 'kernel') return undefined;
  if (boot.from === from) return { order: 1, loadparm };
  return from === 'root' ? { order: 2 } : undefined;
}

function nicsOf(description: Description, options: DriverOptions, places: DomainPlaces): Nic[] {
  const boot = bootChoice(description, options);
  const hasFilter = needsFilter(description);
  return (description.networks ?? []).map((network, at) => {
    const source = places.networks[at];
    if (source === undefined) throw invalid(`networks.${at}.name`, `the host has no network ${network.name}`);
    return networkNic(`networks.${at}`, network, source, options, {
      mac: network.mac ?? macAddress(places.uuid, at),
      filter: hasFilter ? instanceFiles(places.uuid).filter : undefined,
      boot: boot.from === 'network' && boot.index === at ? bootPlace(boot, 'network', options) : undefined,
    });
  });
}

/** Has an instance rules for its packets, for which there must be a filter? */
export function needsFilter({
  firewall_rules: rules = [],
  security_groups: groups = [],
}: Pick<ChangeParams<'spawn'>, 'firewall_rules' | 'security_groups'>): boolean {
  return rules.length > 0 || groups.length > 0;
}

/**
 * The interface of a described network, of a new domain or of one that is there.
 *
 * @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED
 */
export function networkNic(
  field: string,
  network: Network,
  source: NetworkSource,
  { interface: { model = 'virtio', mtu, queues } = {} }: Pick<DriverOptions, 'interface'>,
  { mac, filter, boot }: Pick<Nic, 'mac' | 'filter' | 'boot'>,
): Nic {
  admitNetwork(field, network, source, filter !== undefined);
  if (queues !== undefined && queues > 1 && model !== 'virtio') {
    throw invalid(optionPath('interface.queues'), 'only interfaces of model virtio have several');
  }
  return { source, mac, model, mtu, queues, vlan: vlanWay(field, network, source), tag: network.tag, filter, boot };
}
