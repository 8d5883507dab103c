import type { HmcError } from '../client/hmc-error.js';
import type { Goal } from '../mapping/next-action.js';
import type { PartitionChange, Seen } from './partition-change.js';
import { takeStep } from './step.js';

/** How often the state may turn out to be another than the one just read before we give up. */
const MAX_TURNS = 10;
/** A partition that was starting when first seen may be paused for some seconds on its way to active. */
const LAG_MS = 60_000;

/** The partition at its goal, and whether anything was sent to bring it there. */
export interface Brought {
  readonly partition: Seen;
  readonly hasActed: boolean;
}

/**
 * Brings a partition to a goal: looks, takes a step, and looks again (hmc-dpm.md section 9).
 *
 * A start that was carried out is the last step: it ends at the goal or in an error, and is never followed by another.
 *
 * @param known the partition, when it was read this moment
 * @throws ComputeError STATE_CONFLICT and as {@link takeStep}; HmcError
 */
export async function bringTo(change: PartitionChange, goal: Goal, known?: Seen): Promise<Brought> {
  const { clock, signal } = change.ctx;
  const { initialMs, maxMs } = change.place.pacing.poll;
  let partition = known ?? (await change.look());
  let hasActed = false;
  let refusal: HmcError | undefined;
  let pauseMs = initialMs;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const action = change.mode.rules.nextAction(goal, partition);
    switch (action.kind) {
      case 'reached':
        return { partition, hasActed };
      case 'conflict':
        throw change.error(
          'STATE_CONFLICT',
          `${change.label} cannot be ${goal === 'running' ? 'started' : 'stopped'}: ${action.why}`,
          partition.status,
        );
      case 'wait':
        partition = await waitOut(change, action.transition, goal);
        break;
      case 'step': {
        if (change.remainingMs === 0) throw refusal ?? change.timeOver(action.step);
        const end = await takeStep(change, action);
        if (end.kind === 'done') {
          ({ partition } = end);
          hasActed = true;
          break;
        }
        refusal = end.error;
        if (change.remainingMs <= pauseMs) throw refusal;
        await clock.sleep(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, maxMs);
        // Waiting for a busy partition is bounded by time, not by turns.
        if (end.isBusy) turn -= 1;
        partition = await change.look();
      }
    }
  }
  // A refusal says more than that there were many of them.
  if (refusal !== undefined) throw refusal;
  throw change.error(
    'STATE_CONFLICT',
    `the state of ${change.label} kept changing while it was to be ${goal === 'running' ? 'started' : 'stopped'}: somebody else works on it. Repeat it when they are done`,
    partition.status,
  );
}

/** Waits until somebody else's start or stop has come to its end. */
async function waitOut(change: PartitionChange, transition: 'starting' | 'stopping', goal: Goal): Promise<Seen> {
  const { ctx, label, place } = change;
  const { clock } = ctx;
  ctx.progress(`${label} is ${transition}, waiting for its end`);
  let pausedSince: number | undefined;
  const { initialMs } = place.pacing.poll;
  return await change.watch(`${label} to end ${transition}`, initialMs, (partition) => {
    if (partition.status === transition) return undefined;
    if (goal === 'running' && transition === 'starting' && partition.status === 'paused') {
      pausedSince ??= clock.now();
      if (clock.now() - pausedSince < LAG_MS) return undefined;
    }
    return partition;
  });
}
