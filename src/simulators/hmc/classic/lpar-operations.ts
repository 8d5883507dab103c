import type { Task } from '../inventory.schema.js';
import type { LparStatus } from '../statuses.js';

/** Operations on a logical partition of a CPC in classic mode (hmc-dpm.md section 17). */
export const LPAR_OPERATIONS = [
  'activate',
  'deactivate',
  'load',
  'scsi-load',
  'scsi-dump',
  'nvme-load',
  'nvme-dump',
  'load-from-ftp',
  'reset-clear',
  'reset-normal',
  'start',
  'stop',
  'psw-restart',
] as const;
export type LparOperation = (typeof LPAR_OPERATIONS)[number];

type DurationOf = 'activate_ms' | 'deactivate_ms' | 'load_ms' | 'reset_ms' | 'psw_restart_ms';

export interface LparOperationRule {
  readonly task: Task;
  readonly duration: DurationOf;
  /** Fields of the body, those that must be there and those that may. */
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  /** Statuses in which the support element refuses it (500,263); `without force` unless that is in the body. */
  readonly refusedIn?: { readonly always?: readonly LparStatus[]; readonly withoutForce?: readonly LparStatus[] };
  /** Refused with 409,0 in `not-activated`. */
  readonly needsActivation: boolean;
  readonly endsAs: LparStatus;
}

const LOAD_OPTIONS = ['load-parameter', 'clear-indicator', 'store-status-indicator', 'secure-boot', 'force'];
const SCSI_OPTIONS = [
  ...LOAD_OPTIONS,
  'disk-partition-id',
  'operating-system-specific-load-parameters',
  'boot-record-logical-block-address',
  'os-ipl-token',
];
const SCSI_DEVICE = ['load-address', 'world-wide-port-name', 'logical-unit-number'];

const loading: LparOperationRule = {
  task: 'load',
  duration: 'load_ms',
  needsActivation: true,
  refusedIn: { withoutForce: ['operating'] },
  endsAs: 'operating',
};
const dumping: LparOperationRule = { ...loading, refusedIn: {}, endsAs: 'not-operating' };
const processors = { duration: 'reset_ms', needsActivation: true } as const;

export const LPAR_RULES: Readonly<Record<LparOperation, LparOperationRule>> = {
  activate: {
    task: 'activate',
    duration: 'activate_ms',
    optional: ['activation-profile-name', 'force'],
    needsActivation: false,
    refusedIn: { withoutForce: ['operating'] },
    endsAs: 'not-operating',
  },
  deactivate: {
    task: 'deactivate',
    duration: 'deactivate_ms',
    optional: ['force'],
    needsActivation: false,
    refusedIn: { always: ['not-activated'], withoutForce: ['operating'] },
    endsAs: 'not-activated',
  },
  load: { ...loading, optional: ['load-address', ...LOAD_OPTIONS] },
  'scsi-load': { ...loading, required: SCSI_DEVICE, optional: SCSI_OPTIONS },
  'scsi-dump': { ...dumping, required: SCSI_DEVICE, optional: SCSI_OPTIONS },
  'nvme-load': { ...loading, required: ['load-address'], optional: SCSI_OPTIONS },
  'nvme-dump': { ...dumping, required: ['load-address'], optional: SCSI_OPTIONS },
  'load-from-ftp': {
    ...loading,
    required: ['host-name', 'user-name', 'password', 'file-path'],
    optional: ['protocol', 'force'],
  },
  'reset-clear': {
    task: 'reset-clear',
    duration: 'reset_ms',
    optional: ['force', 'os-ipl-token'],
    needsActivation: true,
    refusedIn: { withoutForce: ['operating'] },
    endsAs: 'not-operating',
  },
  'reset-normal': {
    task: 'reset-normal',
    duration: 'reset_ms',
    optional: ['force', 'os-ipl-token'],
    needsActivation: true,
    refusedIn: { withoutForce: ['operating'] },
    endsAs: 'not-operating',
  },
  start: { ...processors, task: 'start-all-processors', endsAs: 'operating' },
  stop: { ...processors, task: 'stop-all-processors', endsAs: 'not-operating' },
  'psw-restart': { task: 'psw-restart', duration: 'psw_restart_ms', needsActivation: true, endsAs: 'operating' },
};
