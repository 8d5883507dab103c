import type { ComputeError, Effect, JsonValue } from '../../common/errors/index.js';
import type { ChangeResult, StatelessResult } from './operations/change.js';

export interface PlannedStep {
  /** Stable word: "start". */
  readonly action: string;
  readonly description: string;
}

/** What a driver finds when it looks after an operation whose worker died, was cancelled, or ran out of time. */
export type Reconciliation =
  /** It took effect, or the asked state is there. */
  | { readonly verdict: 'concluded'; readonly result: ChangeResult | StatelessResult }
  /** It ended, in failure. */
  | { readonly verdict: 'failed'; readonly error: ComputeError }
  /** What was sent has ended or never arrived; the operation may be called again and will begin where that leaves it. */
  | { readonly verdict: 'continue' }
  /** It was ended on request: `effect` tells what of it stays, `text` says it. */
  | {
      readonly verdict: 'stopped';
      readonly text: string;
      readonly effect: Effect;
      readonly details?: Record<string, JsonValue>;
    }
  /** The true outcome cannot be told. */
  | { readonly verdict: 'unknown'; readonly reason: string };
