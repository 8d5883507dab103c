import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Clock } from '../../../common/clock.js';
import { HmcError } from './hmc-error.js';
import { LostJobs } from './lost-jobs.js';

const OURS = '/api/jobs/ours';
const THEIRS = '/api/jobs/theirs';

/** A clock that stands until it is moved. */
class StandingClock implements Clock {
  #now = 0;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }

  after(): () => void {
    throw new Error('nothing is timed here');
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    for (const { at, wake } of this.#sleepers) if (at <= this.#now) wake();
    await settled();
  }
}

/** Everything that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const LATER_MS = 60_000;
const lost = new HmcError({ kind: 'unreadable', changes: true, text: 'the answer is cut off' });
const refused = new HmcError({ kind: 'refused', changes: true, status: 409, reason: 1, text: 'no' });

let clock: StandingClock;
let jobs: LostJobs;
let removed: string[];
let there: Set<string>;
beforeEach(() => {
  clock = new StandingClock();
  removed = [];
  there = new Set([OURS, THEIRS]);
  jobs = new LostJobs(clock, (uri) => {
    removed.push(uri);
    return Promise.resolve(there.delete(uri));
  });
});

/** A request that begins a job and is under way until it is answered. */
function beginning(): { answer(uri: string | undefined | null): Promise<void>; fail(error: HmcError): Promise<void> } {
  let answer: (uri: string | undefined | null) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const sent = new Promise<string | undefined | null>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  const done = jobs.begin(
    () => sent,
    (uri) => uri,
  );
  return {
    async answer(uri) {
      answer(uri);
      await done;
    },
    async fail(error) {
      fail(error);
      await expect(done).rejects.toBe(error);
    },
  };
}

describe('a job that has ended', () => {
  test('is deleted once when the answer that would have named it was lost before', async () => {
    await beginning().fail(lost);
    jobs.ended(OURS);
    await settled();
    expect(removed).toEqual([]);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([OURS]);
    jobs.ended(THEIRS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([OURS]);
  });

  test('is deleted when that answer is lost only afterwards', async () => {
    const start = beginning();
    jobs.ended(OURS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
    await start.fail(lost);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([OURS]);
  });

  test('is deleted when its answer cannot be read', async () => {
    await beginning().answer(null);
    jobs.ended(OURS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([OURS]);
  });

  test('stays when an answer has named it, before its end or after', async () => {
    await beginning().fail(lost);
    await beginning().answer(OURS);
    jobs.ended(OURS);
    const slow = beginning();
    jobs.ended(THEIRS);
    await slow.answer(THEIRS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
  });

  test('stays until the last answer that may name it has come', async () => {
    const first = beginning();
    const second = beginning();
    jobs.ended(OURS);
    await first.fail(lost);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
    await second.answer(OURS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
  });

  test.each([
    ['no answer was lost', undefined],
    ['what was sent was refused', refused],
  ])('stays when %s', async (_why, error) => {
    if (error === undefined) await beginning().answer(undefined);
    else await beginning().fail(error);
    jobs.ended(THEIRS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
  });

  test('of another session, which has deleted it by then, does not stand for the one that was lost', async () => {
    await beginning().fail(lost);
    jobs.ended(THEIRS);
    there.delete(THEIRS);
    await clock.pass(LATER_MS);
    jobs.ended(OURS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([THEIRS, OURS]);
    expect(there).toEqual(new Set());
  });

  test('stays when an answer was lost long before', async () => {
    await beginning().fail(lost);
    await clock.pass(60 * 60_000);
    jobs.ended(THEIRS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
  });
});

describe('a job that is left', () => {
  test.each([
    ['before its end', () => [() => jobs.leave(OURS), () => jobs.ended(OURS)]],
    ['after its end', () => [() => jobs.ended(OURS), () => jobs.leave(OURS)]],
  ])('%s is deleted', async (_when, steps) => {
    await beginning().answer(OURS);
    for (const step of steps()) step();
    await clock.pass(LATER_MS);
    expect(removed).toEqual([OURS]);
  });

  test('by somebody who was never told of it here stays', async () => {
    jobs.leave(THEIRS);
    jobs.ended(THEIRS);
    await clock.pass(LATER_MS);
    expect(removed).toEqual([]);
  });
});

test('the end of the session does not wait', async () => {
  await beginning().fail(lost);
  jobs.ended(OURS);
  await jobs.close();
  expect(removed).toEqual([OURS]);
});
