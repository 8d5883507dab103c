import { randomUUID } from 'node:crypto';
import { isDpm, isUsable } from './cpc.js';
import { refuse } from './hmc-error.js';
import type { Hmc } from './hmc.js';
import type { UserEntry } from './inventory.schema.js';
import type { Cpc, Partition } from './model.js';
import { deleteAllNics } from './network/nic-operations.js';
import { createPartition } from './partition.js';
import { checkNewPartition, checkPartitionUpdate, initialPartitionProperties } from './partition-properties.js';
import type { PartitionType } from './statuses.js';

type Fields = Readonly<Record<string, unknown>>;
type Surroundings = Pick<Hmc, 'estate' | 'machine' | 'changes' | 'level' | 'timing' | 'findBootVolume'>;

/** Carries out a Create Partition (hmc-dpm.md section 8). */
export function addPartition(hmc: Surroundings, cpc: Cpc, given: Fields, user: UserEntry): Partition {
  if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
  if (!isUsable(cpc)) throw refuse.cpcNotUsable(cpc.name, cpc.status);
  checkNewPartition(given, hmc.level);
  const { name, type = 'linux', ...rest } = given as Fields & { name: string; type?: PartitionType };
  checkName(hmc, cpc, name, null);
  const partition = createPartition({
    id: randomUUID(),
    cpc,
    name,
    type,
    startsAs: 'active',
    timing: hmc.timing,
    status: 'stopped',
    grantedAs: null,
    creator: user.name,
    stored: initialPartitionProperties({
      // Of the kind that it does not name it has none.
      'ifl-processors': 0,
      'cp-processors': 0,
      'short-name': shortName(cpc, name),
      ...rest,
    }),
  });
  checkBootDevice(hmc, partition, partition.stored);
  hmc.estate.add(partition);
  hmc.changes.emit({ kind: 'inventory', object: partition, action: 'add' });
  return partition;
}

/** Carries out an Update Partition Properties. */
export function updatePartition(hmc: Surroundings, partition: Partition, changes: Fields): void {
  const needsStopped = checkPartitionUpdate(partition.type, partition.stored, changes, hmc.level);
  checkName(hmc, partition.cpc, changes['name'], partition);
  checkBootDevice(hmc, partition, changes);
  hmc.machine.assertUpdatable(partition, needsStopped);
  hmc.estate.store(partition, changes);
}

/** Carries out a Delete Partition. What is attached to it is told by the change, and stays. */
export function deletePartition(hmc: Surroundings, partition: Partition): void {
  hmc.machine.assertUnlocked(partition, 'a deletion');
  hmc.machine.assertUpdatable(partition, true);
  deleteAllNics(hmc, partition);
  hmc.estate.remove(partition);
  hmc.changes.emit({ kind: 'inventory', object: partition, action: 'remove' });
}

function checkName({ estate }: Surroundings, cpc: Cpc, name: unknown, self: Partition | null): void {
  if (typeof name !== 'string') return;
  if (estate.named(name, cpc.name).some((other) => other !== self)) {
    throw refuse.notUnique('name', 'another partition of the CPC');
  }
}

/** The devices that are named must be there (hmc-dpm.md section 10). */
function checkBootDevice({ findBootVolume }: Surroundings, partition: Partition, changes: Fields): void {
  const { 'boot-network-device': nicUri, 'boot-storage-volume': volumeUri } = changes;
  if (typeof nicUri === 'string' && partition.nics.every(({ uri }) => uri !== nicUri)) {
    throw refuse.namedObjectUnknown(nicUri);
  }
  if (typeof volumeUri === 'string' && findBootVolume(partition, volumeUri) === undefined) {
    throw refuse.namedObjectUnknown(volumeUri);
  }
}

/** Up to eight capital letters and digits, unique in the CPC. */
function shortName(cpc: Cpc, name: string): string {
  const taken = new Set(cpc.partitions.map(({ stored }) => stored['short-name']));
  const base = name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '') || 'PART';
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : String(number);
    const candidate = base.slice(0, 8 - suffix.length) + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}
