import pLimit, { type LimitFunction } from 'p-limit';
import { aborted } from '../../common/aborted.js';

/** How many reads of registered machines a controller is asked at the same moment, by this worker. */
const MAX_PER_CONTROLLER = 4;

/** Keeps sweeps and checks from flooding a controller; controllers do not wait for each other. */
export class ControllerLimits {
  readonly #limits = new Map<string, LimitFunction>();

  /**
   * Runs `work` when the controller has a place for it; not at all when `signal` has aborted by then. Whoever waits, for its
   * place or for the work, is told at once that it has; work keeps its place until it ends.
   *
   * @throws the signal's reason
   */
  async run<T>(powerType: string, controller: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const key = `${powerType} ${controller}`;
    const limit = this.#limits.get(key) ?? pLimit(MAX_PER_CONTROLLER);
    this.#limits.set(key, limit);
    const ended = limit(() => {
      signal.throwIfAborted();
      return work();
    }).finally(() => {
      if (limit.activeCount + limit.pendingCount === 0) this.#limits.delete(key);
    });
    const givenUp = aborted(signal).then((): never => {
      throw signal.reason;
    });
    return await Promise.race([ended, givenUp]);
  }
}
