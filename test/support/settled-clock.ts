import { systemClock, type Clock } from '../../src/common/clock.js';

/**
 * For a test that knows that nothing is under way any more: whoever waits until a request cannot be does not wait. All other waits are real,
 * so that requests can have time-outs that no machine exceeds.
 */
export class SettledClock implements Clock {
  /** How often somebody would have waited. */
  outlasted = 0;

  /** @param requestTimeoutMs of the requests */
  constructor(private readonly requestTimeoutMs: number) {}

  now(): number {
    return systemClock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const isOutlasting = ms === this.requestTimeoutMs;
    if (isOutlasting) this.outlasted += 1;
    await systemClock.sleep(isOutlasting ? 0 : ms, signal);
  }

  after(ms: number, end: () => void): () => void {
    return systemClock.after(ms, end);
  }
}
