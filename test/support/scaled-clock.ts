import { systemClock, type Clock } from '../../src/common/clock.js';

/** Real time, `scale` times as fast: waits of minutes take a moment, and still end in their true order. */
export function scaledClock(scale: number): Clock {
  const startedAt = Date.now();
  return {
    now: () => startedAt + Math.round((performance.now() - began) * scale),
    sleep: (ms, signal) => systemClock.sleep(ms / scale, signal),
    after: (ms, end) => systemClock.after(ms / scale, end),
  };
}

const began = performance.now();
