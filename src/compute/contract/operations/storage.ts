import type { Image, ImageDestination, ImageSource } from '../description/image.js';
import type { CallContext } from '../context.js';
import type { Answering, ChangeOperation, ChangeResult, OperationParams, StatelessResult } from './change.js';

/** Volumes and disks of an instance, running or shut down. */
export interface StorageOperations {
  /**
   * Governed by `operation.attach-volume`, and by the features that the volume uses. Afterwards the instance has the volume;
   * one that it has by this id is `already`. `device` is its name in the instance, null where that is not known.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND when the volume cannot be reached; STATE_CONFLICT when another instance has it and it is not `multiattach`
   */
  attachVolume: ChangeOperation<
    OperationParams<'compute.attach_volume'>,
    Answering<ChangeResult, { device: string | null }>
  >;
  /**
   * Governed by `operation.detach-volume`. Afterwards the instance does not have it, what is on it stays; `already` when it
   * has none of this id.
   */
  detachVolume: ChangeOperation<OperationParams<'compute.detach_volume'>>;
  /**
   * Governed by `operation.swap-volume`. Afterwards the new volume holds what was on the old one, and has its place; `already`
   * when it has it.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND when the instance has no volume of the old id
   */
  swapVolume: ChangeOperation<OperationParams<'compute.swap_volume'>>;
  /** Governed by `operation.extend-volume`. The volume has grown; afterwards the instance sees `size_gib`. */
  extendVolume: ChangeOperation<OperationParams<'compute.extend_volume'>>;
  /**
   * Governed by `operation.snapshot`. Afterwards there is an image of this name, whole by itself, of the root disk as it was
   * at one moment; the instance runs if it ran. Repeated by the same operation it makes no second image.
   *
   * @throws ComputeError ALREADY_EXISTS when there is an image of this name; CAPACITY_EXHAUSTED
   */
  snapshot: ChangeOperation<OperationParams<'compute.snapshot'>, Answering<ChangeResult, { image: Image }>>;
  /**
   * Governed by `operation.quiesce`. Afterwards the guest writes nothing to its file systems; one that has none that could be held is
   * done with that, as in nova. What it writes past them nobody holds.
   *
   * @throws ComputeError STATE_CONFLICT without an agent in the guest
   */
  quiesce: ChangeOperation;
  /** Governed by `operation.unquiesce`. Afterwards the guest writes again; `already` when it was not held. */
  unquiesce: ChangeOperation;
}

/**
 * Images of a host. Governed by no feature: a driver has those that its backend has. The target's `id` and `name` are the
 * image's name.
 */
export interface ImageOperations {
  listImages(ctx: CallContext): Promise<Image[]>;
  /**
   * Afterwards the host has the image under its name, fetched whole and with its checksum verified; `already` when it has one with that checksum.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND, ALREADY_EXISTS when the name stands for another one, CAPACITY_EXHAUSTED
   */
  importImage: ChangeOperation<{ readonly from: ImageSource }, Answering<StatelessResult, { image: Image }>>;
  /** Afterwards a copy of the image is there. @throws ComputeError RESOURCE_NOT_FOUND */
  exportImage: ChangeOperation<{ readonly to: ImageDestination }, Answering<StatelessResult, { image: Image }>>;
  /**
   * Afterwards the host does not have it; `already` when it did not.
   *
   * @throws ComputeError STATE_CONFLICT while an instance needs it
   */
  removeImage: ChangeOperation<object, StatelessResult>;
}
