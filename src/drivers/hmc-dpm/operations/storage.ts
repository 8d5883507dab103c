import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import {
  attachGroup,
  groupUrisOf,
  readGroups,
  storageGroups,
  volumesOf,
  type StorageGroup,
  type StorageVolume,
} from '../client/hmc-storage.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { HmcChange } from './hmc-change.js';
import { makeSo } from '../../kit/index.js';

/** A storage group with its volumes. */
export interface GroupWithVolumes {
  readonly group: StorageGroup;
  readonly volumes: readonly StorageVolume[];
}

/** What a volume's id stands for: a whole storage group, or a volume of it. */
export interface FoundVolume extends GroupWithVolumes {
  /** Undefined when the id names the group. */
  readonly volume: StorageVolume | undefined;
}

const UUID = /^[0-9a-f]{32}$/i;

/**
 * Finds what a volume's id stands for: the name of a storage group, `group/volume`, or the UUID of an FCP volume.
 *
 * @param among URIs of the groups it is looked for in; without them all of the CPC that the HMC user sees
 * @returns undefined when there is none
 * @throws ComputeError AMBIGUOUS: names of volumes need not be unique in their group
 */
export async function findVolume(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  cpcUri: string,
  id: string,
  among?: readonly string[],
): Promise<FoundVolume | undefined> {
  if (UUID.test(id)) {
    const uris =
      among ?? (await storageGroups(client, cpcUri, undefined, ctx.signal)).map((group) => group['object-uri']);
    const all = await withVolumes(ctx, client, await readGroups(client, uris, ctx.signal));
    return one(id, all, (volume) => volume.uuid?.toLowerCase() === id.toLowerCase());
  }
  const whole = await groupsNamed(ctx, client, cpcUri, id, among);
  if (whole.length > 0) return one(id, await withVolumes(ctx, client, whole), undefined);
  const slash = id.indexOf('/');
  if (slash < 0) return undefined;
  const groups = await groupsNamed(ctx, client, cpcUri, id.slice(0, slash), among);
  return one(id, await withVolumes(ctx, client, groups), (volume) => volume.name === id.slice(slash + 1));
}

async function groupsNamed(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  cpcUri: string,
  name: string,
  among: readonly string[] | undefined,
): Promise<StorageGroup[]> {
  const items = await storageGroups(client, cpcUri, name, ctx.signal);
  const uris = items.map((group) => group['object-uri']).filter((uri) => among?.includes(uri) ?? true);
  return await readGroups(client, uris, ctx.signal);
}

function one(
  id: string,
  all: readonly GroupWithVolumes[],
  isWanted: ((volume: StorageVolume) => boolean) | undefined,
): FoundVolume | undefined {
  const found = all.flatMap((each): FoundVolume[] =>
    isWanted === undefined
      ? [{ ...each, volume: undefined }]
      : each.volumes.filter(isWanted).map((volume) => ({ ...each, volume })),
  );
  const [first, ...others] = found;
  if (others.length === 0) return first;
  throw new ComputeError('AMBIGUOUS', `${found.length} volumes are meant by ${id}; give the UUID of the one`, {
    driver: DRIVER_NAME,
    details: { candidates: found.map(({ group, volume }) => ({ group: group.name, uuid: volume?.uuid ?? null })) },
  });
}

/** Storage groups with their volumes, which are read together. */
export async function withVolumes(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  groups: readonly StorageGroup[],
): Promise<GroupWithVolumes[]> {
  const volumes = await volumesOf(client, groups, ctx.signal);
  return groups.map((group) => ({
    group,
    volumes: volumes.filter((volume) => volume['element-uri'].startsWith(`${group['object-uri']}/`)),
  }));
}

/** The storage groups of a partition, with their volumes. */
export async function attachedStorage(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  partitionUri: string,
): Promise<GroupWithVolumes[]> {
  const uris = await groupUrisOf(client, partitionUri, ctx.signal);
  return await withVolumes(ctx, client, await readGroups(client, uris, ctx.signal));
}

/** Has the storage system given what the HMC asked for? Only then it can be used safely (hmc-dpm.md section 12). */
export function isFulfilled(state: string | null | undefined): boolean {
  return state === 'complete';
}

/** Attaches a storage group to a partition, or detaches it. Not while the partition starts or stops. */
export function ensureGroup(
  change: HmcChange,
  verb: 'attach' | 'detach',
  partitionUri: string,
  group: Pick<StorageGroup, 'object-uri' | 'name'>,
  partition: string,
): Promise<boolean> {
  const { client, ctx } = change;
  const uri = group['object-uri'];
  const isAttaching = verb === 'attach';
  return makeSo(change, {
    step: `${verb}-storage-group`,
    noun: `${verb}ment of storage group ${group.name}`,
    doing: `${verb}ing storage group ${group.name} ${isAttaching ? 'to' : 'from'} partition ${partition}`,
    isSo: async () => (await groupUrisOf(client, partitionUri, ctx.signal)).includes(uri) === isAttaching,
    send: async (timeoutMs) => {
      await attachGroup(client, verb, partitionUri, uri, timeoutMs);
      return true;
    },
  });
}
