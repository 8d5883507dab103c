import type { CallContext } from '../context.js';
import type { Freshness } from '../freshness.js';
import type { ObservedState } from '../../state/power-state.js';
import type { ChangeOperation } from './change.js';

/** What every virt driver can do to an instance. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, BACKEND_*, OUTCOME_UNKNOWN. */
export interface PowerOperations {
  /** Afterwards the instance runs. An instance that runs is `already`. */
  powerOn: ChangeOperation;
  /** Afterwards the instance is shut down and holds nothing. Hard: the guest is not asked. */
  powerOff: ChangeOperation;
  /**
   * The state now, or as it was known lately where `freshness` allows it; `observedAt` tells when it was so. Takes the
   * caller's reference (name or backend id), not a target, so that finding and asking can be one request.
   *
   * @throws ComputeError as `resolve` does
   */
  queryPower(ctx: CallContext, reference: string, freshness?: Freshness): Promise<ObservedState>;
}

/** Governed by `operation.reboot`: stops the instance when it runs and starts it. Afterwards it runs. */
export interface RebootOperation {
  reboot: ChangeOperation;
}
