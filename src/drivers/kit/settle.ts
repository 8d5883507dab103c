import { ComputeError } from '../../common/errors/index.js';
import type { Change } from './change.js';
import { noteAnswered } from './checkpoints.js';

/** How often a request whose absence was proven is sent anew. */
const MAX_SENDS = 3;
/** How long what a request was answered for may take to show. */
const LAG_MS = 60_000;
/** How long nothing must have been under way until that is believed: what was sent may not have begun yet. */
const OVER_MS = 10_000;

/** One request that changes something, and how to see what came of it. */
export interface Write<T> {
  /** Stable word for the journal: "create-nic". Not one of the steps that are jobs (start, stop, …). */
  readonly step: string;
  /** For people, as a noun that goes into "a … had been sent before": "creation of NIC eth0". */
  readonly noun: string;
  /** For people, while it is done: "creating NIC eth0 of partition web01". */
  readonly doing: string;
  /** What is there once it is so; undefined while it is not. It reads, and changes nothing. */
  readonly look: () => Promise<T | undefined>;
  /**
   * Sends the request, once, not bound to the operation's signal. What it answers when its answer tells what `look` would find; undefined
   * to have it looked for.
   */
  readonly send: (timeoutMs: number) => Promise<T | undefined>;
  /** The longest its request may be under way, when that is not what others take. */
  readonly requestTimeoutMs?: number;
  /**
   * Does the backend show that nothing of the kind is under way? Asked while the effect of a request whose answer was lost is looked for, so that
   * one which may take long is not waited for when its backend has forgotten it. Without it, the time-out is waited for.
   */
  readonly isOver?: () => Promise<boolean>;
}

/** What is there now, and whether anything was sent to bring it about. */
export interface Settled<T> {
  readonly found: T;
  readonly hasActed: boolean;
}

/**
 * Makes something so at the backend: looks whether it is, and sends the one request when it is not. So an operation is a sequence of
 * these that can be gone through again from its beginning, after a crash as after a lost answer.
 *
 * A request whose answer was lost is looked for until its time-out is over, when it cannot be under way any more. Only what
 * is then still absent is sent anew; what `send` makes must therefore be found by `look`, by a name or a mark of its own.
 * When that is refused, it is looked for once more.
 *
 * @throws ComputeError OUTCOME_UNKNOWN when the answers get lost again and again, BACKEND_TIMEOUT when the operation's time is
 *   over; the backend's error for a refusal; what beginStep throws
 */
export async function settle<T>(change: Change, write: Write<T>): Promise<Settled<T>> {
  const before = await see(change, write, `${change.backend.noun} to answer`, undefined);
  if (before !== undefined) return { found: before, hasActed: false };
  let lost: unknown;
  let pauseMs = change.backend.pacing.poll.initialMs;
  for (let sends = 0; sends < MAX_SENDS;) {
    if (change.remainingMs === 0) throw change.timeOver(write.noun);
    const end = await send(change, write, sends > 0);
    switch (end.kind) {
      case 'done':
        return { found: end.found, hasActed: true };
      case 'absent':
        lost = end.error;
        sends += 1;
        break;
      case 'busy': {
        if (change.remainingMs <= pauseMs) throw end.error;
        await change.ctx.clock.sleep(pauseMs, change.ctx.signal);
        pauseMs = Math.min(pauseMs * 2, change.backend.pacing.poll.maxMs);
        // Somebody else may have done it meanwhile.
        const after = await see(change, write, `${change.backend.noun} to answer`, undefined);
        if (after !== undefined) return { found: after, hasActed: sends > 0 };
      }
    }
  }
  throw unknown(change, write, lost);
}

/** One request that makes something so or not so, where there is nothing to be found but that. */
export interface SoWrite extends Omit<Write<true>, 'look'> {
  /** It reads, and changes nothing. */
  readonly isSo: () => Promise<boolean>;
}

