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
import { mountedIso } from '../client/hmc-iso.js';
import { nicsOf } from '../client/hmc-network.js';
import type { Partition } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { differing, forgotten, keeping, keptIn, type BootValue, type KeptBoot } from '../mapping/kept-boot.js';
import { LONGEST_DESCRIPTION } from '../mapping/marks.js';
import { isRunning } from '../mapping/partition-status.js';
import { obstacle } from '../mapping/planned-steps.js';
import { setBootDevice, type BootDevice } from './boot-device.js';
import { admitImage, ensureBootImage, requireImages } from './boot-image.js';
import { bootStateOf, ensureDescription, type BootState } from './boot-settings.js';
import { bringTo } from './bring-to.js';
import type { HmcPlace } from './hmc-place.js';
import { ensureNoIso, isIsoFor, isoName } from './iso.js';
import { modeOf } from './mode.js';
import { CpcNetworks } from './nic.js';
import { PartitionChange } from './partition-change.js';
import { cpcUriOf, refuseLocked } from './partition-facts.js';
import { planOf } from './plan.js';
import { reconcileSequence } from './reconcile.js';
import { makeSo } from '../../kit/index.js';

const TASKS = ['Partition Details', 'Start Partition', 'Stop Partition'];

/** What a rescue can start from. */
export interface RescueSources {
  readonly images: Images | undefined;
  /** When the request names nothing. */
  readonly image: ImageSource | undefined;
}

type Source =
  | { readonly kind: 'image'; readonly image: ImageSource; readonly images: Images }
  | { readonly kind: 'network'; readonly network: string | undefined };

/**
 * Starts partitions from something else to repair them, and afterwards as before.
 *
 * What they start from otherwise is kept in their description, for any worker to find, before anything is changed. A rescue
 * that did not come to its end is gone on with by the next; what is kept stays until the partition has its own settings again.
 */
export function rescueWorks(place: HmcPlace, sources: RescueSources): OperationWorks<'rescue' | 'unrescue'> {
  return { rescue: rescue(place, sources), unrescue: unrescue(place) };
}

function rescue(place: HmcPlace, sources: RescueSources): OperationWork<ChangeParams<'rescue'>, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const source = sourceOf(params, sources);
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'rescuing partition',
        async () => {
          const partition = await change.steady();
          const state = await bootStateOf(change.client, change.uri, ctx);
          if (isRescued(state) && isRunning(partition)) {
            return change.ended(change.hasBegun, partition);
          }
          refuseLocked(change, partition);
          refuse(change, whyNot(partition, state, source));
          // What an earlier one kept and did not come to use may be out of date.
          if (!isRescued(state)) await keep(change, state);
          const device = await deviceOf(change, partition, source);
          await bringTo(change, 'stopped');
          const secure = state.boot['secure-boot'] === true ? { 'secure-boot': false } : {};
          await setBootDevice(change, change.uri, { ...device, ...secure }, target.name);
          const { partition: after } = await bringTo(change, 'running');
          return change.ended(true, after);
        },
        TASKS,
      );
    },
    async plan(ctx, target, params) {
      const source = sourceOf(params, sources);
      const state = await bootStateOf(place.client(ctx), modeOf(place, target).uri(target.id), ctx);
      return await planOf(
        ctx,
        place,
        target,
        (partition) =>
          isRescued(state) && isRunning(partition)
            ? undefined
            : (whyNot(partition, state, source) ?? obstacle(modeOf(place, target).rules, 'powerOff', partition)),
        (partition) => (isRescued(state) && isRunning(partition) ? [] : rescueSteps(partition, state, source)),
      );
    },
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

