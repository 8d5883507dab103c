import { createHash } from 'node:crypto';
import { refuse } from './hmc-error.js';
import {
  partitionsOf,
  type CpcEntry,
  type HmcInventory,
  type PartitionEntry,
  type Timing,
  type UserEntry,
} from './inventory.schema.js';
import { initialPartitionProperties, readablePartitionProperties } from './partition-properties.js';
import { USABLE_CPC_STATUSES, type LparStatus, type PartitionStatus, type PartitionType } from './statuses.js';

export interface Cpc {
  readonly id: string;
  readonly uri: string;
  readonly name: string;
  readonly entry: CpcEntry;
  readonly partitions: Partition[];
  readonly logicalPartitions: LogicalPartition[];
}

export interface Partition {
  readonly id: string;
  readonly uri: string;
  readonly cpc: Cpc;
  readonly type: PartitionType;
  readonly startsAs: PartitionEntry['starts_as'];
  readonly timing: Timing;
  name: string;
  status: PartitionStatus;
  stored: Record<string, unknown>;
}

export interface LogicalPartition {
  readonly id: string;
  readonly uri: string;
  readonly cpc: Cpc;
  readonly name: string;
  readonly activationMode: string;
  status: LparStatus;
}

/** The machines behind the HMC. What happens to partitions is the partition machine's business. */
export class Estate {
  readonly cpcs: readonly Cpc[];
  readonly #partitions = new Map<string, Partition>();
  readonly #logicalPartitions = new Map<string, LogicalPartition>();

  constructor(inventory: HmcInventory) {
    this.cpcs = inventory.cpcs.map((entry) => createCpc(entry, inventory.timing));
    for (const cpc of this.cpcs) {
      for (const partition of cpc.partitions) this.#partitions.set(partition.id, partition);
      for (const lpar of cpc.logicalPartitions) this.#logicalPartitions.set(lpar.id, lpar);
    }
  }

  partition(id: string): Partition | undefined {
    return this.#partitions.get(id);
  }

