import { z } from 'zod';
import { STEP_CHECKPOINT, type Checkpoint } from '../../../compute/contract/index.js';
import type { Goal } from './webhook-client.js';

/** Name of the checkpoint that says that the webhook has accepted a command: `{step}`. */
export const ACCEPTED_CHECKPOINT = 'accepted';

const StepDataSchema = z.object({ step: z.enum(['on', 'off']), request_timeout_ms: z.number() });

/** The last command that was about to be sent, as an attempt left it in the journal. */
export interface LastStep {
  readonly goal: Goal;
  /** The longest its request can be under way from now on: nothing once it was answered. */
  readonly mayTakeMs: number;
  readonly isAccepted: boolean;
}

/** Undefined when no step was begun. */
export function lastStep(checkpoints: readonly Checkpoint[]): LastStep | undefined {
  const index = checkpoints.findLastIndex(({ name }) => name === STEP_CHECKPOINT);
  const checkpoint = checkpoints[index];
  if (checkpoint === undefined) return undefined;
  const { step, request_timeout_ms: timeoutMs } = StepDataSchema.parse(checkpoint.data);
  const isAccepted = checkpoints.slice(index).some(({ name }) => name === ACCEPTED_CHECKPOINT);
  return { goal: step, mayTakeMs: isAccepted ? 0 : timeoutMs, isAccepted };
}
