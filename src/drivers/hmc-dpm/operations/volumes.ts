import { ComputeError } from '../../../common/errors/index.js';
import type {
  Answering,
  CallContext,
  ChangeParams,
  ChangeResult,
  OperationWork,
  OperationWorks,
  PlannedStep,
  Target,
  Volume,
} from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { groupUrisOf, modifyGroup, readVolume, type StorageGroup, type StorageVolume } from '../client/hmc-storage.js';
import type { Partition } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { admitVolume, attachableVolume, refuseTaken, volumeNotThere } from './attachable-volume.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { cpcUriOf, refuseLocked } from './partition-facts.js';
import { planning } from './plan.js';
import { reconcileSequence } from './reconcile.js';
import { makeSo } from '../../kit/index.js';
import { ensureGroup, findVolume, isFulfilled, type FoundVolume } from './storage.js';

type VolumeOperation = 'attachVolume' | 'detachVolume' | 'extendVolume';
type Attached = Answering<ChangeResult, { device: string | null }>;

/** Volumes of partitions, running or stopped. What is attached and detached are whole storage groups. */
export function volumeWorks(place: HmcPlace): OperationWorks<VolumeOperation> {
  return {
    attachVolume: attachVolume(place),
    detachVolume: detachVolume(place),
    extendVolume: extendVolume(place),
  };
}

/** What an operation looks at before it changes anything. */
interface Sight {
  readonly client: HmcClient;
  readonly uri: string;
  readonly partition: Partition;
  /** URIs of the groups that the partition has. */
  readonly attached: readonly string[];
}

async function see(ctx: CallContext, client: HmcClient, uri: string, partition: Partition): Promise<Sight> {
  return { client, uri, partition, attached: await groupUrisOf(client, uri, ctx.signal) };
}

async function seeForPlan(ctx: CallContext, place: HmcPlace, target: Target): Promise<Sight> {
  const client = place.client(ctx);
  const uri = partitionUri(target.id);
  return await see(ctx, client, uri, await client.partition(uri, ctx.signal));
}

function attachVolume(place: HmcPlace): OperationWork<ChangeParams<'attachVolume'>, Attached> {
  const isThere = ({ attached }: Sight, { group }: FoundVolume): boolean => attached.includes(group['object-uri']);
  // The guest names its disks by paths and UUIDs, not by a device of the partition.
  const attached = (change: PartitionChange, { partition }: Sight, hasActed: boolean): Attached => ({
    ...change.ended(hasActed, partition),
    answer: { device: null },
  });
  return {
    async run(ctx, target, { volume }) {
      admitVolume(volume);
      const change = new PartitionChange(ctx, place, target);
      return await change.run('attaching a volume to partition', async () => {
        const sight = await see(ctx, change.client, change.uri, await change.steady());
        const found = await attachable(ctx, sight, volume);
        if (isThere(sight, found)) return attached(change, sight, change.carriedOut.size > 0);
        refuseLocked(change, sight.partition);
        await refuseTaken(ctx, sight.client, volume, found, sight.uri);
        await ensureGroup(change, 'attach', change.uri, found.group, target.name);
        return attached(change, sight, true);
      });
    },
    plan: (ctx, target, { volume }) =>
      planning(place, target, async () => {
        admitVolume(volume);
        const sight = await seeForPlan(ctx, place, target);
        const found = await attachable(ctx, sight, volume);
        if (isThere(sight, found)) return [];
        await refuseTaken(ctx, sight.client, volume, found, sight.uri);
        return [groupStep('attach', found, target)];
      }),
    reconcile: async (ctx, target, { volume }) => {
      const change = new PartitionChange(ctx, place, target);
      return await reconcileSequence(change, async () => {
        const sight = await see(ctx, change.client, change.uri, await change.look());
        const found = await attachable(ctx, sight, volume);
        return isThere(sight, found) ? attached(change, sight, true) : undefined;
      });
    },
  };
}

/** A detached volume takes its group with it; so nothing may go with it that was not asked for. */
function detachVolume(place: HmcPlace): OperationWork<ChangeParams<'detachVolume'>, ChangeResult> {
  const find = (
    ctx: CallContext,
    { client, partition, attached }: Sight,
    id: string,
  ): Promise<FoundVolume | undefined> => findVolume(ctx, client, cpcUriOf(partition), id, attached);
  return {
    async run(ctx, target, { volume: id }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('detaching a volume from partition', async () => {
        const sight = await see(ctx, change.client, change.uri, await change.steady());
        const found = await find(ctx, sight, id);
        if (found === undefined) return change.ended(change.carriedOut.size > 0, sight.partition);
        refuseLocked(change, sight.partition);
        refuseOthers(found);
        await ensureGroup(change, 'detach', change.uri, found.group, target.name);
        return change.ended(true, sight.partition);
      });
    },
    plan: (ctx, target, { volume: id }) =>
      planning(place, target, async () => {
        const found = await find(ctx, await seeForPlan(ctx, place, target), id);
        if (found === undefined) return [];
        refuseOthers(found);
        return [groupStep('detach', found, target)];
      }),
    reconcile: async (ctx, target, { volume: id }) => {
      const change = new PartitionChange(ctx, place, target);
      return await reconcileSequence(change, async () => {
        const sight = await see(ctx, change.client, change.uri, await change.look());
        return (await find(ctx, sight, id)) === undefined ? change.ended(true, sight.partition) : undefined;
      });
    },
  };
}

