/** Partition statuses of a CPC in DPM mode (hmc-dpm.md section 9). */
export const PARTITION_STATUSES = [
  'stopped',
  'starting',
  'active',
  'stopping',
  'degraded',
  'paused',
  'terminated',
  'reservation-error',
  'communications-not-active',
  'status-check',
] as const;
export type PartitionStatus = (typeof PARTITION_STATUSES)[number];

/** What a start can end in. */
export const START_ENDS = ['active', 'degraded', 'paused', 'terminated', 'reservation-error'] as const;
export type StartEnd = (typeof START_ENDS)[number];

/** LPAR statuses of a CPC in classic mode (hmc-dpm.md section 17). */
export const LPAR_STATUSES = [
  'not-activated',
  'not-operating',
  'operating',
  'exceptions',
  'acceptable',
  'status-check',
] as const;
export type LparStatus = (typeof LPAR_STATUSES)[number];

/** CPC statuses (hmc-dpm.md section 6). */
export const CPC_STATUSES = [
  'active',
  'operating',
  'degraded',
  'service-required',
  'exceptions',
  'service',
  'not-operating',
  'no-power',
  'not-communicating',
  'status-check',
] as const;
export type CpcStatus = (typeof CPC_STATUSES)[number];

/** A CPC in one of the others refuses operations on its partitions (409,6). */
export const USABLE_CPC_STATUSES: readonly CpcStatus[] = [
  'active',
  'operating',
  'degraded',
  'service-required',
  'exceptions',
];

export const PARTITION_TYPES = ['linux', 'ssc', 'zvm'] as const;
export type PartitionType = (typeof PARTITION_TYPES)[number];
