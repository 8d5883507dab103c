import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcClient } from './hmc-client.js';
import { getMany, unlessGone } from './hmc-many.js';
import { exactly, query } from './hmc-query.js';
import { word } from './hmc-schemas.js';
import { uriOf } from './hmc-uri.js';

/** Storage groups and their volumes in the HMC's words (hmc-dpm.md section 12). */

const groupShape = {
  'object-uri': uriOf('storage-groups'),
  name: word,
  type: word.nullish(),
  'cpc-uri': uriOf('cpcs').nullish(),
  'fulfillment-state': word.nullish(),
} as const;
const StorageGroupItemSchema = z.object(groupShape);
/** An item of List Storage Groups. */
export type StorageGroupItem = z.infer<typeof StorageGroupItemSchema>;
const StorageGroupListSchema = z.object({ 'storage-groups': z.array(StorageGroupItemSchema) });

const StorageGroupSchema = z.object({
  ...groupShape,
  description: z.string().max(4096).nullish(),
  shared: z.boolean().nullish(),
  connectivity: z.int().nullish(),
  'max-partitions': z.int().nullish(),
  'storage-volume-uris': z.array(uriOf('storage-groups', 'storage-volumes')).nullish(),
});
export type StorageGroup = z.infer<typeof StorageGroupSchema>;

const PathSchema = z.object({
  'target-world-wide-port-name': word.nullish(),
  'logical-unit-number': word.nullish(),
});
const StorageVolumeSchema = z.object({
  'element-uri': uriOf('storage-groups', 'storage-volumes'),
  name: word,
  usage: word.nullish(),
  size: z.number().nonnegative().nullish(),
  'fulfillment-state': word.nullish(),
  uuid: word.nullish(),
  paths: z.array(PathSchema).nullish().catch(null),
});
export type StorageVolume = z.infer<typeof StorageVolumeSchema>;

const GroupUrisSchema = z.object({ 'storage-group-uris': z.array(uriOf('storage-groups')).nullish() });
const CreatedGroupSchema = z.object({ 'object-uri': uriOf('storage-groups') });
const PartitionsOfGroupSchema = z.object({
  partitions: z.array(z.object({ 'object-uri': uriOf('partitions'), name: word, status: word.nullish() })),
});

/** List Storage Groups: of one CPC, by name where given; names are compared again, exactly. */
export async function storageGroups(
  client: HmcClient,
  cpcUri: string,
  name?: string,
  signal?: AbortSignal,
): Promise<StorageGroupItem[]> {
  const filters = query({ 'cpc-uri': cpcUri, name: name === undefined ? undefined : exactly(name) });
  const listed = await client.get(`/api/storage-groups${filters}`, StorageGroupListSchema, signal);
  return listed['storage-groups'].filter((group) => name === undefined || group.name === name);
}

/** Get Storage Group Properties, of each; what is gone or hidden is left out. */
export async function readGroups(
  client: HmcClient,
  uris: readonly string[],
  signal?: AbortSignal,
): Promise<StorageGroup[]> {
  return (await getMany(client, uris, StorageGroupSchema, signal)).filter((group) => group !== undefined);
}

/** The storage groups that a partition has. */
export async function groupUrisOf(client: HmcClient, partitionUri: string, signal?: AbortSignal): Promise<string[]> {
  const partition = await client.getSome(partitionUri, ['storage-group-uris'], {}, GroupUrisSchema, signal);
  return partition['storage-group-uris'] ?? [];
}

/** The volumes of these groups, all of them together. */
export async function volumesOf(
  client: HmcClient,
  groups: readonly StorageGroup[],
  signal?: AbortSignal,
): Promise<StorageVolume[]> {
  const uris = groups.flatMap((group) => group['storage-volume-uris'] ?? []);
  return (await getMany(client, uris, StorageVolumeSchema, signal)).filter((volume) => volume !== undefined);
}

/** Get Storage Volume Properties; undefined when it is gone or hidden. */
export async function readVolume(
  client: HmcClient,
  volumeUri: string,
  signal?: AbortSignal,
): Promise<StorageVolume | undefined> {
  return await unlessGone(() => client.get(volumeUri, StorageVolumeSchema, signal));
}

/** Get Partitions for a Storage Group. */
export async function partitionsOfGroup(
  client: HmcClient,
  groupUri: string,
  signal?: AbortSignal,
): Promise<readonly { readonly 'object-uri': string; readonly name: string }[]> {
  return (await client.get(`${groupUri}/operations/get-partitions`, PartitionsOfGroupSchema, signal)).partitions;
}

/** Attach, Detach Storage Group. */
export async function attachGroup(
  client: HmcClient,
  verb: 'attach' | 'detach',
  partitionUri: string,
  groupUri: string,
  timeoutMs: number,
): Promise<void> {
  await client.post(`${partitionUri}/operations/${verb}-storage-group`, { 'storage-group-uri': groupUri }, timeoutMs);
}

/** Create Storage Group. @returns its URI */
export async function createGroup(
  client: HmcClient,
  group: Readonly<Record<string, JsonValue>>,
  timeoutMs: number,
): Promise<string> {
  return (await client.postFor('/api/storage-groups', { ...group }, CreatedGroupSchema, timeoutMs))['object-uri'];
}

/** Modify Storage Group Properties. */
export async function modifyGroup(
  client: HmcClient,
  groupUri: string,
  changes: Readonly<Record<string, JsonValue>>,
  timeoutMs: number,
): Promise<void> {
  await client.post(`${groupUri}/operations/modify`, { ...changes }, timeoutMs);
}

/** Delete Storage Group, with its volumes. */
export async function deleteGroup(client: HmcClient, groupUri: string, timeoutMs: number): Promise<void> {
  await client.post(`${groupUri}/operations/delete`, {}, timeoutMs);
}
