import { FaultRegistry, type FaultTarget } from '../kit/faults.js';
import type { HmcFault } from './fault.schema.js';
import { POWER_OPERATIONS, type OperationFault } from './partition-machine.js';

/** A request as fault rules see it: with the partition it is about, when it is about one. */
export interface HmcFaultTarget extends FaultTarget {
  readonly partition: string | null;
  readonly cpc: string | null;
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

export const isDelay =
  (when: DelayFault['when']) =>
  (fault: HmcFault): fault is DelayFault =>
    fault.kind === 'slow' && fault.when === when;
export const isGate = (fault: HmcFault): fault is GateFault =>
  GATE_KINDS.includes(fault.kind) || (fault.kind === 'html-error' && fault.when === 'before');
export const isAnswer = (fault: HmcFault): fault is AnswerFault =>
  ANSWER_KINDS.includes(fault.kind) || (fault.kind === 'html-error' && fault.when === 'after');
export const isOperation = (fault: HmcFault): fault is OperationFault => OPERATION_KINDS.includes(fault.kind);

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
      return POWER_OPERATIONS.some((operation) => target.path.endsWith(`/operations/${operation}`));
    default:
      return true;
  }
}
