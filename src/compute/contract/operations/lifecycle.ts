import type { ChangeOperation, OperationParams, StatelessResult } from './change.js';

/** Operations that keep an instance's memory. Each is idempotent; the wrong state is STATE_CONFLICT. */
export interface LifecycleOperations {
  /** Governed by `operation.pause`. Processors stop, memory stays; afterwards `paused`. */
  pause: ChangeOperation;
  /** Governed by `operation.unpause`. Afterwards `running`. */
  unpause: ChangeOperation;
  /** Governed by `operation.suspend`. Memory goes to disk; afterwards `suspended`. */
  suspend: ChangeOperation;
  /** Governed by `operation.resume`. Afterwards `running`. */
  resume: ChangeOperation;
}

/**
 * Makes, ends, and hands over instances. Which ones are ours is written down by whoever calls these, not by drivers: see
 * `Target.origin`.
 */
export interface ProvisioningOperations {
  /**
   * Governed by `operation.launch`, and by the features that its fields use. Makes an instance of this description.
   *
   * The target names what is not there yet: its `id` and `name` are the name of the description. As soon as the instance
   * exists at the backend, and before anything else is done to it, the driver calls `noteCreated` with the target that
   * `resolve` would find; an attempt that finds that note (`createdOf(ctx.checkpoints)`) goes on with that very instance. Where
   * the answer to the request that makes it may have been lost, the driver finds the instance by what only this operation
   * can have left there: its `operationId`, or a name that was not taken before its first step. So no second one is ever made.
   *
   * Afterwards the instance is as described, and runs unless `start` is false; the outcome is always `done`. What fails on the
   * way is undone as far as it can be: with the outcome `not-applied` nothing is left of it, with any other one the noted
   * instance stays, is ours, and can be destroyed.
   *
   * @throws ComputeError ALREADY_EXISTS when there is an instance of this name that this operation did not make;
   *   RESOURCE_NOT_FOUND for an image, network, volume or group that is not there; CAPACITY_EXHAUSTED; OPERATION_PARTIAL
   */
  spawn: ChangeOperation<OperationParams<'compute.spawn'>>;
  /**
   * Governed by `operation.terminate`. Stops the instance, hard, and removes it with all that belongs to it alone: root disk,
   * config drive, interfaces, mounted images. Volumes are detached and stay. `target.origin` tells how it came into our hands: a
   * driver may stop and detach an adopted one without removing it. An instance that is gone is `already`, and what it has left behind is
   * removed all the same.
   */
  destroy: ChangeOperation<object, StatelessResult>;
  /**
   * Governed by no feature; absent where instances cannot be adopted. Looks whether an instance that others made can be ours, and changes it as little as that needs.
   *
   * @throws ComputeError STATE_CONFLICT when somebody else has a hold on it (it is locked)
   */
  adopt: ChangeOperation;
  /** Governed by no feature. Takes away what `adopt` or `spawn` marked it with; absent where that is nothing. */
  release: ChangeOperation;
  /**
   * Governed by `operation.rebuild`; a boot volume that is written anew by `operation.rebuild-volume-backed`. Afterwards the
   * root disk is as the image, whose checksum was verified, all else is as before, and the instance runs if it ran. Repeated
   * after its end it is done once more.
   */
  rebuild: ChangeOperation<OperationParams<'compute.rebuild'>>;
  /**
   * Governed by `operation.rescue`. Keeps the boot settings of the instance, and starts it from the image or the boot source,
   * with its own disks beside it. Afterwards it runs; an instance that is rescued already is `already`.
   */
  rescue: ChangeOperation<OperationParams<'compute.rescue'>>;
  /**
   * Governed by `operation.rescue`. Afterwards the boot settings are exactly those of before, and it runs; `already` when it
   * is not rescued.
   */
  unrescue: ChangeOperation;
  /**
   * Governed by `operation.resize`. Afterwards the instance has the size of the flavor, and runs if it ran; the earlier size is
   * kept until it is confirmed or reverted. A flavor that it has is `already`.
   *
   * @throws ComputeError STATE_CONFLICT while an earlier resize is not confirmed; CAPACITY_EXHAUSTED
   */
  resize: ChangeOperation<OperationParams<'compute.resize'>>;
  /**
   * Governed by `operation.resize`. Forgets the earlier size.
   *
   * @throws ComputeError STATE_CONFLICT when nothing is to be confirmed
   */
  confirmResize: ChangeOperation;
  /**
   * Governed by `operation.resize`. Afterwards it has its earlier size. Where its root disk was made anew, it has the old one, without
   * what was written since, as in nova.
   *
   * @throws ComputeError STATE_CONFLICT when there is none
   */
  revertResize: ChangeOperation;
}
