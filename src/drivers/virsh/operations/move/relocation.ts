import { ComputeError } from '../../../../common/errors/index.js';
import type {
  CallContext,
  ChangeResult,
  OperationContext,
  PlannedStep,
  Reconciliation,
  Relocation,
  Target,
} from '../../../../compute/contract/index.js';
import { lookAfter, outlast } from '../../../kit/index.js';
import type { DomainStatus } from '../../client/domains.port.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { isHeldForMove, type Whereabouts } from '../../mapping/whereabouts.js';
import { stateOf } from '../domain-change.js';
import { findDomain } from '../find-domain.js';
import type { Neighbours } from '../neighbours.js';
import { cannotBeDone, planning } from '../power.operations.js';
import { explaining, targetOf, type HostPlace } from '../virsh-place.js';
import { admitMove, movingOf } from './admit-move.js';
import { goOnHere, removeHere } from './after-move.js';
import { endMigration, follow, wasSeen, wasSent } from './migration.js';
import { MoveChange, targetThere, type Ends } from './move-change.js';
import { clearAway, restoreAutostart, undoPreparation } from './preparation.js';

/** How often a move is begun whose request was lost without it. */
const MAX_TRIES = 3;

/** One way to take domains elsewhere. */
export interface RelocationKind {
  /** Stable word for plans. */
  readonly action: string;
  /** Why it cannot be done to a domain in this state; undefined when it can. */
  readonly obstacle: (status: DomainStatus) => string | undefined;
  /**
   * Takes it there.
   *
   * @returns what the request of it failed with; undefined when it was answered well, or goes on
   */
  readonly move: (change: MoveChange, here: DomainStatus) => Promise<unknown>;
}

/** Takes domains from a host to another one of the service. */
export function relocation(
  from: HostPlace,
  neighbours: Neighbours,
  kind: RelocationKind,
): Relocation & Required<Pick<Relocation, 'abort'>> {
  const endsOf = (destination: string): Ends => ({ from, to: neighbours.get(destination), destination });
  const changeOf = (ctx: OperationContext, target: Target, destination: string): MoveChange =>
    new MoveChange(ctx, endsOf(destination), target);
  return {
    async resolve(ctx, reference, destination) {
      const ends = endsOf(destination);
      const found = await locate(ctx, ends, reference);
      const target = await explaining(from, 'reading the host', () => targetOf(ctx, from, found));
      return { ...target, also: [await targetThere(ctx, ends, found.uuid)] };
    },
    plan: (ctx, target, destination) => plan(ctx, endsOf(destination), kind, target),
    async run(ctx, target, destination) {
      const change = changeOf(ctx, target, destination);
      return await change.run('moving domain', () => carryOut(change, kind));
    },
    reconcile: (ctx, target, destination) => lookAfterMove(changeOf(ctx, target, destination)),
    async abort(ctx, target, destination) {
      const change = changeOf(ctx, target, destination);
      return await change.run('ending the move of domain', () => stop(change));
    },
  };
}

/** At its host, or at the other one when it is there already. @throws ComputeError INSTANCE_NOT_FOUND */
async function locate(ctx: CallContext, { from, to }: Ends, reference: string): Promise<DomainStatus> {
  const at = (place: HostPlace) =>
    explaining(place, `finding domain ${reference}`, () => place.domains(ctx).find(reference));
  return (await at(from)) ?? (await at(to)) ?? (await findDomain(ctx, from, reference));
}

async function plan(ctx: CallContext, ends: Ends, kind: RelocationKind, target: Target): Promise<PlannedStep[]> {
  const { from, to, destination } = ends;
  return await planning(from, target, async () => {
    const domains = from.domains(ctx);
    const here = await domains.find(target.id);
    if (here === undefined) return [];
    const why = kind.obstacle(here);
    if (why !== undefined) throw cannotBeDone(target, here, why);
    const moving = movingOf(await domains.definition(target.id));
    await explaining(to, 'looking whether there is a place for it', () => admitMove({ ctx, ends, target }, moving));
    return [{ action: kind.action, description: `move domain ${target.name} to ${destination}` }];
  });
}

