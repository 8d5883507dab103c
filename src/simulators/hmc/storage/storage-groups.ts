import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../kit/clock.js';
import { stableUuid, type Cpc, type Estate, type Partition } from '../estate.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { HmcInventory, UserEntry } from '../inventory.schema.js';
import { Fulfilments, settle } from './fulfilment.js';
import { canSeeGroup, type StorageGroup, type StorageVolume, type VirtualStorageResource } from './storage-group.js';
import { fcpPortUris } from './storage-ports.js';
import { mostPartitions, storageGroupsFor, type StorageGroupEntry, type VolumeEntry } from './storage.schema.js';

/** Device numbers of virtual storage resources count from here. */
const FIRST_DEVICE_NUMBER = 0x9000;

/** In these statuses the operating system of a partition may have its disks in use. */
const RUNNING = ['starting', 'active', 'stopping', 'degraded', 'paused', 'terminated'];

/** The storage groups of all CPCs, and what is attached to what (hmc-dpm.md section 12). */
export class StorageGroups {
  /** By URI. */
  readonly #groups = new Map<string, StorageGroup>();
  readonly #fulfilments: Fulfilments;
  readonly #conflictReason: number;

  constructor(inventory: HmcInventory, estate: Estate, clock: Clock) {
    this.#conflictReason = inventory.hmc.storage_conflict_reason;
    this.#fulfilments = new Fulfilments(clock, inventory.timing.fulfilment_ms);
    for (const cpc of estate.cpcs) {
      const names = cpc.partitions.map(({ name }) => name);
      for (const entry of storageGroupsFor(inventory.storage_groups, cpc.name, names)) this.#populate(entry, cpc);
      for (const partition of cpc.partitions) this.#chooseBootVolume(partition);
    }
  }

  list(): readonly StorageGroup[] {
    return [...this.#groups.values()];
  }

  /** The group that a request body names. Throws 404,2, also for what the user may not see. */
  byUri(uri: unknown, user: UserEntry): StorageGroup {
    const group = this.#groups.get(String(uri));
    if (group === undefined || !canSeeGroup(user, group)) throw refuse.notFoundInBody(String(uri));
    return group;
  }

  /** Throws 404,1 when there is none or the user may not see it: the HMC does not tell the difference. */
  visible(id: string, user: UserEntry): StorageGroup {
    const uri = `/api/storage-groups/${id}`;
    const group = this.#groups.get(uri);
    if (group === undefined || !canSeeGroup(user, group)) throw refuse.notFound(uri);
    return group;
  }

  /** The groups attached to a partition, in the order of their attachment. */
  of(partition: Partition): StorageGroup[] {
    const uris = partition.stored['storage-group-uris'];
    return Array.isArray(uris) ? uris.flatMap((uri: unknown) => this.#groups.get(String(uri)) ?? []) : [];
  }

  /** The volume of this URI when the partition can boot from it: one for booting, of a group that is attached. */
  bootVolumeOf(partition: Partition, uri: unknown): StorageVolume | undefined {
    return this.of(partition)
      .flatMap(({ volumes }) => volumes)
      .find((volume) => volume.uri === uri && volume.usage === 'boot');
  }

  /** Throws 409 for a group of another CPC, one that is attached already, or one that has all its partitions. */
  attach(partition: Partition, group: StorageGroup): void {
    if (group.cpc !== partition.cpc) throw this.#conflict(`${said(group)} belongs to another CPC`);
    if (group.attachedTo.has(partition)) {
      throw this.#conflict(`${said(group)} is attached to the partition '${partition.name}' already`);
    }
    if (!group.shared && group.attachedTo.size > 0) throw this.#conflict(`${said(group)} is not to be shared`);
    if (group.attachedTo.size >= group.maxPartitions) {
      throw this.#conflict(`${said(group)} is attached to ${group.maxPartitions} partitions already`);
    }
    group.attachedTo.add(partition);
    group.resources.push(...this.#createResources(partition, group));
    partition.stored = {
      ...partition.stored,
      'storage-group-uris': [...this.of(partition).map(({ uri }) => uri), group.uri],
    };
  }

  /** Throws 409 for a group that is not attached, and for one that a running partition boots from. */
  detach(partition: Partition, group: StorageGroup): void {
    if (!group.attachedTo.has(partition)) {
      throw this.#conflict(`${said(group)} is not attached to the partition '${partition.name}'`);
    }
    if (RUNNING.includes(partition.status) && this.#bootsFrom(partition, group)) {
      throw this.#conflict(`The partition '${partition.name}' is ${partition.status} and boots from ${said(group)}`);
    }
    this.#release(partition, group);
  }

  /** For a partition that is deleted: the volumes survive. */
  detachAll(partition: Partition): void {
    for (const group of this.of(partition)) this.#release(partition, group);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.#fulfilments.dispose();
  }

  #release(partition: Partition, group: StorageGroup): void {
    const isBootGroup = this.#bootsFrom(partition, group);
    group.attachedTo.delete(partition);
    group.resources = group.resources.filter((resource) => resource.partition !== partition);
    partition.stored = {
      ...partition.stored,
      'storage-group-uris': this.of(partition)
        .filter((other) => other !== group)
        .map(({ uri }) => uri),
      ...(isBootGroup ? { 'boot-device': 'none', 'boot-storage-volume': null } : {}),
    };
  }

  #bootsFrom(partition: Partition, { volumes }: StorageGroup): boolean {
    const { 'boot-device': device, 'boot-storage-volume': bootUri } = partition.stored;
    return device === 'storage-volume' && volumes.some(({ uri }) => uri === bootUri);
  }

  /** One for each path, over the ports that the group may use. */
  #createResources(partition: Partition, group: StorageGroup): VirtualStorageResource[] {
    if (group.type !== 'fcp') return [];
    const ports = group.candidatePortUris.length > 0 ? group.candidatePortUris : fcpPortUris(group.cpc);
    const used = new Set(
      this.of(partition)
        .flatMap(({ resources }) => resources)
        .filter((resource) => resource.partition === partition)
        .map(({ deviceNumber }) => deviceNumber),
    );
    return ports.slice(0, group.connectivity).map((adapterPortUri, index) => {
      const id = randomUUID();
      return {
        id,
        uri: `${group.uri}/virtual-storage-resources/${id}`,
        name: `vhba${index + 1}`,
        deviceNumber: freeDeviceNumber(used),
        adapterPortUri,
        partition,
        wwpn: `c05076${stableHex(group.id, partition.id, String(index)).slice(0, 10)}`,
      };
    });
  }

