import type { Failure, MachineStatus, PowerParameters } from '../compute/contract/index.js';
import type { MachinePowerState, Transition } from '../compute/state/power-state.js';
import type { Lease } from './journal.port.js';

/** How to reach a machine's power controller. */
export interface MachineDefinition {
  readonly powerType: string;
  /** As its power type has checked them; secret fields are encrypted at rest. */
  readonly parameters: PowerParameters;
  /** Names the controller: machines with the same power type and controller are asked together. */
  readonly controller: string;
}

/** A machine's state as it was at one moment. */
export interface SeenState {
  readonly state: MachinePowerState;
  readonly transition: Transition | null;
  readonly nativeState: string;
  readonly observedAt: number;
}

/** What the last look at a machine has found. */
export interface MachineSighting {
  readonly status: MachineStatus;
  readonly error: Failure | null;
  /** Null: nothing was seen. What was seen before stays then. */
  readonly seen: SeenState | null;
}

/** A machine that is known by name. Times are milliseconds since the epoch. */
export interface MachineRecord extends MachineDefinition, MachineSighting {
  readonly name: string;
  readonly registeredBy: string;
  readonly registeredAt: number;
  readonly updatedAt: number;
  /** Names this definition: it grows with every change, also when the machine is removed and registered anew. */
  readonly revision: number;
}

/** A machine that is registered now. */
export interface NewMachine extends MachineDefinition, MachineSighting {
  readonly name: string;
  readonly registeredBy: string;
}

/** Another definition in place of one that is known. */
export interface MachineChange extends MachineDefinition, MachineSighting {
  readonly name: string;
  /** Of the definition that is changed. */
  readonly revision: number;
}

export interface MachineFilter {
  /** A name, or a pattern with `*`. */
  readonly name?: string;
  readonly names?: readonly string[];
  readonly powerType?: string;
  readonly controller?: string;
  readonly status?: MachineStatus;
  readonly state?: MachinePowerState;
}

/** A place in the order of machines by controller. */
export interface MachinePlace {
  readonly powerType: string;
  readonly controller: string;
  readonly name: string;
}

/**
 * Registered machines. What changes one is written for an operation, and only while that operation has its lease: who has
 * lost it meanwhile writes nothing. All methods throw JOURNAL_UNAVAILABLE when the database does not answer.
 */
export interface MachineStore {
  /** False when there is one of this name already. @throws ComputeError when the lease is lost */
  add(machine: NewMachine, lease: Lease, now: number): Promise<boolean>;
  /** False when it has been changed since that revision, or is gone. @throws ComputeError when the lease is lost */
  change(change: MachineChange, lease: Lease, now: number): Promise<boolean>;
  /** False when there is none. @throws ComputeError when the lease is lost */
  remove(name: string, lease: Lease): Promise<boolean>;
  find(name: string): Promise<MachineRecord | undefined>;
  /** By name. */
  list(filter: MachineFilter, after: string | undefined, limit: number): Promise<MachineRecord[]>;
  /** Machines of one controller one after the other, so that a page asks few controllers. */
  listByController(filter: MachineFilter, after: MachinePlace | undefined, limit: number): Promise<MachineRecord[]>;
  /**
   * Writes down what was seen of machines, unless their definition has changed since, or something newer was seen.
   *
   * @param sightings not more than one of a machine
   */
  observe(sightings: readonly MachineObservation[]): Promise<void>;
  count(filter?: MachineFilter): Promise<number>;
}

export interface MachineObservation extends MachineSighting {
  readonly name: string;
  /** Of the definition that was asked with. */
  readonly revision: number;
}
