import { ComputeError } from '../../../common/errors/index.js';
import { pollUntil } from '../../../common/poll.js';
import { HmcError } from '../client/hmc-error.js';
import type { Job } from '../client/hmc-schemas.js';
import { CANCELLED_CHECKPOINT, JOB_CHECKPOINT } from './checkpoints.js';
import type { HmcChange } from './hmc-change.js';

/** How a job ended. `lost`: the HMC does not know it (any more), as after a restart; the partition's status decides. */
export type JobEnd =
  { readonly kind: 'complete' | 'canceled' | 'lost' } | { readonly kind: 'failed'; readonly error: HmcError };

/** How long a cancelled operation waits for its job to obey. */
const CANCEL_PATIENCE_MS = 15_000;

/** How often the deletion of an ended job is tried; one that was carried out without an answer is found to be so. */
const MOST_DELETIONS = 5;

/**
 * Writes a job's URI down before it is waited for. When that fails, whoever takes the operation over does not know of the job, which is then
 * nobody's.
 */
export async function noteJob({ ctx, client }: HmcChange, uri: string, step: string): Promise<void> {
  try {
    await ctx.checkpoint(JOB_CHECKPOINT, { uri, step });
  } catch (error) {
    client.session.leaveJob(uri);
    throw error;
  }
}

/**
 * Waits for a job, over lost sessions and restarts of the HMC, and deletes it once it has ended.
 *
 * When the operation is cancelled, so is the job; when it runs out of time or the service stops, the job is left alone,
 * since it will be asked for again.
 *
 * @param isCancellable does the HMC end it when it is told to?
 * @throws the signal's reason; ComputeError BACKEND_TIMEOUT; HmcError
 */
export async function awaitJob(change: HmcChange, jobUri: string, what: string, isCancellable = true): Promise<JobEnd> {
  const { ctx, client } = change;
  try {
    await change.awaitJobEnd(jobUri);
    const end = await change.poll(
      what,
      change.place.pacing.poll.initialMs,
      async () => await jobEnd(() => client.job(jobUri, ctx.signal)),
      change.remainingMs,
      (ms) => change.jobPause(jobUri, ms),
    );
    if (end.kind !== 'lost') await forgetJob(change, jobUri);
    return end;
  } catch (error) {
    const reason: unknown = ctx.signal.reason;
    const isCancelled = reason instanceof ComputeError && reason.code === 'OPERATION_CANCELLED';
    if (isCancelled && isCancellable) await cancelJob(change, jobUri);
    throw error;
  }
}

async function jobEnd(ask: () => Promise<Job>): Promise<JobEnd | undefined> {
  let job: Job;
  try {
    job = await ask();
  } catch (error) {
    if (error instanceof HmcError && error.isNotThere) return { kind: 'lost' };
    throw error;
  }
  switch (job.status) {
    case 'running':
    case 'cancel-pending':
      return undefined;
    case 'canceled':
      return { kind: 'canceled' };
    case 'complete':
      return judge(job);
  }
}

function judge(job: Job): JobEnd {
  const status = job['job-status-code'] ?? 200;
  if (status < 400) return { kind: 'complete' };
  const reason = job['job-reason-code'] ?? undefined;
  const results = job['job-results'];
  return {
    kind: 'failed',
    error: new HmcError({
      kind: 'refused',
      // The job has ended: nothing of it is still to come.
      changes: false,
      status,
      ...(reason === undefined ? {} : { reason }),
      text: (results?.message ?? results?.error ?? 'the job failed without a message').slice(0, 500),
    }),
  };
}

/** Cancels a job and waits briefly for its end. It does not fail: what became of the job is found out by reconciling. */
async function cancelJob(change: HmcChange, jobUri: string): Promise<void> {
  const { client, ctx, place } = change;
  try {
    await client.cancelJob(jobUri);
    const end = await pollUntil(async () => await jobEnd(() => client.job(jobUri)), {
      clock: ctx.clock,
      signal: new AbortController().signal,
      intervalMs: place.pacing.poll.initialMs,
      maxIntervalMs: place.pacing.poll.maxMs,
      timeoutMs: CANCEL_PATIENCE_MS,
      what: 'the job to be cancelled',
    });
    if (end.kind === 'canceled') await ctx.checkpoint(CANCELLED_CHECKPOINT, { uri: jobUri });
    await forgetJob(change, jobUri);
  } catch (error) {
    ctx.log.info('the job of a cancelled operation could not be cancelled', { hmc: place.hmc, err: error });
  }
}

/** Ended jobs stay with the HMC until they are deleted; one that cannot be deleted now harms nobody, and is tried once more later. */
async function forgetJob({ client, ctx, place }: HmcChange, jobUri: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.deleteJob(jobUri);
      return;
    } catch (error) {
      if (error instanceof HmcError && error.isNotThere) return;
      const isPassing = error instanceof HmcError && error.isTransient;
      if (!isPassing || attempt === MOST_DELETIONS) {
        client.session.leaveJob(jobUri);
        ctx.log.debug('an ended job could not be deleted', { hmc: place.hmc, err: error });
        return;
      }
    }
    await ctx.clock.sleep(place.pacing.poll.initialMs * attempt);
  }
}
