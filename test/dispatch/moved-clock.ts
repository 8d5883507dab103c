import { HeldClock } from '../support/held-clock.js';

/** A {@link HeldClock} whose time can be moved on, with the timers that are due or ahead of them. */
export class MovedClock extends HeldClock {
  readonly #timers = new Map<() => void, number>();
  #offsetMs = 0;

  override now(): number {
    return super.now() + this.#offsetMs;
  }

  override after(ms: number, end: () => void): () => void {
    const timer = (): void => {
      cancel();
      end();
    };
    const forget = super.after(ms, timer);
    const cancel = (): void => {
      forget();
      this.#timers.delete(timer);
    };
    this.#timers.set(timer, this.now() + ms);
    return cancel;
  }

  /** Timers hear nothing of it before they are fired. */
  moveOn(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Those that are due. */
  fire(): void {
    for (const [timer, due] of this.#timers) if (due <= this.now()) timer();
  }

  /** So much time passes at once. */
  pass(ms: number): void {
    this.moveOn(ms);
    this.fire();
  }
}
