import { DomainState } from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type {
  ChangeParams,
  ChangeResult,
  Images,
  ImageSource,
  OperationWork,
  OperationWorks,
  PlannedStep,
} from '../../../compute/contract/index.js';
import { parseXml, serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import { makeSo, reconcileSequence } from '../../kit/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { diskXml } from '../mapping/disk.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import {
  withBootOrder,
  withDevice,
  withMark,
  withoutDisk,
  withoutKernel,
  withSecretsOf,
} from '../mapping/edit-domain.js';
import { instanceFiles } from '../mapping/names.js';
import { plannedSteps } from '../mapping/next-action.js';
import { DRIVER_NAME, invalid, limited } from '../mapping/refusal.js';
import { bringTo } from './bring-to.js';
import { DomainChange, stateOf } from './domain-change.js';
import { configOf, toldBefore, withPassword, type Told } from './first-start.js';
import { cannotBeDone, planning } from './power.operations.js';
import { configDisk, ensureRescueDisk, removeRescueVolumes } from './rescue-volumes.js';
import { stopForChange, stoppingSteps } from './soft-off.js';
import { ensureConfigDrive } from './storage/config-drive.js';
import { ensurePool } from './storage/find-pool.js';
import { admitImageSource, isAddress, requireImages } from './storage/obtain-image.js';
import type { StoragePool } from './storage/storage-pool.js';
import type { HostPlace } from './virsh-place.js';

type Params = ChangeParams<'rescue'>;

/** What a rescue starts from. */
type Source =
  | { readonly kind: 'image'; readonly image: ImageSource }
  | { readonly kind: 'network'; readonly network: string | undefined };

/**
 * Starts domains from something else to repair them, and afterwards as before.
 *
 * The definition that they have otherwise is kept in their metadata, by the same definition that lets them start from elsewhere: so
 * there is none without the other. It is taken in place of that one, as it was; secrets are not in what is kept, and stay as they are.
 */
export function rescueWorks(place: HostPlace, images: Images | undefined): OperationWorks<'rescue' | 'unrescue'> {
  return { rescue: rescue(place, images), unrescue: unrescue(place) };
}

function rescue(place: HostPlace, images: Images | undefined): OperationWork<Params, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const source = sourceOf(params, place, images);
      const change = new DomainChange(ctx, place, target);
      return await change.run('rescuing domain', async () => {
        const status = await change.look();
        const facts = await change.facts('next');
        if (isRescued(facts)) {
          if (isRunning(status)) return change.ended(change.hasBegun, status);
        } else {
          refuse(change, status, whyNot(facts, status, source));
          const rescued = await rescueDefinition(change, place, images, source, params, facts);
          await stopForChange(change, place);
          const earlier = serialiseXml(await change.definition('next'));
          const undo = { kind: 'rescue', operation: ctx.operationId, definition: earlier } as const;
          const marked = (own: XmlElement) => withMark(rescued(own), { ...domainFacts(own).mark, undo });
          await ensureDefined(change, marked, 'rescue', isRescued);
        }
        return change.ended(true, (await bringTo(change, 'running')).status);
      });
    },
    plan: (ctx, target, params) =>
      planning(place, target, async () => {
        const source = sourceOf(params, place, images);
        const domains = place.domains(ctx);
        const [status, definition] = await Promise.all([
          domains.status(target.id),
          domains.definition(target.id, 'next'),
        ]);
        const facts = domainFacts(definition);
        if (isRescued(facts)) return plannedSteps(['running'], target.name, status);
        const why = whyNot(facts, status, source);
        if (why !== undefined) throw cannotBeDone(target, status, why);
        return rescueSteps(target.name, source, stoppingSteps(target.name, status, place));
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

function unrescue(place: HostPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('ending the rescue of domain', async () => {
        const status = await change.look();
        const { mark } = await change.facts('next');
        if (mark?.undo?.kind !== 'rescue' && !change.hasBegun) return change.ended(false, status);
        if (mark?.undo?.kind === 'rescue') {
          await bringTo(change, 'shut off', status);
          const earlier = parseXml(mark.undo.definition);
          const restored = (rescued: XmlElement) => withSecretsOf(earlier, rescued);
          await ensureDefined(change, restored, 'own settings', (facts) => !isRescued(facts));
        }
        await removeRescueVolumes(change, await ensurePool(change, place.settings.pool));
        return change.ended(true, (await bringTo(change, 'running')).status);
      });
    },
    plan: (ctx, target) =>
      planning(place, target, async () => {
        const domains = place.domains(ctx);
        const [status, definition] = await Promise.all([
          domains.status(target.id),
          domains.definition(target.id, 'next'),
        ]);
        if (!isRescued(domainFacts(definition))) return [];
        const { name } = target;
        return [
          ...plannedSteps(['shut off'], name, status),
          { action: 'define-domain', description: `give domain ${name} the settings that it had` },
          { action: 'remove-volume', description: 'remove what it was rescued with' },
          { action: 'start', description: `start domain ${name}` },
        ];
      }),
    reconcile: (ctx, target) => reconcileSequence(new DomainChange(ctx, place, target)),
  };
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED */
function sourceOf({ image: given, boot }: Params, { settings }: HostPlace, images: Images | undefined): Source {
  if (given !== undefined && boot !== undefined) {
    throw invalid('boot', 'cannot stand beside image: a rescue starts from one of them');
  }
  if (boot !== undefined) {
    if (boot.from === 'network') return { kind: 'network', network: boot.network };
    throw limited('boot.from', 'a rescue starts from an image, or from the network');
  }
  const image = given ?? settings.rescue_image;
  if (image === undefined) {
    throw new ComputeError(
      'REQUEST_INVALID',
      'image: must say what to start from, since the host has no rescue_image in its settings',
      { driver: DRIVER_NAME, details: { path: 'image' } },
    );
  }
  admitImageSource('image', image);
  if (isAddress(image.source)) requireImages(images);
  return { kind: 'image', image };
}

function isRescued({ mark }: DomainFacts): boolean {
  return mark?.undo?.kind === 'rescue';
}

function isRunning({ state }: DomainStatus): boolean {
  return state === DomainState.VIR_DOMAIN_RUNNING || state === DomainState.VIR_DOMAIN_BLOCKED;
}

/** Why a domain cannot be rescued; undefined when it can. */
function whyNot({ mark, nics }: DomainFacts, { hasSavedMemory }: DomainStatus, source: Source): string | undefined {
  if (mark?.undo !== undefined) return `its ${mark.undo.kind} has not come to its end; confirm or revert it first`;
  if (hasSavedMemory)
    return 'its memory is saved, and a start from elsewhere would lose that; resume it, or power it off';
  if (source.kind === 'network' && nics.length === 0) return 'it has no interface to start from';
  return undefined;
}

function refuse(change: DomainChange, status: DomainStatus, why: string | undefined): void {
  if (why === undefined) return;
  const { nativeState } = stateOf(status, 0);
  throw change.error('STATE_CONFLICT', `${change.label} cannot be rescued: ${why}`, nativeState);
}

type Edit = (own: XmlElement) => XmlElement;

/** Makes what it is rescued with, while it still runs. @returns what makes of its definition one by which it starts from that */
async function rescueDefinition(
  change: DomainChange,
  place: HostPlace,
  images: Images | undefined,
  source: Source,
  { admin_password: password }: Params,
  facts: DomainFacts,
): Promise<Edit> {
  if (source.kind === 'network') {
    const order = [macOf(facts, source.network)];
    return (own) => withBootOrder(withoutKernel(own), order);
  }
  const pool = await ensurePool(change, place.settings.pool);
  const disk = await ensureRescueDisk(change, pool, images, source.image, facts);
  const rescued: Edit = (own) => withBootOrder(withDevice(withoutKernel(own), diskXml(disk)), [disk.target]);
  const told = withPassword((await toldBefore(change, pool)) ?? { addresses: {} }, password, change.ctx.operationId);
  if (password === undefined && !facts.disks.some(({ alias }) => alias === DISK_ALIASES.config)) return rescued;
  const path = await ensureRescueConfig(change, pool, told, facts);
  return (own) => {
    const without = withoutDisk(rescued(own), DISK_ALIASES.config);
    return withDevice(without, diskXml(configDisk(path, domainFacts(without))));
  };
}

/** What the rescue system is told: who may log on, and what its addresses are; not what was only for the first start of the instance. */
async function ensureRescueConfig(
  change: DomainChange,
  pool: StoragePool,
  { ssh_keys, password_hash, addresses }: Told,
  { nics }: DomainFacts,
): Promise<string> {
  const { ctx, target, uuid } = change;
  const macs = nics.flatMap(({ mac }) => mac ?? []);
  const content = configOf(target.name, { ssh_keys, password_hash, addresses }, ctx.operationId, macs);
  return await ensureConfigDrive(change, pool, instanceFiles(uuid).rescueConfigDrive, content);
}

/** @throws ComputeError RESOURCE_NOT_FOUND, REQUEST_INVALID */
function macOf({ nics, name }: DomainFacts, network: string | undefined): string {
  const found = nics.filter(({ source }) => network === undefined || source === network);
  const [only, another] = found.flatMap(({ mac }) => mac ?? []);
  if (only !== undefined && (another === undefined || network !== undefined)) return only;
  throw new ComputeError(
    only === undefined ? 'RESOURCE_NOT_FOUND' : 'REQUEST_INVALID',
    only === undefined
      ? `domain ${name} has no interface on the network ${network ?? ''}`
      : `domain ${name} has ${nics.length} interfaces; boot.network says which is meant`,
    { driver: DRIVER_NAME, details: { path: 'boot.network' } },
  );
}

/** Its next start is by another definition. @param what it is for, for people: "rescue" */
async function ensureDefined(
  change: DomainChange,
  edit: Edit,
  what: string,
  isIt: (facts: DomainFacts) => boolean,
): Promise<void> {
  await makeSo(change, {
    step: 'define-domain',
    noun: `definition for the ${what}`,
    doing: `defining ${change.label} for the ${what}`,
    isSo: async () => isIt(await change.facts('next')),
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.redefine(timeoutMs, edit);
      return true;
    },
  });
}

function rescueSteps(name: string, source: Source, stopping: readonly PlannedStep[]): PlannedStep[] {
  return [
    ...(source.kind === 'image' ? [{ action: 'obtain-image', description: 'bring the rescue image to the host' }] : []),
    ...stopping,
    {
      action: 'define-domain',
      description: `let domain ${name} start from the ${source.kind}, and keep its own settings in its metadata`,
    },
    { action: 'start', description: `start domain ${name}` },
  ];
}