async function carryOut(change: MoveChange, kind: RelocationKind): Promise<ChangeResult> {
  for (let tries = 0; ;) {
    const where = await change.whereIsIt();
    switch (where.kind) {
      case 'there':
        return await arrived(change, where.there);
      case 'left-behind':
        await removeHere(change);
        break;
      case 'moving':
        if (!wasSent(change.ctx)) throw conflict(change, 'somebody else migrates it; repeat it when that has ended');
        if (change.remainingMs === 0) await stopLate(change);
        else await wait(change);
        break;
      case 'here': {
        if (isHeldForMove(where.here) && wasSent(change.ctx)) {
          await goOnHere(change);
          break;
        }
        if (tries === MAX_TRIES) throw lost(change);
        tries += 1;
        const why = kind.obstacle(where.here);
        if (why !== undefined) throw conflict(change, why, where.here);
        await begin(change, kind, where.here);
        break;
      }
      default:
        throw nowhere(change, where);
    }
  }
}

/** One try. @throws why it cannot be had, when nothing of it stays */
async function begin(change: MoveChange, kind: RelocationKind, here: DomainStatus): Promise<void> {
  let error: unknown;
  try {
    error = await kind.move(change, here);
  } catch (failure) {
    if (change.ctx.signal.aborted || !change.hasBegun || (await change.whereIsIt()).kind !== 'here') throw failure;
    throw await asBefore(change, change.explain('moving domain', failure));
  }
  if (error !== undefined) await judge(change, error);
}

async function arrived(change: MoveChange, status: DomainStatus): Promise<ChangeResult> {
  const { ctx, hasBegun } = change;
  if (hasBegun) {
    await restoreAutostart(change);
    await clearAway(change);
  }
  change.underWay = undefined;
  return { outcome: hasBegun ? 'done' : 'already', state: stateOf(status, ctx.clock.now()) };
}

/** A while of a move that goes on. */
async function wait(change: MoveChange): Promise<void> {
  await follow(change);
  await change.ctx.clock.sleep(change.backend.pacing.poll.initialMs, change.ctx.signal);
}

/** What a request that failed has come to. @throws its error, when the domain is where it was */
async function judge(change: MoveChange, error: unknown): Promise<void> {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  if (failure.native === undefined) {
    // Nobody has said that it failed: it may go on, or come yet.
    if (!wasSeen(change.ctx)) await change.ctx.clock.sleep(change.requestTimeoutMs, change.ctx.signal);
    return;
  }
  const where = await atRest(change, change.remainingMs);
  if (where?.kind !== 'here') return;
  if (isHeldForMove(where.here)) await goOnHere(change);
  throw await asBefore(change, change.explain('moving domain', error));
}

/** Where it is once it is not on its way any more; undefined when it still is after this time. */
async function atRest(change: MoveChange, timeoutMs: number): Promise<Whereabouts | undefined> {
  const { clock, signal } = change.ctx;
  const endsAt = clock.now() + timeoutMs;
  for (;;) {
    const where = await change.whereIsIt();
    if (where.kind !== 'moving') return where;
    if (clock.now() >= endsAt) return undefined;
    await clock.sleep(change.backend.pacing.poll.initialMs, signal);
  }
}

/** Ends a move whose time is over. @throws ComputeError BACKEND_TIMEOUT, unless it has come to its end meanwhile */
async function stopLate(change: MoveChange): Promise<void> {
  const { backend, requestTimeoutMs, doing } = change;
  await endMigration(change);
  const where = await atRest(change, requestTimeoutMs);
  const seconds = Math.round(backend.pacing.operationTimeoutMs / 1000);
  const text = `${doing} was not over after the ${seconds} s of operation_timeout_ms`;
  if (where === undefined) throw change.error('BACKEND_TIMEOUT', `${text}, and could not be ended`);
  if (where.kind === 'here') throw await asBefore(change, change.error('BACKEND_TIMEOUT', `${text}, and was ended`));
}

