import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../common/clock.js';
import type { TargetKey } from '../../common/ids.js';

/** What waits in a queue. */
export interface Queued {
  /** Its order of acceptance. */
  readonly seq: number;
  /** Was it begun before, and not ended? Such a one comes first: what it left on the device is not settled. */
  readonly hasBegun: boolean;
  /** Only waits for operations of its own, and so takes no place at its endpoint from them. */
  readonly isParent: boolean;
}

export interface TargetQueuesOptions<T> {
  readonly clock: Clock;
  readonly maxPerEndpoint: number;
  /**
   * Carries one item out; never rejects.
   *
   * @returns milliseconds after which it is to be tried again, when it could not be now
   */
  run(item: T): Promise<number | undefined>;
  /** Cuts pauses short. */
  readonly signal: AbortSignal;
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
  readonly #options: TargetQueuesOptions<T>;
  readonly #queues = new Map<TargetKey, Queue<T>>();
  readonly #endpoints = new Map<string, LimitFunction>();
  #workers = 1;

  constructor(options: TargetQueuesOptions<T>) {
    this.#options = options;
  }

  /** The endpoints' limits are for all workers together: each takes its share, and at least one place. */
  shareWith(workers: number): void {
    if (workers === this.#workers) return;
    this.#workers = workers;
    for (const limit of this.#endpoints.values()) limit.concurrency = this.#share();
  }

  add(target: TargetKey, item: T): void {
    const queue = this.#queues.get(target) ?? { waiting: [], hasTurn: false };
    this.#queues.set(target, queue);
    insert(queue, item);
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
    const turn = (): Promise<number | undefined> => this.#runFirst(queue);
    const pauseMs = await (queue.waiting[0]?.isParent === true ? turn() : this.#limitOf(target)(turn));
    // The pause takes no place from others, and what comes to the queue meanwhile waits with the rest.
    const { clock, signal } = this.#options;
    if (pauseMs !== undefined && queue.waiting.length > 0) await clock.sleep(pauseMs, signal).catch(() => undefined);
    queue.hasTurn = false;
    this.#next(target, queue);
  }

  async #runFirst(queue: Queue<T>): Promise<number | undefined> {
    const item = queue.waiting.shift();
    if (item === undefined) return undefined;
    const pauseMs = await this.#options.run(item);
    if (pauseMs !== undefined) insert(queue, item);
    return pauseMs;
  }

  #limitOf(target: TargetKey): LimitFunction {
    const endpoint = target.split(':', 2).join(':');
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    for (const [name, { activeCount, pendingCount }] of this.#endpoints) {
      if (activeCount + pendingCount === 0) this.#endpoints.delete(name);
    }
    const limit = pLimit(this.#share());
    this.#endpoints.set(endpoint, limit);
    return limit;
  }

  #share(): number {
    return Math.max(1, Math.floor(this.#options.maxPerEndpoint / this.#workers));
  }
}

function insert<T extends Queued>({ waiting }: Queue<T>, item: T): void {
  const place = waiting.findIndex((other) => isBefore(item, other));
  waiting.splice(place === -1 ? waiting.length : place, 0, item);
}

function isBefore(item: Queued, other: Queued): boolean {
  return item.hasBegun === other.hasBegun ? item.seq < other.seq : item.hasBegun;
}
