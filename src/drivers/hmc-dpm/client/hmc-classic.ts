import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import { unlessTooOld, type HmcClient } from './hmc-client.js';
import { unlessGone } from './hmc-many.js';
import { query } from './hmc-query.js';
import { word } from './hmc-schemas.js';
import { uriOf } from './hmc-uri.js';
import { filterParameters, passes, type PartitionFilter } from './partition-filter.js';

/** LPARs of CPCs in classic mode (hmc-dpm.md section 17). Each call throws HmcError, or the signal's reason. */

const LogicalPartitionItemSchema = z.object({
  'object-uri': uriOf('logical-partitions'),
  name: word,
  status: word,
  'cpc-name': word,
  'cpc-object-uri': uriOf('cpcs'),
});
/** An item of List Permitted Logical Partitions. */
export type LogicalPartitionItem = z.infer<typeof LogicalPartitionItemSchema>;
const LogicalPartitionListSchema = z.object({ 'logical-partitions': z.array(LogicalPartitionItemSchema) });

export const LogicalPartitionSchema = z.object({
  name: word,
  status: word,
  'activation-mode': word.nullish(),
  'next-activation-profile-name': word.nullish(),
  'last-used-load-address': word.nullish(),
  'last-used-load-parameter': word.nullish(),
});
export type LogicalPartition = z.infer<typeof LogicalPartitionSchema>;
const FACTS = Object.keys(LogicalPartitionSchema.shape);

/** List Permitted Logical Partitions: of every classic-mode CPC, of one CPC, or those of one name; always one request. */
export async function logicalPartitions(
  client: HmcClient,
  filter: PartitionFilter,
  signal?: AbortSignal,
): Promise<LogicalPartitionItem[]> {
  const path = `/api/console/operations/list-permitted-logical-partitions${query(filterParameters(filter))}`;
  const list = (): Promise<z.infer<typeof LogicalPartitionListSchema>> =>
    client.get(path, LogicalPartitionListSchema, signal);
  // A name that nothing has is answered with 404,1 where other lists are empty.
  const answer = await (filter.name === undefined
    ? unlessTooOld('List Permitted Logical Partitions', list)
    : unlessGone(list));
  return answer?.['logical-partitions'].filter((item) => passes(filter, item)) ?? [];
}

/** Get Logical Partition Properties, as the HMC remembers them. */
export async function logicalPartition(
  client: HmcClient,
  lparUri: string,
  signal?: AbortSignal,
): Promise<LogicalPartition> {
  return await client.getSome(lparUri, FACTS, {}, LogicalPartitionSchema, signal);
}

/**
 * Activate, Deactivate, Load Logical Partition. Not bound to a signal: once it is out, its answer is wanted.
 *
 * @param parameters none: it is sent without a body
 * @returns the job's URI; undefined when the HMC accepted it without a job
 */
export async function operateLogicalPartition(
  client: HmcClient,
  lparUri: string,
  operation: 'activate' | 'deactivate' | 'load',
  parameters: Readonly<Record<string, JsonValue>>,
  timeoutMs: number,
): Promise<string | undefined> {
  const body = Object.keys(parameters).length === 0 ? undefined : parameters;
  return await client.submit(`${lparUri}/operations/${operation}`, body, timeoutMs);
}
