import type { JsonValue } from '../../../common/errors/index.js';
import type {
  CallContext,
  Freshness,
  HostInfo,
  InfoOptions,
  InstanceInfo,
  InstanceSummary,
  InventoryOperations,
} from '../../../compute/contract/index.js';
import { logicalPartition, type LogicalPartition } from '../client/hmc-classic.js';
import { HmcError } from '../client/hmc-error.js';
import type { CpcProperties, PartitionDetails, PartitionItem } from '../client/hmc-schemas.js';
import { idOf } from '../client/hmc-uri.js';
import { hostStatus } from '../mapping/cpc-status.js';
import { partitionLimit } from '../mapping/partition-limit.js';
import { isActivated } from '../mapping/partition-status.js';
import { readCpcProperties } from './cpc-properties.js';
import { cpcMode, findCpc } from './cpc.js';
import { devicesOf } from './devices.js';
import { findInstance, listInstances, stateOf } from './find-instance.js';
import { explaining, isLparItem, type CpcPlace } from './hmc-place.js';
import { knownState } from './known-state.js';
import { NameCache } from './name-cache.js';
import { testHost } from './test-host.js';

/** What there is on a CPC. Semantics are the contract's. */
export function inventoryOperations(place: CpcPlace): InventoryOperations {
  const { cpc } = place;
  const names = new NameCache();
  return {
    listInstances: (ctx, freshness) =>
      explaining(place, { what: `listing the partitions of CPC ${cpc}`, subject: 'cpc' }, async () => {
        const known = knownState(ctx, place, freshness);
        // Why there are none, the HMC has to say.
        if (known !== undefined && known.items.length > 0) return summaries(known.items, known.observedAt);
        return summaries(await listInstances(ctx, place), ctx.clock.now());
      }),
    getInfo: (ctx, reference, options) =>
      explaining(place, { what: `reading partition ${reference}`, subject: 'cpc' }, () =>
        getInfo(ctx, place, names, reference, options),
      ),
    getHostInfo: (ctx) =>
      explaining(place, { what: `reading CPC ${cpc}`, subject: 'cpc' }, () => getHostInfo(ctx, place)),
    testHost: (ctx) => testHost(ctx, place),
  };
}

function summaries(items: readonly PartitionItem[], observedAt: number): InstanceSummary[] {
  return items.map((item) => ({
    name: item.name,
    id: idOf(item['object-uri']),
    state: stateOf(item, observedAt),
  }));
}

async function getInfo(
  ctx: CallContext,
  place: CpcPlace,
  names: NameCache,
  reference: string,
  options: InfoOptions | undefined,
): Promise<InstanceInfo> {
  const { item, partition, observedAt } =
    knownReading(ctx, place, reference, options) ??
    (await readKnown(ctx, place, names, reference)) ??
    (await findAndRead(ctx, place, names, reference));
  const { 'object-uri': uri, 'cpc-object-uri': cpcUri } = item;
  const isAskedFor = options?.devices === true && !isLparItem(item);
  const devices = isAskedFor ? await devicesOf(ctx, place.client(ctx), { uri, cpcUri, partition }) : undefined;
  return {
    name: partition.name,
    id: idOf(item['object-uri']),
    state: stateOf({ ...item, status: partition.status }, observedAt ?? ctx.clock.now()),
    vcpus: sum(partition['ifl-processors'], partition['cp-processors']),
    memoryMib: partition['initial-memory'] ?? null,
    maxMemoryMib: partition['maximum-memory'] ?? null,
    cpuTimeNs: null,
    ...(devices === undefined ? {} : { devices }),
    native: facts({
      cpc: item['cpc-name'],
      type: partition.type,
      description: partition.description,
      is_locked: partition['is-locked'],
      short_name: partition['short-name'],
      partition_id: partition['partition-id'],
      auto_start: partition['auto-start'],
      reserves_resources: partition['reserve-resources'],
      processor_mode: partition['processor-mode'],
      ifl_processors: partition['ifl-processors'],
      cp_processors: partition['cp-processors'],
      threads_per_processor: partition['threads-per-processor'],
      ...weights(partition),
      boot_device: partition['boot-device'],
      boot_storage_volume: partition['boot-storage-volume'],
      boot_network_device: partition['boot-network-device'],
      boot_iso_image: partition['boot-iso-image-name'],
      boot_timeout_s: partition['boot-timeout'],
      nics: partition['nic-uris']?.map(idOf),
      storage_groups: partition['storage-group-uris']?.map(idOf),
      degraded_adapters: partition['degraded-adapters']?.map(idOf),
      os_name: partition['os-name'],
      os_type: partition['os-type'],
      os_version: partition['os-version'],
      ...lparFacts(partition),
    }),
  };
}

