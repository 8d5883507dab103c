import { createAdapters, type Adapter } from './adapters/adapter.js';
import { DEFAULT_ADAPTERS } from './adapters/adapter.schema.js';
import type { ApiLevel } from './api-level.js';
import type { Changes, HmcObject } from './changes.js';
import type { PartitionDevices } from './devices.js';
import { firmwareFeatures, hasVirtualSwitches, MACHINES, maximumPartitions, type Generation } from './generation.js';
import { refuse } from './hmc-error.js';
import {
  partitionsOf,
  type CpcEntry,
  type HmcInventory,
  type PartitionEntry,
  type Timing,
  type UserEntry,
} from './inventory.schema.js';
import { nicsFromInventory, type Nic } from './network/nic.js';
import { createVirtualSwitches, type VirtualSwitch } from './network/virtual-switch.js';
import { canSeeChild, canSeeCpc } from './object-access.js';
import { stableUuid } from './object-id.js';
import { initialPartitionProperties, PARTITION_PROPERTIES } from './partition-properties.js';
import { readableProperties } from './property-rules.js';
import {
  USABLE_CPC_STATUSES,
  type CpcStatus,
  type LparStatus,
  type PartitionStatus,
  type PartitionType,
} from './statuses.js';

export interface Cpc extends HmcObject {
  readonly id: string;
  readonly entry: CpcEntry;
  readonly generation: Generation;
  readonly partitions: Partition[];
  readonly logicalPartitions: LogicalPartition[];
  readonly adapters: readonly Adapter[];
  /** Empty from z17 on. */
  readonly virtualSwitches: readonly VirtualSwitch[];
  status: CpcStatus;
}

/** What the user permissions of a partition rest on. */
interface Granted {
  /** The name by which an inventory grants access to it; null for what was created since. */
  readonly grantedAs: string | null;
  /** The user that created it. */
  readonly creator: string | null;
}

export interface Partition extends HmcObject, Granted {
  readonly id: string;
  readonly cpc: Cpc;
  readonly type: PartitionType;
  readonly startsAs: PartitionEntry['starts_as'];
  readonly timing: Timing;
  readonly nics: Nic[];
  name: string;
  /** Changed through {@link Estate.setStatus}, so that it is told of. */
  status: PartitionStatus;
  /** Changed through {@link Estate.store}, so that it is told of. */
  stored: Readonly<Record<string, unknown>>;
}

export interface LogicalPartition extends HmcObject, Granted {
  readonly id: string;
  readonly cpc: Cpc;
  readonly activationMode: string;
  status: LparStatus;
}

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

  logicalPartitions(): readonly LogicalPartition[] {
    return [...this.#logicalPartitions.values()];
  }

  adapters(): readonly Adapter[] {
    return this.cpcs.flatMap(({ adapters }) => adapters);
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
    const stored = readableProperties(PARTITION_PROPERTIES, partition.stored, this.level);
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
      ...this.devices.properties(partition),
      ...(failed.length === 0 ? {} : { 'degraded-adapters': failed }),
      'available-features-list': firmwareFeatures(partition.cpc.generation),
    };
  }
}

function visible<T extends HmcObject>(object: T | undefined, uri: string, user: UserEntry): T {
  if (object === undefined || !object.isSeenBy(user)) throw refuse.notFound(uri);
  return object;
}

export const isDpm = (cpc: Cpc): boolean => cpc.entry.mode === 'dpm';

export const seVersion = (cpc: Cpc): string => cpc.entry.se_version ?? MACHINES[cpc.generation].seVersion;

/** Whether operations can be carried out on what the CPC hosts. */
export const isUsable = (cpc: Cpc): boolean => USABLE_CPC_STATUSES.includes(cpc.status);

export const isRunning = (status: PartitionStatus): boolean => status === 'active' || status === 'degraded';

