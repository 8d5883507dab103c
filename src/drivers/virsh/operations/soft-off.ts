import { DomainState } from 'node-libvirt';
import {
  DEFAULT_SOFT_OFF_S,
  type ChangeResult,
  type OperationWork,
  type PlannedStep,
  type SoftOffParams,
  type Target,
} from '../../../compute/contract/index.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { plannedSteps } from '../mapping/next-action.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessRefused } from '../client/unless-refused.js';
import { bringTo, type Brought } from './bring-to.js';
import { DomainChange } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { HostPlace, VirshPlace } from './virsh-place.js';

/**
 * Asks the guest to shut down, by its agent or its power button, whichever libvirt finds; on IBM Z by a signal of the service call (SCLP) that
 * needs no agent. It may be asked again: a guest that shuts down already does not mind.
 */
export function softOffWork(place: VirshPlace): OperationWork<SoftOffParams, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('shutting down domain', async () => {
        const hadActed = change.carriedOut.size > 0;
        const { status, hasActed } = await shutDown(change, params, 'Use force, or power it off');
        return change.ended(hasActed || hadActed, status);
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => shutDownSteps(target, await place.domains(ctx).status(target.id), params)),
    reconcile: (ctx, target) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) => {
        const status = await change.look();
        return isShutDown(status) ? change.ended(true, status) : undefined;
      }),
  };
}

/**
 * Lets the guest of a domain shut down, and stops the domain hard with `force` when it has not done so in time.
 *
 * @param advice to whoever asked, when it still runs then
 * @throws ComputeError STATE_CONFLICT when the guest hears nothing; OPERATION_FAILED when it still runs
 */
export async function shutDown(
  change: DomainChange,
  { within_s: seconds = DEFAULT_SOFT_OFF_S, force = false }: SoftOffParams,
  advice: string,
): Promise<Brought> {
  const before = await change.look();
  if (isShutDown(before)) return { status: before, hasActed: false };
  const why = whyDeaf(before);
  if (why !== undefined && !force) throw cannotBeDone(change.target, before, why);
  const off = why === undefined ? await ask(change, seconds * 1000) : undefined;
  if (off !== undefined) return { status: off, hasActed: true };
  if (!force) throw stillOn(change, seconds, advice);
  change.ctx.progress(
    `${change.label} ${why === undefined ? `has not shut down within ${seconds} s` : 'hears nothing'}, destroying it`,
  );
  return { ...(await bringTo(change, 'shut off')), hasActed: true };
}

/** The steps of it, for people. @throws ComputeError STATE_CONFLICT when the guest hears nothing */
export function shutDownSteps(
  target: Target,
  status: DomainStatus,
  { force = false }: Pick<SoftOffParams, 'force'>,
): PlannedStep[] {
  if (isShutDown(status)) return [];
  const why = whyDeaf(status);
  if (why === undefined) return askingSteps(target.name).slice(0, force ? 2 : 1);
  if (!force) throw cannotBeDone(target, status, why);
  return plannedSteps(['shut off'], target.name, status);
}

/**
 * Stops a domain for a change that is made while it is off. Its guest is asked first, as long as the settings of the host say; one that
 * does not listen, or does not hear, is stopped all the same.
 */
export async function stopForChange(change: DomainChange, { settings }: HostPlace): Promise<void> {
  const status = await change.look();
  const withinMs = settings.shutdown_timeout_ms;
  if (isAsked(status, withinMs)) await unlessRefused(() => ask(change, withinMs));
  await bringTo(change, 'shut off');
}

/** The steps of it, for people. */
export function stoppingSteps(name: string, status: DomainStatus, { settings }: HostPlace): PlannedStep[] {
  return isAsked(status, settings.shutdown_timeout_ms) ? askingSteps(name) : plannedSteps(['shut off'], name, status);
}

function isAsked(status: DomainStatus, withinMs: number): boolean {
  return withinMs > 0 && !isShutDown(status) && whyDeaf(status) === undefined;
}

const STEP = 'ask-shutdown';

function askingSteps(name: string): PlannedStep[] {
  return [
    { action: STEP, description: `ask the guest of domain ${name} to shut down, and wait for it` },
    { action: 'destroy', description: `destroy domain ${name} if it still runs then` },
  ];
}

/** @returns its state when it has shut down in time */
async function ask(change: DomainChange, withinMs: number): Promise<DomainStatus | undefined> {
  const { ctx, uuid, label, backend } = change;
  const endsAt = ctx.clock.now() + withinMs;
  const isLate = (): boolean => ctx.clock.now() >= endsAt;
  try {
    await makeSo(change, {
      step: STEP,
      noun: 'request to shut down',
      doing: `asking ${label} to shut down`,
      // A guest that hangs is not asked for longer than it may take.
      isSo: async () => isLate() || isShutDown(await change.look()),
      send: async (timeoutMs) => {
        await change.domains.shutdown(uuid, undefined, Math.min(timeoutMs, withinMs));
        return true;
      },
    });
  } catch (error) {
    // One that has ended meanwhile cannot be asked, and need not be.
    const seen = failureOf(error)?.isWrongState === true ? await change.look() : undefined;
    if (seen !== undefined && isShutDown(seen)) return seen;
    throw error;
  }
  ctx.progress(`waiting for ${label} to shut down`);
  const beganAt = ctx.clock.now();
  const { status } = await change.poll(
    `${label} to shut down`,
    backend.pacing.poll.initialMs,
    async () => {
      const seen = await change.look();
      if (isShutDown(seen)) return { status: seen };
      return isLate() ? { status: undefined } : undefined;
    },
    change.remainingMs + withinMs,
  );
  change.notCounting(ctx.clock.now() - beganAt);
  return status;
}

/** One whose memory is saved is not: its guest goes on from there at the next start. */
function isShutDown({ state, hasSavedMemory }: DomainStatus): boolean {
  return state === DomainState.VIR_DOMAIN_SHUTOFF && !hasSavedMemory;
}

/** Why the guest hears nothing; undefined when it may. */
function whyDeaf({ state, hasSavedMemory }: DomainStatus): string | undefined {
  switch (state) {
    case DomainState.VIR_DOMAIN_PAUSED:
      return 'its processors are stopped, so that its guest hears nothing; unpause it first, or use force';
    case DomainState.VIR_DOMAIN_PMSUSPENDED:
      return 'its guest sleeps and hears nothing; wake it up first, or use force';
    case DomainState.VIR_DOMAIN_CRASHED:
      return 'its guest has crashed; power it off';
    case DomainState.VIR_DOMAIN_SHUTOFF:
      return hasSavedMemory
        ? 'it is suspended, with its memory on the disk of the host; resume it first, or use force'
        : undefined;
    default:
      return undefined;
  }
}

function stillOn(change: DomainChange, seconds: number, advice: string): Error {
  return change.error(
    'OPERATION_FAILED',
    `the guest of ${change.label} was asked to shut down and still runs after ${seconds} s; it may lack an operating system that listens to its power button, or an agent. ${advice}`,
  );
}
