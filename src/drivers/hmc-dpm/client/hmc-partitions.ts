import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcClient } from './hmc-client.js';
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
