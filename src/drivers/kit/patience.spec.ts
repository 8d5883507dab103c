import { beforeEach, describe, expect, test } from '@jest/globals';
import { ComputeError } from '../../common/errors/index.js';
import type { Clock } from '../../common/clock.js';
import type { TargetKey } from '../../common/ids.js';
import type { Checkpoint, Target } from '../../compute/contract/index.js';
import { RecordingContext } from '../../../test/support/operation-context.js';
import type { Backend } from './backend.js';
import { Change } from './change.js';
import { noteAnswered } from './checkpoints.js';
import { lookAfter } from './reconcile.js';
import { settle } from './settle.js';

/** Time goes by in pauses alone. */
class Pauses implements Clock {
  passed = 0;

  now(): number {
    return this.passed;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.passed += ms;
  }

  after(): () => void {
    return () => undefined;
  }
}

/** A backend's words: `away` and `lost` say nothing, `locked out` does not let us see, all else is an answer. */
class Said extends Error {}
const AWAY = new Said('away');
/** What was sent may have been carried out. */
const LOST = new Said('lost');
const LOCKED_OUT = new Said('locked out');
const REFUSED = new Said('refused');

const OUTAGE_MS = 10 * 60_000;
const TIME_MS = 60 * 60_000;
const TARGET: Target = { key: 'test:host:1' as TargetKey, id: '1', name: 'web01' };
const BACKEND: Backend = {
  driver: 'test',
  noun: 'the device',
  label: 'device test',
  pacing: { requestTimeoutMs: 30_000, operationTimeoutMs: TIME_MS, poll: { initialMs: 1000, maxMs: 5000 } },
  failureOf: (error) =>
    error instanceof Said
      ? {
          message: error.message,
          mayHaveRun: error === LOST,
          isBusy: false,
          isPassing: error === AWAY,
          isTransient: error === AWAY,
          isOver: error === REFUSED,
        }
      : undefined,
  nativeOf: () => undefined,
};

class TestChange extends Change {
  constructor(ctx: RecordingContext) {
    super(ctx, TARGET, BACKEND, []);
  }

  get noun(): string {
    return 'device';
  }

  explain(what: string, error: unknown): unknown {
    if (!(error instanceof Said)) return error;
    const code =
      error === AWAY ? 'BACKEND_UNREACHABLE' : error === REFUSED ? 'BACKEND_REJECTED' : 'BACKEND_AUTH_FAILED';
    return new ComputeError(code, `${what}: ${error.message}`, { cause: error });
  }
}

let clock: Pauses;
let ctx: RecordingContext;
let change: TestChange;
beforeEach(() => {
  clock = new Pauses();
  ctx = new RecordingContext(clock);
  change = new TestChange(ctx);
});

const begin = () => ctx.beginStep({ name: 'start', description: 'starting', requestTimeoutMs: 30_000 });
/** Says nothing for so long. */
const silentFor = (ms: number) => () => (clock.passed < ms ? Promise.reject(AWAY) : Promise.resolve('there'));
/** The same operation, as another worker goes on with it. */
const taken = (earlier: readonly Checkpoint[]) => new TestChange(new RecordingContext(clock, earlier));

