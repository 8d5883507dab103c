import { randomUUID } from 'node:crypto';
import type { ApiLevel } from '../api-level.js';
import type { FindBootVolume } from '../boot.js';
import type { DeviceSource, PartitionDevices } from '../devices.js';
import type { Estate } from '../estate.js';
import type { HmcError } from '../hmc-error.js';
import type { AdapterPort, HmcObject, Partition } from '../model.js';
import { stableHex } from '../object-id.js';
import type { StorageGroup, StorageVolume, VirtualStorageResource } from './storage-group.js';
import type { StorageGroups } from './storage-groups.js';
import { fcpPorts } from './storage-ports.js';
import type { StorageTracker } from './storage-tracker.js';

/** Device numbers of virtual storage resources count from here. */
const FIRST_DEVICE_NUMBER = 0x9000;

/** In the others, the operating system of a partition may have its disks in use. */
const AT_REST = ['stopped', 'reservation-error'];

/** Which storage groups are attached to which partitions, and the virtual storage resources that come of it. */
export class Attachments implements DeviceSource {
  readonly #groups = new Map<Partition, readonly StorageGroup[]>();

  constructor(
    private readonly groups: StorageGroups,
    private readonly estate: Estate,
    private readonly devices: PartitionDevices,
    private readonly level: ApiLevel,
    private readonly tracker: StorageTracker,
    private readonly conflict: (message: string) => HmcError,
  ) {}

  /** The groups attached to a partition, in the order of their attachment. */
  of(partition: Partition): readonly StorageGroup[] {
    return this.#groups.get(partition) ?? [];
  }

  numbers(partition: Partition): readonly string[] {
    return this.#resources(partition).map(({ deviceNumber }) => deviceNumber);
  }

  adapters(partition: Partition): AdapterPort['adapter'][] {
    return this.#resources(partition).map(({ port }) => port.adapter);
  }

  properties(partition: Partition): Record<string, unknown> {
    if (!this.level.hasFirmwareFeatures) return {};
    return { 'storage-group-uris': this.of(partition).map(({ uri }) => uri) };
  }

  /**
   * The volume of this URI when the partition can boot from it: one for booting, of a group that is attached. A URI that an
   * inventory made up or left out, for a partition without storage groups, is taken for that of a volume that is there.
   */
  readonly findBootVolume: FindBootVolume = (partition, uri) => {
    const volume = this.of(partition)
      .flatMap(({ volumes }) => volumes)
      .find((candidate) => candidate.uri === uri && candidate.usage === 'boot');
    if (volume !== undefined) return { name: volume.name, uuid: volume.uuid, isReady: volume.state === 'complete' };
    const isMadeUp = uri === (partition.stored['boot-storage-volume'] ?? '') && this.groups.volume(uri) === undefined;
    return isMadeUp ? { name: '', uuid: null, isReady: true } : undefined;
  };

  /** A partition of an inventory that boots from a volume, and does not say from which, boots from its first. */
  chooseBootVolume(partition: Partition): void {
    const { 'boot-device': device, 'boot-storage-volume': chosen } = partition.stored;
    if (device !== 'storage-volume' || chosen !== null) return;
    const [first] = this.of(partition).flatMap(({ volumes }) => volumes.filter(({ usage }) => usage === 'boot'));
    if (first !== undefined) this.estate.store(partition, { 'boot-storage-volume': first.uri });
  }

  /** Throws 409 for a group of another CPC, one that is attached already, or one that has all its partitions. */
  attach(partition: Partition, group: StorageGroup): void {
    if (group.cpc !== partition.cpc) throw this.conflict(`${said(group)} belongs to another CPC`);
    if (group.attachedTo.has(partition)) {
      throw this.conflict(`${said(group)} is attached to the partition '${partition.name}' already`);
    }
    if (!group.shared && group.attachedTo.size > 0) throw this.conflict(`${said(group)} is not to be shared`);
    if (group.attachedTo.size >= group.maxPartitions) {
      throw this.conflict(`${said(group)} is attached to ${group.maxPartitions} partitions already`);
    }
    this.tracker.trackAttachment(partition, group, () => {
      group.attachedTo.add(partition);
      this.#groups.set(partition, [...this.of(partition), group]);
      this.connect(partition, group);
    });
  }

