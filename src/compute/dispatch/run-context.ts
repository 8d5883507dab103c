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
  /** Interrupts the operation when its time has passed and no timer has said so yet. */
  readonly interruptWhenStale: () => void;
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
    const { hold, checkpoints } = this.#parts;
    this.#refuseWhenInterrupted();
    await hold.outlive(step.requestTimeoutMs);
    this.#refuseWhenInterrupted();
    const intent = await this.#writeDown(STEP_CHECKPOINT, {
      step: step.name,
      request_timeout_ms: step.requestTimeoutMs,
    });
    // While the intent was written down the process may have been frozen, time may have run out, a cancel may have come.
    await hold.outlive(step.requestTimeoutMs);
    this.#refuseWhenInterrupted();
    // From here on it counts as begun. What is refused before is known here not to have been sent; whoever comes next, and
    // finds it in the journal, looks after it.
    checkpoints.push(intent);
    this.progress(step.description);
  }

  async checkpoint(name: string, data: JsonValue): Promise<void> {
    this.#parts.checkpoints.push(await this.#writeDown(name, data));
  }

  progress(message: string, percent?: number): void {
    this.#parts.progress(message, percent);
  }

  async #writeDown(name: string, data: JsonValue): Promise<Checkpoint> {
    const checkpoint = { name, data, at: this.clock.now() };
    await this.#parts.journal.checkpoint(this.#parts.lease, checkpoint);
    return checkpoint;
  }

  #refuseWhenInterrupted(): void {
    this.#parts.interruptWhenStale();
    this.signal.throwIfAborted();
  }
}
