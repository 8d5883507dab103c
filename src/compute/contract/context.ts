import type { Clock } from '../../common/clock.js';
import type { JsonValue } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type { Outgoing } from '../../common/outgoing.js';

/** What every call into a driver receives. Whatever waits or sends observes the signal. */
export interface CallContext {
  /** Aborts when the caller's time is over, the operation is cancelled, or the service stops. Its reason is a ComputeError. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each request that the call sends; handed on to the connector. */
  readonly outgoing?: Outgoing | undefined;
}

/** A step of an operation that changes the device. */
export interface Step {
  /** Stable name, known to the driver's `reconcile`: "start". */
  readonly name: string;
  /** For people, shown as progress: "starting LPAR ubuntu01". */
  readonly description: string;
  /** The longest the request of this step may be under way, milliseconds. */
  readonly requestTimeoutMs: number;
}

/** A fact that a driver left in the journal: a step that was about to be sent, a job's URI, a created object's id. */
export interface Checkpoint {
  readonly name: string;
  readonly data: JsonValue;
  /** Milliseconds since the epoch, before its commit and by the clock of whoever left it: for people, not to reckon with. */
  readonly at: number;
}

/** Name under which {@link OperationContext.beginStep} leaves its checkpoint; the data is `{step, request_timeout_ms}`. */
export const STEP_CHECKPOINT = 'step';

/** What a changing operation receives besides. */
export interface OperationContext extends CallContext {
  readonly operationId: OperationId;
  /** Number of this attempt's lease; higher than that of every attempt before it. */
  readonly fence: number;
  /** What this and earlier attempts left, oldest first. */
  readonly checkpoints: readonly Checkpoint[];
  /** Was it cancelled, or is its time over? Then what it has under way is ended when it is reconciled: nothing goes on with it. */
  readonly isEnding: boolean;
  /**
   * Asked before each device write: writes the intent down, committed, and makes sure that the operation may go on.
   *
   * @throws ComputeError DEADLINE_EXCEEDED, OPERATION_CANCELLED, SHUTTING_DOWN or OPERATION_FAILED (lease lost): then
   *   nothing may be sent.
   */
  beginStep(step: Step): Promise<void>;
  /**
   * Writes a fact down, committed, before the driver waits on it. One that follows a step says that the request of the step was
   * answered: nothing of it is under way any more.
   */
  checkpoint(name: string, data: JsonValue): Promise<void>;
  /** Tells callers how far it is. Never fails, never waits. */
  progress(message: string, percent?: number): void;
}
