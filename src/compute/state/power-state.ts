/**
 * Neutral states. Backend words are translated into these at the edge of each driver, and nowhere else.
 * "Cannot tell" is a value of its own, never "off".
 */

/** Nova's power states with the numbers Nova uses for them (`nova.compute.power_state`, nova.md). */
export const POWER_STATE_CODES = {
  nostate: 0,
  running: 1,
  paused: 3,
  shutdown: 4,
  crashed: 6,
  suspended: 7,
} as const;
export type InstancePowerState = keyof typeof POWER_STATE_CODES;
export const INSTANCE_POWER_STATES = Object.keys(POWER_STATE_CODES) as [InstancePowerState, ...InstancePowerState[]];

/** What a power controller can say of a machine. */
export const MACHINE_POWER_STATES = ['on', 'off', 'unknown', 'error'] as const;
export type MachinePowerState = (typeof MACHINE_POWER_STATES)[number];

/** A change that is under way on the backend, whoever asked for it. */
export const TRANSITIONS = ['starting', 'stopping'] as const;
export type Transition = (typeof TRANSITIONS)[number];

/** What a driver read of an instance's state, at one moment. */
export interface ObservedState {
  readonly powerState: InstancePowerState;
  readonly transition: Transition | null;
  /** The backend's own word, unchanged. */
  readonly nativeState: string;
  /** Is it switched off while its memory and processors stay taken? Absent where the backend knows no such state. */
  readonly holdsResources?: boolean;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** The power controller's view of an instance state: paused and suspended machines hold their power. */
export function machinePowerState(state: InstancePowerState): MachinePowerState {
  switch (state) {
    case 'running':
    case 'paused':
      return 'on';
    case 'shutdown':
    case 'crashed':
    case 'suspended':
      return 'off';
    case 'nostate':
      return 'unknown';
  }
}
