import type { JsonValue, WireError } from '../common/errors/index.js';
import type { OperationId, TargetKey, WorkerId } from '../common/ids.js';
import type { TraceContext } from '../common/trace-context.js';
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
  /** What else it acts on: it runs only while it has all of these too. */
  readonly alsoTargets: readonly TargetKey[];
  readonly host: string | null;
  /** Instance or machine as the caller named it. */
  readonly name: string;
  /** The request as it was validated; secret fields are encrypted at rest. */
  readonly params: Record<string, JsonValue>;
  readonly replyTo: ReplyAddress | null;
  readonly acceptedAt: number;
  readonly notAfter: number | null;
  /** The operation that this one is a part of. */
  readonly parentId: OperationId | null;
  /** Place in a trace, which whoever takes the operation over continues. */
  readonly trace: TraceContext | null;
}

export interface OperationRecord extends NewOperation {
  /** Order of acceptance. */
  readonly seq: number;
  readonly state: OperationState;
  /** The worker that is to carry it out; null, or one that is gone: anybody may adopt it. */
  readonly owner: WorkerId | null;
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
  /** The host that is in maintenance, of those that were not to be. */
  readonly closedHost?: string;
}

export type OperationEnd =
  | { readonly state: 'done'; readonly result: Record<string, JsonValue> }
  | { readonly state: 'failed' | 'cancelled'; readonly error: WireError };

export interface OperationFilter {
  readonly state?: OperationState | 'unfinished';
  readonly method?: string;
  readonly host?: string;
  readonly name?: string;
  readonly parentId?: string;
  readonly beforeId?: string;
  readonly limit: number;
}

/** What somebody asks of an operation that waits or runs; kept as a checkpoint of this name. */
export const CONTROLS = ['cancel', 'abort', 'force_complete'] as const;
export type Control = (typeof CONTROLS)[number];

/**
 * Where operations are written down before anything happens, and where their outcomes stay. Every method that changes
 * something resolves after the commit. All throw ComputeError JOURNAL_UNAVAILABLE when the database does not answer: then
 * what was to change may have changed or not, and each method says what calling it again does.
 */
export interface Journal {
  /**
   * Writes an operation down, as its owner's, and gives it its place in the order of its targets; or finds the one that has
   * its key. Called again it finds what it wrote.
   *
   * @param openHosts hosts that must not be in maintenance
   * @param parent the lease of the operation that it is a part of; throws {@link isLeaseLost} when that is no longer the newest
   * @throws ComputeError BACKEND_BUSY when the target has `maxPerTarget` unfinished operations, STATE_CONFLICT
   *   (`inMaintenance`)
   */
  accept(
    operation: NewOperation,
    owner: WorkerId,
    openHosts?: readonly string[],
    parent?: Lease | null,
  ): Promise<{ readonly created: boolean; readonly record: OperationRecord }>;
  /**
   * Takes a lease on an unfinished operation of this owner, with a higher fence than any before, unless another one of the
   * same target runs, or came first and this one does not run yet. Called again it takes a newer lease.
   *
   * @param openHosts hosts that were not to be in maintenance: a lease is given all the same, and names one that is
   */
  claim(
    operation: OperationRecord,
    owner: WorkerId,
    now: number,
    openHosts?: readonly string[],
  ): Promise<Lease | undefined>;
  /** Puts an operation whose target was only named under the key it turned out to have, to wait for its turn there. */
  settleTarget(lease: Lease, target: TargetKey): Promise<void>;
  /**
   * Leaves a fact for whoever continues. Throws {@link isLeaseLost} when the lease is no longer the newest.
   *
   * @param openHosts hosts that must not be in maintenance, for a fact without which nothing is begun
   * @throws ComputeError STATE_CONFLICT (`inMaintenance`)
   */
  checkpoint(lease: Lease, checkpoint: Checkpoint, openHosts?: readonly string[]): Promise<void>;
  checkpoints(id: OperationId): Promise<Checkpoint[]>;
  /** Stores the outcome, once; the first one stays, and is answered. */
  conclude(operation: OperationRecord, fence: number, end: OperationEnd, now: number): Promise<OperationRecord>;
  /** Writes down, once, what is asked of an unfinished operation, whoever has it; false when it is finished. */
  requestControl(id: OperationId, control: Control, now: number): Promise<boolean>;
  /** What was asked of this owner's unfinished operations. */
  controlsOf(owner: WorkerId): Promise<{ readonly operationId: OperationId; readonly control: Control }[]>;
  /** Gives unfinished operations that nobody living owns, and that are not in flight, to this worker, in order of acceptance. */
  adopt(owner: WorkerId, which: AdoptionFilter, limit: number): Promise<OperationRecord[]>;
  /** Milliseconds until the next one that is left in flight, and that nobody living owns, can be adopted; undefined when there is none. */
  nextLanding(which: AdoptionFilter): Promise<number | undefined>;
  /** Gives an unfinished operation to another worker; false when it is not the first one's, or the other one is gone. */
  passOn(id: OperationId, from: WorkerId, to: WorkerId): Promise<boolean>;
  /** This owner's unfinished operations. */
  owned(owner: WorkerId): Promise<OperationId[]>;
  findById(id: string): Promise<OperationRecord | undefined>;
  findByKey(requestedBy: string, requestKey: string): Promise<OperationRecord | undefined>;
  /** The newest one with this key or message id, whoever asked. */
  findBy(field: 'requestKey' | 'messageId', value: string): Promise<OperationRecord | undefined>;
  /** Newest first. */
  list(filter: OperationFilter): Promise<OperationRecord[]>;
  /** All that have this target, or wait for it, as one of several too; in order of acceptance. */
  unfinishedOn(target: TargetKey): Promise<OperationRecord[]>;
  /** Puts a host into maintenance, for all workers and over restarts, or ends it; false when it was so. */
  setMaintenance(host: string, isOn: boolean): Promise<boolean>;
  hostsInMaintenance(): Promise<string[]>;
  /** Unfinished operations of all workers. */
  countUnfinished(): Promise<number>;
  /** Removes outcomes that are older, by the caller's clock, `now`, and by the database's too; answers how many. */
  prune(age: Age): Promise<number>;
  /** Throws JOURNAL_UNAVAILABLE when the database does not answer. */
  check(): Promise<void>;
}