  /** Throws 409 for a group that is not attached, and for one that a running partition boots from. */
  detach(partition: Partition, group: StorageGroup): void {
    if (!group.attachedTo.has(partition)) {
      throw this.conflict(`${said(group)} is not attached to the partition '${partition.name}'`);
    }
    this.assertNotInUse(partition, group.volumes);
    this.#release(partition, group);
  }

  /** For a partition that is deleted: the volumes survive. */
  forget(gone: HmcObject): void {
    for (const [partition, groups] of this.#groups) {
      if (partition !== gone) continue;
      this.#groups.delete(partition);
      for (const group of groups) this.tracker.track(group, () => leave(partition, group));
    }
  }

  /** Throws 409 when the partition is not at rest and boots from one of the volumes. */
  assertNotInUse(partition: Partition, volumes: readonly StorageVolume[]): void {
    const volume = bootedFrom(partition, volumes);
    if (volume === undefined || AT_REST.includes(partition.status)) return;
    throw this.conflict(
      `The partition '${partition.name}' is in status '${partition.status}' and boots from the storage volume '${volume.name}'`,
    );
  }

  /** A partition that boots from one of the volumes has nothing to boot any more. */
  forgetBootVolume(partition: Partition, volumes: readonly StorageVolume[]): void {
    if (bootedFrom(partition, volumes) === undefined) return;
    this.estate.store(partition, { 'boot-device': 'none', 'boot-storage-volume': null });
  }

  /** Makes or removes virtual storage resources until there is one for each path, over the ports that the group may use. */
  connect(partition: Partition, group: StorageGroup): void {
    const others = group.resources.filter((resource) => resource.partition !== partition);
    const own = group.resources.filter((resource) => resource.partition === partition).slice(0, group.connectivity);
    const ports = group.candidatePorts.length > 0 ? group.candidatePorts : fcpPorts(group.cpc);
    const missing = group.type === 'fcp' ? ports.slice(own.length, group.connectivity) : [];
    group.resources = [...others, ...own];
    missing.forEach((port, index) => {
      group.resources.push(this.#resource(partition, group, port, own.length + index));
    });
  }

  #resource(partition: Partition, group: StorageGroup, port: AdapterPort, index: number): VirtualStorageResource {
    const id = randomUUID();
    return {
      id,
      uri: `${group.uri}/virtual-storage-resources/${id}`,
      class: 'virtual-storage-resource',
      name: `vhba${index + 1}`,
      parent: group,
      isSeenBy: (user) => group.isSeenBy(user),
      deviceNumber: this.#freeDeviceNumber(partition),
      port,
      partition,
      wwpn: `c05076${stableHex(group.id, partition.id, String(index)).slice(0, 10)}`,
    };
  }

  #resources(partition: Partition): VirtualStorageResource[] {
    return this.of(partition)
      .flatMap(({ resources }) => resources)
      .filter((resource) => resource.partition === partition);
  }

  #freeDeviceNumber(partition: Partition): string {
    const taken = new Set(this.devices.numbers(partition));
    for (let number = FIRST_DEVICE_NUMBER; ; number += 1) {
      const text = number.toString(16).toUpperCase();
      if (!taken.has(text)) return text;
    }
  }

  #release(partition: Partition, group: StorageGroup): void {
    this.forgetBootVolume(partition, group.volumes);
    this.tracker.trackAttachment(partition, group, () => {
      leave(partition, group);
      this.#groups.set(
        partition,
        this.of(partition).filter((other) => other !== group),
      );
    });
  }
}

const said = ({ name }: StorageGroup): string => `The storage group '${name}'`;

function leave(partition: Partition, group: StorageGroup): void {
  group.attachedTo.delete(partition);
  group.resources = group.resources.filter((resource) => resource.partition !== partition);
}

function bootedFrom(partition: Partition, volumes: readonly StorageVolume[]): StorageVolume | undefined {
  const { 'boot-device': device, 'boot-storage-volume': bootUri } = partition.stored;
  return device === 'storage-volume' ? volumes.find(({ uri }) => uri === bootUri) : undefined;
}
