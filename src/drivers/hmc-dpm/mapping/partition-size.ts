import type { Flavor } from '../../../compute/contract/index.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import type { FlavorExtras } from './flavor-extras.js';

/** Properties of a partition that are its size, by their HMC names. */
export type SizeProperties = Readonly<Record<string, number | boolean | string>>;

type ProcessorType = 'ifl' | 'cp';

/** Those that an HMC changes of a stopped partition only (hmc-dpm.md section 7). */
const ONLY_STOPPED: readonly string[] = ['maximum-memory', 'processor-mode'];

/** The size of a new partition. */
export function newSize(flavor: Flavor, extras: FlavorExtras): SizeProperties {
  const type = extras.processor_type ?? 'ifl';
  return {
    [`${type}-processors`]: flavor.vcpus,
    'processor-mode': extras.processor_mode ?? 'shared',
    'initial-memory': flavor.memory_mib,
    'maximum-memory': extras.max_memory_mib ?? flavor.memory_mib,
    ...given(extras, type),
  };
}

/** What a flavor changes of a partition; nothing when it has that size. What it does not speak of stays. */
export function sizeChanges(flavor: Flavor, extras: FlavorExtras, partition: PartitionDetails): SizeProperties {
  const type = extras.processor_type ?? typeOf(partition);
  const other = type === 'ifl' ? 'cp' : 'ifl';
  const maximum = extras.max_memory_mib ?? Math.max(flavor.memory_mib, partition['maximum-memory'] ?? 0);
  const wanted: SizeProperties = {
    [`${type}-processors`]: flavor.vcpus,
    [`${other}-processors`]: 0,
    ...(extras.processor_mode === undefined ? {} : { 'processor-mode': extras.processor_mode }),
    'initial-memory': flavor.memory_mib,
    'maximum-memory': maximum,
    ...given(extras, type),
  };
  return differing(wanted, partition);
}

/** Those of these that a partition has otherwise. */
export function differing(properties: SizeProperties, partition: PartitionDetails): SizeProperties {
  return Object.fromEntries(Object.entries(properties).filter(([name, value]) => sizeValue(partition, name) !== value));
}

/** The values that these properties have now. */
export function sizeNow(properties: SizeProperties, partition: PartitionDetails): SizeProperties {
  return Object.fromEntries(
    Object.keys(properties).flatMap((name) => {
      const value = sizeValue(partition, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Does a partition have these? */
export function hasSize(properties: SizeProperties, partition: PartitionDetails): boolean {
  return Object.keys(differing(properties, partition)).length === 0;
}

/**
 * Why a running partition has to be stopped for these changes; undefined when it does not. Memory can be given to a running
 * operating system, within the maximum that it was started with, and is not taken away from it.
 */
export function stopReason(changes: SizeProperties, partition: PartitionDetails): string | undefined {
  const property = ONLY_STOPPED.find((name) => name in changes);
  if (property !== undefined) return `${property} of a running partition cannot be changed`;
  const memory = changes['initial-memory'];
  if (typeof memory === 'number' && memory < (partition['initial-memory'] ?? 0)) {
    return 'memory is not taken away from a running partition';
  }
  if ('ifl-processors' in changes && 'cp-processors' in changes) {
    return 'a running partition keeps its type of processors';
  }
  return undefined;
}

/** For people: "ifl-processors 2, initial-memory 4096". */
export function describeSize(properties: SizeProperties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function given(extras: FlavorExtras, type: ProcessorType): SizeProperties {
  const { initial_weight, minimum_weight, maximum_weight, reserve_resources } = extras;
  return Object.fromEntries(
    [
      [`initial-${type}-processing-weight`, initial_weight],
      [`minimum-${type}-processing-weight`, minimum_weight],
      [`maximum-${type}-processing-weight`, maximum_weight],
      ['reserve-resources', reserve_resources],
    ].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  ) as SizeProperties;
}

function typeOf(partition: PartitionDetails): ProcessorType {
  return (partition['cp-processors'] ?? 0) > 0 && (partition['ifl-processors'] ?? 0) === 0 ? 'cp' : 'ifl';
}

function sizeValue(partition: PartitionDetails, name: string): number | boolean | string | undefined {
  const value: unknown = Reflect.get(partition, name);
  const isAmount = name.endsWith('-processors');
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  return isAmount ? 0 : undefined;
}