/** The same for what is so or is not. @returns whether anything was sent. @throws as {@link settle} */
export async function makeSo(change: Change, { isSo, ...write }: SoWrite): Promise<boolean> {
  const look = async (): Promise<true | undefined> => ((await isSo()) ? true : undefined);
  return (await settle(change, { ...write, look })).hasActed;
}

type SendEnd<T> =
  | { readonly kind: 'done'; readonly found: T }
  /** Its answer was lost, and it was not carried out. */
  | { readonly kind: 'absent'; readonly error: unknown }
  /** Refused for now; nothing was carried out. */
  | { readonly kind: 'busy'; readonly error: unknown };

/** @param isAnew whether the answer to an earlier one was lost */
async function send<T>(change: Change, write: Write<T>, isAnew: boolean): Promise<SendEnd<T>> {
  const { ctx, backend } = change;
  const { step, noun, doing, requestTimeoutMs = backend.pacing.requestTimeoutMs } = write;
  await ctx.beginStep({ name: step, description: doing, requestTimeoutMs });
  const sentAt = ctx.clock.now();
  change.underWay = noun;
  let answer: T | undefined;
  try {
    answer = await write.send(requestTimeoutMs);
  } catch (error) {
    const failure = backend.failureOf(error);
    if (failure === undefined) throw error;
    const isRefused = !failure.mayHaveRun;
    if (isRefused) {
      change.underWay = undefined;
      if (failure.isPassing) return { kind: 'busy', error };
      // What is sent anew may be refused because of the first one, which was carried out later than it may be under way.
      if (!isAnew) throw error;
    }
    const isOver = isRefused || failure.isOver === true;
    const untilMs = isOver ? undefined : sentAt + requestTimeoutMs;
    const seen = await see(change, write, `the ${noun} to show`, untilMs);
    if (seen !== undefined) {
      await landed(change, write);
      return { kind: 'done', found: seen };
    }
    change.underWay = undefined;
    if (isOver) throw error;
    return { kind: 'absent', error };
  }
  // Whatever a look at it says, it was carried out.
  await landed(change, write);
  const found = answer ?? (await see(change, write, `the ${noun} to show`, ctx.clock.now() + LAG_MS));
  if (found === undefined) throw change.error('OPERATION_FAILED', `${doing} was answered, but does not show`);
  return { kind: 'done', found };
}

async function landed<T>(change: Change, { step, noun }: Write<T>): Promise<void> {
  await noteAnswered(change.ctx, step, noun);
  change.underWay = undefined;
  change.carriedOut.add(noun);
}

/**
 * Looks, until a look that began after `untilMs` (epoch) has found nothing; once, when that is not given.
 *
 * @returns undefined when it is not there
 */
async function see<T>(
  change: Change,
  { look, isOver }: Write<T>,
  what: string,
  untilMs: number | undefined,
): Promise<T | undefined> {
  const { clock } = change.ctx;
  const { initialMs } = change.backend.pacing.poll;
  let isLastLook = untilMs === undefined || clock.now() >= untilMs;
  let overSince: number | undefined;
  const { found: seen } = await change.poll(what, initialMs, async () => {
    const found = await look();
    if (found !== undefined || isLastLook) return { found };
    overSince = (await isOver?.()) === true ? (overSince ?? clock.now()) : undefined;
    isLastLook =
      untilMs === undefined ||
      clock.now() >= untilMs ||
      (overSince !== undefined && clock.now() - overSince >= OVER_MS);
    return undefined;
  });
  return seen;
}

function unknown<T>(change: Change, { doing }: Write<T>, lost: unknown): ComputeError {
  const { target, backend } = change;
  const said = backend.failureOf(lost)?.message ?? 'no answer';
  return new ComputeError(
    'OUTCOME_UNKNOWN',
    `the answers to ${doing} were lost ${MAX_SENDS} times (${backend.label}: ${said}), and nothing of it shows; look at it again before you repeat it`,
    { driver: backend.driver, target: target.key, native: backend.nativeOf(lost), cause: lost },
  );
}