function unrescue(place: HmcPlace): OperationWork<object, ChangeResult> {
  return {
    async run(ctx, target) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'ending the rescue of partition',
        async () => {
          const partition = await change.steady();
          const state = await bootStateOf(change.client, change.uri, ctx);
          const kept = keptIn(state.description);
          if (kept === undefined && !change.hasBegun) {
            return change.ended(false, partition);
          }
          refuseLocked(change, partition);
          if (kept !== undefined) await giveBack(change, state, kept);
          const { boot } = await bootStateOf(change.client, change.uri, ctx);
          // Without anything to start from it was before, and is again.
          const after =
            boot['boot-device'] === 'none' ? await change.look() : (await bringTo(change, 'running')).partition;
          return change.ended(true, after);
        },
        TASKS,
      );
    },
    async plan(ctx, target) {
      const state = await bootStateOf(place.client(ctx), modeOf(place, target).uri(target.id), ctx);
      const kept = keptIn(state.description);
      return await planOf(
        ctx,
        place,
        target,
        (partition) => (kept === undefined ? undefined : obstacle(modeOf(place, target).rules, 'powerOff', partition)),
        ({ name, status }) =>
          kept === undefined
            ? []
            : [
                ...(status === 'stopped' ? [] : [{ action: 'stop', description: `stop partition ${name}` }]),
                { action: 'restore-boot', description: `give partition ${name} its own boot settings` },
                ...(isRescueIso(state.isoName)
                  ? [{ action: 'unmount-iso-image', description: `unmount the rescue image of partition ${name}` }]
                  : []),
                { action: 'forget-boot', description: `keep its boot settings no longer in its description` },
                ...(kept['boot-device'] === 'none'
                  ? []
                  : [{ action: 'start', description: `start partition ${name}` }]),
              ],
      );
    },
    reconcile: (ctx, target) => reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

/** @throws ComputeError REQUEST_INVALID, RESOURCE_NOT_FOUND, FEATURE_LIMITED, FEATURE_UNSUPPORTED */
function sourceOf({ image, boot, admin_password: password }: ChangeParams<'rescue'>, sources: RescueSources): Source {
  if (image !== undefined && boot !== undefined) {
    throw new ComputeError('REQUEST_INVALID', 'a rescue starts from an image or from something else, not from both');
  }
  if (password !== undefined) {
    const text = 'admin_password: DPM does not reach into the rescue system; its image has the passwords that it has';
    throw new ComputeError('FEATURE_UNSUPPORTED', text, { driver: DRIVER_NAME });
  }
  if (boot?.from === 'network') return { kind: 'network', network: boot.network };
  if (boot !== undefined && boot.from !== 'iso' && boot.from !== 'image') {
    const text = `boot.from ${boot.from}: a rescue starts from an image or from the network`;
    throw new ComputeError('FEATURE_LIMITED', text, { driver: DRIVER_NAME });
  }
  const wanted = image ?? sources.image;
  if (wanted === undefined) {
    throw new ComputeError('REQUEST_INVALID', 'give an image or boot; the host has no rescue_image in its settings');
  }
  admitImage(wanted);
  return { kind: 'image', image: wanted, images: requireImages(sources.images) };
}

const isRescueIso = (name: string | undefined): boolean => isIsoFor('rescue', name);

/** Somebody else's, or the image that it was made of while it still starts from that: it could not be mounted again. */
function isNeeded({ isoName: name, boot }: BootState): boolean {
  if (name === undefined || name === '' || isRescueIso(name)) return false;
  return boot['boot-device'] === 'iso-image' || !isIsoFor('image', name);
}

/** Its own settings are kept, and it has those of a rescue: one update brings these all at once. */
function isRescued({ description, isoName, boot }: BootState): boolean {
  const kept = keptIn(description);
  if (kept === undefined) return false;
  const device = boot['boot-device'];
  if (device === 'network-adapter') return kept['boot-device'] !== 'network-adapter';
  return device === 'iso-image' && isRescueIso(isoName);
}

/** Why a partition cannot be rescued so that it can be as before afterwards. */
function whyNot({ type }: Partition, state: BootState, source: Source): string | undefined {
  const { description, boot } = state;
  if (type !== 'linux')
    return `its type is ${type ?? 'unknown'}, and only linux partitions start from where they are told`;
  if (isRescued(state)) return undefined;
  if (description.includes('[zenova-boot:') && keptIn(description) === undefined) {
    return 'its description keeps boot settings that somebody has changed by hand; remove [zenova-boot:…] from it';
  }
  if (boot['boot-device'] === 'ftp') {
    return 'it starts from an FTP server, whose password the HMC does not give back, so it could not be as before afterwards';
  }
  if (source.kind === 'image' && isNeeded(state)) {
    return `the ISO image ${state.isoName} is mounted, which could not be mounted again afterwards; rescue it from the network, or unmount it`;
  }
  if (source.kind === 'network' && boot['boot-device'] === 'network-adapter') {
    return 'it starts from the network anyway; rescue it from an image';
  }
  if (keeping(boot, description).length > LONGEST_DESCRIPTION) {
    return `its description is too long to keep its boot settings too, in ${LONGEST_DESCRIPTION} characters`;
  }
  return undefined;
}

