import type { Clock } from '../../common/clock.js';
import type { JsonValue } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type { Outgoing } from '../../common/outgoing.js';
import type { Journal, Lease } from '../../journal/journal.port.js';
import type { InFlight } from './in-flight.js';
import { TAKEN_CHECKPOINT } from './run-controls.js';
import type { LeaseHold } from './worker-lease.js';
import {
  STEP_CHECKPOINT,
  type AttemptWatch,
  type Checkpoint,
  type OperationContext,
  type Step,
} from '../contract/index.js';

export interface RunContextParts {
  readonly journal: Journal;
  readonly lease: Lease;
  /** What keeps others from taking over. */
  readonly hold: LeaseHold;
  /** What it has sent that may be under way. */
  readonly inFlight: InFlight;
  readonly clock: Clock;
  readonly log: Log;
  readonly watch: AttemptWatch;
  readonly signal: AbortSignal;
  /** Interrupts the operation when its time has passed and no timer has said so yet. */
  readonly interruptWhenStale: () => void;
  /** The hosts that must not be in maintenance when its first step begins. */
  readonly openHosts: readonly string[];
  /** What was left so far; this attempt's are appended. */
  readonly checkpoints: Checkpoint[];
  readonly isEnding: () => boolean;
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
  get outgoing(): Outgoing | undefined {
    return this.#parts.watch.outgoing;
  }
  get checkpoints(): readonly Checkpoint[] {
    return this.#parts.checkpoints;
  }
  get isEnding(): boolean {
    return this.#parts.isEnding();
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
    this.#parts.inFlight.sent(step.requestTimeoutMs);
    this.#parts.watch.step(step.name);
    this.progress(step.description);
  }

  async checkpoint(name: string, data: JsonValue): Promise<void> {
    const { checkpoints, inFlight } = this.#parts;
    checkpoints.push(await this.#writeDown(name, data));
    // What a driver writes down beside its steps is what it has been answered.
    if (name !== STEP_CHECKPOINT && name !== TAKEN_CHECKPOINT) inFlight.answered();
  }

  progress(message: string, percent?: number): void {
    this.#parts.progress(message, percent);
  }

  async #writeDown(name: string, data: JsonValue): Promise<Checkpoint> {
    const { journal, lease, openHosts, checkpoints } = this.#parts;
    const checkpoint = { name, data, at: this.clock.now() };
    // A claim may not have seen yet that a host was closed. Who closed it has seen the claim then, or sees this refused.
    const isToBegin = name === STEP_CHECKPOINT && !hasBegun(checkpoints);
    await journal.checkpoint(lease, checkpoint, isToBegin ? openHosts : []);
    return checkpoint;
  }

  #refuseWhenInterrupted(): void {
    this.#parts.interruptWhenStale();
    this.signal.throwIfAborted();
  }
}

/** May anything have been sent to the device by whoever left these? */
export function hasBegun(checkpoints: readonly Checkpoint[]): boolean {
  return checkpoints.some(({ name }) => name === STEP_CHECKPOINT);
}
