import type { NativeError } from '../../common/errors/index.js';
import type { Pacing } from './pacing.js';

/** How a request to a backend failed, as far as whoever goes on has to know it. */
export interface BackendFailure {
  readonly message: string;
  /** May what was asked for have been carried out? A refusal, or a request that never left, prove the contrary. */
  readonly mayHaveRun: boolean;
  /** The backend is there and says that it cannot now, so nothing was carried out. */
  readonly isBusy: boolean;
  /** Does this alone say that the same request may go through in a moment? */
  readonly isPassing: boolean;
  /** Would the same question asked later perhaps be answered? */
  readonly isTransient: boolean;
  /** The backend itself has said that it failed: whatever of it was carried out shows, and nothing is under way any more. */
  readonly isOver?: boolean;
}

/** A backend as changes of it see it. */
export interface Backend {
  /** Name of the driver. */
  readonly driver: string;
  /** For people, in the middle of a sentence: "the HMC". */
  readonly noun: string;
  /** The same with its address: "HMC hmc1:6794". */
  readonly label: string;
  readonly pacing: Pacing;
  /** What failed of a request to it; undefined for any other error. */
  failureOf(error: unknown): BackendFailure | undefined;
  /** What it said, for callers. */
  nativeOf(error: unknown): NativeError | undefined;
}
