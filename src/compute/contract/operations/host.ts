import type { CallContext, OperationContext } from '../context.js';
import type { Target } from '../target.js';
import type { Relocation } from './relocation.js';

/** The host itself as a target: `<driver>:<endpoint identity>:host`. */
export interface HostTarget {
  resolveHost(ctx: CallContext): Promise<Target>;
}

/** Sets an instance up elsewhere with what it has, in the state it is in. */
export interface Evacuation extends Relocation, HostTarget {}

/** Something that a host is or is not. */
export interface HostSwitch extends HostTarget {
  /** Tells the backend, where it has such a thing. Afterwards it is so; `false` when it was so. */
  set(ctx: OperationContext, host: Target, isEnabled: boolean): Promise<boolean>;
}

/** What is done to a host as a whole, one child operation for each of its instances. */
export interface HostOperations {
  /** Governed by `operation.evacuate`. */
  evacuate: Evacuation;
  /** Governed by `operation.maintenance-mode`. The host's instances are the dispatcher's to move or stop. */
  setMaintenance: HostSwitch;
  /** Governed by `operation.service-control`. That a host takes no new instances is the dispatcher's to see to. */
  setEnabled: HostSwitch;
}
