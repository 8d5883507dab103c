import type { Clock } from '../common/clock.js';

export interface RateLimitOptions {
  /** So many at once … */
  readonly burst: number;
  /** … and after that so many a second. */
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** Whoever is not known is forgotten first when there are more. */
const MAX_CALLERS = 10_000;

/** How often each caller may ask (token buckets). */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #clock: Pick<Clock, 'now'>;
  /** The one that asked longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions, clock: Pick<Clock, 'now'>) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Counts a request; false when it is one too many. */
  allows(caller: string): boolean {
    const { burst, perSecond } = this.#options;
    const now = this.#clock.now();
    const { left, at } = this.#buckets.get(caller) ?? { left: burst, at: now };
    const filled = Math.min(burst, left + (Math.max(0, now - at) * perSecond) / 1000);
    const isAllowed = filled >= 1;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { left: isAllowed ? filled - 1 : filled, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_CALLERS && oldest !== undefined) this.#buckets.delete(oldest);
    return isAllowed;
  }
}