function refuse(change: PartitionChange, why: string | undefined): void {
  if (why !== undefined) throw change.error('STATE_CONFLICT', `${change.label} cannot be rescued: ${why}`);
}

async function keep(change: PartitionChange, { boot, description }: BootState): Promise<void> {
  const words = {
    step: 'keep-boot',
    noun: 'keeping of its boot settings',
    doing: `keeping the boot settings of partition ${change.target.name} in its description`,
  };
  await ensureDescription(change, words, keeping(boot, description));
}

async function deviceOf(change: PartitionChange, partition: Partition, source: Source): Promise<BootDevice> {
  if (source.kind === 'network') {
    return { 'boot-device': 'network-adapter', 'boot-network-device': await nicOf(change, partition, source.network) };
  }
  const { image, images } = source;
  const imageName = isoName('rescue', change.ctx.operationId);
  return await ensureBootImage(change, { image, images, imageName, noun: 'rescue image' });
}

/** @throws ComputeError RESOURCE_NOT_FOUND, REQUEST_INVALID */
async function nicOf({ client, uri, ctx }: PartitionChange, partition: Partition, network: string | undefined) {
  const nics = await nicsOf(client, uri, ctx.signal);
  const [only, another] = nics;
  if (network === undefined) {
    if (only !== undefined && another === undefined) return only['element-uri'];
    throw new ComputeError(
      only === undefined ? 'RESOURCE_NOT_FOUND' : 'REQUEST_INVALID',
      only === undefined
        ? `partition ${partition.name} has no NIC to start from`
        : `partition ${partition.name} has ${nics.length} NICs; boot.network says which is meant`,
    );
  }
  const backing = await new CpcNetworks(client, cpcUriOf(partition), ctx.signal).backing(network);
  const nic = nics.find((one) => Object.entries(backing).every(([name, at]) => one[name as keyof typeof one] === at));
  if (nic !== undefined) return nic['element-uri'];
  throw new ComputeError('RESOURCE_NOT_FOUND', `partition ${partition.name} has no NIC on the network ${network}`);
}

function rescueSteps({ name, status }: Partition, state: BootState, source: Source): PlannedStep[] {
  return [
    ...(isRescued(state)
      ? []
      : [{ action: 'keep-boot', description: `keep the boot settings of partition ${name} in its description` }]),
    ...(source.kind === 'image'
      ? [{ action: 'mount-iso-image', description: `mount the rescue image to partition ${name}` }]
      : []),
    ...(status === 'stopped' ? [] : [{ action: 'stop', description: `stop partition ${name}` }]),
    { action: 'set-boot-device', description: `let partition ${name} start from the ${source.kind}` },
    { action: 'start', description: `start partition ${name}` },
  ];
}

/** Its own boot settings, without the rescue image and without what kept them. It is stopped for that, when it runs from the other. */
async function giveBack(change: PartitionChange, state: BootState, kept: KeptBoot): Promise<void> {
  const { ctx, client, uri, target } = change;
  if (isRescued(state)) {
    await bringTo(change, 'stopped');
    await makeSo(change, {
      step: 'restore-boot',
      noun: 'own boot settings',
      doing: `giving partition ${target.name} its own boot settings`,
      isSo: async () => {
        const { boot } = await bootStateOf(client, uri, ctx);
        return Object.keys(differing(boot, kept)).length === 0;
      },
      send: async (timeoutMs) => {
        const { boot } = await bootStateOf(client, uri, ctx);
        await client.post(uri, { ...companions(kept), ...differing(boot, kept) }, timeoutMs);
        return undefined;
      },
    });
  }
  if (isRescueIso((await mountedIso(client, uri, ctx.signal))?.imageName)) await ensureNoIso(change, uri);
  const words = {
    step: 'forget-boot',
    noun: 'end of keeping its boot settings',
    doing: `taking the boot settings of partition ${target.name} out of its description`,
  };
  await ensureDescription(change, words, forgotten(state.description));
}

/** A boot device goes with what it needs, in one update (hmc-dpm.md section 10). */
function companions(kept: KeptBoot): Record<string, BootValue> {
  const names = {
    'storage-volume': ['boot-device', 'boot-storage-volume'],
    'network-adapter': ['boot-device', 'boot-network-device'],
  } as const;
  const device = kept['boot-device'];
  if (device !== 'storage-volume' && device !== 'network-adapter') return {};
  return Object.fromEntries(names[device].map((name) => [name, kept[name] ?? null]));
}
