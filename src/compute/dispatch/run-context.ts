import type { Clock } from '../../common/clock.js';
import type { JsonValue } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type { Journal, Lease } from '../../journal/journal.port.js';
import type { LeaseHold } from './worker-lease.js';
import { STEP_CHECKPOINT, type Checkpoint, type OperationContext, type Step } from '../contract/index.js';

export interface RunContextParts {
  readonly journal: Journal;
  readonly lease: Lease;
  /** What keeps others from taking over. */
  readonly hold: LeaseHold;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What was left so far; this attempt's are appended. */
  readonly checkpoints: Checkpoint[];
  readonly progress: (message: string, percent?: number) => void;
}

/** What a driver holds while it carries an operation out: the operation's lease, in effect. */
export class RunContext implements OperationContext {
  readonly #parts: RunContextParts;

  constructor(parts: RunContextParts) {
    this.#parts = parts;
  }

  get operationId(): OperationId {
    return this.#parts.lease.operationId;
  }
  get fence(): number {
    return this.#parts.lease.fence;
  }
  get signal(): AbortSignal {
    return this.#parts.signal;
  }
  get clock(): Clock {
    return this.#parts.clock;
  }
  get log(): Log {
    return this.#parts.log;
  }
  get checkpoints(): readonly Checkpoint[] {
    return this.#parts.checkpoints;
  }

  async beginStep(step: Step): Promise<void> {
    const { hold } = this.#parts;
    this.signal.throwIfAborted();
    await hold.outlive(step.requestTimeoutMs);
    await this.checkpoint(STEP_CHECKPOINT, { step: step.name, request_timeout_ms: step.requestTimeoutMs });
    // While the intent was written down the process may have been frozen, time may have run out, a cancel may have come.
    await hold.outlive(step.requestTimeoutMs);
    this.signal.throwIfAborted();
    this.progress(step.description);
  }

  async checkpoint(name: string, data: JsonValue): Promise<void> {
    const checkpoint = { name, data, at: this.clock.now() };
    await this.#parts.journal.checkpoint(this.#parts.lease, checkpoint);
    this.#parts.checkpoints.push(checkpoint);
  }

  progress(message: string, percent?: number): void {
    this.#parts.progress(message, percent);
  }
}
