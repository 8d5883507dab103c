import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { PublishOutcome } from './amqp/index.js';
import type { EncodedReply } from './codec.port.js';

export interface MissingQueuesOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the attempts when the service closes. */
  readonly signal: AbortSignal;
  /** Replies kept over all queues; more are given up at once. Default 1,000. */
  readonly maxKept?: number;
}

interface Kept {
  readonly publish: () => Promise<PublishOutcome>;
  readonly expiresAt: number;
}

const MAX_KEPT = 1_000;

/**
 * Replies to queues that are not there, because the broker was restarted or their owner is reconnecting: tried again until
 * the queue is back or their time is over. One attempt at a time for each queue, however many replies wait for it.
 */
export class MissingQueues {
  readonly #kept = new Map<string, Kept[]>();
  #count = 0;

  constructor(private readonly options: MissingQueuesOptions) {}

  /** Replies that are waiting for their queue. */
  get keptCount(): number {
    return this.#count;
  }

  keep({ queue }: Pick<EncodedReply, 'queue'>, patienceMs: number, publish: () => Promise<PublishOutcome>): void {
    const { clock, log, signal, maxKept = MAX_KEPT } = this.options;
    if (signal.aborted || this.#count >= maxKept) {
      log.warn('gave up a reply whose queue is missing', { queue });
      return;
    }
    this.#count++;
    const kept: Kept = { publish, expiresAt: clock.now() + patienceMs };
    const others = this.#kept.get(queue);
    if (others !== undefined) {
      others.push(kept);
      return;
    }
    this.#kept.set(queue, [kept]);
    void this.#retry(queue);
  }

  async #retry(queue: string): Promise<void> {
    const { clock, log, signal } = this.options;
    const backoff = new Backoff(clock, { initialMs: 250, maxMs: 2_000 });
    const replies = this.#kept.get(queue) ?? [];
    let isBack = false;
    for (let next = replies[0]; next !== undefined; next = replies[0]) {
      if (!isBack) await backoff.pause(signal);
      const isGivenUp = signal.aborted || next.expiresAt <= clock.now();
      if (isGivenUp) log.warn('gave up a reply whose queue is missing', { queue });
      // What is not confirmed is tried again like what has no queue: its owner drops the second of two.
      else isBack = await next.publish().then(isConfirmed, () => false);
      if (!isGivenUp && !isBack) continue;
      replies.shift();
      this.#count--;
    }
    this.#kept.delete(queue);
  }
}

function isConfirmed(outcome: PublishOutcome): boolean {
  return outcome === 'confirmed';
}
