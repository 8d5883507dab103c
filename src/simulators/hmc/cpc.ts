import { createAdapters } from './adapters/adapter.js';
import { DEFAULT_ADAPTERS } from './adapters/adapter.schema.js';
import { firmwareFeatures, hasVirtualSwitches, MACHINES, maximumPartitions } from './generation.js';
import { partitionsOf, type CpcEntry, type Timing } from './inventory.schema.js';
import { logicalPartitionFromInventory } from './logical-partition.js';
import type { Adapter, Cpc, VirtualSwitch } from './model.js';
import { createVirtualSwitches } from './network/virtual-switch.js';
import { canSeeCpc } from './object-access.js';
import { stableUuid } from './object-id.js';
import { partitionFromInventory } from './partition.js';
import { USABLE_CPC_STATUSES } from './statuses.js';

export const isDpm = (cpc: Cpc): boolean => cpc.entry.mode === 'dpm';

export const seVersion = (cpc: Cpc): string => cpc.entry.se_version ?? MACHINES[cpc.generation].seVersion;

/** Whether operations can be carried out on what the CPC hosts. */
export const isUsable = (cpc: Cpc): boolean => USABLE_CPC_STATUSES.includes(cpc.status);

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

/** A CPC and all that an inventory says is in it. */
export function createCpc(entry: CpcEntry, timing: Timing): Cpc {
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
    cpc.logicalPartitions.push(
      ...entry.logical_partitions.map((lpar) => logicalPartitionFromInventory(lpar, cpc, timing)),
    );
  }
  return cpc;
}
