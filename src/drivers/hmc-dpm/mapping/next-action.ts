import type { PlannedStep } from '../../../compute/contract/index.js';
import { partitionStatus } from './partition-status.js';

/** Where an operation wants a partition to be. */
export type Goal = 'running' | 'stopped';
/** What can be done to it. */
export type StepName = 'start' | 'stop';

/** What the decisions look at. */
export interface PartitionView {
  readonly name: string;
  readonly status: string;
  readonly type?: string | null | undefined;
  readonly 'is-locked'?: boolean | null | undefined;
  readonly 'boot-device'?: string | null | undefined;
}

export type NextAction =
  | { readonly kind: 'reached' }
  /** Somebody is moving it; look again. */
  | { readonly kind: 'wait'; readonly transition: 'starting' | 'stopping' }
  | { readonly kind: 'step'; readonly step: StepName }
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

const PAST: Record<StepName, string> = { start: 'started', stop: 'stopped' };

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

/** Why an operation cannot even begin; undefined when it can. A reboot must not stop what it cannot start again. */
export function obstacle(change: PowerChange, partition: PartitionView): string | undefined {
  const first = nextAction(GOALS[change][0], partition);
  if (first.kind === 'conflict') return first.why;
  return change === 'reboot' && !isBootable(partition) ? NOT_BOOTABLE : undefined;
}

/** The steps an operation would take now; nothing when the goal is reached. Conflicts are for {@link obstacle}. */
export function plannedSteps(change: PowerChange, partition: PartitionView): PlannedStep[] {
  const steps: PlannedStep[] = [];
  let { status } = partition;
  for (const goal of GOALS[change]) {
    for (;;) {
      const action = nextAction(goal, { ...partition, status });
      if (action.kind === 'reached' || action.kind === 'conflict') break;
      const planned = describe(action, partition.name);
      steps.push(planned.step);
      status = planned.status;
    }
  }
  return steps;
}

function describe(
  action: Extract<NextAction, { kind: 'wait' | 'step' }>,
  name: string,
): { step: PlannedStep; status: string } {
  if (action.kind === 'wait') {
    const isStarting = action.transition === 'starting';
    return {
      step: { action: 'wait', description: `wait until partition ${name} is ${isStarting ? 'started' : 'stopped'}` },
      status: isStarting ? 'active' : 'stopped',
    };
  }
  return {
    step: { action: action.step, description: `${action.step} partition ${name}` },
    status: action.step === 'start' ? 'active' : 'stopped',
  };
}
