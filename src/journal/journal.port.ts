import type { JsonValue, WireError } from '../common/errors/index.js';
import type { OperationId, TargetKey } from '../common/ids.js';
import type { Checkpoint, ReplyAddress } from '../compute/contract/index.js';

export const OPEN_STATES = ['accepted', 'running'] as const;
export const FINAL_STATES = ['done', 'failed', 'cancelled'] as const;
export type OpenState = (typeof OPEN_STATES)[number];
export type FinalState = (typeof FINAL_STATES)[number];
export type OperationState = OpenState | FinalState;

/** What is written down when a request is accepted. Times are milliseconds since the epoch. */
export interface NewOperation {
  readonly id: OperationId;
  readonly requestedBy: string;
  /** Unique per `requestedBy`: idempotency key, message id or the envelope's id. */
  readonly requestKey: string;
  /** Tells a repeat from another request under the same key. */
  readonly fingerprint: string;
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly method: string;
  readonly driver: string;
  readonly target: TargetKey;
  /** False while the target could only be named, not looked up. */
  readonly targetSettled: boolean;
  readonly host: string | null;
  /** Instance or machine as the caller named it. */
  readonly name: string;
  /** The request as it was validated; secret fields are encrypted at rest. */
  readonly params: Record<string, JsonValue>;
  readonly replyTo: ReplyAddress | null;
  readonly acceptedAt: number;
  readonly notAfter: number | null;
}

export interface OperationRecord extends NewOperation {
  /** Order of acceptance. */
  readonly seq: number;
  readonly state: OperationState;
  /** Number of the newest lease. */
  readonly fence: number;
  readonly attempts: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly result: Record<string, JsonValue> | null;
  readonly error: WireError | null;
}

/** A running operation belongs to whoever holds its newest fence. */
export interface Lease {
  readonly operationId: OperationId;
  readonly fence: number;
}

export type OperationEnd =
  | { readonly state: 'done'; readonly result: Record<string, JsonValue> }
  | { readonly state: 'failed' | 'cancelled'; readonly error: WireError };

export interface OperationFilter {
  readonly state?: OperationState | 'unfinished';
  readonly method?: string;
  readonly host?: string;
  readonly name?: string;
  readonly beforeId?: string;
  readonly limit: number;
}

/**
 * Where operations are written down before anything happens, and where their outcomes stay. Every method that changes
 * something resolves after the commit. All throw ComputeError JOURNAL_UNAVAILABLE when the database does not answer.
 */
export interface Journal {
  /**
   * Writes an operation down and gives it its place in the order of its target, or finds the one that has its key.
   *
   * @throws ComputeError BACKEND_BUSY when the target has `maxPerTarget` unfinished operations
   */
  accept(operation: NewOperation): Promise<{ readonly created: boolean; readonly record: OperationRecord }>;
  /**
   * Takes a lease on an unfinished operation, with a higher fence than any before, unless another one of the same
   * target runs, or came first and this one does not run yet.
   */
  claim(id: OperationId, now: number): Promise<Lease | undefined>;
  /** Puts an operation whose target was only named under the key it turned out to have, to wait for its turn there. */
  settleTarget(lease: Lease, target: TargetKey): Promise<void>;
  /** Leaves a fact for whoever continues. Throws OPERATION_FAILED when the lease is no longer the newest. */
  checkpoint(lease: Lease, checkpoint: Checkpoint): Promise<void>;
  checkpoints(id: OperationId): Promise<Checkpoint[]>;
  /** Stores the outcome, once; the first one stays. */
  conclude(id: OperationId, fence: number, end: OperationEnd, now: number): Promise<OperationRecord>;
  findById(id: string): Promise<OperationRecord | undefined>;
  findByKey(requestedBy: string, requestKey: string): Promise<OperationRecord | undefined>;
  /** The newest one with this key or message id, whoever asked. */
  findBy(field: 'requestKey' | 'messageId', value: string): Promise<OperationRecord | undefined>;
  /** Newest first. */
  list(filter: OperationFilter): Promise<OperationRecord[]>;
  /** In order of acceptance. */
  unfinished(): Promise<OperationRecord[]>;
  /** Removes what finished before; answers how many. */
  prune(finishedBefore: number): Promise<number>;
  /** Throws JOURNAL_UNAVAILABLE when the database does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}
