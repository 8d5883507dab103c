import { z } from 'zod';
import { STEP_CHECKPOINT, type Checkpoint, type OperationContext } from '../../compute/contract/index.js';

/** Name of the checkpoint that says that the request of a write was answered: `{step, noun}`. */
export const ANSWERED_CHECKPOINT = 'answered';

const StepDataSchema = z.object({ step: z.string(), request_timeout_ms: z.number() });
const AnsweredDataSchema = z.object({ step: z.string(), noun: z.string() });

/** The last step that was about to be sent, as an attempt left it in the journal. */
export interface LastStep {
  readonly step: string;
  /** The longest its request can be under way once it was sent. */
  readonly requestTimeoutMs: number;
  /** Was its request answered? */
  readonly isAnswered: boolean;
  /** What was left from its checkpoint on. */
  readonly since: readonly Checkpoint[];
}

/** Undefined when no step was begun. */
export function lastStepOf(checkpoints: readonly Checkpoint[]): LastStep | undefined {
  const index = checkpoints.findLastIndex(({ name }) => name === STEP_CHECKPOINT);
  const checkpoint = checkpoints[index];
  if (checkpoint === undefined) return undefined;
  const { step, request_timeout_ms: requestTimeoutMs } = StepDataSchema.parse(checkpoint.data);
  const since = checkpoints.slice(index);
  return { step, requestTimeoutMs, isAnswered: since.some(({ name }) => name === ANSWERED_CHECKPOINT), since };
}

/** What stands in the last checkpoint of a name. */
export function notedAs<S extends z.ZodType>(
  checkpoints: readonly Checkpoint[],
  name: string,
  schema: S,
): z.output<S> | undefined {
  const noted = checkpoints.findLast((checkpoint) => checkpoint.name === name);
  return noted === undefined ? undefined : schema.parse(noted.data);
}

/** Writes down that the request of a write was answered, so that nothing of it is under way. */
export function noteAnswered(ctx: OperationContext, step: string, noun: string): Promise<void> {
  return ctx.checkpoint(ANSWERED_CHECKPOINT, { step, noun });
}

/** What the backend has carried out and what stays, by what attempts have left; as nouns for people. */
export function writesAnswered(checkpoints: readonly Checkpoint[]): string[] {
  return checkpoints.flatMap((checkpoint) => nounAnswered(checkpoint) ?? []);
}

/** The noun of the write that a checkpoint says was answered. */
export function nounAnswered({ name, data }: Checkpoint): string | undefined {
  return name === ANSWERED_CHECKPOINT ? AnsweredDataSchema.parse(data).noun : undefined;
}
