import type { CallContext } from '../context.js';
import type { MethodParams } from '../methods/index.js';
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

/** What an instance starts from. Governed by no feature of virt drivers; absent where nothing can be chosen. */
export interface BootDeviceOperation {
  /**
   * Afterwards the instance starts from this device, until another one is set; one that is given by its MAC address or number has
   * been found by it. It runs as before, and with `restart` it has been switched off before and on again, if it ran. `already`
   * when it starts from it anyway.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND when it has no such device; AMBIGUOUS when several are meant; STATE_CONFLICT when the device
   *   cannot be started from yet
   */
  setBootDevice: ChangeOperation<BootDeviceParams>;
}

/** What `power.set_boot_device` says beside the machine. */
export type BootDeviceParams = Pick<MethodParams<'power.set_boot_device'>, 'boot_device' | 'restart'>;

/** Governed by `operation.reboot`. */
export interface RebootOperation {
  /**
   * Stops the instance when it runs, and starts it. Afterwards it runs, and has been started by this; the outcome is always `done`.
   * With type `soft` its guest is asked to shut down, and waited for, as `softOff` does; an instance that is off is just started.
   *
   * @throws ComputeError FEATURE_LIMITED for type `soft` where guests cannot be asked; OPERATION_FAILED when it still runs after the
   *   time that it had: it was asked, may shut down later, and is then not started
   */
  reboot: ChangeOperation<RebootParams>;
}

/** What `compute.reboot` says beside the instance. */
export type RebootParams = Pick<MethodParams<'compute.reboot'>, 'type' | 'within_s' | 'force'>;

/** What works without taking the power away. Governed by no feature of virt drivers; absent where the backend cannot. */
export interface GentlePowerOperations {
  /**
   * Asks the guest to shut down, and waits for that as long as was asked for. Afterwards it is shut down, by itself or, with `force`,
   * hard; `already` when it was.
   *
   * @throws ComputeError OPERATION_FAILED when it still runs then; it was asked, and may shut down later
   */
  softOff: ChangeOperation<SoftOffParams>;
  /** The processors begin anew while it runs on. @throws ComputeError STATE_CONFLICT when it does not run */
  reset: ChangeOperation;
}

/** What `power.soft_off` says beside the machine. */
export type SoftOffParams = Pick<MethodParams<'power.soft_off'>, 'within_s' | 'force'>;

/** How long a guest may take to shut down where nobody says, seconds. */
export const DEFAULT_SOFT_OFF_S = 120;