/** How old what is pruned must be. */
export interface Age {
  readonly olderThanMs: number;
  /** By the caller's clock. */
  readonly now: number;
}

/** A process among those that share a journal: another one for every start, and after every lost lease. */
export interface Worker {
  readonly id: WorkerId;
  /** Name by which its service is addressed. */
  readonly server: string;
  readonly hosts: readonly string[];
}

/** Operations of these hosts and of none, or of any other host. */
export type AdoptionFilter =
  { readonly of: readonly string[] } | { readonly notOf: readonly string[]; readonly acceptedBefore: number };

export interface LeaseTerms {
  /** The worker counts as alive for so long from now, unless it renews its lease. */
  readonly leaseMs: number;
  /** The longest that a request of it to a device may be under way: it is let pass before anybody takes over. */
  readonly graceMs: number;
}

/** An operation of a worker that stops, a request of which may be under way to its device for so long. */
export interface LeftInFlight {
  readonly operationId: OperationId;
  readonly forMs: number;
}

/** Which workers are alive, by the database's own clock. All methods throw JOURNAL_UNAVAILABLE. */
export interface WorkerRegistry {
  join(worker: Worker, terms: LeaseTerms): Promise<void>;
  /** False when the worker has been struck off meanwhile: others may have taken over what it owned. */
  renew(id: WorkerId, terms: LeaseTerms): Promise<boolean>;
  /** Strikes off a worker that stops; what it still owns is anybody's at once, or, what is in flight, after its time. */
  leave(id: WorkerId, inFlight?: readonly LeftInFlight[]): Promise<void>;
  /** Strikes off everybody whose lease and grace are over. */
  strikeOffExpired(): Promise<number>;
  /** Those that are not struck off. */
  list(): Promise<Worker[]>;
}

/** A hint to the other workers; whoever misses it finds the same in the journal a little later. */
export type Signal =
  | { readonly kind: 'control'; readonly operationId: OperationId; readonly control: Control }
  /** There are operations that nobody owns, or that came to another owner. */
  | { readonly kind: 'orphans' };

/** Hints among the workers of one journal, this one included. Sending never fails. */
export interface SignalLine {
  send(signal: Signal): void;
  onSignal(listener: (signal: Signal) => void): void;
}
