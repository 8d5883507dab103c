import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { PublishOutcome } from './amqp/index.js';

export interface SignsOfLifeOptions {
  readonly queue: string;
  readonly everyMs: number;
  /** For so long a missing queue is waited for; then nobody is there to see them. */
  readonly patienceMs: number;
  /** Sends one; rejects when nobody knows whether it arrived. */
  readonly send: () => Promise<PublishOutcome>;
  readonly clock: Clock;
  readonly log: Log;
}

/** At most so long until a sign whose queue was missing is tried again. */
const MAX_RETRY_MS = 5_000;
/** So much sooner than the next one: its caller counts from the last that it saw. */
const RETRY_PART = 4;

/** Tells a caller over and over that its request still runs, until it is ended or the caller's queue is gone for good. */
export class SignsOfLife {
  #isOver = false;
  #cancel: () => void = () => undefined;
  #missingSince: number | undefined;

  constructor(private readonly options: SignsOfLifeOptions) {}

  begin(firstAfterMs: number): void {
    this.#cancel = this.options.clock.after(firstAfterMs, () => void this.#show());
  }

  end(): void {
    this.#isOver = true;
    this.#cancel();
  }

  async #show(): Promise<void> {
    const { send, log } = this.options;
    const outcome = await send().catch((error: unknown) => {
      log.debug('a sign of life was not delivered', { err: error });
      return undefined;
    });
    if (this.#isOver) return;
    const pauseMs = outcome === 'unroutable' ? this.#pauseWhileMissing() : this.#pauseWhileThere();
    if (pauseMs !== undefined) this.begin(pauseMs);
  }

  #pauseWhileThere(): number {
    this.#missingSince = undefined;
    return this.options.everyMs;
  }

  /** Undefined once the queue has been missing for too long. */
  #pauseWhileMissing(): number | undefined {
    const { clock, log, queue, everyMs, patienceMs } = this.options;
    this.#missingSince ??= clock.now();
    const leftMs = this.#missingSince + patienceMs - clock.now();
    if (leftMs <= 0) {
      log.info('no more signs of life to a reply queue that is gone', { queue });
      return undefined;
    }
    log.debug('the queue of a sign of life is missing', { queue });
    return Math.min(everyMs / RETRY_PART, MAX_RETRY_MS, leftMs);
  }
}
