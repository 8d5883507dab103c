import type { TargetKey } from '../common/ids.js';
import type { InstanceOrigin } from '../compute/contract/index.js';
import type { Lease } from './journal.port.js';

/** Keyed digests of what an instance was made with, by part of its description and field of the part; never the values. */
export type MadeWith = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** An instance that is ours. */
export interface OwnedInstance {
  readonly target: TargetKey;
  /** Name of the host in the configuration. */
  readonly host: string;
  /** The backend's id. */
  readonly id: string;
  /** The backend's name of it when it became ours. */
  readonly name: string;
  readonly origin: InstanceOrigin;
  readonly ownedBy: string;
  /** Absent where that is not known: it was adopted, or spawned by an earlier version. */
  readonly madeWith?: MadeWith;
}

/**
 * The instances that were spawned or adopted, which alone are ever destroyed, and the hosts that take no further ones. What
 * changes an instance here is written for an operation, and only while that operation has its lease: who has lost it
 * meanwhile writes nothing. All methods throw JOURNAL_UNAVAILABLE when the database does not answer.
 */
export interface InstanceStore {
  /** From now on it is ours, and so is no earlier one of its key. @throws ComputeError when the lease is lost */
  own(instance: OwnedInstance, lease: Lease, now: number): Promise<void>;
  /** It is ours no longer, and what was offered for its first start is gone; false when it was not. @throws ComputeError when the lease is lost */
  disown(target: TargetKey, lease: Lease): Promise<boolean>;
  /**
   * An instance has come to another host, and has another key there: it stays ours if it was; false when it was not.
   *
   * @throws ComputeError when the lease is lost
   */
  move(target: TargetKey, to: Pick<OwnedInstance, 'target' | 'host'>, lease: Lease): Promise<boolean>;
  /**
   * It was made anew with these: they take the place of what it was made with before, field by field; false when that is not known.
   *
   * @throws ComputeError when the lease is lost
   */
  remade(target: TargetKey, by: MadeWith, lease: Lease): Promise<boolean>;
  find(target: TargetKey): Promise<OwnedInstance | undefined>;
  /** By its name when it became ours, or its id; undefined also when that stands for several. */
  findByReference(host: string, reference: string): Promise<OwnedInstance | undefined>;
  /** Lets a host take no new instances, for all workers and over restarts, or take them again; false when it was so. */
  setHostEnabled(host: string, isEnabled: boolean): Promise<boolean>;
  disabledHosts(): Promise<string[]>;
}
