import type { ChangeOptions } from '../fields.js';
import type { MethodName, MethodParams } from '../methods/index.js';
import type { OperationContext } from '../context.js';
import type { ObservedState } from '../../state/power-state.js';
import type { Target } from '../target.js';

/** How a change of an instance ended; a failure is thrown as a ComputeError. */
export interface ChangeResult {
  /** `already`: the asked state was there, and nothing was sent. */
  readonly outcome: 'done' | 'already';
  readonly state: ObservedState;
  /** What callers are told besides, in the words of the method's answer. */
  readonly answer?: object;
}

/** How a change ended after which there is no instance to tell the state of: it is gone, or there never was one. */
export interface StatelessResult extends Omit<ChangeResult, 'state'> {
  readonly state: null;
}

/** A result that tells callers more than the state. */
export type Answering<Result extends ChangeResult | StatelessResult, Answer extends object> = Result & {
  readonly answer: Answer;
};

/**
 * What an operation is given of its method's request: every field but those that say where and when. They are in the words
 * of the wire, as the method's schema has checked them.
 */
export type OperationParams<M extends MethodName> = Omit<MethodParams<M>, 'host' | 'instance' | keyof ChangeOptions>;

/**
 * An operation that changes one target. It asks for the state, acts, and verifies; it may be called again after a restart,
 * with the same parameters.
 *
 * Of every such operation: before each request that changes something it calls `ctx.beginStep`; what is asked for and is
 * there already is `already`, with nothing sent; when it returns, what was asked for is so, and has been seen. What it cannot
 * honour of its parameters it refuses before its first step (REQUEST_INVALID, FEATURE_LIMITED), and ignores nothing.
 *
 * @throws ComputeError INSTANCE_NOT_FOUND, STATE_CONFLICT, FEATURE_LIMITED, BACKEND_*, OPERATION_FAILED, OPERATION_PARTIAL,
 *   OUTCOME_UNKNOWN, and the reason of its signal
 */
export type ChangeOperation<Params = object, Result extends ChangeResult | StatelessResult = ChangeResult> = (
  ctx: OperationContext,
  target: Target,
  params: Params,
) => Promise<Result>;
