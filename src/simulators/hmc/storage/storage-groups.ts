import type { Estate } from '../estate.js';
import { refuse } from '../hmc-error.js';
import type { HmcInventory, UserEntry } from '../inventory.schema.js';
import type { Cpc, Partition } from '../model.js';
import { stableHex, stableUuid } from '../object-id.js';
import { applyFulfilment } from './fulfilment.js';
import { addVolume, createGroup, type StorageGroup, type StorageVolume } from './storage-group.js';
import { mostPartitions, storageGroupsFor, type StorageGroupEntry } from './storage.schema.js';

/** The storage groups that there are, of all CPCs. */
export class StorageGroups {
  /** By URI. */
  readonly #groups = new Map<string, StorageGroup>();

  list(): readonly StorageGroup[] {
    return [...this.#groups.values()];
  }

  add(group: StorageGroup): void {
    this.#groups.set(group.uri, group);
  }

  remove(group: StorageGroup): void {
    this.#groups.delete(group.uri);
  }

  /** Groups of this name: at most one per CPC. */
  named(name: string, cpc?: string): readonly StorageGroup[] {
    return this.list().filter((group) => group.name === name && (cpc === undefined || group.cpc.name === cpc));
  }

  /** The volume of this URI, of any group. */
  volume(uri: string): StorageVolume | undefined {
    const [groupUri = ''] = uri.split('/storage-volumes/');
    return this.#groups.get(groupUri)?.volumes.find((volume) => volume.uri === uri);
  }

  /** Throws 404,1 when there is none or the user may not see it: the HMC does not tell the difference. */
  visible(id: string, user: UserEntry): StorageGroup {
    const uri = `/api/storage-groups/${id}`;
    const group = this.#groups.get(uri);
    if (group === undefined || !group.isSeenBy(user)) throw refuse.notFound(uri);
    return group;
  }

  /** The group that a request body names. Throws 404,2, also for what the user may not see. */
  byUri(uri: string, user: UserEntry): StorageGroup {
    const group = this.#groups.get(uri);
    if (group === undefined || !group.isSeenBy(user)) throw refuse.namedObjectUnknown(uri);
    return group;
  }
}

/** A group of the inventory, with the partitions that it is to be attached to. */
export interface InventoryGroup {
  readonly group: StorageGroup;
  readonly attachTo: readonly Partition[];
}

/** The groups of an inventory, with the volumes that are there. The same names give the same identities in every run. */
export function groupsFromInventory(inventory: HmcInventory, { cpcs }: Estate): InventoryGroup[] {
  return cpcs.flatMap((cpc) => {
    const names = cpc.partitions.map(({ name }) => name);
    return storageGroupsFor(inventory.storage_groups, cpc.name, names).map((entry) => ({
      group: groupFromInventory(entry, cpc),
      attachTo: cpc.partitions.filter(({ name }) => entry.attached_to.includes(name)),
    }));
  });
}

function groupFromInventory(entry: StorageGroupEntry, cpc: Cpc): StorageGroup {
  const group = createGroup({
    id: stableUuid(cpc.name, 'storage-group', entry.name),
    cpc,
    type: entry.type,
    name: entry.name,
    description: entry.description,
    shared: entry.shared,
    connectivity: entry.connectivity,
    maxPartitions: mostPartitions(entry),
    grantedAs: entry.name,
    creator: null,
  });
  entry.volumes.forEach((given, index) => {
    const id = stableUuid(group.id, String(index));
    const volume = addVolume(
      {
        id,
        name: given.name,
        description: given.description,
        usage: given.usage,
        sizeGib: given.size_gib,
        promised: promiseFor(id, given.uuid),
        fulfilment: given.fulfilment,
      },
      group,
    );
    if (given.fulfilled) applyFulfilment(volume);
  });
  return group;
}

/** What the storage administrator will give a volume: always the same for the same volume. */
export function promiseFor(volumeId: string, uuid?: string): StorageVolume['promised'] {
  const digits = stableHex(volumeId);
  return {
    uuid: uuid ?? `6005076${digits.slice(0, 25)}`.toUpperCase(),
    targetWwpn: `500507630${digits.slice(25, 32)}`,
    lun: `40${digits.slice(32, 34)}40${digits.slice(34, 36)}00000000`,
  };
}
