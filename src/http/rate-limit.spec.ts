import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../common/clock.js';
import { RateLimit } from './rate-limit.js';

function limitAt(options = { burst: 3, perSecond: 2 }) {
  const time = { now: 1_000_000 };
  const clock: Pick<Clock, 'now'> = { now: () => time.now };
  const limit = new RateLimit(options, clock);
  return { time, asked: (caller: string, times: number) => Array.from({ length: times }, () => limit.allows(caller)) };
}

describe('a rate limit', () => {
  it('lets a burst pass, and then so many a second', () => {
    const { time, asked } = limitAt();
    expect(asked('a', 4)).toEqual([true, true, true, false]);
    time.now += 500;
    expect(asked('a', 2)).toEqual([true, false]);
    time.now += 3_600_000;
    expect(asked('a', 4)).toEqual([true, true, true, false]);
  });

  it('counts each caller by itself, and a clock that goes back for nothing', () => {
    const { time, asked } = limitAt();
    expect(asked('a', 4)).toEqual([true, true, true, false]);
    expect(asked('b', 1)).toEqual([true]);
    time.now -= 10_000;
    expect(asked('a', 1)).toEqual([false]);
  });

  it('forgets who asked longest ago when there are too many', () => {
    const { asked } = limitAt();
    asked('a', 3);
    asked('b', 3);
    for (let i = 0; i < 9_998; i += 1) asked(`x${i}`, 1);
    expect(asked('b', 1)).toEqual([false]);
    asked('y', 1);
    expect(asked('a', 1)).toEqual([true]);
  });
});
