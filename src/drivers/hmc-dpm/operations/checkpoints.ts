import { z } from 'zod';
import type { Checkpoint } from '../../../compute/contract/index.js';
import { lastStepOf, nounAnswered, type LastStep } from '../../kit/index.js';
import type { StepName } from '../mapping/next-action.js';

/** Name of the checkpoint that holds a job's URI: `{uri, step}`. */
export const JOB_CHECKPOINT = 'job';

/** Name of the checkpoint that says that a job was cancelled because its operation was: `{uri}`. */
export const CANCELLED_CHECKPOINT = 'job-cancelled';

const StepNameSchema = z.enum(['start', 'stop', 'activate', 'deactivate', 'load']);
const CancelledDataSchema = z.object({ uri: z.string().startsWith('/api/jobs/') });
const JobDataSchema = CancelledDataSchema.extend({ step: z.string() });

/** The job of a step, as far as it is known what became of it. */
export interface StepJob {
  /** Once it was accepted. */
  readonly job: { readonly uri: string; readonly step: string } | undefined;
  readonly isCancelled: boolean;
}

/** Of the last step that was begun; undefined when none was. */
export function lastStep(checkpoints: readonly Checkpoint[]): (LastStep & StepJob) | undefined {
  const last = lastStepOf(checkpoints);
  return last === undefined ? undefined : { ...last, ...jobOf(last) };
}

export function jobOf({ since }: Pick<LastStep, 'since'>): StepJob {
  const job = since.find(({ name }) => name === JOB_CHECKPOINT);
  return {
    job: job === undefined ? undefined : JobDataSchema.parse(job.data),
    isCancelled: since.some(({ name }) => name === CANCELLED_CHECKPOINT),
  };
}

/** The steps that are jobs, of which the status tells whether they were carried out. */
export function isPowerStep(step: string): step is StepName {
  return StepNameSchema.safeParse(step).success;
}

/** What the HMC has carried out and what stays, by what attempts have left; as nouns for people. */
export function writesDone(checkpoints: readonly Checkpoint[]): string[] {
  const named = (wanted: string): Checkpoint[] => checkpoints.filter(({ name }) => name === wanted);
  const cancelled = named(CANCELLED_CHECKPOINT).map(({ data }) => CancelledDataSchema.parse(data).uri);
  return checkpoints.flatMap((checkpoint) => {
    if (checkpoint.name !== JOB_CHECKPOINT) return nounAnswered(checkpoint) ?? [];
    const { step, uri } = JobDataSchema.parse(checkpoint.data);
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
