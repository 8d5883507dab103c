import {
  ComputeError,
  toComputeError,
  WireErrorSchema,
  type ErrorCode,
  type JsonValue,
  type Retry,
} from '../../common/errors/index.js';
import { isLeaseLost, type OperationContext } from '../../compute/contract/index.js';
import type { Change } from './change.js';
import { notedAs } from './checkpoints.js';

/**
 * Writes down that what an operation has done is undone from now on, and the error that its caller will be told: whoever goes on,
 * goes on with that.
 *
 * @param checkpoint its name
 */
export async function noteUndoing(ctx: OperationContext, checkpoint: string, cause: ComputeError): Promise<void> {
  await ctx.checkpoint(checkpoint, cause.toWire() as unknown as JsonValue);
}

/** The error of an operation that is being undone; undefined of one that is not. */
export function undoingOf({ checkpoints }: OperationContext, checkpoint: string): ComputeError | undefined {
  const noted = notedAs(checkpoints, checkpoint, WireErrorSchema);
  return noted === undefined ? undefined : ComputeError.fromWire(noted);
}

/**
 * Did the backend, or what was found there, bring this about? Whatever else ends an operation (its time is over, its lease is lost, the
 * journal is away) ends the undoing of it as well; whoever goes on, goes on with the operation.
 */
export function isOfBackend({ backend }: Pick<Change, 'backend'>, error: unknown): boolean {
  if (backend.failureOf(error) !== undefined) return true;
  return error instanceof ComputeError && !OF_THE_SERVICE.has(error.code) && !isLeaseLost(error);
}

const OF_THE_SERVICE: ReadonlySet<ErrorCode> = new Set([
  'DEADLINE_EXCEEDED',
  'OPERATION_CANCELLED',
  'SHUTTING_DOWN',
  'JOURNAL_UNAVAILABLE',
  'INTERNAL',
]);

/** How what an operation has done is undone, and what callers are told of that; texts follow the error's own. */
export interface Undoing {
  readonly undo: () => Promise<void>;
  /** "Nothing is left of domain web01". */
  readonly undone: string;
  /** What stays, and what to do about it. */
  readonly stays: (failure: ComputeError) => string;
  /** Of the operation, once it is undone. */
  readonly retry: Retry;
  /** An error of the backend as ours. */
  readonly explain?: (error: unknown) => unknown;
  /** Before callers are told that something stays. */
  readonly onFailure?: (error: unknown) => void | Promise<void>;
}

/** Undoes what came to no good end. @returns what the caller is told; when the operation is interrupted meanwhile, by what */
export async function undone(change: Change, cause: ComputeError, undoing: Undoing): Promise<ComputeError> {
  const { undo, explain = (error) => error, onFailure } = undoing;
  const facts = { cause, native: cause.native, details: cause.details };
  try {
    await undo();
  } catch (error) {
    const failure = toComputeError(explain(error));
    if (change.ctx.signal.aborted) return failure;
    await onFailure?.(error);
    const text = `${cause.message}. ${undoing.stays(failure)}`;
    return new ComputeError('OPERATION_PARTIAL', text, { ...facts, outcome: 'applied' });
  }
  change.tookBack();
  return new ComputeError(cause.code, `${cause.message}. ${undoing.undone}`, {
    ...facts,
    outcome: 'not-applied',
    retry: undoing.retry,
  });
}