  /** All partitions, CPC by CPC. */
  partitions(): readonly Partition[] {
    return [...this.#partitions.values()];
  }

  logicalPartitions(): readonly LogicalPartition[] {
    return [...this.#logicalPartitions.values()];
  }

  /** Partitions of this name: at most one per CPC. */
  named(name: string, cpc?: string): readonly Partition[] {
    return this.partitions().filter(
      (partition) => partition.name === name && (cpc === undefined || partition.cpc.name === cpc),
    );
  }

  /** Throws 404,1 when there is none or the user may not see it: the HMC does not tell the difference. */
  visibleCpc(id: string, user: UserEntry): Cpc {
    const cpc = this.cpcs.find((candidate) => candidate.id === id);
    if (cpc === undefined || !canSeeCpc(user, cpc)) throw refuse.notFound(`/api/cpcs/${id}`);
    return cpc;
  }

  visiblePartition(id: string, user: UserEntry): Partition {
    const partition = this.#partitions.get(id);
    if (partition === undefined || !canSeeChild(user, partition)) throw refuse.notFound(`/api/partitions/${id}`);
    return partition;
  }

  visibleLogicalPartition(id: string, user: UserEntry): LogicalPartition {
    const lpar = this.#logicalPartitions.get(id);
    if (lpar === undefined || !canSeeChild(user, lpar)) throw refuse.notFound(`/api/logical-partitions/${id}`);
    return lpar;
  }
}

/** Object access to the CPC itself. */
export function canSeeCpc(user: UserEntry, cpc: Cpc): boolean {
  return user.sees === 'everything' || user.sees.some((grant) => grant.cpc === cpc.name && grant.cpc_itself);
}

/** Object access to a partition or logical partition. */
export function canSeeChild(user: UserEntry, child: { readonly name: string; readonly cpc: Cpc }): boolean {
  return (
    user.sees === 'everything' ||
    user.sees.some(
      (grant) => grant.cpc === child.cpc.name && (grant.partitions === 'all' || grant.partitions.includes(child.name)),
    )
  );
}

export const isDpm = (cpc: Cpc): boolean => cpc.entry.mode === 'dpm';

/** Whether operations can be carried out on what the CPC hosts. */
export const isUsable = (cpc: Cpc): boolean => USABLE_CPC_STATUSES.includes(cpc.entry.status);

/** The properties of a CPC as the HMC returns them. */
export function cpcProperties(cpc: Cpc): Record<string, unknown> {
  return {
    'object-uri': cpc.uri,
    'object-id': cpc.id,
    parent: null,
    class: 'cpc',
    name: cpc.name,
    description: '',
    status: cpc.entry.status,
    'has-unacceptable-status': !isUsable(cpc),
    'acceptable-status': ['active', 'operating'],
    'dpm-enabled': isDpm(cpc),
    'iml-mode': isDpm(cpc) ? 'dpm' : 'lpar',
    'se-version': cpc.entry.se_version,
    'machine-type': '3931',
    'machine-model': 'LA1',
    'machine-serial-number': cpc.id.slice(0, 12).replace('-', '').toUpperCase(),
    'processor-count-ifl': 68,
    'processor-count-general-purpose': 0,
    'storage-customer': 16_777_216,
    'maximum-partitions': 85,
    'degraded-status': [],
    'available-features-list': [],
    ...cpc.entry.properties,
  };
}

/** The properties of a partition as the HMC returns them. */
export function partitionProperties(partition: Partition): Record<string, unknown> {
  const runs = partition.status === 'active' || partition.status === 'degraded';
  const runsLinux = runs && partition.type === 'linux';
  const stored = readablePartitionProperties(partition.stored);
  return {
    'object-uri': partition.uri,
    'object-id': partition.id,
    parent: partition.cpc.uri,
    class: 'partition',
    name: partition.name,
    type: partition.type,
    status: partition.status,
    'has-unacceptable-status': hasUnacceptableStatus(partition),
    ...stored,
    'os-name': runsLinux && stored['os-name'] === '' ? partition.name : stored['os-name'],
    'os-type': runsLinux && stored['os-type'] === '' ? 'Linux' : stored['os-type'],
  };
}

export function hasUnacceptableStatus(partition: Partition): boolean {
  const acceptable = partition.stored['acceptable-status'];
  return !(Array.isArray(acceptable) && acceptable.includes(partition.status));
}

/** The properties of a logical partition as the HMC returns them. */
export function logicalPartitionProperties(lpar: LogicalPartition): Record<string, unknown> {
  return {
    'object-uri': lpar.uri,
    'object-id': lpar.id,
    parent: lpar.cpc.uri,
    class: 'logical-partition',
    name: lpar.name,
    status: lpar.status,
    'has-unacceptable-status': lpar.status !== 'operating',
    'activation-mode': lpar.activationMode,
    'next-activation-profile-name': lpar.name,
    'last-used-load-address': '00000',
    'last-used-load-parameter': '',
  };
}

function createCpc(entry: CpcEntry, timing: Timing): Cpc {
  const id = entry.object_id ?? stableUuid(entry.name);
  const cpc: Cpc = { id, uri: `/api/cpcs/${id}`, name: entry.name, entry, partitions: [], logicalPartitions: [] };
  if (entry.mode === 'dpm') {
    cpc.partitions.push(...partitionsOf(entry).map((partition) => createPartition(partition, cpc, timing)));
  } else {
    for (const { name, status, activation_mode: activationMode } of entry.logical_partitions) {
      const lparId = stableUuid(entry.name, name);
      const uri = `/api/logical-partitions/${lparId}`;
      cpc.logicalPartitions.push({ id: lparId, uri, cpc, name, status, activationMode });
    }
  }
  return cpc;
}

function createPartition(entry: PartitionEntry, cpc: Cpc, timing: Timing): Partition {
  const id = entry.object_id ?? stableUuid(cpc.name, entry.name);
  const overrides = Object.entries(entry.timing ?? {}).filter(([, value]) => value !== undefined);
  return {
    id,
    uri: `/api/partitions/${id}`,
    cpc,
    type: entry.type,
    startsAs: entry.starts_as,
    timing: { ...timing, ...Object.fromEntries(overrides) },
    name: entry.name,
    status: entry.status,
    stored: initialPartitionProperties(entry.properties),
  };
}

/** The same names give the same object ids in every run, so that what a client remembers stays true. */
export function stableUuid(...names: string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(names)).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `4${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}