/** The properties of a CPC as the HMC returns them. */
export function cpcProperties(cpc: Cpc): Record<string, unknown> {
  const machine = MACHINES[cpc.generation];
  const given = cpc.entry.properties;
  const { 'machine-type': type = machine.type, 'machine-model': model = machine.model } = given;
  return {
    'object-uri': cpc.uri,
    'object-id': cpc.id,
    parent: null,
    class: 'cpc',
    name: cpc.name,
    description: '',
    status: cpc.status,
    'has-unacceptable-status': !isUsable(cpc),
    'acceptable-status': ['active', 'operating'],
    'dpm-enabled': isDpm(cpc),
    'iml-mode': isDpm(cpc) ? 'dpm' : 'lpar',
    'se-version': seVersion(cpc),
    'machine-type': type,
    'machine-model': model,
    'machine-serial-number': cpc.id.slice(0, 12).replace('-', '').toUpperCase(),
    'processor-count-ifl': 68,
    'processor-count-general-purpose': 0,
    'storage-customer': 16_777_216,
    'maximum-partitions': maximumPartitions(type, model),
    'degraded-status': [],
    'available-features-list': isDpm(cpc) ? firmwareFeatures(cpc.generation) : [],
    ...given,
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
  const adapters: Adapter[] = [];
  const virtualSwitches: VirtualSwitch[] = [];
  const cpc: Cpc = {
    id,
    uri: `/api/cpcs/${id}`,
    class: 'cpc',
    name: entry.name,
    parent: null,
    isSeenBy: (user) => canSeeCpc(user, cpc),
    entry,
    generation: entry.generation,
    partitions: [],
    logicalPartitions: [],
    adapters,
    virtualSwitches,
    status: entry.status,
  };
  if (entry.mode === 'dpm') {
    const adapterEntries = entry.adapters ?? DEFAULT_ADAPTERS;
    adapters.push(...createAdapters(adapterEntries, cpc));
    if (hasVirtualSwitches(cpc.generation)) {
      const names = new Map(adapterEntries.map((adapter) => [adapter.name, adapter.virtual_switches ?? []]));
      virtualSwitches.push(
        ...adapters.flatMap((adapter) => createVirtualSwitches(adapter, names.get(adapter.name) ?? [])),
      );
    }
    cpc.partitions.push(...partitionsOf(entry).map((partition) => partitionFromInventory(partition, cpc, timing)));
  } else {
    cpc.logicalPartitions.push(...entry.logical_partitions.map((lpar) => createLogicalPartition(lpar, cpc)));
  }
  return cpc;
}

function createLogicalPartition(
  {
    name,
    status,
    activation_mode: activationMode,
  }: Extract<CpcEntry, { mode: 'classic' }>['logical_partitions'][number],
  cpc: Cpc,
): LogicalPartition {
  const id = stableUuid(cpc.name, name);
  const lpar: LogicalPartition = {
    id,
    uri: `/api/logical-partitions/${id}`,
    class: 'logical-partition',
    name,
    parent: null,
    isSeenBy: (user) => canSeeChild(user, lpar),
    grantedAs: name,
    creator: null,
    cpc,
    activationMode,
    status,
  };
  return lpar;
}

function partitionFromInventory(entry: PartitionEntry, cpc: Cpc, timing: Timing): Partition {
  const overrides = Object.entries(entry.timing ?? {}).filter(([, value]) => value !== undefined);
  const partition = createPartition({
    id: entry.object_id ?? stableUuid(cpc.name, entry.name),
    cpc,
    type: entry.type,
    startsAs: entry.starts_as,
    timing: { ...timing, ...Object.fromEntries(overrides) },
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

function createPartition(of: NewPartition): Partition {
  const partition: Partition = {
    ...of,
    uri: `/api/partitions/${of.id}`,
    class: 'partition',
    parent: null,
    isSeenBy: (user) => canSeeChild(user, partition),
    nics: [],
  };
  return partition;
}
