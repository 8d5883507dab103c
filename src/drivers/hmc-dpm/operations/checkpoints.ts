import { z } from 'zod';
import { STEP_CHECKPOINT, type Checkpoint } from '../../../compute/contract/index.js';
import type { StepName } from '../mapping/next-action.js';

/** Name of the checkpoint that holds a job's URI: `{uri, step}`. */
export const JOB_CHECKPOINT = 'job';

/** Name of the checkpoint that says that a job was cancelled because its operation was: `{uri}`. */
export const CANCELLED_CHECKPOINT = 'job-cancelled';

const StepNameSchema = z.enum(['start', 'stop', 'activate', 'deactivate', 'load']);
const StepDataSchema = z.object({ step: StepNameSchema, request_timeout_ms: z.number() });
const CancelledDataSchema = z.object({ uri: z.string().startsWith('/api/jobs/') });
const JobDataSchema = CancelledDataSchema.extend({ step: StepNameSchema });

/** The last step that was about to be sent, as an attempt left it in the journal. */
export interface LastStep {
  readonly step: StepName;
  /** The longest its request can be under way once it was sent. */
  readonly requestTimeoutMs: number;
  readonly jobUri: string | undefined;
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
    jobUri: job === undefined ? undefined : JobDataSchema.parse(job.data).uri,
    isCancelled: since.some(({ name }) => name === CANCELLED_CHECKPOINT),
  };
}

/** The steps that the HMC has accepted and that were not cancelled afterwards, in order. */
export function acceptedSteps(checkpoints: readonly Checkpoint[]): Set<StepName> {
  const named = (wanted: string): Checkpoint[] => checkpoints.filter(({ name }) => name === wanted);
  const cancelled = named(CANCELLED_CHECKPOINT).map(({ data }) => CancelledDataSchema.parse(data).uri);
  const jobs = named(JOB_CHECKPOINT).map(({ data }) => JobDataSchema.parse(data));
  return new Set(jobs.filter(({ uri }) => !cancelled.includes(uri)).map(({ step }) => step));
}
