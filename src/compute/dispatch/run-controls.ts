import { toComputeError, type ComputeError, type ErrorCode } from '../../common/errors/index.js';
import { toJson } from '../../common/json.js';
import { pollUntil } from '../../common/poll.js';
import type { Control } from '../../journal/journal.port.js';
import type { ControlAnswer, OperationContext } from '../contract/index.js';

/** Checkpoint that tells that a driver has taken what was asked: `{control, error}`. */
export const TAKEN_CHECKPOINT = 'taken';

/** A day; nothing runs for longer. */
const LONGEST_MS = 86_400_000;

/** Nobody has refused it: worth asking again. Nor has a journal that did not take the driver's step. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  'BACKEND_UNREACHABLE',
  'BACKEND_BUSY',
  'BACKEND_TIMEOUT',
  'JOURNAL_UNAVAILABLE',
]);

type Deliver = (control: Control) => Promise<void>;

/** What is asked of one operation while it runs: kept until its driver runs, and handed over once, however often it is told. */
export class RunControls {
  readonly #asked = new Set<Control>();
  #deliver: ((control: Control) => void) | undefined;

  ask(control: Control): void {
    if (this.#asked.has(control)) return;
    this.#asked.add(control);
    this.#deliver?.(control);
  }

  /** Hands over what was asked before and comes meanwhile; over when nothing of it is under way any more. */
  async during<T>(deliver: Deliver, work: () => Promise<T>): Promise<T> {
    const deliveries: Promise<void>[] = [];
    this.#deliver = (control) => void deliveries.push(deliver(control));
    for (const control of this.#asked) this.#deliver(control);
    try {
      return await work();
    } finally {
      this.#deliver = undefined;
      await Promise.allSettled(deliveries);
    }
  }
}

/** Asks a driver to take a control until it does, or refuses; writes its answer down for whoever asked. */
export async function handOver(
  ctx: OperationContext,
  control: Control,
  signal: AbortSignal,
  act: () => Promise<ControlAnswer>,
): Promise<void> {
  if (ctx.checkpoints.some((checkpoint) => isTaken(checkpoint, control))) return;
  let error: ComputeError | undefined;
  const attempt = async (): Promise<true | undefined> => {
    try {
      return (await act()) === 'taken' ? true : undefined;
    } catch (cause) {
      error = toComputeError(cause);
      if (UNANSWERED.has(error.code)) return undefined;
      throw error;
    }
  };
  try {
    await pollUntil(attempt, {
      clock: ctx.clock,
      signal,
      intervalMs: 50,
      maxIntervalMs: 2000,
      timeoutMs: LONGEST_MS,
      what: `the driver to take ${control}`,
    });
    error = undefined;
  } catch (cause) {
    // The operation is over, or leaves this worker: its end is the answer, or the next attempt's.
    if (signal.aborted || ctx.signal.aborted) return;
    error = toComputeError(cause);
  }
  await ctx.checkpoint(TAKEN_CHECKPOINT, toJson({ control, error: error?.toWire() ?? null }));
}

export function isTaken({ name, data }: { name: string; data: unknown }, control: Control): boolean {
  return name === TAKEN_CHECKPOINT && (data as { control?: unknown } | null)?.control === control;
}
