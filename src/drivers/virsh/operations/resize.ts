import { z } from 'zod';
import { ComputeError, toComputeError } from '../../../common/errors/index.js';
import { parseXml, serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import type {
  ChangeParams,
  ChangeResult,
  Flavor,
  OperationWork,
  OperationWorks,
  PlannedStep,
  Target,
} from '../../../compute/contract/index.js';
import { makeSo, notedAs, noteUndoing, reconcileSequence, undoingOf, undone } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { withDiskFile, withMark, withSize, withSizeOf } from '../mapping/edit-domain.js';
import { instanceFiles } from '../mapping/names.js';
import { plannedSteps } from '../mapping/next-action.js';
import { DRIVER_NAME, limited } from '../mapping/refusal.js';
import { bringTo } from './bring-to.js';
import { DomainChange, stateOf } from './domain-change.js';
import { cannotBeDone, planning } from './power.operations.js';
import {
  admit,
  GIB,
  hasSize,
  isOn,
  isResized,
  isResizedBy,
  refuseShrinking,
  requireCapacity,
  rootBytesOf,
  rootVolumeOf,
  whyNot,
} from './resize-facts.js';
import { stopForChange, stoppingSteps } from './soft-off.js';
import { ensureCopied, ensureRemoved } from './storage/ensure-volume.js';
import { ensurePool } from './storage/find-pool.js';
import type { HostPlace } from './virsh-place.js';

type Params = ChangeParams<'resize'>;

/** Left before anything is changed: did it run, and which volume becomes, or was, its root disk? */
const BEFORE_CHECKPOINT = 'before-resize';
const BeforeSchema = z.object({
  is_running: z.boolean(),
  old_volume: z.string().optional(),
  new_volume: z.string().optional(),
});
type Before = z.output<typeof BeforeSchema>;
/** Left when a new size cannot be had and the old one is given back: the error that callers will be told. */
const UNDOING_CHECKPOINT = 'undoing-resize';

/**
 * Other sizes of domains, from their next start on. The definition of before is kept in the new one, so that there is none without the
 * other. A root disk that grows is made anew, and the old one stays beside it until the resize is confirmed: who reverts it has the
 * disk as it was, without what was written since, as in nova.
 */
export function resizeWorks(place: HostPlace): OperationWorks<'resize' | 'confirmResize' | 'revertResize'> {
  return { resize: resize(place), confirmResize: confirmResize(place), revertResize: revertResize(place) };
}

function resize(place: HostPlace): OperationWork<Params, ChangeResult> {
  return {
    async run(ctx, target, { flavor }) {
      admit(flavor);
      const change = new DomainChange(ctx, place, target);
      return await change.run('resizing domain', async () => {
        const refusal = undoingOf(ctx, UNDOING_CHECKPOINT);
        if (refusal !== undefined) throw await takenBack(change, place, refusal);
        const before = await beginResize(change, flavor);
        if (before === undefined) return change.ended(false, await change.look());
        try {
          await stopForChange(change, place);
          await ensureResized(change, place, flavor, before);
          return change.ended(true, await asItRan(change, before));
        } catch (error) {
          const failure = toComputeError(change.explain('resizing domain', error));
          if (failure.code !== 'CAPACITY_EXHAUSTED' || ctx.signal.aborted) throw error;
          await noteUndoing(ctx, UNDOING_CHECKPOINT, failure);
          throw await takenBack(change, place, failure);
        }
      });
    },
    plan: (ctx, target, { flavor }) =>
      planWith(place, ctx, target, async (status, facts) => {
        admit(flavor);
        const change = { facts, rootBytes: await rootBytesOf(place.caller(ctx), target, facts, ctx.signal) };
        if (hasSize(flavor, change)) return [];
        const why = whyNot(facts, status);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        refuseShrinking(flavor, change.rootBytes);
        return steps(
          target.name,
          status,
          stoppingSteps(target.name, status, place),
          `give domain ${target.name} ${flavor.vcpus} processors and ${flavor.memory_mib} MiB`,
        );
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

function confirmResize(place: HostPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('keeping the new size of domain', async () => {
        const { old_volume: old } = await beginEnd(change);
        await makeSo(change, {
          step: 'confirm-resize',
          noun: 'end of the resize',
          doing: `forgetting the earlier size of ${change.label}`,
          isSo: async () => !isResized(await change.facts('next')),
          isOver: () => Promise.resolve(true),
          send: async (timeoutMs) => {
            await change.redefine(timeoutMs, withoutUndo);
            return true;
          },
        });
        if (old !== undefined) await removeVolume(change, place, old);
        return change.ended(true, await change.look());
      });
    },
    plan: (ctx, target) =>
      planWith(place, ctx, target, (_status, facts) => {
        if (!isResized(facts)) throw unresized(target);
        return [{ action: 'confirm-resize', description: `forget the earlier size of domain ${target.name}` }];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

function revertResize(place: HostPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('giving its earlier size to domain', async () =>
        change.ended(true, await goBack(change, place, await beginEnd(change))),
      );
    },
    plan: (ctx, target) =>
      planWith(place, ctx, target, (status, facts) => {
        if (!isResized(facts)) throw unresized(target);
        const stopping = plannedSteps(['shut off'], target.name, status);
        const change = `give domain ${target.name} its earlier size, and the root disk that it had`;
        return steps(target.name, status, stopping, change);
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** What it has, and did; undefined when there is nothing to be done. @throws ComputeError when it cannot be resized */
async function beginResize(change: DomainChange, flavor: Flavor): Promise<Before | undefined> {
  const { ctx, caller, target, uuid, label } = change;
  const noted = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema);
  if (noted !== undefined) return noted;
  const [status, facts] = [await change.look(), await change.facts('next')];
  const rootBytes = await rootBytesOf(caller, target, facts, ctx.signal);
  if (hasSize(flavor, { facts, rootBytes })) return undefined;
  const why = whyNot(facts, status);
  if (why !== undefined) {
    throw change.error('STATE_CONFLICT', `${label} cannot be resized: ${why}`, stateOf(status, 0).nativeState);
  }
  refuseShrinking(flavor, rootBytes);
  await requireCapacity(change, flavor);
  const isGrown = flavor.root_gib !== undefined && flavor.root_gib * GIB !== rootBytes;
  const old = isGrown ? rootVolumeOf(facts, uuid) : undefined;
  if (isGrown && old === undefined) {
    throw limited(
      'flavor.root_gib',
      'it has no root disk that was made for it; a volume grows with compute.extend_volume',
    );
  }
  const { rootDisk, otherRootDisk } = instanceFiles(uuid);
  const before = {
    is_running: isOn(status),
    ...(old === undefined ? {} : { old_volume: old, new_volume: old === rootDisk ? otherRootDisk : rootDisk }),
  };
  await ctx.checkpoint(BEFORE_CHECKPOINT, before);
  return before;
}

/** The same of a resize that is to be confirmed or reverted. @throws ComputeError STATE_CONFLICT when there is none */
async function beginEnd(change: DomainChange): Promise<Before> {
  const { ctx, target, uuid } = change;
  const noted = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema);
  if (noted !== undefined) return noted;
  const [status, facts] = [await change.look(), await change.facts('next')];
  const undo = facts.mark?.undo;
  if (undo?.kind !== 'resize') throw unresized(target);
  const now = rootVolumeOf(facts, uuid);
  const old = rootVolumeOf(domainFacts(parseXml(undo.definition)), uuid);
  const isGrown = old !== undefined && now !== undefined && now !== old;
  const before = { is_running: isOn(status), ...(isGrown ? { old_volume: old, new_volume: now } : {}) };
  await ctx.checkpoint(BEFORE_CHECKPOINT, before);
  return before;
}

async function ensureResized(change: DomainChange, place: HostPlace, flavor: Flavor, before: Before): Promise<void> {
  const { ctx, label } = change;
  const isIt = async (): Promise<boolean> => isResizedBy(await change.facts('next'), ctx.operationId);
  if (await isIt()) return;
  const path = await ensureGrown(change, place, flavor, before);
  await makeSo(change, {
    step: 'resize',
    noun: 'new size of the domain',
    doing: `resizing ${label}`,
    isSo: isIt,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      const earlier = serialiseXml(await change.definition('next'));
      const undo = { kind: 'resize', operation: ctx.operationId, definition: earlier } as const;
      await change.redefine(timeoutMs, (own) => {
        const { mark } = domainFacts(own);
        const sized = withSize(own, { vcpus: flavor.vcpus, memoryMib: flavor.memory_mib });
        const placed = path === undefined ? sized : withDiskFile(sized, DISK_ALIASES.root, path);
        const described =
          flavor.root_gib === undefined ? {} : { described: { ...mark?.described, root_gib: flavor.root_gib } };
        return withMark(placed, { ...mark, ...described, undo });
      });
      return true;
    },
  });
}

/** A root disk of the new size beside the old one. @returns its path; undefined when it keeps the one that it has */
async function ensureGrown(
  change: DomainChange,
  place: HostPlace,
  { root_gib: gib }: Flavor,
  { old_volume: old, new_volume: name }: Before,
): Promise<string | undefined> {
  if (old === undefined || name === undefined || gib === undefined) return undefined;
  const pool = await ensurePool(change, place.settings.pool);
  const from = await pool.find(old, { signal: change.ctx.signal });
  if (from === undefined)
    throw change.error('RESOURCE_NOT_FOUND', `the pool ${pool.name} has no volume ${old} any more`);
  const wanted = { name, format: 'qcow2', capacityBytes: gib * GIB } as const;
  await ensureCopied(change, pool, `larger root disk of ${change.target.name}`, wanted, from);
  // A copy is as large as what it is made of.
  await makeSo(change, {
    step: 'grow-volume',
    noun: 'growth of the root disk',
    doing: `making the root disk of ${change.target.name} larger`,
    isSo: async () => (await pool.find(name, { signal: change.ctx.signal }))?.capacityBytes === wanted.capacityBytes,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await pool.grow(name, wanted.capacityBytes, timeoutMs);
      return true;
    },
  });
  return `${pool.path}/${name}`;
}

/** Gives it the size and the root disk that it had; what was plugged in since stays. */
async function goBack(change: DomainChange, place: HostPlace, before: Before): Promise<DomainStatus> {
  const { label } = change;
  await bringTo(change, 'shut off');
  await makeSo(change, {
    step: 'revert-resize',
    noun: 'return to the earlier size',
    doing: `giving ${label} its earlier size`,
    isSo: async () => !isResized(await change.facts('next')),
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.redefine(timeoutMs, reverted);
      return true;
    },
  });
  if (before.new_volume !== undefined) await removeVolume(change, place, before.new_volume);
  return await asItRan(change, before);
}

function reverted(now: XmlElement): XmlElement {
  const undo = domainFacts(now).mark?.undo;
  if (undo === undefined) return now;
  const earlier = parseXml(undo.definition);
  const { mark, disks } = domainFacts(earlier);
  const root = disks.find(({ alias }) => alias === DISK_ALIASES.root)?.source;
  const sized = withSizeOf(now, earlier);
  return withMark(root === undefined ? sized : withDiskFile(sized, DISK_ALIASES.root, root), mark ?? {});
}

function withoutUndo(definition: XmlElement): XmlElement {
  return withMark(definition, { ...domainFacts(definition).mark, undo: undefined });
}

/** A domain that cannot be had in its new size is as it was before. @returns what the caller is told */
async function takenBack(change: DomainChange, place: HostPlace, cause: ComputeError): Promise<ComputeError> {
  const { ctx } = change;
  const before = notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema) ?? { is_running: false };
  return await undone(change, cause, {
    undo: async () => void (await goBack(change.afresh(), place, before)),
    undone: 'It has its earlier size again',
    stays: () => 'It could not be given its earlier size either; repeat that with compute.revert_resize',
    retry: 'safe',
    onFailure: (err) => ctx.log.warn('a size that cannot be had could not be taken back', { err }),
  });
}

async function asItRan(change: DomainChange, { is_running: isRunning }: Before): Promise<DomainStatus> {
  return isRunning ? (await bringTo(change, 'running')).status : await change.look();
}

async function removeVolume(change: DomainChange, place: HostPlace, volume: string): Promise<void> {
  const pool = await ensurePool(change, place.settings.pool);
  await ensureRemoved(change, pool, `root disk ${volume}`, volume);
}

function planWith(
  place: HostPlace,
  ctx: Parameters<OperationWork<object, ChangeResult>['plan']>[0],
  target: Target,
  stepsFor: (status: DomainStatus, facts: DomainFacts) => PlannedStep[] | Promise<PlannedStep[]>,
): Promise<PlannedStep[]> {
  return planning(place, target, async () => {
    const domains = place.domains(ctx);
    const [status, definition] = await Promise.all([domains.status(target.id), domains.definition(target.id, 'next')]);
    return await stepsFor(status, domainFacts(definition));
  });
}

function steps(name: string, status: DomainStatus, stopping: readonly PlannedStep[], change: string): PlannedStep[] {
  return [
    ...stopping,
    { action: 'resize', description: change },
    ...(isOn(status) ? [{ action: 'start', description: `start domain ${name}` }] : []),
  ];
}

function unresized({ key, name }: Target): ComputeError {
  return new ComputeError('STATE_CONFLICT', `domain ${name} has no resize to be confirmed or reverted`, {
    driver: DRIVER_NAME,
    target: key,
  });
}
