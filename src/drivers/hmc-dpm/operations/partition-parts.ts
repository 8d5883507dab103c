import { z } from 'zod';
import type { CallContext } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { HmcError } from '../client/hmc-error.js';
import { getMany } from '../client/hmc-many.js';
import { NicSchema } from '../client/hmc-network.js';
import { word } from '../client/hmc-schemas.js';
import { readGroups, volumesOf, type StorageGroup, type StorageVolume } from '../client/hmc-storage.js';
import { idOf, uriOf } from '../client/hmc-uri.js';
import type { PartitionParts } from '../mapping/partition-requirements.js';

const FACTS = {
  'boot-device': word.nullish(),
  'boot-storage-volume': z.string().max(1024).nullish(),
  'nic-uris': z.array(uriOf('partitions', 'nics')).nullish(),
  'storage-group-uris': z.array(uriOf('storage-groups')).nullish(),
} as const;
/** Facts that only a CPC with storage groups knows: another one refuses the whole list when it is asked for them (400,14). */
const OF_STORAGE_GROUPS: readonly string[] = [
  'boot-storage-volume',
  'storage-group-uris',
] satisfies (keyof typeof FACTS)[];
const PartitionSchema = z.object({ 'object-uri': uriOf('partitions'), name: word, ...FACTS });
type Listed = z.infer<typeof PartitionSchema>;
const PartitionListSchema = z.object({ partitions: z.array(PartitionSchema) });

/**
 * What the partitions of a CPC are made of: one request for each kind of part, however many partitions there are, and one
 * more with an HMC that is older than API 4.10.
 *
 * @param wanted.instance name or object-id of the one that is wanted; without it, all that the user sees
 * @throws HmcError when the partitions cannot be listed
 */
export async function readParts(
  ctx: CallContext,
  client: HmcClient,
  cpcUri: string,
  { instance, hasStorageGroups }: { readonly instance: string | undefined; readonly hasStorageGroups: boolean },
): Promise<PartitionParts[]> {
  const { signal } = ctx;
  const facts = Object.keys(FACTS).filter((name) => hasStorageGroups || !OF_STORAGE_GROUPS.includes(name));
  const list = await client.getList(`${cpcUri}/partitions`, facts, PartitionListSchema, signal);
  const wanted = list.partitions.filter((item) => instance === undefined || isCalled(item, instance));
  const partitions = await withFacts(client, wanted, signal);
  const groups = await readable(unique(partitions.flatMap((item) => item['storage-group-uris'] ?? [])), (uris) =>
    readGroups(client, uris, signal),
  );
  const volumes = await readable(groups, (some) => volumesOf(client, some, signal));
  const nics = await readable(
    partitions.flatMap((item) => item['nic-uris'] ?? []),
    async (uris) => (await getMany(client, uris, NicSchema, signal)).filter((nic) => nic !== undefined),
  );
  const byUri = {
    groups: new Map(groups.map((group) => [group['object-uri'], group])),
    volumes: new Map(volumes.map((volume) => [volume['element-uri'], volume])),
    nics: new Map(nics.map((nic) => [nic['element-uri'], nic])),
  };
  return partitions.map((item) => ({
    name: item.name,
    bootDevice: item['boot-device'],
    bootVolumeUri: item['boot-storage-volume'],
    groups: item['storage-group-uris']?.map((uri) => withVolumes(byUri.groups.get(uri), byUri.volumes)),
    nics: item['nic-uris']?.map((uri) => byUri.nics.get(uri)),
  }));
}

function isCalled(item: Listed, reference: string): boolean {
  return item.name === reference || idOf(item['object-uri']).toLowerCase() === reference.toLowerCase();
}

/** Lists of older HMCs have names only. */
async function withFacts(
  client: HmcClient,
  listed: readonly Listed[],
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  if (listed.every((item) => item['boot-device'] !== undefined)) return listed;
  const uris = listed.map((item) => item['object-uri']);
  const whole = await getMany(client, uris, PartitionSchema, signal);
  return listed.map((item, index) => whole[index] ?? item);
}

function withVolumes(group: StorageGroup | undefined, volumes: ReadonlyMap<string, StorageVolume>) {
  if (group === undefined) return undefined;
  return { ...group, volumes: group['storage-volume-uris']?.map((uri) => volumes.get(uri)) };
}

/** Reads all of them, or each by itself when one stands in the way: what cannot be read is left out. */
async function readable<I, T>(items: readonly I[], read: (some: readonly I[]) => Promise<readonly T[]>): Promise<T[]> {
  try {
    return items.length === 0 ? [] : [...(await read(items))];
  } catch (error) {
    if (!(error instanceof HmcError && (error.kind === 'refused' || error.kind === 'unreadable'))) throw error;
    if (items.length === 1) return [];
    return (await Promise.all(items.map((item) => readable([item], read)))).flat();
  }
}

function unique(uris: readonly string[]): string[] {
  return [...new Set(uris)];
}
