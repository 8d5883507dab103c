import { systemClock, type Clock } from '../../src/common/clock.js';

/**
 * Real time, `scale` times as fast: waits of minutes take a moment, and still end in their true order. While the whole process
 * stands still, as in a garbage collection or on a machine that is busy with others, its time does so too: otherwise a
 * moment of that would be a minute in which nothing had happened.
 */
export function scaledClock(scale: number): Clock {
  const startedAt = Date.now();
  const now = (): number => startedAt + passedMs() * scale;
  /** Waits until so much has passed, a part at a time, so that none of it is taken for a standstill. */
  const partOf = (endsAt: number): number => Math.min((endsAt - now()) / scale, LONGEST_STEP_MS / 2);
  return {
    now: () => Math.round(now()),
    async sleep(ms, signal) {
      const endsAt = now() + ms;
      do await systemClock.sleep(Math.max(partOf(endsAt), 0), signal);
      while (now() < endsAt);
    },
    after(ms, end) {
      const endsAt = now() + ms;
      const next = (): (() => void) =>
        systemClock.after(Math.max(partOf(endsAt), 0), () => {
          if (now() >= endsAt) end();
          else cancel = next();
        });
      let cancel = next();
      return () => cancel();
    },
  };
}

/** What passes between two looks at the time counts as this much at the most. */
const LONGEST_STEP_MS = 50;
let passed = 0;
let lookedAt = performance.now();

function passedMs(): number {
  const at = performance.now();
  passed += Math.min(at - lookedAt, LONGEST_STEP_MS);
  lookedAt = at;
  return passed;
}
