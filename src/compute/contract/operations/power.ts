import type { CallContext, OperationContext } from '../context.js';
import type { ObservedState } from '../../state/power-state.js';
import type { Target } from '../target.js';

/** How a change ended; a failure is thrown as a ComputeError. */
export interface ChangeResult {
  /** `already`: the asked state was there, and nothing was sent. */
  readonly outcome: 'done' | 'already';
  readonly state: ObservedState;
}

/** An operation that changes one target. It asks for the state, acts, and verifies; it may be called again after a restart. */
export type ChangeOperation = (ctx: OperationContext, target: Target) => Promise<ChangeResult>;

/** What every virt driver can do to an instance. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, BACKEND_*, OUTCOME_UNKNOWN. */
export interface PowerOperations {
  /** Afterwards the instance runs. An instance that runs is `already`. */
  powerOn: ChangeOperation;
  /** Afterwards the instance is shut down and holds nothing. Hard: the guest is not asked. */
  powerOff: ChangeOperation;
  /**
   * The state now. Takes the caller's reference (name or backend id), not a target, so that finding and asking can be
   * one request.
   *
   * @throws ComputeError as `resolve` does
   */
  queryPower(ctx: CallContext, reference: string): Promise<ObservedState>;
}

/** Governed by `operation.reboot`: stops the instance when it runs and starts it. Afterwards it runs. */
export interface RebootOperation {
  reboot: ChangeOperation;
}
