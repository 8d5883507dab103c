import { describe, expect, it } from '@jest/globals';
import { pause, SystemClock, VirtualClock } from './clock.js';

describe('VirtualClock', () => {
  it('fires what is due, in order of time and then of setting, with the time of each', () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    clock.after(20, () => fired.push(`c@${clock.now()}`));
    clock.after(10, () => fired.push(`a@${clock.now()}`));
    clock.after(10, () => fired.push(`b@${clock.now()}`));
    clock.after(31, () => fired.push('late'));
    clock.advance(30);
    expect(fired).toEqual(['a@10', 'b@10', 'c@20']);
    expect(clock.now()).toBe(30);
  });

  it('fires timers set on the way, and not those cancelled', () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const cancel = clock.after(5, () => fired.push(-1));
    clock.after(1, () => {
      cancel();
      clock.after(1, () => fired.push(clock.now()));
    });
    clock.advance(10);
    expect(fired).toEqual([2]);
  });
});

describe('SystemClock', () => {
  it('runs faster by its scale', async () => {
    const clock = new SystemClock(1000);
    const startedAt = Date.now();
    await new Promise<void>((resolve) => {
      const keepAlive = setInterval(() => undefined, 1000);
      clock.after(20_000, () => {
        clearInterval(keepAlive);
        resolve();
      });
    });
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(19_000);
  });

  it('refuses a scale that would stop time', () => {
    expect(() => new SystemClock(0)).toThrow(RangeError);
  });
});

describe('pause', () => {
  it('ends when time has passed, or at once when aborted', async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const passed = pause(clock, 10, new AbortController().signal);
    const aborted = pause(clock, 10, abort.signal);
    abort.abort();
    await aborted;
    clock.advance(10);
    await passed;
    await pause(clock, 10, abort.signal);
    await pause(clock, 0, new AbortController().signal);
  });
});
