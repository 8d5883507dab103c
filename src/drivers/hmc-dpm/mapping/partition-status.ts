import type { ObservedState } from '../../../compute/state/power-state.js';

/** Every status of a partition (hmc-dpm.md section 9). Others may appear; they are unknown to us. */
const PARTITION_STATUSES = [
  'stopped',
  'starting',
  'active',
  'degraded',
  'paused',
  'stopping',
  'terminated',
  'reservation-error',
  'communications-not-active',
  'status-check',
] as const;
export type PartitionStatus = (typeof PARTITION_STATUSES)[number] | 'unknown';

/** The HMC's word as one that we know, or `unknown`. */
export function partitionStatus(word: string): PartitionStatus {
  return (PARTITION_STATUSES as readonly string[]).includes(word) ? (word as PartitionStatus) : 'unknown';
}

/** Does a partition of this status count against the number that can be active at once (hmc-dpm.md section 9)? */
export function isActivated(word: string): boolean {
  return ['active', 'degraded', 'paused', 'starting', 'stopping', 'terminated'].includes(word);
}

/** Does an operating system run in it? */
export function isRunning({ status }: { readonly status: string }): boolean {
  return observe(status, 0).powerState === 'running';
}

/** Is it on its way from one state to another? */
export function isMoving({ status }: { readonly status: string }): boolean {
  return status === 'starting' || status === 'stopping';
}

/** A partition's status in neutral words (DESIGN 7). */
export function observe(word: string, observedAt: number): ObservedState {
  return { ...neutral(partitionStatus(word)), nativeState: word, observedAt };
}

function neutral(status: PartitionStatus): Omit<ObservedState, 'nativeState' | 'observedAt'> {
  switch (status) {
    case 'stopped':
      return { powerState: 'shutdown', transition: null };
    case 'paused':
      return { powerState: 'shutdown', transition: null, holdsResources: true };
    case 'active':
    case 'degraded':
      return { powerState: 'running', transition: null };
    case 'terminated':
      return { powerState: 'crashed', transition: null };
    case 'starting':
    case 'stopping':
      return { powerState: 'nostate', transition: status };
    case 'reservation-error':
    case 'communications-not-active':
    case 'status-check':
    case 'unknown':
      return { powerState: 'nostate', transition: null };
  }
}
