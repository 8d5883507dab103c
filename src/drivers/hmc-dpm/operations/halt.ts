import { bringTo } from './bring-to.js';
import type { PartitionChange, Seen } from './partition-change.js';
import { takeStep } from './step.js';

/**
 * Brings a partition to `stopped` by the letter, as some of the HMC's operations want it: one that could not reserve what it
 * needs counts as stopped, and is not.
 *
 * @param known the partition, when it was read this moment
 * @throws as {@link bringTo}
 */
export async function halt(change: PartitionChange, known?: Seen): Promise<Seen> {
  const { partition } = await bringTo(change, 'stopped', known);
  if (partition.status !== 'reservation-error') return partition;
  const end = await takeStep(change, { step: 'stop' });
  if (end.kind === 'refused') throw end.error;
  return end.partition;
}
