import { systemClock, type Clock } from '../../src/common/clock.js';

/**
 * For a test that knows that nothing is under way any more: whoever waits until a request cannot be does not wait. All other waits are real,
 * so that requests can have time-outs that no machine exceeds.
 *
 * @param requestTimeoutMs of the requests
 */
export function settledClock(requestTimeoutMs: number): Clock {
  return {
    ...systemClock,
    sleep: (ms, signal) => systemClock.sleep(ms === requestTimeoutMs ? 0 : ms, signal),
  };
}
