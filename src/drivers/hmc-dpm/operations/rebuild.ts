import { z } from 'zod';
import type {
  ChangeParams,
  ChangeResult,
  Images,
  OperationWork,
  OperationWorks,
  PlannedStep,
} from '../../../compute/contract/index.js';
import { seedMedium, withoutSeedParameter } from '../../../first-boot/index.js';
import type { IsoAdditions } from '../../../images/index.js';
import { nicsOf } from '../client/hmc-network.js';
import type { Partition } from '../client/hmc-schemas.js';
import { keptIn } from '../mapping/kept-boot.js';
import { DPM_RULES } from '../mapping/mode-rules.js';
import { isRunning } from '../mapping/partition-status.js';
import { obstacle } from '../mapping/planned-steps.js';
import { setBootDevice, type BootSettings } from './boot-device.js';
import { admitImage, ensureBootImage, requireImages } from './boot-image.js';
import { bootStateOf, type BootState } from './boot-settings.js';
import { bringTo } from './bring-to.js';
import { notedAs } from '../../kit/index.js';
import { lastStep } from './checkpoints.js';
import { parametersWithSeed, seedFor, type StartSources } from './first-start.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';
import { isoName, isOurIso } from './iso.js';
import { PartitionChange } from './partition-change.js';
import { planOf } from './plan.js';
import { reconcileSequence } from './reconcile.js';

const TASKS = ['Partition Details', 'Start Partition', 'Stop Partition'];

/** Left before anything is changed: did it run? It is stopped on the way. */
const BEFORE_CHECKPOINT = 'before-rebuild';
const BeforeSchema = z.object({ is_running: z.boolean() });

type Params = ChangeParams<'rebuild'>;

/**
 * Starts partitions anew from an image: an installer, or a live system. DPM writes nothing to a disk; what is on it changes when what was
 * started writes it. The partition keeps its storage and its NICs; its guest is told its name, its NICs and its new password.
 */
export function rebuildWorks(place: HmcPlace, sources: StartSources): OperationWorks<'rebuild'> {
  return { rebuild: rebuild(place, sources) };
}

function rebuild(place: HmcPlace, sources: StartSources): OperationWork<Params, ChangeResult> {
  return {
    async run(ctx, target, params) {
      const images = admit(params, sources);
      const change = new PartitionChange(ctx, place, target);
      return await change.run(
        'rebuilding partition',
        async () => {
          const partition = await change.steady();
          const state = await bootStateOf(change.client, change.uri, ctx);
          const why = whyNot(partition, state);
          if (why !== undefined) {
            throw change.error('STATE_CONFLICT', `${change.label} cannot be rebuilt: ${why}`, partition.status);
          }
          const { is_running: wasRunning } =
            notedAs(ctx.checkpoints, BEFORE_CHECKPOINT, BeforeSchema) ?? (await note(change, partition));
          // While the old system still runs: an image that cannot be had leaves it alone.
          const device = await ensureBootImage(change, {
            image: params.image,
            images,
            imageName: isoName('image', ctx.operationId),
            noun: `image of partition ${target.name}`,
            additions: () => additionsOf(change, params, sources, wasRunning),
          });
          if (wasRunning) await bringTo(change, 'stopped');
          await setBootDevice(change, change.uri, { ...device, ...settingsFor(state) }, target.name);
          const after = wasRunning ? (await bringTo(change, 'running')).partition : await change.look();
          return change.ended(true, after);
        },
        TASKS,
      );
    },
    async plan(ctx, target, params) {
      admit(params, sources);
      const state = await bootStateOf(place.client(ctx), partitionUri(target.id), ctx);
      return await planOf(ctx, place, target, (partition) => whyNot(partition, state), steps);
    },
    reconcile: (ctx, target) =>
      reconcileSequence(new PartitionChange(ctx, place, target), async (change) => {
        // A start that was carried out is the end of it: it is not stopped and started once more.
        if (lastStep(ctx.checkpoints)?.step !== 'start') return undefined;
        const partition = await change.look();
        return isRunning(partition) ? change.ended(true, partition) : undefined;
      }),
  };
}

/** @throws ComputeError RESOURCE_NOT_FOUND, FEATURE_LIMITED, REQUEST_INVALID */
function admit({ image }: Params, { images }: StartSources): Images {
  admitImage(image);
  return requireImages(images);
}

/** Why a partition cannot be started from another image; undefined when it can. */
function whyNot(partition: Partition, { description, isoName: mounted = '' }: BootState): string | undefined {
  const { type } = partition;
  if (type !== 'linux') {
    return `its type is ${type ?? 'unknown'}, and only linux partitions start from where they are told`;
  }
  if (partition['is-locked'] === true) return 'it is locked on the HMC against disruptive tasks; unlock it there first';
  if (keptIn(description) !== undefined) return 'it is being rescued; unrescue ends that';
  if (mounted !== '' && !isOurIso(mounted)) {
    return `the ISO image ${mounted} is mounted, which somebody else has put there; unmount it`;
  }
  return obstacle(DPM_RULES, 'powerOff', partition);
}

/** An attempt that comes later finds it stopped. */
async function note({ ctx }: PartitionChange, partition: Partition): Promise<z.output<typeof BeforeSchema>> {
  const before = { is_running: isRunning(partition) };
  await ctx.checkpoint(BEFORE_CHECKPOINT, before);
  return before;
}

/**
 * What the guest is told, and by which parameters its kernel finds that. What the description of its launch said besides is
 * nowhere any more.
 */
async function additionsOf(
  change: PartitionChange,
  { admin_password: password }: Params,
  sources: StartSources,
  isStarted: boolean,
): Promise<IsoAdditions> {
  const { client, uri, ctx, target } = change;
  const guest = { described: { name: target.name, admin_password: password }, isKvmHost: false, field: 'image' };
  const seed = seedFor(change, guest, [], await nicsOf(client, uri, ctx.signal));
  return {
    seed: seedMedium(seed),
    parameters: await parametersWithSeed(change, sources, seed, { osParameters: '', isStarted }),
  };
}

/** What does not go with the image: secure boot, and the address of a seed that was offered for an earlier start. */
function settingsFor({ boot }: BootState): BootSettings {
  const parameters = boot['boot-os-specific-parameters'];
  const plain = typeof parameters === 'string' ? withoutSeedParameter(parameters) : parameters;
  return {
    ...(boot['secure-boot'] === true ? { 'secure-boot': false } : {}),
    ...(typeof plain === 'string' && plain !== parameters ? { 'boot-os-specific-parameters': plain } : {}),
  };
}

function steps(partition: Partition): PlannedStep[] {
  const { name } = partition;
  const runs = isRunning(partition);
  return [
    { action: 'fetch-image', description: 'fetch the image and add what the guest is told' },
    { action: 'mount-iso-image', description: `mount it to partition ${name}` },
    ...(runs ? [{ action: 'stop', description: `stop partition ${name}` }] : []),
    { action: 'set-boot-device', description: `let partition ${name} start from its image` },
    ...(runs ? [{ action: 'start', description: `start partition ${name}` }] : []),
  ];
}
