import { DomainState, DomainPausedReason } from 'node-libvirt';
import type { PlannedStep } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';

/** Where an operation wants a domain to be. */
export type Goal = 'running' | 'shut off';
/** `drop-memory`: what is saved of its memory goes, so that its next start is a fresh one. */
export type StepName = 'start' | 'resume' | 'destroy' | 'drop-memory';

export type NextAction =
  | { readonly kind: 'reached' }
  /** Somebody, or the guest itself, is moving it; look again. */
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'step'; readonly step: StepName }
  /** Nothing sensible can be done; `why` says what to do about it. */
  | { readonly kind: 'conflict'; readonly why: string };

type Seen = Pick<DomainStatus, 'state' | 'reason' | 'hasSavedMemory'>;

/** Reasons of a pause that end by themselves. */
const PASSING_PAUSES: ReadonlyMap<number, string> = new Map([
  [DomainPausedReason.VIR_DOMAIN_PAUSED_MIGRATION, 'it is migrated'],
  [DomainPausedReason.VIR_DOMAIN_PAUSED_SAVE, 'its memory is saved'],
  [DomainPausedReason.VIR_DOMAIN_PAUSED_DUMP, 'its memory is dumped'],
  [DomainPausedReason.VIR_DOMAIN_PAUSED_SHUTTING_DOWN, 'it is shutting down'],
  [DomainPausedReason.VIR_DOMAIN_PAUSED_SNAPSHOT, 'a snapshot is made of it'],
  [DomainPausedReason.VIR_DOMAIN_PAUSED_STARTING_UP, 'it is starting up'],
]);

/** The next thing to do with a domain so that it comes to the goal. */
export function nextAction(goal: Goal, domain: Seen): NextAction {
  return goal === 'running' ? towardsRunning(domain) : towardsShutOff(domain);
}

function towardsRunning({ state, reason }: Seen): NextAction {
  switch (state) {
    case DomainState.VIR_DOMAIN_RUNNING:
    case DomainState.VIR_DOMAIN_BLOCKED:
      return { kind: 'reached' };
    case DomainState.VIR_DOMAIN_PAUSED:
      return outOfPause(reason);
    case DomainState.VIR_DOMAIN_SHUTDOWN:
      return { kind: 'wait', why: 'it is shutting down' };
    case DomainState.VIR_DOMAIN_SHUTOFF:
      return { kind: 'step', step: 'start' };
    case DomainState.VIR_DOMAIN_CRASHED:
      return { kind: 'step', step: 'destroy' };
    case DomainState.VIR_DOMAIN_PMSUSPENDED:
      return {
        kind: 'conflict',
        why: 'its guest has suspended it (pmsuspended), and a start would lose what is in its memory: wake it up (virsh dompmwakeup), or power it off first',
      };
    default:
      return untold(state);
  }
}

function outOfPause(reason: number): NextAction {
  const passing = PASSING_PAUSES.get(reason);
  if (passing !== undefined) return { kind: 'wait', why: passing };
  switch (reason) {
    case DomainPausedReason.VIR_DOMAIN_PAUSED_CRASHED:
      return { kind: 'step', step: 'destroy' };
    case DomainPausedReason.VIR_DOMAIN_PAUSED_POSTCOPY:
    case DomainPausedReason.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
      return {
        kind: 'conflict',
        why: 'a post-copy migration has taken a part of its memory to another host; end that migration, or power it off first',
      };
    default:
      return { kind: 'step', step: 'resume' };
  }
}

function towardsShutOff({ state, hasSavedMemory }: Seen): NextAction {
  switch (state) {
    case DomainState.VIR_DOMAIN_SHUTOFF:
      return hasSavedMemory ? { kind: 'step', step: 'drop-memory' } : { kind: 'reached' };
    case DomainState.VIR_DOMAIN_RUNNING:
    case DomainState.VIR_DOMAIN_BLOCKED:
    case DomainState.VIR_DOMAIN_PAUSED:
    case DomainState.VIR_DOMAIN_SHUTDOWN:
    case DomainState.VIR_DOMAIN_CRASHED:
    case DomainState.VIR_DOMAIN_PMSUSPENDED:
      return { kind: 'step', step: 'destroy' };
    default:
      return untold(state);
  }
}

function untold(state: number): NextAction {
  return {
    kind: 'conflict',
    why: `libvirt tells no state of it that this driver knows (${state}); look at it on the host`,
  };
}

/** What to come to, one goal after the other. */
export const GOALS = {
  powerOn: ['running'],
  powerOff: ['shut off'],
  reboot: ['shut off', 'running'],
} as const satisfies Record<string, readonly Goal[]>;
export type PowerChange = keyof typeof GOALS;

/** How a domain is after a step. */
const AFTER: Readonly<Record<StepName, Seen>> = {
  start: { state: DomainState.VIR_DOMAIN_RUNNING, reason: 0, hasSavedMemory: false },
  resume: { state: DomainState.VIR_DOMAIN_RUNNING, reason: 0, hasSavedMemory: false },
  destroy: { state: DomainState.VIR_DOMAIN_SHUTOFF, reason: 0, hasSavedMemory: false },
  'drop-memory': { state: DomainState.VIR_DOMAIN_SHUTOFF, reason: 0, hasSavedMemory: false },
};

const DESCRIPTIONS: Readonly<Record<StepName, (name: string) => string>> = {
  start: (name) => `start domain ${name}`,
  resume: (name) => `let the processors of domain ${name} go on`,
  destroy: (name) => `destroy domain ${name}, which ends its process`,
  'drop-memory': (name) => `drop the saved memory of domain ${name}`,
};

/** Why an operation cannot even begin; undefined when it can. */
export function obstacle(change: PowerChange, domain: Seen): string | undefined {
  const first = nextAction(GOALS[change][0], domain);
  return first.kind === 'conflict' ? first.why : undefined;
}

/** The steps an operation would take now; none when the goal is reached. Conflicts are for {@link obstacle}. */
export function plannedSteps(goals: readonly Goal[], name: string, domain: Seen): PlannedStep[] {
  const steps: PlannedStep[] = [];
  let seen = domain;
  for (const goal of goals) {
    for (;;) {
      const action = nextAction(goal, seen);
      if (action.kind === 'reached' || action.kind === 'conflict') break;
      if (action.kind === 'wait') {
        steps.push({ action: 'wait', description: `wait until domain ${name} comes to rest: ${action.why}` });
        seen = AFTER.destroy;
        continue;
      }
      steps.push({ action: action.step, description: DESCRIPTIONS[action.step](name) });
      seen = AFTER[action.step];
    }
  }
  return steps;
}
