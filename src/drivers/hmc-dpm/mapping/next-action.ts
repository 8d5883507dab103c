import { partitionStatus } from './partition-status.js';

/** Where an operation wants a partition to be. */
export type Goal = 'running' | 'stopped';
/** What can be done to a partition in DPM mode. */
export type DpmStep = 'start' | 'stop';
/** What can be done to an LPAR in classic mode. */
export type ClassicStep = 'activate' | 'deactivate' | 'load';
export type StepName = DpmStep | ClassicStep;

/** What the decisions look at. */
export interface PartitionView {
  readonly name: string;
  readonly status: string;
  readonly type?: string | null | undefined;
  readonly 'is-locked'?: boolean | null | undefined;
  readonly 'boot-device'?: string | null | undefined;
  readonly 'last-used-load-address'?: string | null | undefined;
}

export type NextAction =
  | { readonly kind: 'reached' }
  /** Somebody is moving it; look again. */
  | { readonly kind: 'wait'; readonly transition: 'starting' | 'stopping' }
  /** Forced: also over an operating system that runs. */
  | { readonly kind: 'step'; readonly step: StepName; readonly isForced?: true }
  /** Nothing sensible can be done; `why` says what to do about it. */
  | { readonly kind: 'conflict'; readonly why: string };

/** The next thing to do with a partition so that it comes to the goal (hmc-dpm.md section 9). */
export function nextAction(goal: Goal, partition: PartitionView): NextAction {
  const action = bareAction(goal, partition);
  if (action.kind !== 'step') return action;
  if (partition['is-locked'] === true) {
    return {
      kind: 'conflict',
      why: `it is locked on the HMC against disruptive tasks, so it cannot be ${PAST[action.step]}; unlock it there first`,
    };
  }
  if (goal === 'running' && !isBootable(partition)) return { kind: 'conflict', why: NOT_BOOTABLE };
  return action;
}

/** What has happened to it then. */
export const PAST: Record<StepName, string> = {
  start: 'started',
  stop: 'stopped',
  activate: 'activated',
  deactivate: 'deactivated',
  load: 'loaded',
};

export const NOT_BOOTABLE =
  'its boot-device is "none", and a linux partition without one ends in paused for good when it is started: nothing would run. Set its boot device on the HMC (Partition Details, Boot) first';

/** False when starting can only end in `paused` (hmc-dpm.md section 9). */
export function isBootable(partition: PartitionView): boolean {
  return !((partition.type ?? 'linux') === 'linux' && partition['boot-device'] === 'none');
}

function bareAction(goal: Goal, { status }: PartitionView): NextAction {
  switch (partitionStatus(status)) {
    case 'stopped':
      return goal === 'stopped' ? { kind: 'reached' } : { kind: 'step', step: 'start' };
    case 'reservation-error':
      // It holds nothing, so it counts as stopped; a start needs a stop before.
      return goal === 'stopped' ? { kind: 'reached' } : { kind: 'step', step: 'stop' };
    case 'active':
    case 'degraded':
      return goal === 'running' ? { kind: 'reached' } : { kind: 'step', step: 'stop' };
    case 'paused':
    case 'terminated':
      return { kind: 'step', step: 'stop' };
    case 'starting':
      return { kind: 'wait', transition: 'starting' };
    case 'stopping':
      return { kind: 'wait', transition: 'stopping' };
    case 'communications-not-active':
    case 'status-check':
      return {
        kind: 'conflict',
        why: `the HMC cannot tell its state (${status}): it has lost the support element of the CPC. Mend that connection on the HMC, then repeat`,
      };
    case 'unknown':
      return {
        kind: 'conflict',
        why: `its status "${status}" is unknown to this driver; look at it on the HMC and bring it to stopped or active there`,
      };
  }
}

/** What to come to, one goal after the other. */
export const GOALS = {
  powerOn: ['running'],
  powerOff: ['stopped'],
  reboot: ['stopped', 'running'],
} as const satisfies Record<string, readonly Goal[]>;
export type PowerChange = keyof typeof GOALS;
