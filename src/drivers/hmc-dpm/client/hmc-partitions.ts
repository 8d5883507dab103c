import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcClient } from './hmc-client.js';
import { HmcError } from './hmc-error.js';
import { query } from './hmc-query.js';
import { CreatedPartitionSchema } from './hmc-schemas.js';

/** Properties of a partition by their HMC names, as they are given at its creation and in an update. */
export type PartitionProperties = Readonly<Record<string, JsonValue>>;

/** Create Partition (hmc-dpm.md section 8). @returns its URI */
export async function createPartition(
  client: HmcClient,
  cpcUri: string,
  properties: PartitionProperties,
  timeoutMs: number,
): Promise<string> {
  return (await client.postFor(`${cpcUri}/partitions`, properties, CreatedPartitionSchema, timeoutMs))['object-uri'];
}

/** Update Partition Properties: these, and no others. */
export async function updatePartition(
  client: HmcClient,
  partitionUri: string,
  changes: PartitionProperties,
  timeoutMs: number,
): Promise<void> {
  await client.post(partitionUri, changes, timeoutMs);
}

/** Delete Partition: only a stopped one. Its NICs go with it, its storage groups are detached and stay. */
export async function deletePartition(client: HmcClient, partitionUri: string, timeoutMs: number): Promise<void> {
  await client.delete(partitionUri, timeoutMs);
}

const LimitSchema = z.object({ 'maximum-partitions': z.int().positive().nullish() });

/** How many partitions a CPC can have active at once, as far as its HMC tells. */
export async function maximumPartitions(
  client: HmcClient,
  cpcUri: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    // Not as one of the properties that are asked for always: an HMC that does not know the name refuses the whole request.
    const answer = await client.get(`${cpcUri}${query({ properties: 'maximum-partitions' })}`, LimitSchema, signal);
    return answer['maximum-partitions'] ?? undefined;
  } catch (error) {
    if (error instanceof HmcError && (error.is(400) || error.is(409))) return undefined;
    throw error;
  }
}
