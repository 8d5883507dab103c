import type { TargetKey } from '../common/ids.js';
import type { SeedContent, SeedFile } from '../compute/contract/index.js';
import type { Lease } from './journal.port.js';

/** A seed that is written down. */
export interface KeptSeed {
  readonly token: string;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly expiresAt: number;
}

/**
 * Seeds that guests read over HTTP, encrypted like other secrets. They are found by their tokens, which are kept encrypted too,
 * beside a digest of each. All methods throw JOURNAL_UNAVAILABLE when the database does not answer.
 */
export interface SeedStore {
  /**
   * Writes down the seed of an instance for the operation that has the lease, or answers the one that it has already, read or not,
   * unless that has run out. Those of other operations for the instance go.
   *
   * @param token for a new one
   * @throws ComputeError when the lease is lost
   */
  keep(seed: NewSeed, lease: Lease): Promise<KeptSeed>;
  /** What a guest may read by a token; undefined when there is nothing, it has run out, or was read. */
  find(token: string): Promise<SeedContent | undefined>;
  /**
   * Notes that a file was read to its end. The last of those that every cloud-init asks for takes the content along.
   *
   * @returns true when that was it
   */
  noteRead(token: string, file: SeedFile): Promise<boolean>;
  withdraw(instance: TargetKey): Promise<void>;
}

export interface NewSeed {
  readonly instance: TargetKey;
  readonly content: SeedContent;
  readonly token: string;
}
