import type { JsonValue } from '../../../common/errors/index.js';
import { ComputeError } from '../../../common/errors/index.js';
import { definedOnly } from '../../../common/defined-only.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { unlessGone } from '../client/hmc-many.js';
import {
  createGroup,
  deleteGroup,
  partitionsOfGroup,
  readGroups,
  storageGroups,
  type StorageGroup,
  type StorageVolume,
} from '../client/hmc-storage.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { isMarked, marked, rootOfMark } from '../mapping/marks.js';
import type { RootStorage } from './description.js';
import type { HmcChange } from './hmc-change.js';
import type { PartitionChange } from './partition-change.js';
import { makeSo, settle } from '../../kit/index.js';
import { ensureGroup, isFulfilled, withVolumes, type GroupWithVolumes } from './storage.js';

/** The storage group of a partition that is made with it and goes with it: what others call its root disk. */

/** @throws ComputeError ALREADY_EXISTS when there is a group of this name */
export async function refuseTakenGroup(
  ctx: CallContext,
  client: HmcClient,
  cpcUri: string,
  { group }: RootStorage,
): Promise<void> {
  if ((await storageGroups(client, cpcUri, group, ctx.signal)).length === 0) return;
  throw new ComputeError(
    'ALREADY_EXISTS',
    `there is a storage group ${group} already; give another name in driver_options.${DRIVER_NAME}.storage.group, or use it as a volume`,
    { driver: DRIVER_NAME, details: { group } },
  );
}

/** Makes the group, unless this operation has made it, and attaches it. @returns its boot volume, once it can be used */
export async function ensureRootStorage(
  change: PartitionChange,
  cpcUri: string,
  wanted: RootStorage,
): Promise<StorageVolume> {
  const { client, ctx, target } = change;
  const { found: group } = await settle<StorageGroup>(change, {
    step: 'create-storage-group',
    noun: `creation of storage group ${wanted.group}`,
    doing: `creating storage group ${wanted.group} of partition ${target.name}`,
    look: async () => {
      const named = await storageGroups(client, cpcUri, wanted.group, ctx.signal);
      const uris = named.map((one) => one['object-uri']);
      return (await readGroups(client, uris, ctx.signal)).find((one) => isMarked(ctx.operationId, one.description));
    },
    send: async (timeoutMs) => {
      const description = marked(ctx.operationId, `root disk of partition ${target.name} ${rootOfMark(target.id)}`);
      await createGroup(client, newGroup(cpcUri, wanted, description), timeoutMs);
      return undefined;
    },
  });
  await ensureGroup(change, 'attach', change.uri, group, target.name);
  return await fulfilled(change, group, wanted);
}

function newGroup(cpcUri: string, wanted: RootStorage, description: string): Record<string, JsonValue> {
  const volume = (usage: 'boot' | 'data', size: number) => ({ operation: 'create', name: usage, usage, size });
  return {
    ...definedOnly({ connectivity: wanted.connectivity }),
    name: wanted.group,
    'cpc-uri': cpcUri,
    type: 'fcp',
    shared: false,
    description,
    'storage-volumes': [
      volume('boot', wanted.rootGib),
      ...(wanted.dataGib === undefined ? [] : [volume('data', wanted.dataGib)]),
    ],
  };
}

/**
 * Waits until the storage system has given what the HMC asked for, which is the work of people and of their tools: it does not
 * count against the time of the operation.
 */
async function fulfilled(
  change: PartitionChange,
  group: StorageGroup,
  { fulfilmentTimeoutMs }: RootStorage,
): Promise<StorageVolume> {
  const { client, ctx, place } = change;
  const beganAt = ctx.clock.now();
  let told: string | undefined;
  const what = `the storage system to give storage group ${group.name} (fulfillment-state complete)`;
  const look = async (): Promise<StorageVolume | undefined> => {
    const [now] = await withVolumes(ctx, client, await readGroups(client, [group['object-uri']], ctx.signal));
    if (now === undefined) throw change.error('OPERATION_FAILED', `storage group ${group.name} is gone again`);
    const boot = now.volumes.find(({ usage }) => usage === 'boot');
    const isReady = isFulfilled(now.group['fulfillment-state']) && now.volumes.every(isThere);
    if (isReady && boot !== undefined) return boot;
    const state = describe(now);
    if (state !== told) ctx.progress(`waiting for ${what}: ${state}`, 40);
    told = state;
    return undefined;
  };
  const boot = await change.poll(what, 4 * place.pacing.poll.initialMs, look, fulfilmentTimeoutMs);
  change.notCounting(ctx.clock.now() - beganAt);
  return boot;
}

function isThere(volume: StorageVolume): boolean {
  return isFulfilled(volume['fulfillment-state']);
}

function describe({ group, volumes }: GroupWithVolumes): string {
  const states = volumes.map((volume) => `volume ${volume.name} ${volume['fulfillment-state'] ?? 'unknown'}`);
  return [`group ${group['fulfillment-state'] ?? 'unknown'}`, ...states].join(', ');
}

/**
 * Deletes the group that was made with a partition, and with it what is on its volumes.
 *
 * @param partitionUri of the partition, when it is there
 * @param name of the group, as the partition is marked with it; without it every group of the CPC is looked at, since the
 *   partition is gone
 * @returns whether there was one
 */
export async function removeRootStorage(
  change: HmcChange,
  cpcUri: string,
  partitionId: string,
  name: string | undefined,
  partitionUri?: string,
): Promise<boolean> {
  const { client, ctx, target } = change;
  const items = await storageGroups(client, cpcUri, name, ctx.signal);
  const uris = items.map((item) => item['object-uri']);
  const groups = (await readGroups(client, uris, ctx.signal)).filter(
    ({ description }) => description?.includes(rootOfMark(partitionId)) ?? false,
  );
  for (const group of groups) {
    if (partitionUri !== undefined) await ensureGroup(change, 'detach', partitionUri, group, target.name);
    await deleteRootGroup(change, group);
  }
  return groups.length > 0;
}

async function deleteRootGroup(change: HmcChange, group: StorageGroup): Promise<void> {
  const { client, ctx, target } = change;
  const uri = group['object-uri'];
  const others = await partitionsOfGroup(client, uri, ctx.signal);
  if (others.length > 0) {
    const names = others.map((one) => one.name).join(', ');
    const text = `storage group ${group.name}, which was made for partition ${target.name}, is attached to ${names} too; detach it there first`;
    throw change.error('STATE_CONFLICT', text);
  }
  await makeSo(change, {
    step: 'delete-storage-group',
    noun: `deletion of storage group ${group.name}`,
    doing: `deleting storage group ${group.name} of partition ${target.name}`,
    isSo: async () => (await readGroups(client, [uri], ctx.signal)).length === 0,
    send: async (timeoutMs) => {
      await unlessGone(() => deleteGroup(client, uri, timeoutMs));
      return true;
    },
  });
}
