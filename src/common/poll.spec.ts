import { describe, expect, it } from '@jest/globals';
import { ComputeError } from './errors/index.js';
import { pollUntil } from './poll.js';

/** A clock that jumps: sleeping takes no time. */
class JumpingClock {
  #now = 0;
  readonly sleeps: number[] = [];
  now(): number {
    return this.#now;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.sleeps.push(ms);
    this.#now += ms;
    return Promise.resolve();
  }
  after(): () => void {
    throw new Error('polling sets no timers');
  }
}

const base = () => ({ clock: new JumpingClock(), signal: new AbortController().signal, what: 'the thing' });

describe('pollUntil', () => {
  it('asks until there is an answer, with growing pauses up to a limit', async () => {
    const options = { ...base(), intervalMs: 100, maxIntervalMs: 200, factor: 2, timeoutMs: 10_000 };
    let asked = 0;
    const answer = await pollUntil(() => Promise.resolve(++asked === 5 ? 'there' : undefined), options);
    expect(answer).toBe('there');
    expect(options.clock.sleeps).toEqual([100, 200, 200, 200]);
  });

  it('asks once more at the very end, then gives up with what it waited for', async () => {
    const options = { ...base(), intervalMs: 400, timeoutMs: 1000 };
    let asked = 0;
    const waiting = pollUntil(() => Promise.resolve(void asked++), options);
    await expect(waiting).rejects.toMatchObject({
      code: 'BACKEND_TIMEOUT',
      message: expect.stringContaining('the thing'),
    });
    expect(options.clock.sleeps.reduce((sum, ms) => sum + ms)).toBe(1000);
    expect(asked).toBe(4);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new ComputeError('OPERATION_CANCELLED', 'enough');
    const waiting = pollUntil(
      () => {
        controller.abort(reason);
        return Promise.resolve(undefined);
      },
      { ...base(), signal: controller.signal, intervalMs: 1, timeoutMs: 1000 },
    );
    await expect(waiting).rejects.toBe(reason);
  });
});
