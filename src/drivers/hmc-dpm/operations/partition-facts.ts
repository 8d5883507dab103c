import { HmcError } from '../client/hmc-error.js';
import type { Partition } from '../client/hmc-schemas.js';
import type { HmcChange } from './hmc-change.js';

/** The CPC of a partition that was read by itself. @throws HmcError when the HMC does not say */
export function cpcUriOf({ parent, name }: Partition): string {
  if (typeof parent === 'string') return parent;
  throw new HmcError({ kind: 'unreadable', changes: false, text: `partition ${name} comes without its CPC (parent)` });
}

/** Whoever locks a partition wants it left alone. @throws ComputeError STATE_CONFLICT */
export function refuseLocked(change: HmcChange, partition: Partition): void {
  if (partition['is-locked'] !== true) return;
  throw change.error(
    'STATE_CONFLICT',
    `partition ${partition.name} is locked on the HMC against disruptive tasks; unlock it there first`,
    partition.status,
  );
}
