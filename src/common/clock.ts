import { setTimeout as delay } from 'node:timers/promises';

/** Time as a port, so that polling, deadlines and retention are tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `end` after `ms`, unless the function that it answers is called before. Cheaper than a sleep that is given up. */
  after(ms: number, end: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
  after(ms, end) {
    const timer = setTimeout(end, ms);
    return () => clearTimeout(timer);
  },
};

/** ISO 8601 in UTC with milliseconds, the only form in which times are shown to callers. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