/** The HMC asks the storage system for the new size, and is waited for until it has it. */
function extendVolume(place: HmcPlace): OperationWork<ChangeParams<'extendVolume'>, ChangeResult> {
  return {
    async run(ctx, target, { volume: id, size_gib: sizeGib }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('extending a volume of partition', async () => {
        const { client } = change;
        const sight = await see(ctx, client, change.uri, await change.steady());
        const { group, volume } = await volumeToExtend(ctx, sight, id);
        const extended = change.ended(true, sight.partition);
        if (isExtended(volume, sizeGib)) return change.ended(change.carriedOut.size > 0, sight.partition);
        const uri = volume['element-uri'];
        await makeSo(change, {
          step: 'modify-storage-group',
          noun: `request for ${sizeGib} GiB of volume ${id}`,
          doing: `asking for ${sizeGib} GiB of volume ${id}`,
          isSo: async () => ((await readVolume(client, uri, ctx.signal))?.size ?? 0) >= sizeGib,
          send: async (timeoutMs) => {
            const item = { operation: 'modify', 'element-uri': uri, size: sizeGib };
            await modifyGroup(client, group['object-uri'], { 'storage-volumes': [item] }, timeoutMs);
            return true;
          },
        });
        ctx.progress(`waiting for the storage system to give volume ${id} its ${sizeGib} GiB`, 50);
        const what = `volume ${id} to have its ${sizeGib} GiB (fulfillment-state complete)`;
        await change.poll(what, place.pacing.poll.initialMs, async () =>
          isExtended(await readVolume(client, uri, ctx.signal), sizeGib) ? true : undefined,
        );
        return extended;
      });
    },
    plan: (ctx, target, { volume: id, size_gib: sizeGib }) =>
      planning(place, target, async () => {
        const { group, volume } = await volumeToExtend(ctx, await seeForPlan(ctx, place, target), id);
        if (isExtended(volume, sizeGib)) return [];
        const description = `ask for ${sizeGib} GiB of volume ${id} of group ${group.name}`;
        return [{ action: 'modify-storage-group', description }];
      }),
    reconcile: async (ctx, target) => await reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

function isExtended(volume: StorageVolume | undefined, sizeGib: number): boolean {
  return (volume?.size ?? 0) >= sizeGib && isFulfilled(volume?.['fulfillment-state']);
}

/** @throws ComputeError RESOURCE_NOT_FOUND; REQUEST_INVALID for a group that has several */
async function volumeToExtend(
  ctx: CallContext,
  { client, partition, attached }: Sight,
  id: string,
): Promise<{ readonly group: StorageGroup; readonly volume: StorageVolume }> {
  const found = await findVolume(ctx, client, cpcUriOf(partition), id, attached);
  if (found === undefined) throw volumeNotThere(id);
  const { group, volumes } = found;
  const volume = found.volume ?? (volumes.length === 1 ? volumes[0] : undefined);
  if (volume !== undefined) return { group, volume };
  throw new ComputeError(
    'REQUEST_INVALID',
    `${id} is a storage group of ${volumes.length} volumes; name one: ${names(found)}`,
    { driver: DRIVER_NAME },
  );
}

/** The volume as it can be attached. @throws as {@link attachableVolume} */
function attachable(ctx: CallContext, { client, partition }: Sight, wanted: Volume): Promise<FoundVolume> {
  return attachableVolume(ctx, client, cpcUriOf(partition), wanted);
}

/** @throws ComputeError FEATURE_LIMITED when other volumes would go with the one that is meant */
function refuseOthers(found: FoundVolume): void {
  const { group, volume, volumes } = found;
  if (volume === undefined || volumes.length === 1) return;
  throw new ComputeError(
    'FEATURE_LIMITED',
    `DPM detaches whole storage groups, and group ${group.name} has ${names(found)}; detach ${group.name} when all of them are meant`,
    { driver: DRIVER_NAME, details: { group: group.name } },
  );
}

const names = ({ group, volumes }: FoundVolume): string =>
  volumes.map((volume) => `${group.name}/${volume.name}`).join(', ');

/** What comes, or goes, with the volume that is meant. */
function company({ group, volume, volumes }: FoundVolume): string {
  const others = volumes.filter((one) => one !== volume).map(({ name }) => `${group.name}/${name}`);
  return volume === undefined || others.length === 0 ? '' : `, with its other volumes ${others.join(', ')}`;
}

function groupStep(verb: 'attach' | 'detach', found: FoundVolume, target: Target): PlannedStep {
  const to = verb === 'attach' ? 'to' : 'from';
  return {
    action: `${verb}-storage-group`,
    description: `${verb} storage group ${found.group.name} ${to} partition ${target.name}${company(found)}`,
  };
}
