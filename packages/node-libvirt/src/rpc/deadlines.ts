/** The longest that a timer of Node waits: more is taken for nothing. */
export const LONGEST_MS = 2 ** 31 - 1;

/** What has a time after which it is over. */
export interface Dueable {
  /** On the clock of `performance.now()`; `Infinity` for never. */
  readonly dueAt: number;
}

/**
 * One timer for any number of things that are hardly ever late: one that begins sets it only when it is due before the timer rings, and
 * one that ends leaves it as it is. It rings when the first of all could be due, and is set anew for those that are left.
 */
export class Deadlines<T extends Dueable> {
  readonly #all: () => Iterable<T>;
  readonly #onDue: (late: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = Infinity;

  /** @param all what has not ended */
  constructor(all: () => Iterable<T>, onDue: (late: T) => void) {
    this.#all = all;
    this.#onDue = onDue;
  }

  /** One more has begun. */
  heed({ dueAt }: T): void {
    if (dueAt < this.#ringsAt) this.#ringAt(dueAt);
  }

  /** Nothing is waited for any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#ringsAt = Infinity;
  }

  #ringAt(dueAt: number): void {
    clearTimeout(this.#timer);
    this.#ringsAt = dueAt;
    const waitMs = Math.min(LONGEST_MS, Math.max(1, Math.ceil(dueAt - performance.now())));
    this.#timer = setTimeout(() => this.#ring(), waitMs);
  }

  #ring(): void {
    this.#ringsAt = Infinity;
    const now = performance.now();
    const late = [...this.#all()].filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt);
    for (const one of late) this.#onDue(one);
    let next = Infinity;
    for (const { dueAt } of this.#all()) if (dueAt > now) next = Math.min(next, dueAt);
    if (next < this.#ringsAt) this.#ringAt(next);
  }
}
