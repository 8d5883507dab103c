import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock, type Clock } from '../common/clock.js';
import { silentLog } from '../common/log.js';
import type { PublishOutcome } from './amqp/index.js';
import { SignsOfLife } from './signs-of-life.js';

/** Time that passes from one wait to the next. */
class SteppedClock implements Clock {
  #now = 0;
  #next: { readonly at: number; readonly end: () => void } | undefined;

  readonly sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms, signal);
  readonly now = (): number => this.#now;
  readonly after = (ms: number, end: () => void): (() => void) => {
    this.#next = { at: this.#now + ms, end };
    return () => {
      this.#next = undefined;
    };
  };

  /** False when nobody waits. */
  async step(): Promise<boolean> {
    const next = this.#next;
    if (next === undefined) return false;
    this.#next = undefined;
    this.#now = next.at;
    next.end();
    await turn();
    return true;
  }
}

/** When signs are sent, in seconds, by what becomes of each. */
async function sentAt(everyMs: number, outcomes: readonly (PublishOutcome | Error)[]): Promise<number[]> {
  const clock = new SteppedClock();
  const sent: number[] = [];
  const send = (): Promise<PublishOutcome> => {
    const outcome = outcomes[sent.length] ?? 'unroutable';
    sent.push(clock.now() / 1000);
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  };
  const life = new SignsOfLife({ queue: 'q', everyMs, patienceMs: 60_000, send, clock, log: silentLog });
  life.begin(everyMs);
  while (await clock.step());
  return sent;
}

describe('signs of life', () => {
  it('are sent at their interval, whether or not it is known that they arrive', async () => {
    const sent = await sentAt(30_000, ['confirmed', new Error('no answer'), 'confirmed']);
    expect(sent.slice(0, 4)).toEqual([30, 60, 90, 120]);
  });

  it('are tried again sooner while their queue is missing, and in their rhythm when it is back', async () => {
    const sent = await sentAt(4_000, ['confirmed', 'unroutable', 'unroutable', 'confirmed', 'confirmed']);
    expect(sent.slice(0, 6)).toEqual([4, 8, 9, 10, 14, 18]);
  });

  it.each([
    ['often wanted', 1_000],
    ['seldom wanted', 3_600_000],
  ])(
    'end, when they are %s, once their queue has been missing for a minute, and count that anew each time',
    async (_, everyMs) => {
      const back = Array.from({ length: 5 }, (): PublishOutcome => 'unroutable');
      const sent = await sentAt(everyMs, [...back, 'confirmed']);
      const lost = sent.slice(6);
      expect((lost.at(-1) ?? 0) - (lost[0] ?? 0)).toBe(60);
      for (const [i, at] of lost.slice(1).entries()) expect(at - (lost[i] ?? 0)).toBeLessThanOrEqual(5);
    },
  );

  it('end when they are ended, also while one is on its way', async () => {
    const clock = new SteppedClock();
    let answer: (outcome: PublishOutcome) => void = () => undefined;
    const send = (): Promise<PublishOutcome> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const life = new SignsOfLife({ queue: 'q', everyMs: 1, patienceMs: 1, send, clock, log: silentLog });
    life.begin(0);
    await clock.step();
    life.end();
    answer('confirmed');
    await turn();
    expect(await clock.step()).toBe(false);

    life.begin(0);
    life.end();
    expect(await clock.step()).toBe(false);
  });
});
