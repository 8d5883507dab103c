import type { InstancePowerState, ObservedState, Transition } from '../../../compute/state/power-state.js';

interface Meaning {
  readonly word: string;
  readonly powerState: InstancePowerState;
  readonly transition?: Transition;
  /** Why, by libvirt's number; the first is that it is not known. */
  readonly reasons: readonly string[];
}

/** States of a domain by libvirt's numbers (libvirt-lxd.md section 7). */
const STATES: readonly Meaning[] = [
  { word: 'no state', powerState: 'nostate', reasons: [] },
  {
    word: 'running',
    powerState: 'running',
    reasons: [
      '',
      'booted',
      'migrated',
      'restored',
      'from snapshot',
      'unpaused',
      'migration cancelled',
      'save cancelled',
      'woken up',
      'crashed',
      'post-copy',
      'post-copy failed',
    ],
  },
  { word: 'blocked', powerState: 'running', reasons: [] },
  {
    word: 'paused',
    powerState: 'paused',
    reasons: [
      '',
      'by user',
      'migrating',
      'saving',
      'dumping',
      'I/O error',
      'watchdog',
      'from snapshot',
      'shutting down',
      'making snapshot',
      'crashed',
      'starting up',
      'post-copy',
      'post-copy failed',
      'API error',
    ],
  },
  // The guest has ended, and its process has not yet.
  { word: 'in shutdown', powerState: 'shutdown', transition: 'stopping', reasons: ['', 'by user'] },
  {
    word: 'shut off',
    powerState: 'shutdown',
    reasons: ['', 'shut down', 'destroyed', 'crashed', 'migrated', 'saved', 'failed', 'from snapshot', 'by daemon'],
  },
  { word: 'crashed', powerState: 'crashed', reasons: ['', 'panicked'] },
  { word: 'suspended by the guest', powerState: 'suspended', reasons: [] },
];

/** As libvirt numbers the state "shut off". */
const SHUT_OFF = 5;

/**
 * A domain's state in neutral words. What libvirt has in numbers that we do not know is no state.
 *
 * @param hasSavedMemory its memory lies on the disk of the host, and its next start goes on with it (`managedsave`)
 */
export function observe(state: number, reason: number, observedAt: number, hasSavedMemory = false): ObservedState {
  const {
    word,
    powerState,
    transition = null,
    reasons,
  } = STATES[state] ?? {
    word: `state ${state}`,
    powerState: 'nostate',
    reasons: [],
  };
  const why = reasons[reason] ?? `reason ${reason}`;
  const isSaved = state === SHUT_OFF && hasSavedMemory;
  return {
    powerState: isSaved ? 'suspended' : powerState,
    transition,
    nativeState: why === '' || reason === 0 ? word : `${word} (${why})`,
    observedAt,
  };
}

/** What a lifecycle event says of the state after it (libvirt-lxd.md section 7); undefined: it says nothing, and it must be asked for. */
export function stateAfter(event: number, detail: number, observedAt: number): ObservedState | undefined {
  if (MOVES.get(event) === detail) return undefined;
  const shutOff = (reason: number) => observe(SHUT_OFF, reason, observedAt);
  switch (event) {
    case LIFECYCLE.started:
      // booted, migrated, restored, from snapshot, wakeup: the same reasons, counted from 1 and with wakeup further on.
      return observe(1, detail === 4 ? 8 : detail + 1, observedAt);
    case LIFECYCLE.suspended:
      return observe(3, SUSPENDED_REASONS[detail] ?? 0, observedAt);
    case LIFECYCLE.resumed:
      return observe(1, 5, observedAt);
    case LIFECYCLE.stopped:
      return shutOff(detail + 1);
    case LIFECYCLE.suspendedByGuest:
      return observe(7, 0, observedAt);
    case LIFECYCLE.crashed:
      return observe(6, detail + 1, observedAt);
    default:
      // Defined and undefined say nothing of it, and after "shutdown" comes a reboot or "stopped".
      return undefined;
  }
}

/** Events about the life of a domain, by libvirt's numbers. */
const LIFECYCLE = { started: 2, suspended: 3, resumed: 4, stopped: 5, suspendedByGuest: 7, crashed: 8 } as const;

/** Details that tell of a move between hosts: here it stops and there it starts, and what the guest itself comes to is told when it goes on. */
const MOVES: ReadonlyMap<number, number> = new Map<number, number>([
  [LIFECYCLE.started, 1],
  [LIFECYCLE.suspended, 1],
  [LIFECYCLE.stopped, 3],
]);

/** Reasons of the state "paused", by the detail of the event: paused, migrated, I/O error, watchdog, restored, from snapshot, API error, post-copy, failed. */
const SUSPENDED_REASONS: readonly number[] = [1, 2, 5, 6, 0, 7, 14, 12, 13];
