import pLimit, { type LimitFunction } from 'p-limit';
import type { TargetKey } from '../../common/ids.js';

/** What waits in a queue. */
export interface Queued {
  /** Its order of acceptance. */
  readonly seq: number;
  /** Was it begun before, and not ended? Such a one comes first: what it left on the device is not settled. */
  readonly hasBegun: boolean;
}

interface Queue<T> {
  readonly waiting: T[];
  /** Has it a place at its endpoint, or waits for one? */
  hasTurn: boolean;
}

/**
 * One at a time per target, in order of acceptance; different targets side by side, up to a limit per endpoint.
 * Holds no operation for longer than it runs.
 */
export class TargetQueues<T extends Queued> {
  readonly #maxPerEndpoint: number;
  readonly #run: (item: T) => Promise<void>;
  readonly #queues = new Map<TargetKey, Queue<T>>();
  readonly #endpoints = new Map<string, LimitFunction>();

  /** @param run carries one item out; it never rejects */
  constructor(maxPerEndpoint: number, run: (item: T) => Promise<void>) {
    this.#maxPerEndpoint = maxPerEndpoint;
    this.#run = run;
  }

  add(target: TargetKey, item: T): void {
    const queue = this.#queues.get(target) ?? { waiting: [], hasTurn: false };
    this.#queues.set(target, queue);
    const place = queue.waiting.findIndex((other) => isBefore(item, other));
    queue.waiting.splice(place === -1 ? queue.waiting.length : place, 0, item);
    this.#next(target, queue);
  }

  /** Takes out what does not run; false when it is not waiting there. */
  remove(target: TargetKey, item: T): boolean {
    const queue = this.#queues.get(target);
    const place = queue?.waiting.indexOf(item) ?? -1;
    if (queue === undefined || place === -1) return false;
    queue.waiting.splice(place, 1);
    return true;
  }

  #next(target: TargetKey, queue: Queue<T>): void {
    if (queue.hasTurn) return;
    if (queue.waiting.length === 0) {
      this.#queues.delete(target);
      return;
    }
    queue.hasTurn = true;
    void this.#takeTurn(target, queue);
  }

  /** Whose turn it is, is decided when the endpoint has a place: until then everything can be taken out. */
  async #takeTurn(target: TargetKey, queue: Queue<T>): Promise<void> {
    await this.#limitOf(target)(async () => {
      const item = queue.waiting.shift();
      if (item !== undefined) await this.#run(item);
    });
    queue.hasTurn = false;
    this.#next(target, queue);
  }

  #limitOf(target: TargetKey): LimitFunction {
    const endpoint = target.split(':', 2).join(':');
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    for (const [name, { activeCount, pendingCount }] of this.#endpoints) {
      if (activeCount + pendingCount === 0) this.#endpoints.delete(name);
    }
    const limit = pLimit(this.#maxPerEndpoint);
    this.#endpoints.set(endpoint, limit);
    return limit;
  }
}

function isBefore(item: Queued, other: Queued): boolean {
  return item.hasBegun === other.hasBegun ? item.seq < other.seq : item.hasBegun;
}