  #conflict(message: string): HmcError {
    return new HmcError(409, this.#conflictReason, message);
  }

  #populate(entry: StorageGroupEntry, cpc: Cpc): void {
    const id = stableUuid(cpc.name, 'storage-group', entry.name);
    const group: StorageGroup = {
      id,
      uri: `/api/storage-groups/${id}`,
      cpc,
      type: entry.type,
      name: entry.name,
      description: entry.description,
      shared: entry.shared,
      connectivity: entry.connectivity,
      maxPartitions: mostPartitions(entry),
      volumes: [],
      resources: [],
      candidatePortUris: [],
      attachedTo: new Set(),
    };
    this.#groups.set(group.uri, group);
    entry.volumes.forEach((volume, index) => this.#populateVolume(volume, index, group));
    for (const partition of cpc.partitions) {
      if (entry.attached_to.includes(partition.name)) this.attach(partition, group);
    }
  }

  #populateVolume(entry: VolumeEntry, index: number, group: StorageGroup): void {
    const id = stableUuid(group.id, String(index));
    const volume: StorageVolume = {
      id,
      uri: `${group.uri}/storage-volumes/${id}`,
      group,
      name: entry.name,
      description: entry.description,
      usage: entry.usage,
      sizeGib: entry.size_gib,
      activeSizeGib: null,
      state: 'pending',
      uuid: null,
      promised: promiseFor(id, index, entry.uuid),
      fulfilment: entry.fulfilment,
    };
    group.volumes.push(volume);
    if (entry.fulfilled ?? entry.fulfilment !== 'never') settle(volume, entry.fulfilment);
    else this.#fulfilments.request(volume);
  }

  /** A partition of an inventory that boots from a volume, and does not say from which, boots from its first. */
  #chooseBootVolume(partition: Partition): void {
    const { 'boot-device': device, 'boot-storage-volume': chosen } = partition.stored;
    if (device !== 'storage-volume' || chosen !== null) return;
    const [first] = this.of(partition).flatMap(({ volumes }) => volumes.filter(({ usage }) => usage === 'boot'));
    if (first !== undefined) partition.stored = { ...partition.stored, 'boot-storage-volume': first.uri };
  }
}

const said = ({ name }: StorageGroup): string => `the storage group '${name}'`;

function freeDeviceNumber(used: Set<string>): string {
  for (let number = FIRST_DEVICE_NUMBER; ; number += 1) {
    const text = number.toString(16).padStart(4, '0');
    if (used.has(text)) continue;
    used.add(text);
    return text;
  }
}

/** What the storage administrator will give a volume: always the same for the same volume. */
function promiseFor(volumeId: string, index: number, uuid?: string): StorageVolume['promised'] {
  const digits = stableHex(volumeId);
  return {
    uuid: uuid ?? `6005076${digits.slice(0, 25)}`.toUpperCase(),
    targetWwpn: `500507630${digits.slice(25, 32)}`,
    lun: `40${digits.slice(0, 2)}40${index.toString(16).padStart(2, '0')}00000000`,
  };
}

const stableHex = (...parts: string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');
