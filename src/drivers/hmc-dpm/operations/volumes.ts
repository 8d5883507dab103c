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
import { groupUrisOf, modifyGroup, partitionsOfGroup, readGroups } from '../client/hmc-storage.js';
import type { Partition } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { observe } from '../mapping/partition-status.js';
import { explaining, partitionUri, type HmcPlace } from './hmc-place.js';
import { PartitionChange } from './partition-change.js';
import { cpcUriOf, refuseLocked } from './partition-facts.js';
import { reconcileSequence } from './reconcile.js';
import { settle } from './settle.js';
import { ensureGroup, findVolume, isFulfilled, withVolumes, type FoundVolume } from './storage.js';

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

const planning = <T>(place: HmcPlace, { name }: Target, work: () => Promise<T>): Promise<T> =>
  explaining(place, { what: `planning for partition ${name}`, subject: 'partition' }, work);

function attachVolume(place: HmcPlace): OperationWork<ChangeParams<'attachVolume'>, Attached> {
  const isThere = ({ attached }: Sight, { group }: FoundVolume): boolean => attached.includes(group['object-uri']);
  const result = ({ partition }: Sight, hasActed: boolean, now: number): Attached => ({
    outcome: hasActed ? 'done' : 'already',
    state: observe(partition.status, now),
    // The guest names its disks by paths and UUIDs, not by a device of the partition.
    answer: { device: null },
  });
  return {
    async run(ctx, target, { volume }) {
      admit(volume);
      const change = new PartitionChange(ctx, place, target);
      return await change.run('attaching a volume to partition', async () => {
        const sight = await see(ctx, change.client, change.uri, await change.steady());
        const found = await attachable(ctx, sight, volume);
        if (isThere(sight, found)) return result(sight, change.carriedOut.length > 0, ctx.clock.now());
        refuseLocked(change, sight.partition);
        await refuseTaken(ctx, sight, found, volume);
        await ensureGroup(change, 'attach', change.uri, found.group, target.name);
        return result(sight, true, ctx.clock.now());
      });
    },
    plan: (ctx, target, { volume }) =>
      planning(place, target, async () => {
        admit(volume);
        const sight = await seeForPlan(ctx, place, target);
        const found = await attachable(ctx, sight, volume);
        if (isThere(sight, found)) return [];
        await refuseTaken(ctx, sight, found, volume);
        return [groupStep('attach', found, target)];
      }),
    reconcile: async (ctx, target, { volume }) => {
      const change = new PartitionChange(ctx, place, target);
      return await reconcileSequence(change, async () => {
        const sight = await see(ctx, change.client, change.uri, await change.look());
        const found = await attachable(ctx, sight, volume);
        return isThere(sight, found) ? result(sight, true, ctx.clock.now()) : undefined;
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
  const result = ({ partition }: Sight, hasActed: boolean, now: number): ChangeResult => ({
    outcome: hasActed ? 'done' : 'already',
    state: observe(partition.status, now),
  });
  return {
    async run(ctx, target, { volume: id }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('detaching a volume from partition', async () => {
        const sight = await see(ctx, change.client, change.uri, await change.steady());
        const found = await find(ctx, sight, id);
        if (found === undefined) return result(sight, change.carriedOut.length > 0, ctx.clock.now());
        refuseLocked(change, sight.partition);
        refuseOthers(found);
        await ensureGroup(change, 'detach', change.uri, found.group, target.name);
        return result(sight, true, ctx.clock.now());
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
        return (await find(ctx, sight, id)) === undefined ? result(sight, true, ctx.clock.now()) : undefined;
      });
    },
  };
}

/** The HMC asks the storage system for the new size, and is waited for until it has it. */
function extendVolume(place: HmcPlace): OperationWork<ChangeParams<'extendVolume'>, ChangeResult> {
  const find = async (
    ctx: CallContext,
    { client, partition, attached }: Sight,
    id: string,
  ): Promise<Required<FoundVolume>> => {
    const found = await findVolume(ctx, client, cpcUriOf(partition), id, attached);
    if (found === undefined) throw notThere(id, partition.name);
    const { volume = found.volumes.length === 1 ? found.volumes[0] : undefined } = found;
    if (volume !== undefined) return { ...found, volume };
    throw new ComputeError(
      'REQUEST_INVALID',
      `${id} is a storage group of ${found.volumes.length} volumes; name one: ${names(found)}`,
      {
        driver: DRIVER_NAME,
      },
    );
  };
  const isSo = ({ volume }: FoundVolume, sizeGib: number): boolean =>
    (volume?.size ?? 0) >= sizeGib && isFulfilled(volume?.['fulfillment-state']);
  return {
    async run(ctx, target, { volume: id, size_gib: sizeGib }) {
      const change = new PartitionChange(ctx, place, target);
      return await change.run('extending a volume of partition', async () => {
        const sight = await see(ctx, change.client, change.uri, await change.steady());
        const found = await find(ctx, sight, id);
        const state = observe(sight.partition.status, ctx.clock.now());
        if (isSo(found, sizeGib)) return { outcome: change.carriedOut.length > 0 ? 'done' : 'already', state };
        const { group, volume } = found;
        const again = async (): Promise<FoundVolume> => {
          const [now] = await withVolumes(
            ctx,
            change.client,
            await readGroups(change.client, [group['object-uri']], ctx.signal),
          );
          return {
            ...(now ?? found),
            volume: now?.volumes.find((one) => one['element-uri'] === volume?.['element-uri']),
          };
        };
        await settle<true>(change, {
          step: 'modify-storage-group',
          noun: `request for ${sizeGib} GiB of volume ${id}`,
          doing: `asking for ${sizeGib} GiB of volume ${id}`,
          look: async () => (((await again()).volume?.size ?? 0) >= sizeGib ? true : undefined),
          send: async (timeoutMs) => {
            const item = { operation: 'modify', 'element-uri': volume?.['element-uri'] ?? '', size: sizeGib };
            await modifyGroup(change.client, group['object-uri'], { 'storage-volumes': [item] }, timeoutMs);
            return true;
          },
        });
        ctx.progress(`waiting for the storage system to give volume ${id} its ${sizeGib} GiB`, 50);
        const what = `volume ${id} to have its ${sizeGib} GiB (fulfillment-state complete)`;
        await change.poll(what, place.pacing.poll.initialMs, async () =>
          isSo(await again(), sizeGib) ? true : undefined,
        );
        return { outcome: 'done', state };
      });
    },
    plan: (ctx, target, { volume: id, size_gib: sizeGib }) =>
      planning(place, target, async () => {
        const found = await find(ctx, await seeForPlan(ctx, place, target), id);
        if (isSo(found, sizeGib)) return [];
        return [
          {
            action: 'modify-storage-group',
            description: `ask for ${sizeGib} GiB of volume ${id} of group ${found.group.name}`,
          },
        ];
      }),
    reconcile: async (ctx, target) => await reconcileSequence(new PartitionChange(ctx, place, target)),
  };
}

/** What DPM can do for a volume at all. @throws ComputeError FEATURE_LIMITED */
function admit({ id, connection }: Volume): void {
  if (connection.type === 'fibre_channel') return;
  throw new ComputeError(
    'FEATURE_LIMITED',
    `volume ${id}: DPM has storage groups that are reached by fibre channel, nothing of type ${connection.type}`,
    { driver: DRIVER_NAME, details: { volume: id } },
  );
}

/**
 * The volume as it can be attached.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND; STATE_CONFLICT when the storage system has not given it yet; REQUEST_INVALID when it is
 *   reached by other ports or under another number than was said
 */
async function attachable(ctx: CallContext, { client, partition }: Sight, wanted: Volume): Promise<FoundVolume> {
  const found = await findVolume(ctx, client, cpcUriOf(partition), wanted.id);
  if (found === undefined) throw notThere(wanted.id, partition.name);
  const states = found.volume === undefined ? found.volumes : [found.volume];
  const pending = states.filter((volume) => !isFulfilled(volume['fulfillment-state']));
  if (pending.length > 0) {
    throw new ComputeError(
      'STATE_CONFLICT',
      `volume ${wanted.id} is not there yet: ${pending.map((volume) => `${volume.name} is ${volume['fulfillment-state'] ?? 'of unknown fulfilment'}`).join(', ')}. Have the storage administrator fulfil the request of group ${found.group.name}`,
      { driver: DRIVER_NAME, details: { group: found.group.name } },
    );
  }
  refuseOtherPaths(wanted, found);
  return found;
}

/** What is said of the way to a volume must be so, where the HMC tells. */
function refuseOtherPaths({ id, connection }: Volume, { volume }: FoundVolume): void {
  const paths = volume?.paths ?? [];
  if (connection.type !== 'fibre_channel' || paths.length === 0) return;
  const ports = new Set(paths.map((path) => path['target-world-wide-port-name']?.toLowerCase()));
  const strange = (connection.wwpns ?? []).filter((wwpn) => !ports.has(wwpn.toLowerCase().replace(/^0x/, '')));
  if (strange.length === 0) return;
  throw new ComputeError(
    'REQUEST_INVALID',
    `volume ${id} is not reached by the target ports ${strange.join(', ')}; it is by ${[...ports].join(', ')}`,
    {
      driver: DRIVER_NAME,
    },
  );
}

/** @throws ComputeError STATE_CONFLICT when another partition has it and it is not shared */
async function refuseTaken(
  ctx: CallContext,
  { client, uri }: Sight,
  { group }: FoundVolume,
  volume: Volume,
): Promise<void> {
  if (volume.multiattach === true && group.shared !== true) {
    throw new ComputeError(
      'STATE_CONFLICT',
      `storage group ${group.name} is not shared, so that only one partition can have it; leave multiattach out, or share the group on the HMC`,
      {
        driver: DRIVER_NAME,
      },
    );
  }
  const others = (await partitionsOfGroup(client, group['object-uri'], ctx.signal)).filter(
    (one) => one['object-uri'] !== uri,
  );
  if (others.length === 0 || (volume.multiattach === true && group.shared === true)) return;
  throw new ComputeError(
    'STATE_CONFLICT',
    `storage group ${group.name} is attached to ${others.map(({ name }) => name).join(', ')}${group.shared === true ? '; give multiattach when that is meant' : ''}`,
    { driver: DRIVER_NAME, details: { group: group.name, partitions: others.map(({ name }) => name) } },
  );
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

function notThere(id: string, partition: string): ComputeError {
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no storage group and no volume ${id} for partition ${partition}. A volume is GROUP/VOLUME or its UUID; what the HMC user has no object access to is hidden`,
    { driver: DRIVER_NAME, details: { volume: id } },
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
