import { systemClock, type Clock } from '../../src/common/clock.js';

/**
 * Real time, `scale` times as fast: waits of minutes take a moment, and still end in their true order. While the whole process
 * stands still, as in a garbage collection or on a machine that is busy with others, its time does so too: otherwise a
 * moment of that would be a minute in which nothing had happened.
 */
export function scaledClock(scale: number): Clock {
  const startedAt = Date.now();
  const before = passedMs();
  const now = (): number => startedAt + (passedMs() - before) * scale;
  /** What is left of a wait, in parts: a timer that comes late has not waited longer. */
  const partOf = (endsAt: number): number => Math.min(Math.max((endsAt - now()) / scale, 0), STEP_MS);
  return {
    now: () => Math.round(now()),
    async sleep(ms, signal) {
      const endsAt = now() + ms;
      do await systemClock.sleep(partOf(endsAt), signal);
      while (now() < endsAt);
    },
    after(ms, end) {
      const endsAt = now() + ms;
      const next = (): (() => void) =>
        systemClock.after(partOf(endsAt), () => {
          if (now() >= endsAt) end();
          else cancel = next();
        });
      let cancel = next();
      return () => cancel();
    },
  };
}

/** How often the time is looked at while it is in use; twice as much between two looks is a standstill, and counts as that. */
const STEP_MS = 25;
/** How long after its last use the time is looked at. */
const IN_USE_MS = 5000;
let passed = 0;
let lookedAt = performance.now();
let usedAt = lookedAt;
let ticker: NodeJS.Timeout | undefined;

function passedMs(): number {
  usedAt = performance.now();
  tick();
  return look();
}

function look(): number {
  const at = performance.now();
  passed += Math.min(at - lookedAt, 2 * STEP_MS);
  lookedAt = at;
  return passed;
}

function tick(): void {
  ticker ??= setTimeout(() => {
    ticker = undefined;
    look();
    if (lookedAt - usedAt < IN_USE_MS) tick();
  }, STEP_MS).unref();
}
