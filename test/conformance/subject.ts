import type { ErrorCode } from '../../src/common/errors/index.js';
import type { MethodName } from '../../src/compute/contract/index.js';
import type { InstancePowerState, MachinePowerState } from '../../src/compute/state/power-state.js';

export type Answer = Record<string, unknown>;

/** What reaches the backend, as the backend sees it: in the order of arrival, a line for each. */
export interface Wire {
  /** Every request. */
  requests(): readonly string[];
  /** Those that are meant to change something there. */
  changes(): readonly string[];
}

/** A driver that can be asked, by the way that every caller goes, and the backend behind it. */
export interface Subject {
  /** Sends a request through the dispatcher. @throws ComputeError */
  call(method: MethodName, params: object): Promise<Answer>;
  readonly wire: Wire;
  close(): Promise<void>;
}

/** An instance as its backend has it, whatever the driver says. */
export interface BackendInstance {
  readonly host: string;
  readonly state: InstancePowerState;
}

/** Values of this backend for the fields of requests. */
export interface VirtValues {
  /** An instance that nobody has. */
  readonly nobody: string;
}

/** A host with two instances. */
export interface WholeHost {
  readonly name: string;
  readonly running: string;
  readonly shutdown: string;
}

export interface VirtSubject extends Subject {
  /** Where instances are asked for. */
  readonly host: string;
  /** Another host of the same driver. */
  readonly destination: string;
  readonly values: VirtValues;
  /** An instance of `host` that no other scenario has, in this state. */
  instance(state: InstancePowerState): Promise<string>;
  /** A host that no other scenario has. */
  wholeHost(): Promise<WholeHost>;
  /** A running instance whose live migration does not come to its end by itself. */
  busyInstance(): Promise<string>;
  /** What the backend has of it; undefined when it has none. */
  atBackend(instance: string): BackendInstance | undefined;
}

/** How a machine is named in requests. */
export interface MachineRef {
  readonly power_type: string;
  readonly power_parameters: Record<string, string>;
}

/** What goes wrong at a controller, and how it has to reach the caller. */
export interface ControllerFailure {
  readonly machine: MachineRef;
  readonly code: ErrorCode;
  /** A part of what the controller says of it. */
  readonly says: string;
}

export interface PowerSubject extends Subject {
  /** A machine that no other scenario has, in this state. `unknown`: its controller tells neither. */
  machine(state: Exclude<MachinePowerState, 'error'>): Promise<MachineRef>;
  atBackend(machine: MachineRef): MachinePowerState;
  /** A machine whose next command the controller refuses. */
  refused(): Promise<ControllerFailure>;
  /** A machine whose controller does not accept the credentials. */
  unauthorised(): Promise<ControllerFailure>;
}
