import { z } from 'zod';
import { STEP_CHECKPOINT, type Checkpoint, type OperationContext } from '../../../compute/contract/index.js';
import type { StepName } from '../mapping/next-action.js';

/** Name of the checkpoint that holds a job's URI: `{uri, step}`. */
export const JOB_CHECKPOINT = 'job';

/** Name of the checkpoint that says that a job was cancelled because its operation was: `{uri}`. */
export const CANCELLED_CHECKPOINT = 'job-cancelled';

/** Name of the checkpoint that says that the request of a write was answered: `{step, noun}`. */
const ANSWERED_CHECKPOINT = 'answered';

const StepNameSchema = z.enum(['start', 'stop', 'activate', 'deactivate', 'load']);
const StepDataSchema = z.object({ step: z.string(), request_timeout_ms: z.number() });
const AnsweredDataSchema = z.object({ step: z.string(), noun: z.string() });
const CancelledDataSchema = z.object({ uri: z.string().startsWith('/api/jobs/') });
const JobDataSchema = CancelledDataSchema.extend({ step: z.string() });

/** The last step that was about to be sent, as an attempt left it in the journal. */
export interface LastStep {
  readonly step: string;
  /** The longest its request can be under way once it was sent. */
  readonly requestTimeoutMs: number;
  /** Of a step that is a job, once that was accepted. */
  readonly job: { readonly uri: string; readonly step: string } | undefined;
  /** Of a step that is none: was its request answered? */
  readonly isAnswered: boolean;
  readonly isCancelled: boolean;
}

/** Undefined when no step was begun. */
export function lastStep(checkpoints: readonly Checkpoint[]): LastStep | undefined {
  const index = checkpoints.findLastIndex(({ name }) => name === STEP_CHECKPOINT);
  const checkpoint = checkpoints[index];
  if (checkpoint === undefined) return undefined;
  const { step, request_timeout_ms } = StepDataSchema.parse(checkpoint.data);
  const since = checkpoints.slice(index);
  const job = since.find(({ name }) => name === JOB_CHECKPOINT);
  return {
    step,
    requestTimeoutMs: request_timeout_ms,
    job: job === undefined ? undefined : JobDataSchema.parse(job.data),
    isAnswered: since.some(({ name }) => name === ANSWERED_CHECKPOINT),
    isCancelled: since.some(({ name }) => name === CANCELLED_CHECKPOINT),
  };
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

/** The steps that are jobs, of which the status tells whether they were carried out. */
export function isPowerStep(step: string): step is StepName {
  return StepNameSchema.safeParse(step).success;
}

/** Writes down that the request of a write was answered, so that nothing of it is under way. */
export function noteAnswered(ctx: OperationContext, step: string, noun: string): Promise<void> {
  return ctx.checkpoint(ANSWERED_CHECKPOINT, { step, noun });
}

/** What the HMC has carried out and what stays, by what attempts have left; as nouns for people. */
export function writesDone(checkpoints: readonly Checkpoint[]): string[] {
  const named = (wanted: string): Checkpoint[] => checkpoints.filter(({ name }) => name === wanted);
  const cancelled = named(CANCELLED_CHECKPOINT).map(({ data }) => CancelledDataSchema.parse(data).uri);
  return checkpoints.flatMap(({ name, data }) => {
    if (name === ANSWERED_CHECKPOINT) return [AnsweredDataSchema.parse(data).noun];
    if (name !== JOB_CHECKPOINT) return [];
    const { step, uri } = JobDataSchema.parse(data);
    const noun = isPowerStep(step) ? nounOf(step) : undefined;
    return noun !== undefined && !cancelled.includes(uri) ? [noun] : [];
  });
}

/** How a step is told of that was carried out, where others follow it. */
export const STEP_NOUNS = {
  stop: 'stop of the partition',
  activate: 'activation of the LPAR',
  deactivate: 'deactivation of the LPAR',
} as const satisfies Partial<Record<StepName, string>>;

/** The noun of a step; undefined where nothing follows it. */
export function nounOf(step: StepName): string | undefined {
  return (STEP_NOUNS as Partial<Record<StepName, string>>)[step];
}