describe('a backend that does not answer', () => {
  test('is not waited for before anything was sent', async () => {
    await expect(change.poll('an answer', 1000, silentFor(1))).rejects.toBe(AWAY);
    expect(clock.passed).toBe(0);
  });

  test('is waited for once anything was sent, also by who goes on with it, for ten minutes', async () => {
    await begin();
    await expect(change.poll('an answer', 1000, silentFor(OUTAGE_MS - 10_000))).resolves.toBe('there');
    clock.passed = 0;
    await expect(taken(ctx.checkpoints).poll('an answer', 1000, silentFor(OUTAGE_MS - 10_000))).resolves.toBe('there');
    clock.passed = 0;
    await expect(change.poll('an answer', 1000, silentFor(OUTAGE_MS + 60_000))).rejects.toBe(AWAY);
    expect(clock.passed).toBeLessThan(OUTAGE_MS + 10_000);
  });

  test('is waited for no longer by a question within another one', async () => {
    await begin();
    const inner = () => change.poll('an answer', 1000, silentFor(TIME_MS));
    await expect(change.poll('the whole', 1000, inner)).rejects.toBe(AWAY);
    expect(clock.passed).toBeLessThan(OUTAGE_MS + 10_000);
  });

  test('is waited for as long the next time, whenever that is', async () => {
    await begin();
    await expect(change.poll('an answer', 1000, silentFor(TIME_MS), 30 * 60_000)).rejects.toBe(AWAY);
    const came = clock.passed + OUTAGE_MS - 10_000;
    await expect(change.poll('an answer', 1000, silentFor(came), 30 * 60_000)).resolves.toBe('there');
  });

  test('is named when the time of the operation is over', async () => {
    await begin();
    await expect(change.poll('it to show', 1000, silentFor(TIME_MS), 60_000)).rejects.toMatchObject({
      code: 'BACKEND_TIMEOUT',
      outcome: 'unknown',
      message: 'waited 60 s for it to show, in vain (device test: away)',
      cause: AWAY,
    });
  });

  test('is not waited for by an operation that is ended', async () => {
    await begin();
    const reason = new Error('cancelled');
    const asked = change.poll('an answer', 1000, () => {
      ctx.abort(reason);
      return Promise.reject(AWAY);
    });
    await expect(asked).rejects.toBe(reason);
  });
});

describe('what became of a step', () => {
  const looking = (error: Error) =>
    lookAfter(taken(ctx.checkpoints), async () => {
      throw error;
    });

  test('is asked again as long as the backend says nothing, whether the step was answered or not', async () => {
    await begin();
    await expect(looking(AWAY)).rejects.toMatchObject({ code: 'BACKEND_UNREACHABLE' });
    const late = new ComputeError('BACKEND_TIMEOUT', 'waited in vain', { cause: AWAY });
    await expect(looking(late)).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT' });
    await noteAnswered(ctx, 'start', 'start');
    await expect(looking(AWAY)).rejects.toMatchObject({ code: 'BACKEND_UNREACHABLE' });
  });

  test('is unknown of one that was not answered when we are not let in', async () => {
    await begin();
    await expect(looking(LOCKED_OUT)).resolves.toEqual({
      verdict: 'unknown',
      reason: 'finding out what became of device: locked out',
    });
    await noteAnswered(ctx, 'start', 'start');
    await expect(looking(LOCKED_OUT)).resolves.toMatchObject({ verdict: 'failed' });
  });

  test('is a failure when the backend says so, also where its words are those of one that is away', async () => {
    await begin();
    await expect(looking(REFUSED)).resolves.toMatchObject({ verdict: 'failed', error: { code: 'BACKEND_REJECTED' } });
    const job = new ComputeError('OPERATION_FAILED', 'its job failed', { cause: AWAY });
    await expect(looking(job)).resolves.toMatchObject({ verdict: 'failed', error: { code: 'OPERATION_FAILED' } });
  });
});

describe('a request whose answer was lost', () => {
  /** @param showsAt when the first one is carried out, after it cannot be under way any more */
  const made = (showsAt: number) => {
    const answers = [LOST, REFUSED];
    return settle(change, {
      step: 'create',
      noun: 'creation',
      doing: 'creating',
      look: () => Promise.resolve(clock.passed >= showsAt ? 'there' : undefined),
      send: () => {
        const answer = answers.shift();
        if (answer === REFUSED) clock.passed += 1000;
        return Promise.reject(answer ?? new Error('asked too often'));
      },
    });
  };

  test('is what refuses the second one, when it was carried out late', async () => {
    await expect(made(31_000)).resolves.toEqual({ found: 'there', hasActed: true });
    expect(change.carriedOut).toContain('creation');
    expect(change.underWay).toBeUndefined();
  });

  test('does not make a refusal of the second one a success', async () => {
    await expect(made(600_000)).rejects.toBe(REFUSED);
  });
});
