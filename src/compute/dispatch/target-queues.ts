import pLimit, { type LimitFunction } from 'p-limit';
import type { TargetKey } from '../../common/ids.js';

/** What waits in a queue; `seq` is its order of acceptance. */
export interface Queued {
  readonly seq: number;
}

/**
 * One at a time per target, in order of acceptance; different targets side by side, up to a limit per endpoint.
 * Holds no operation for longer than it runs.
 */
export class TargetQueues<T extends Queued> {
  readonly #maxPerEndpoint: number;
  readonly #run: (item: T) => Promise<void>;
  readonly #queues = new Map<TargetKey, { waiting: T[]; running: T | undefined }>();
  readonly #endpoints = new Map<string, LimitFunction>();

  /** @param run carries one item out; it never rejects */
  constructor(maxPerEndpoint: number, run: (item: T) => Promise<void>) {
    this.#maxPerEndpoint = maxPerEndpoint;
    this.#run = run;
  }

  add(target: TargetKey, item: T): void {
    const queue = this.#queues.get(target) ?? { waiting: [], running: undefined };
    this.#queues.set(target, queue);
    const place = queue.waiting.findIndex((other) => other.seq > item.seq);
    queue.waiting.splice(place === -1 ? queue.waiting.length : place, 0, item);
    this.#next(target);
  }

  /** Takes out what has not begun; false when it is not waiting there. */
  remove(target: TargetKey, item: T): boolean {
    const queue = this.#queues.get(target);
    const place = queue?.waiting.indexOf(item) ?? -1;
    if (queue === undefined || place === -1) return false;
    queue.waiting.splice(place, 1);
    this.#forget(target);
    return true;
  }

  #next(target: TargetKey): void {
    const queue = this.#queues.get(target);
    if (queue === undefined || queue.running !== undefined) return;
    const item = queue.waiting.shift();
    if (item === undefined) return this.#forget(target);
    queue.running = item;
    void this.#runAndGoOn(target, queue, item);
  }

  async #runAndGoOn(target: TargetKey, queue: { running: T | undefined }, item: T): Promise<void> {
    await this.#limitOf(target)(() => this.#run(item));
    queue.running = undefined;
    this.#next(target);
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

  #forget(target: TargetKey): void {
    const queue = this.#queues.get(target);
    if (queue !== undefined && queue.running === undefined && queue.waiting.length === 0) this.#queues.delete(target);
  }
}
