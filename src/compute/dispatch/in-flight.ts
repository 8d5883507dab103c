/** Time between the last look before a write and the write itself. */
export const MARGIN_MS = 50;

/**
 * How much longer a request of one operation may be under way to its device. It ends when the driver has written down what
 * was answered, or else with the request's time-out; that its driver gives up does not end it.
 */
export class InFlight {
  /** By the steady clock. */
  #until = Number.NEGATIVE_INFINITY;

  /** A step begins, whose request takes so long at the most; 0: it sends none. */
  sent(requestTimeoutMs: number): void {
    if (requestTimeoutMs > 0) this.#until = Math.max(this.#until, performance.now() + requestTimeoutMs + MARGIN_MS);
  }

  answered(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  get leftMs(): number {
    return Math.max(0, Math.ceil(this.#until - performance.now()));
  }
}
