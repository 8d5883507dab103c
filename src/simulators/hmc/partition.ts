import { definedOnly } from '../../common/defined-only.js';
import type { PartitionEntry, Timing } from './inventory.schema.js';
import type { Cpc, Partition } from './model.js';
import { nicsFromInventory } from './network/nic.js';
import { canSeeCreated } from './object-access.js';
import { stableUuid } from './object-id.js';
import { initialPartitionProperties } from './partition-properties.js';
import type { PartitionStatus } from './statuses.js';

export const isRunning = (status: PartitionStatus): boolean => status === 'active' || status === 'degraded';

export function hasUnacceptableStatus(partition: Partition): boolean {
  const acceptable = partition.stored['acceptable-status'];
  return !(Array.isArray(acceptable) && acceptable.includes(partition.status));
}

export function partitionFromInventory(entry: PartitionEntry, cpc: Cpc, timing: Timing): Partition {
  const partition = createPartition({
    id: entry.object_id ?? stableUuid(cpc.name, entry.name),
    cpc,
    type: entry.type,
    startsAs: entry.starts_as,
    timing: { ...timing, ...definedOnly(entry.timing ?? {}) },
    name: entry.name,
    status: entry.status,
    grantedAs: entry.name,
    creator: null,
    stored: initialPartitionProperties(entry.properties),
  });
  partition.nics.push(...nicsFromInventory(entry.nics, partition));
  const bootNic = partition.nics.find(({ name }) => name === partition.stored['boot-network-device']);
  if (bootNic !== undefined) partition.stored = { ...partition.stored, 'boot-network-device': bootNic.uri };
  return partition;
}

type NewPartition = Pick<
  Partition,
  'id' | 'cpc' | 'type' | 'startsAs' | 'timing' | 'name' | 'status' | 'grantedAs' | 'creator' | 'stored'
>;

export function createPartition(of: NewPartition): Partition {
  const partition: Partition = {
    ...of,
    uri: `/api/partitions/${of.id}`,
    class: 'partition',
    parent: null,
    isSeenBy: (user) => canSeeCreated(user, partition, 'partitions'),
    nics: [],
    dumps: [],
    booted: null,
    iso: null,
  };
  return partition;
}
