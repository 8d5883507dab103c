import pLimit, { type LimitFunction } from 'p-limit';

/** How many reads of registered machines a controller is asked at the same moment, by this worker. */
const MAX_PER_CONTROLLER = 4;

/** Keeps sweeps and checks from flooding a controller; controllers do not wait for each other. */
export class ControllerLimits {
  readonly #limits = new Map<string, LimitFunction>();

  /** Runs `work` when the controller has a place for it; not at all when `signal` has aborted by then. */
  async run<T>(powerType: string, controller: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const key = `${powerType} ${controller}`;
    const limit = this.#limits.get(key) ?? pLimit(MAX_PER_CONTROLLER);
    this.#limits.set(key, limit);
    try {
      return await limit(() => {
        signal.throwIfAborted();
        return work();
      });
    } finally {
      if (limit.activeCount + limit.pendingCount === 0) this.#limits.delete(key);
    }
  }
}
