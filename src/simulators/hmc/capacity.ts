import { cpcProperties } from './cpc.js';
import type { Cpc, Partition } from './model.js';
import type { PartitionStatus } from './statuses.js';

/** Statuses in which a partition holds its processors and memory (hmc-dpm.md section 9). */
const HOLDING: readonly PartitionStatus[] = ['active', 'degraded', 'paused', 'terminated', 'stopping'];

const amount = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Whether the CPC has the processors and the memory that the partition is to get. */
export function hasRoomFor(partition: Partition): boolean {
  const { cpc, stored } = partition;
  const machine = cpcProperties(cpc);
  const others = cpc.partitions.filter(
    (other) => other !== partition && (HOLDING.includes(other.status) || other.stored['reserve-resources'] === true),
  );
  const sum = (of: readonly Partition[], property: string): number =>
    of.reduce((total, each) => total + amount(each.stored[property]), 0);
  const dedicated = others.filter((other) => other.stored['processor-mode'] === 'dedicated');
  const hasProcessors = (property: string, total: string): boolean =>
    amount(stored[property]) <= amount(machine[total]) - sum(dedicated, property);
  return (
    hasProcessors('ifl-processors', 'processor-count-ifl') &&
    hasProcessors('cp-processors', 'processor-count-general-purpose') &&
    sum([...others, partition], 'initial-memory') <= amount(machine['storage-customer'])
  );
}

/** Whether the CPC may have one more active partition; `maximum-partitions` says how many. */
export function mayStartAnother(cpc: Cpc): boolean {
  const up = cpc.partitions.filter(({ status }) => status === 'starting' || HOLDING.includes(status)).length;
  return up < amount(cpcProperties(cpc)['maximum-partitions']);
}
