import type { AdapterStatus } from './adapters/adapter.schema.js';
import type { ApiLevel } from './api-level.js';
import type { Changes } from './changes.js';
import { createCpc } from './cpc.js';
import type { PartitionDevices } from './devices.js';
import { firmwareFeatures } from './generation.js';
import { refuse } from './hmc-error.js';
import type { HmcInventory, UserEntry } from './inventory.schema.js';
import { hasUnacceptableLparStatus, logicalPartitionProperties } from './logical-partition.js';
import type { Adapter, Cpc, HmcObject, LogicalPartition, LparProperties, Partition, VirtualSwitch } from './model.js';
import { hasUnacceptableStatus, isRunning } from './partition.js';
import { PARTITION_PROPERTIES } from './partition-properties.js';
import { readableProperties } from './property-rules.js';
import type { LparStatus, PartitionStatus } from './statuses.js';

/** The machines behind the HMC. What happens to partitions is the partition machine's business. */
export class Estate {
  readonly cpcs: readonly Cpc[];
  readonly #partitions = new Map<string, Partition>();
  readonly #logicalPartitions = new Map<string, LogicalPartition>();

  constructor(
    inventory: HmcInventory,
    private readonly changes: Changes,
    private readonly devices: PartitionDevices,
    private readonly level: ApiLevel,
  ) {
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

  logicalPartition(id: string): LogicalPartition | undefined {
    return this.#logicalPartitions.get(id);
  }

  logicalPartitions(): readonly LogicalPartition[] {
    return [...this.#logicalPartitions.values()];
  }

  adapters(): readonly Adapter[] {
    return this.cpcs.flatMap(({ adapters }) => adapters);
  }

  add(partition: Partition): void {
    partition.cpc.partitions.push(partition);
    this.#partitions.set(partition.id, partition);
  }

  remove(partition: Partition): void {
    partition.cpc.partitions.splice(partition.cpc.partitions.indexOf(partition), 1);
    this.#partitions.delete(partition.id);
  }

  /** Partitions of this name: at most one per CPC. */
  named(name: string, cpc?: string): readonly Partition[] {
    return this.partitions().filter(
      (partition) => partition.name === name && (cpc === undefined || partition.cpc.name === cpc),
    );
  }

  /** Throws 404,1 when there is none or the user may not see it: the HMC does not tell the difference. */
  visibleCpc(id: string, user: UserEntry): Cpc {
    return visible(
      this.cpcs.find((cpc) => cpc.id === id),
      `/api/cpcs/${id}`,
      user,
    );
  }

  visiblePartition(id: string, user: UserEntry): Partition {
    return visible(this.#partitions.get(id), `/api/partitions/${id}`, user);
  }

  visibleLogicalPartition(id: string, user: UserEntry): LogicalPartition {
    return visible(this.#logicalPartitions.get(id), `/api/logical-partitions/${id}`, user);
  }

  visibleAdapter(id: string, user: UserEntry): Adapter {
    return visible(
      this.adapters().find((adapter) => adapter.id === id),
      `/api/adapters/${id}`,
      user,
    );
  }

  visibleVirtualSwitch(id: string, user: UserEntry): VirtualSwitch {
    const all = this.cpcs.flatMap(({ virtualSwitches }) => virtualSwitches);
    return visible(
      all.find((vswitch) => vswitch.id === id),
      `/api/virtual-switches/${id}`,
      user,
    );
  }

  setStatus(partition: Partition, status: PartitionStatus): void {
    const oldStatus = partition.status;
    if (oldStatus === status) return;
    partition.status = status;
    this.changes.emit({
      kind: 'status',
      object: partition,
      oldStatus,
      newStatus: status,
      hasUnacceptableStatus: hasUnacceptableStatus(partition),
    });
  }

  setAdapterStatus(adapter: Adapter, status: AdapterStatus): void {
    const oldStatus = adapter.status;
    if (oldStatus === status) return;
    adapter.status = status;
    this.changes.emit({
      kind: 'status',
      object: adapter,
      oldStatus,
      newStatus: status,
      hasUnacceptableStatus: status !== 'active',
    });
  }

  setLparStatus(lpar: LogicalPartition, status: LparStatus): void {
    const oldStatus = lpar.status;
    if (oldStatus === status) return;
    lpar.status = status;
    const hasUnacceptableStatus = hasUnacceptableLparStatus(lpar);
    this.changes.emit({ kind: 'status', object: lpar, oldStatus, newStatus: status, hasUnacceptableStatus });
  }

  storeLpar(lpar: LogicalPartition, changes: Partial<LparProperties>): void {
    const before = logicalPartitionProperties(lpar);
    lpar.stored = { ...lpar.stored, ...changes };
    this.changes.emitDifferences(lpar, before, logicalPartitionProperties(lpar));
  }

  /** Changes properties of a partition, the name among them, and tells of those that a read would show. */
  store(partition: Partition, changes: Readonly<Record<string, unknown>>): void {
    const before = this.properties(partition);
    const { name, ...rest } = changes;
    if (typeof name === 'string') partition.name = name;
    partition.stored = { ...partition.stored, ...rest };
    this.changes.emitDifferences(partition, before, this.properties(partition));
  }

  /** The properties of a partition as the HMC returns them. */
  properties(partition: Partition): Record<string, unknown> {
    const runs = isRunning(partition.status);
    const runsLinux = runs && partition.type === 'linux';
    const all = { ...partition.stored, ...this.devices.properties(partition) };
    const stored = readableProperties(PARTITION_PROPERTIES, all, this.level);
    const failed = runs ? this.devices.failedAdapters(partition).map(({ uri }) => uri) : [];
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
      ...(failed.length === 0 ? {} : { 'degraded-adapters': failed }),
      'reserved-memory': Number(stored['maximum-memory']) - Number(stored['initial-memory']),
      ...(this.level.hasFirmwareFeatures
        ? { 'available-features-list': firmwareFeatures(partition.cpc.generation) }
        : {}),
    };
  }
}

function visible<T extends HmcObject>(object: T | undefined, uri: string, user: UserEntry): T {
  if (object === undefined || !object.isSeenBy(user)) throw refuse.notFound(uri);
  return object;
}
