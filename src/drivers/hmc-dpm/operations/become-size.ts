import type { PlannedStep } from '../../../compute/contract/index.js';
import type { Partition, PartitionDetails } from '../client/hmc-schemas.js';
import { DPM_RULES } from '../mapping/mode-rules.js';
import { isRunning } from '../mapping/partition-status.js';
import { obstacle } from '../mapping/planned-steps.js';
import { describeSize, stopReason, type SizeProperties } from '../mapping/partition-size.js';
import { bringTo } from './bring-to.js';
import { ensureProperties } from './ensure-properties.js';
import { halt } from './halt.js';
import type { PartitionChange } from './partition-change.js';

/** Another size of a partition, and what its description says of that. */
export interface SizeWrite {
  /** What is another; nothing when only the description is. */
  readonly changes: SizeProperties;
  readonly description: string;
  /** Does the partition have both? */
  readonly isSo: (partition: PartitionDetails) => boolean;
  /** Stable word for the journal. */
  readonly step: string;
  /** As nouns and as what is done, for people. */
  readonly noun: string;
  readonly doing: string;
}

/**
 * Gives a partition another size in one request. It is stopped before where that is needed, and only there; afterwards it runs
 * when it is to.
 *
 * @param partition as it was read this moment
 * @throws ComputeError STATE_CONFLICT when it could not be started again; as `settle` and `bringTo`
 */
export async function becomeSize(
  change: PartitionChange,
  partition: PartitionDetails,
  { changes, description, ...write }: SizeWrite,
  isToRun: boolean,
): Promise<Partition> {
  const why = stopReason(changes, partition);
  if (why !== undefined && partition.status !== 'stopped') {
    const obstructed = stopObstacle(partition);
    if (obstructed !== undefined) {
      const text = `partition ${partition.name} cannot be stopped for it (${why}): ${obstructed}`;
      throw change.error('STATE_CONFLICT', text, partition.status);
    }
    change.ctx.progress(`stopping partition ${partition.name}: ${why}`);
    await halt(change, partition);
  }
  const { found } = await ensureProperties(change, { ...write, properties: { ...changes, description } });
  if (!isToRun) return found;
  return (await bringTo(change, 'running', found)).partition;
}

/** What {@link becomeSize} would do. */
export function sizeSteps(partition: PartitionDetails, changes: SizeProperties): PlannedStep[] {
  const { name, status } = partition;
  const why = stopReason(changes, partition);
  const isStopped = why !== undefined && status !== 'stopped';
  const runs = isRunning(partition);
  const how = runs && !isStopped ? ', while it runs' : '';
  return [
    ...(isStopped ? [{ action: 'stop', description: `stop partition ${name}: ${why}` }] : []),
    { action: 'resize', description: `give partition ${name} ${describeSize(changes)}${how}` },
    ...(isStopped && runs ? [{ action: 'start', description: `start partition ${name}` }] : []),
  ];
}

/** Why a partition cannot be stopped for a while; undefined when it can. */
export function stopObstacle(partition: PartitionDetails): string | undefined {
  return obstacle(DPM_RULES, isRunning(partition) ? 'reboot' : 'powerOff', partition);
}
