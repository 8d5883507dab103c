import { ComputeError } from '../../../common/errors/index.js';
import { HmcError } from '../client/hmc-error.js';
import { nativeOf, toHmcComputeError } from '../hmc-dpm.errors.js';
import type { StepName } from '../mapping/next-action.js';
import type { StepVerdict } from '../mapping/step-verdict.js';
import { nounOf } from './checkpoints.js';
import { awaitJob, noteJob, type JobEnd } from './job.js';
import type { PartitionChange, Seen } from './partition-change.js';

/** How long the status may lag behind the job: after a start it is `paused` for some seconds (hmc-dpm.md section 5). */
const LAG_MS = 60_000;

const DOING: Record<StepName, string> = {
  start: 'starting',
  stop: 'stopping',
  activate: 'activating',
  deactivate: 'deactivating',
  load: 'loading',
};

/** How an attempt to take a step came out. */
export type StepEnd =
  | { readonly kind: 'done'; readonly partition: Seen }
  /** Proven not to have been executed; look at the state again, at once or after a pause. */
  | { readonly kind: 'refused'; readonly isBusy: boolean; readonly error: HmcError };

/**
 * Sends a step, once, and sees it through: its job, then the status. A lost answer is looked for in the
 * status, never sent again.
 *
 * @throws ComputeError OPERATION_FAILED, OUTCOME_UNKNOWN, BACKEND_*; HmcError; what beginStep throws
 */
export async function takeStep(
  change: PartitionChange,
  action: { readonly step: StepName; readonly isForced?: true },
): Promise<StepEnd> {
  const { ctx, client, place, mode, uri } = change;
  const { step } = action;
  const { requestTimeoutMs } = place.pacing;
  const description = `${DOING[step]} ${change.label}`;
  await ctx.beginStep({ name: step, description, requestTimeoutMs });
  const sentAt = ctx.clock.now();
  change.underWay = step;
  let jobUri: string | undefined;
  let lost: HmcError | undefined;
  try {
    jobUri = await mode.send(client, uri, action, requestTimeoutMs);
  } catch (error) {
    if (!(error instanceof HmcError)) throw error;
    if (!error.mayHaveRun) {
      change.underWay = undefined;
      const { isPassing: isBusy } = error;
      if (isBusy || error.is(409, 1)) return { kind: 'refused', isBusy, error };
      throw error;
    }
    lost = error;
  }
  if (jobUri !== undefined) {
    await noteJob(change, jobUri, step);
  } else if (!(await becameVisible(change, step, sentAt + requestTimeoutMs))) {
    throw outcomeUnknown(change, step, lost);
  }
  return { kind: 'done', partition: await seeThrough(change, step, jobUri) };
}

/** Sees a step through that was carried out: its job when there is one, then the status. @throws as {@link takeStep} */
export async function seeThrough(change: PartitionChange, step: StepName, jobUri: string | undefined): Promise<Seen> {
  const { ctx, label } = change;
  change.underWay = step;
  let end: JobEnd = { kind: 'complete' };
  if (jobUri !== undefined) {
    ctx.progress(`waiting for the HMC to finish ${DOING[step]} ${label}`, 30);
    end = await awaitJob(change, jobUri, `the HMC to finish ${DOING[step]} ${label}`);
  }
  const partition = await settle(change, step, end);
  change.underWay = undefined;
  const noun = nounOf(step);
  if (noun !== undefined) change.carriedOut.add(noun);
  return partition;
}

/**
 * Looks whether a step whose answer is not known shows in the status. That it does not is believed of a look that began
 * after `arrivalMs` (epoch), when the request cannot be under way any more, and what it began would show.
 *
 * @returns false when the partition is as it was before; true when the step was carried out
 */
export async function becameVisible(change: PartitionChange, step: StepName, arrivalMs: number): Promise<boolean> {
  const { clock } = change.ctx;
  const { rules, showsWithinMs } = change.mode;
  const untilMs = arrivalMs + showsWithinMs;
  const { initialMs } = change.place.pacing.poll;
  change.underWay = step;
  let isLastLook = clock.now() >= untilMs;
  return await change.watch(`the ${step} of ${change.label} to show`, initialMs, ({ status }) => {
    if (rules.showsEffect(step, status)) return true;
    if (isLastLook) return false;
    isLastLook = clock.now() >= untilMs;
    return undefined;
  });
}

/** Waits for the status that the step should end in. */
async function settle(change: PartitionChange, step: StepName, end: JobEnd): Promise<Seen> {
  const { clock } = change.ctx;
  const endedAt = clock.now();
  const { rules } = change.mode;
  const what = `${change.label} to be ${rules.statusAfter(step)}`;
  if (end.kind === 'complete' || end.kind === 'lost') {
    const { name } = change.target;
    await change.awaitStatus((status) => isDecided(rules.stepVerdict(step, { name, status })));
  }
  // The job has done the waiting; what is left takes seconds, and each look is a request.
  return await change.watch(what, 4 * change.place.pacing.poll.initialMs, (partition) => {
    const verdict = rules.stepVerdict(step, partition);
    switch (verdict.kind) {
      case 'done':
        return partition;
      case 'wait':
        return undefined;
      case 'lagging':
        // A job that says it failed explains the status; any other makes it worth waiting for a better one.
        if (end.kind !== 'failed' && end.kind !== 'canceled' && clock.now() - endedAt < LAG_MS) return undefined;
        throw stepFailed(change, step, end, partition, verdict.why);
      case 'failed':
        throw stepFailed(change, step, end, partition, verdict.why);
    }
  });
}

function isDecided({ kind }: StepVerdict): boolean {
  return kind === 'done' || kind === 'failed';
}

function stepFailed(change: PartitionChange, step: StepName, end: JobEnd, { status }: Seen, why: string): ComputeError {
  change.underWay = undefined;
  // Its job was noted as carried out once; it was not.
  const noun = nounOf(step);
  if (noun !== undefined) change.carriedOut.delete(noun);
  const what = `${DOING[step]} ${change.label}`;
  const isStarved = status === 'reservation-error';
  const code = isStarved ? 'CAPACITY_EXHAUSTED' : 'OPERATION_FAILED';
  switch (end.kind) {
    case 'failed': {
      const { hmc } = change.place;
      const failure = toHmcComputeError(end.error, { what, hmc, subject: 'partition' }) as ComputeError;
      return new ComputeError(
        isStarved ? code : failure.code,
        `${failure.message}. The ${change.mode.rules.noun} is ${status} now`,
        {
          retry: isStarved ? 'safe' : failure.retry,
          outcome: 'not-applied',
          native: failure.native,
          details: { status },
          cause: failure.cause,
        },
      );
    }
    case 'canceled':
      return change.error('OPERATION_FAILED', `${what} was cancelled on the HMC; the partition is ${status}`, status);
    case 'lost':
      return change.error(
        code,
        `${what} failed, and the HMC has forgotten its job, as when it restarts: ${why}`,
        status,
      );
    case 'complete':
      return change.error(code, `${what} failed: ${why}`, status);
  }
}

function outcomeUnknown(change: PartitionChange, step: StepName, lost: HmcError | undefined): ComputeError {
  const { label, place } = change;
  return new ComputeError(
    'OUTCOME_UNKNOWN',
    `the answer to the ${step} of ${label} was lost (HMC ${place.hmc}: ${lost?.message ?? 'accepted without a job'}), and its status has not changed since; look at it again before you repeat it`,
    lost === undefined ? {} : { native: nativeOf(lost), cause: lost },
  );
}
