/** Undoes a timer; calling it twice or after the timer fired does nothing. */
export type Cancel = () => void;

/** The time a simulator lives in. Everything that waits asks this port, so that tests decide how time passes. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `act` once, `delayMs` from now. */
  after(delayMs: number, act: () => void): Cancel;
}

/** setTimeout fires at once beyond this. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Real time, or real time sped up: with `scale` 10 an hour of the simulated machine takes six minutes. */
export class SystemClock implements Clock {
  readonly #startedAt = Date.now();
  readonly #scale: number;

  constructor(scale = 1) {
    if (!(scale > 0)) throw new RangeError(`the scale of a clock must be above 0, not ${scale}`);
    this.#scale = scale;
  }

  now(): number {
    return this.#startedAt + (Date.now() - this.#startedAt) * this.#scale;
  }

  after(delayMs: number, act: () => void): Cancel {
    const timer = setTimeout(act, Math.min(delayMs / this.#scale, LONGEST_TIMEOUT_MS));
    return () => clearTimeout(timer);
  }
}

/** Time that passes only when told to: `advance(2000)` fires what is due within two seconds, in order. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #pending: { dueMs: number; act: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), act };
    this.#pending.push(timer);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== timer);
    };
  }

  /** Timers set by a timer that fires on the way are honoured too. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const due = this.#pending.filter((timer) => timer.dueMs <= untilMs);
      const next = due.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#pending = this.#pending.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.act();
    }
    this.#nowMs = untilMs;
  }
}

/** A promise for a pause; resolves early (never rejects) when `signal` is aborted. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || delayMs <= 0) {
      resolve();
      return;
    }
    const finish = (): void => {
      signal.removeEventListener('abort', finish);
      cancel();
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish);
  });
}
