import { unlessAborted } from '../../src/common/aborted.js';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { gate } from './scripted-driver.js';

/** A `change_delay_ms` of the fake driver that a {@link HeldClock} holds. */
export const HELD_MS = 3_000_000;
/** That, and the parts of it after which the driver tells how far it is: a quarter, or a twentieth. */
const HELD: ReadonlySet<number> = new Set([1, 4, 20].map((parts) => HELD_MS / parts));

/** Real time, but what takes {@link HELD_MS} takes until it is let go: a device is at its work for as long as a test wants. */
export class HeldClock implements Clock {
  readonly #gate = gate();

  now(): number {
    return systemClock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await (HELD.has(ms) ? unlessAborted(this.#gate.passed, signal) : systemClock.sleep(ms, signal));
  }

  after(ms: number, end: () => void): () => void {
    return systemClock.after(ms, end);
  }

  /** What is held ends, and nothing is held any more. */
  letGo(): void {
    this.#gate.open();
  }
}
