import { ComputeError } from '../../../common/errors/index.js';
import type { ChangeResult, OperationWork } from '../../../compute/contract/index.js';
import type { Partition } from '../client/hmc-schemas.js';
import { toHmcComputeError } from '../hmc-dpm.errors.js';
import { whyNoGuest } from '../mapping/guest.js';
import { noteAnswered, sendOnce, untold } from '../../kit/index.js';
import type { HmcPlace } from './hmc-place.js';
import { awaitJob, noteJob } from './job.js';
import { PartitionChange } from './partition-change.js';
import { planOf } from './plan.js';
import { lookAfterStep } from './reconcile.js';

const STEP = 'psw-restart';
const NOUN = 'PSW restart';
const TASKS = ['PSW Restart'];

/**
 * A PSW restart, which is to a partition what an NMI is to a server: the guest does what it is set to do then, Linux by its
 * `on_restart` action (hmc-dpm.md section 9). A dump program, the other way that DPM has, needs a volume that nobody names here.
 */
export function crashDumpWork(place: HmcPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'restarting the PSW of partition',
        async () => {
          const before = await change.look();
          const why = obstacle(before);
          if (why !== undefined) {
            throw change.error(
              'STATE_CONFLICT',
              `partition ${target.name} cannot be made to dump its memory: ${why}`,
              before.status,
            );
          }
          const jobUri = await sendOnce(change, {
            step: STEP,
            noun: NOUN,
            doing: `restarting the PSW of partition ${target.name}`,
            send: (timeoutMs) => change.client.submit(`${change.uri}/operations/${STEP}`, undefined, timeoutMs),
          });
          if (jobUri === undefined) await noteAnswered(ctx, STEP, NOUN);
          else await noteJob(change, jobUri, STEP);
          return await seeThrough(change, jobUri);
        },
        TASKS,
      );
    },
    plan: (ctx, target) =>
      planOf(ctx, place, target, obstacle, () => [
        {
          action: STEP,
          description: `restart the PSW of partition ${target.name}, so that its guest dumps its memory`,
        },
      ]),
    reconcile: (ctx, target) =>
      lookAfterStep(new PartitionChange(ctx, place, target), async (change, last) => {
        if (last.job === undefined && !last.isAnswered) return { verdict: 'unknown', reason: untold(change, NOUN) };
        return { verdict: 'concluded', result: await seeThrough(change, last.job?.uri) };
      }),
  };
}

/** A guest that has crashed by itself is dumped too: its memory is still there. */
function obstacle(partition: Partition): string | undefined {
  const why = whyNoGuest(partition.status, ['terminated']);
  if (why !== undefined || partition['is-locked'] !== true) return why;
  return 'it is locked on the HMC against disruptive tasks; unlock it there first';
}

/** Waits for the job: it alone tells, since the guest may be in any state afterwards. */
async function seeThrough(change: PartitionChange, jobUri: string | undefined): Promise<ChangeResult> {
  const { target, place } = change;
  const what = `restarting the PSW of partition ${target.name}`;
  change.underWay = NOUN;
  const end =
    jobUri === undefined
      ? ({ kind: 'complete' } as const)
      : await awaitJob(change, jobUri, `the HMC to finish ${what}`, false);
  switch (end.kind) {
    case 'complete':
      change.underWay = undefined;
      change.carriedOut.add(NOUN);
      return change.ended(true, await change.look());
    case 'failed':
      change.underWay = undefined;
      throw toHmcComputeError(end.error, { what, hmc: place.hmc, subject: 'partition', tasks: TASKS });
    case 'canceled':
      change.underWay = undefined;
      throw change.error('OPERATION_FAILED', `${what} was cancelled on the HMC`);
    case 'lost':
      throw new ComputeError(
        'OUTCOME_UNKNOWN',
        `the HMC has accepted ${what}, and has forgotten its job, as when it restarts; look at the guest before you repeat it`,
      );
  }
}
