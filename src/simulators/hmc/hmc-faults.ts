import { FaultRegistry, type FaultTarget } from '../kit/faults.js';
import type { HmcFault } from './fault.schema.js';
import type { NotificationType } from './notifications/notification-types.js';
import type { OperationFault } from './activities.js';
import { LPAR_OPERATIONS } from './classic/lpar-operations.js';
import { POWER_OPERATIONS } from './partition-machine.js';

/** A request as fault rules see it: with the partition it is about, when it is about one. */
export interface HmcFaultTarget extends FaultTarget {
  readonly partition: string | null;
  readonly cpc: string | null;
  /** Of a notification on its way to a subscriber: its type. */
  readonly notification?: NotificationType;
}

export type DelayFault = Extract<HmcFault, { kind: 'slow' }>;
/** Strike instead of the execution. */
export type GateFault = Extract<
  HmcFault,
  { kind: 'session-expired' | 'logon-refused' | 'busy' | 'unavailable' | 'error' | 'connection-reset' | 'html-error' }
>;
/** Strike after the execution. */
export type AnswerFault = Extract<
  HmcFault,
  { kind: 'answer-lost' | 'truncated-json' | 'wrong-types' | 'endless-body' | 'html-error' }
>;

/** Changes what becomes of a request for storage. */
export type FulfilmentFault = Extract<HmcFault, { kind: 'fulfilment' }>;
/** Strike when a STOMP client connects. */
export type ConnectFault = Extract<HmcFault, { kind: 'stomp-refused' }>;
/** Strike a notification on its way to a subscriber. */
export type MessageFault = Extract<
  HmcFault,
  { kind: 'stomp-cut' | 'notification-lost' | 'notification-late' | 'notification-twice' }
>;

/** `html-error` strikes at the gate or at the answer, as its `when` says. */
const GATE_KINDS: readonly HmcFault['kind'][] = [
  'session-expired',
  'logon-refused',
  'busy',
  'unavailable',
  'error',
  'connection-reset',
];
const ANSWER_KINDS: readonly HmcFault['kind'][] = ['answer-lost', 'truncated-json', 'wrong-types', 'endless-body'];
const OPERATION_KINDS: readonly HmcFault['kind'][] = [
  'job-cancelled',
  'job-lost',
  'job-failed',
  'never-reaches',
  'ignored',
];

const MESSAGE_KINDS: readonly HmcFault['kind'][] = [
  'stomp-cut',
  'notification-lost',
  'notification-late',
  'notification-twice',
];

export const isDelay =
  (when: DelayFault['when']) =>
  (fault: HmcFault): fault is DelayFault =>
    fault.kind === 'slow' && fault.when === when;
export const isGate = (fault: HmcFault): fault is GateFault =>
  GATE_KINDS.includes(fault.kind) || (fault.kind === 'html-error' && fault.when === 'before');
export const isAnswer = (fault: HmcFault): fault is AnswerFault =>
  ANSWER_KINDS.includes(fault.kind) || (fault.kind === 'html-error' && fault.when === 'after');
export const isOperation = (fault: HmcFault): fault is OperationFault => OPERATION_KINDS.includes(fault.kind);
export const isConnectFault = (fault: HmcFault): fault is ConnectFault => fault.kind === 'stomp-refused';
export const isMessageFault = (fault: HmcFault): fault is MessageFault => MESSAGE_KINDS.includes(fault.kind);

/** A rule that names a group or a volume is for that one only. */
export const isFulfilment =
  (group: string, volume: string) =>
  (fault: HmcFault): fault is FulfilmentFault =>
    fault.kind === 'fulfilment' &&
    (fault.storage_group === undefined || fault.storage_group === group) &&
    (fault.volume === undefined || fault.volume === volume);

export type HmcFaults = FaultRegistry<HmcFault, HmcFaultTarget>;

export function createHmcFaults(rules: readonly HmcFault[]): HmcFaults {
  const registry: HmcFaults = new FaultRegistry(isApplicable);
  for (const rule of rules) registry.add(rule);
  return registry;
}

const isLogon = ({ method, path }: HmcFaultTarget): boolean => method === 'POST' && path === '/api/sessions';

/** Where a kind makes sense at all, beside what the rule asks for. */
function isApplicable(rule: HmcFault, target: HmcFaultTarget): boolean {
  if (rule.partition !== undefined && rule.partition !== target.partition) return false;
  if (rule.cpc !== undefined && rule.cpc !== target.cpc) return false;
  switch (rule.kind) {
    case 'logon-refused':
      return isLogon(target);
    case 'session-expired':
      return !isLogon(target) && target.path !== '/api/version';
    case 'busy':
      return target.method !== 'GET' && target.path.startsWith('/api/partitions/');
    case 'job-cancelled':
    case 'job-lost':
    case 'job-failed':
    case 'never-reaches':
    case 'ignored':
      return [...POWER_OPERATIONS, ...LPAR_OPERATIONS].some((operation) =>
        target.path.endsWith(`/operations/${operation}`),
      );
    case 'stomp-cut':
    case 'notification-lost':
    case 'notification-late':
    case 'notification-twice':
      return rule.notification === undefined || rule.notification === target.notification;
    default:
      return true;
  }
}
