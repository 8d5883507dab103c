import type { Clock } from '../../src/common/clock.js';
import type { JsonValue } from '../../src/common/errors/index.js';
import { newOperationId } from '../../src/common/ids.js';
import { silentLog, type Log } from '../../src/common/log.js';
import {
  STEP_CHECKPOINT,
  type Checkpoint,
  type OperationContext,
  type Step,
} from '../../src/compute/contract/index.js';

/** An operation whose journal is an array: what a driver writes down can be looked at, and handed to a next attempt. */
export class RecordingContext implements OperationContext {
  readonly operationId = newOperationId();
  readonly fence = 1;
  readonly log: Log = silentLog;
  readonly checkpoints: Checkpoint[];
  readonly steps: Step[] = [];
  readonly messages: string[] = [];
  readonly #abort = new AbortController();
  readonly #watchers: { name: string; resolve: (checkpoint: Checkpoint) => void }[] = [];

  constructor(
    readonly clock: Clock,
    earlier: readonly Checkpoint[] = [],
  ) {
    this.checkpoints = [...earlier];
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** An aborted context does nothing; whoever reconciles has another one. */
  isEnding = false;

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** The next checkpoint of this name. */
  whenLeft(name: string): Promise<Checkpoint> {
    return new Promise((resolve) => this.#watchers.push({ name, resolve }));
  }

  async beginStep(step: Step): Promise<void> {
    this.signal.throwIfAborted();
    this.steps.push(step);
    await this.checkpoint(STEP_CHECKPOINT, { step: step.name, request_timeout_ms: step.requestTimeoutMs });
  }

  async checkpoint(name: string, data: JsonValue): Promise<void> {
    const checkpoint = { name, data, at: this.clock.now() };
    this.checkpoints.push(checkpoint);
    for (const watcher of this.#watchers) if (watcher.name === name) watcher.resolve(checkpoint);
  }

  progress(message: string): void {
    this.messages.push(message);
  }

  /** Names of the steps that were begun, in order. */
  get begun(): string[] {
    return this.steps.map(({ name }) => name);
  }
}
