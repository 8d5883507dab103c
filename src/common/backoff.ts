import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Clock } from './clock.js';

export interface BackoffOptions {
  /** First pause, about; every pause is jittered. */
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Pauses that grow from failure to failure up to a cap, for things that are tried for ever. */
export class Backoff {
  readonly #factory: ExponentialBackoff<unknown>;
  #next: IBackoff<unknown>;

  constructor(
    private readonly clock: Clock,
    { initialMs, maxMs }: BackoffOptions,
  ) {
    this.#factory = new ExponentialBackoff({ initialDelay: initialMs, maxDelay: maxMs });
    this.#next = this.#factory.next();
  }

  /** Resolves after the next pause, or as soon as the signal aborts. */
  async pause(signal: AbortSignal): Promise<void> {
    this.#next = this.#next.next(undefined);
    try {
      await this.clock.sleep(this.#next.duration, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** The next pause is short again. */
  reset(): void {
    this.#next = this.#factory.next();
  }
}
