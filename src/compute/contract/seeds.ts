import type { OperationContext } from './context.js';
import type { TargetKey } from '../../common/ids.js';

/** The files of a NoCloud seed, by the names that cloud-init asks for. */
export const SEED_FILES = ['meta-data', 'user-data', 'vendor-data', 'network-config'] as const;
export type SeedFile = (typeof SEED_FILES)[number];

/** Where seeds lie below the address of a listener; token and file follow. */
export const SEED_PATH = '/v1/seed/';

/** What a guest is told at its first start. All of it is secret: users write passwords into it. */
export type SeedContent = Readonly<Record<SeedFile, string>>;

/** Where a guest reads its seed, once. */
export interface SeedOffer {
  /** Ends in a slash; whoever knows it may read the seed. */
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Seeds that guests read over HTTP, from a listener of the service: for those that start from a volume or a network, where no
 * medium can be given to them. Each can be read once, within half an hour, by one guest.
 */
export interface Seeds {
  /** Of each address, in characters: whether it fits is seen before anything is done. */
  readonly urlLength: number;
  /**
   * Offers a seed for an operation; asked again for the same operation it answers the same, and changes nothing, also when the
   * seed has been read meanwhile. One that has run out is offered anew. What another operation offered for the same instance can no longer be read.
   *
   * @param instance whose seed it is; when it is no longer ours, its seed is gone too
   * @throws ComputeError JOURNAL_UNAVAILABLE, and when the lease is lost
   */
  offer(
    ctx: Pick<OperationContext, 'operationId' | 'fence'>,
    instance: TargetKey,
    content: SeedContent,
  ): Promise<SeedOffer>;
  /** Takes back what is offered for an instance; there may be nothing. @throws ComputeError JOURNAL_UNAVAILABLE */
  withdraw(instance: TargetKey): Promise<void>;
}