/** Nothing of it stays. @returns what callers are told */
async function asBefore(change: MoveChange, cause: unknown): Promise<unknown> {
  if (!(cause instanceof ComputeError)) return cause;
  await undoPreparation(change);
  change.tookBack();
  return new ComputeError(cause.code, `${cause.message}. It is where it was`, {
    outcome: 'not-applied',
    ...(cause.retry === 'after-reconcile' ? {} : { retry: cause.retry }),
    native: cause.native,
    details: cause.details,
    cause,
  });
}

async function lookAfterMove(change: MoveChange): Promise<Reconciliation> {
  const { ctx } = change;
  return await lookAfter(change, async (last) => {
    // What may still come is waited for; a migration that was seen under way has come.
    if (!wasSent(ctx) || !wasSeen(ctx)) await outlast(change, last);
    const where = await change.whereIsIt();
    if (where.kind === 'twice') return { verdict: 'unknown', reason: nowhere(change, where).message };
    if (where.kind === 'gone' || where.kind === 'torn') throw nowhere(change, where);
    return { verdict: 'continue' };
  });
}

/** Ends a move on request. @returns undefined while it is not known what came of that */
async function stop(change: MoveChange): Promise<Reconciliation | undefined> {
  const { ctx, doing, ends } = change;
  for (;;) {
    const where = await change.whereIsIt();
    switch (where.kind) {
      case 'there':
        return { verdict: 'concluded', result: await arrived(change, where.there) };
      case 'left-behind':
        await removeHere(change);
        break;
      case 'moving':
        if (where.job !== undefined) await endMigration(change);
        if ((await atRest(change, change.requestTimeoutMs)) === undefined) return undefined;
        break;
      case 'here': {
        if (isHeldForMove(where.here) && wasSent(ctx)) {
          await goOnHere(change);
          break;
        }
        if (wasSent(ctx) && !wasSeen(ctx)) {
          // It may come yet.
          await ctx.clock.sleep(change.requestTimeoutMs, ctx.signal);
          if ((await change.whereIsIt()).kind !== 'here') break;
        }
        await undoPreparation(change);
        return {
          verdict: 'stopped',
          text: `${doing} was ended; it is at ${ends.from.label}, as before`,
          effect: 'not-applied',
        };
      }
      case 'twice':
        return { verdict: 'unknown', reason: nowhere(change, where).message };
      case 'torn':
      case 'gone':
        return { verdict: 'failed', error: nowhere(change, where) };
    }
  }
}

/** Why nothing can be done where it is. */
function nowhere(
  change: MoveChange,
  { kind }: Extract<Whereabouts, { kind: 'twice' | 'torn' | 'gone' }>,
): ComputeError {
  const { label, ends } = change;
  const [here, there] = [ends.from.label, ends.to.label];
  switch (kind) {
    case 'gone':
      return change.error('INSTANCE_NOT_FOUND', `${label} is neither at ${here} nor at ${there} any more`);
    case 'torn':
      return change.error(
        'OPERATION_FAILED',
        `the memory of ${label} was on its way from ${here} to ${there}, with post-copy, when that broke off, and it can go on at neither: mend the way between them and continue (virsh migrate --postcopy --postcopy-resume), or power it off at both`,
      );
    case 'twice':
      return conflict(
        change,
        `${here} and ${there} both have it: look which of the two is the true one, and remove the other`,
      );
  }
}

function conflict(change: MoveChange, why: string, status?: DomainStatus): ComputeError {
  return change.error(
    'STATE_CONFLICT',
    `${change.label} cannot be moved to ${change.ends.destination}: ${why}`,
    status && stateOf(status, 0).nativeState,
  );
}

function lost(change: MoveChange): ComputeError {
  return change.error(
    'OUTCOME_UNKNOWN',
    `${change.doing} was begun ${MAX_TRIES} times, and each time the answer was lost and it stayed where it was`,
  );
}