/** Of the processors that it has. */
function weights(partition: PartitionDetails): Record<string, JsonValue | undefined> {
  const isShared = partition['processor-mode'] === 'shared';
  if (!isShared) return {};
  return (partition['cp-processors'] ?? 0) > 0
    ? {
        initial_weight: partition['initial-cp-processing-weight'],
        minimum_weight: partition['minimum-cp-processing-weight'],
        maximum_weight: partition['maximum-cp-processing-weight'],
      }
    : {
        initial_weight: partition['initial-ifl-processing-weight'],
        minimum_weight: partition['minimum-ifl-processing-weight'],
        maximum_weight: partition['maximum-ifl-processing-weight'],
      };
}

interface Reading {
  readonly item: PartitionItem;
  readonly partition: PartitionDetails & Partial<LogicalPartition>;
  /** Absent: now. */
  readonly observedAt?: number;
}

/** No request, when the HMC keeps us told of the partition and the caller can do with that. */
function knownReading(
  ctx: CallContext,
  place: CpcPlace,
  reference: string,
  freshness: Freshness | undefined,
): Reading | undefined {
  const known = knownState(ctx, place, freshness);
  const item = known?.find(reference);
  if (known === undefined || item === undefined || !known.hasFacts(item)) return undefined;
  return { item, partition: item, observedAt: known.observedAt };
}

/** What an LPAR in classic mode has and a partition in DPM mode has not. */
function lparFacts(lpar: Partial<LogicalPartition>): Record<string, JsonValue | undefined> {
  return {
    activation_mode: lpar['activation-mode'],
    next_activation_profile: lpar['next-activation-profile-name'],
    last_used_load_address: lpar['last-used-load-address'],
    last_used_load_parameter: lpar['last-used-load-parameter'],
  };
}

async function read(ctx: CallContext, place: CpcPlace, item: PartitionItem): Promise<Reading['partition']> {
  const client = place.client(ctx);
  const uri = item['object-uri'];
  return isLparItem(item)
    ? await logicalPartition(client, uri, ctx.signal)
    : await client.partitionDetails(uri, ctx.signal);
}

/** One request with API 4.10 and newer, two with older ones and for LPARs in classic mode. */
async function findAndRead(ctx: CallContext, place: CpcPlace, names: NameCache, reference: string): Promise<Reading> {
  const item = await findInstance(ctx, place, reference, true);
  if (!isLparItem(item) && (await place.client(ctx).listsFacts(ctx.signal))) return { item, partition: item };
  const partition = await read(ctx, place, item);
  names.set(reference, item, ctx.clock);
  return { item, partition };
}

/** One request, when the reference was found before and still means the same partition. */
async function readKnown(
  ctx: CallContext,
  place: CpcPlace,
  names: NameCache,
  reference: string,
): Promise<Reading | undefined> {
  const item = names.get(reference, ctx.clock);
  if (item === undefined) return undefined;
  try {
    const partition = await read(ctx, place, item);
    if (partition.name === item.name) return { item, partition };
  } catch (error) {
    if (!(error instanceof HmcError && error.isNotThere)) throw error;
  }
  names.forget(reference);
  return undefined;
}

const HYPERVISORS = { dpm: 'IBM Dynamic Partition Manager', classic: 'IBM PR/SM' } as const;

async function getHostInfo(ctx: CallContext, place: CpcPlace): Promise<HostInfo> {
  const cpc = await findCpc(ctx, place);
  const mode = cpcMode(cpc);
  const partitions = await listInstances(ctx, place);
  const properties = await readCpcProperties(ctx, place, cpc);
  const ifls = properties['processor-count-ifl'];
  const cps = properties['processor-count-general-purpose'];
  return {
    hypervisor: `${HYPERVISORS[mode]}${cpc['se-version'] ? `, SE ${cpc['se-version']}` : ''}`,
    status: hostStatus(cpc.status),
    nativeStatus: cpc.status,
    instances: partitions.length,
    running: partitions.filter((item) => stateOf(item, 0).powerState === 'running').length,
    vcpus: sum(ifls, cps),
    memoryMib: properties['storage-customer'] ?? null,
    native: facts({
      cpc: cpc.name,
      mode,
      id: idOf(cpc['object-uri']),
      se_version: cpc['se-version'],
      machine_type: properties['machine-type'],
      machine_model: properties['machine-model'],
      machine_serial_number: properties['machine-serial-number'],
      ifl_processors: ifls,
      cp_processors: cps,
      ...(mode === 'dpm' ? activeFacts(partitions, properties) : {}),
    }),
    observedAt: ctx.clock.now(),
  };
}

/** How many partitions are active, and how many can be, as far as that is known of the machine. */
function activeFacts(
  partitions: readonly PartitionItem[],
  { 'machine-type': type, 'machine-model': model }: Partial<CpcProperties>,
): Record<string, JsonValue | undefined> {
  return {
    active_partitions: partitions.filter(({ status }) => isActivated(status)).length,
    maximum_active_partitions: partitionLimit(type, model),
  };
}

function sum(...amounts: (number | null | undefined)[]): number | null {
  const known = amounts.filter((amount) => typeof amount === 'number');
  return known.length === 0 ? null : known.reduce((total, amount) => total + amount, 0);
}

function facts(values: Record<string, JsonValue | undefined>): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  );
}
