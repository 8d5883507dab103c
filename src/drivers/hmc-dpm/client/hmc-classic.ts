import { z } from 'zod';
import type { JsonValue } from '../../../common/errors/index.js';
import type { HmcClient, PartitionFilter } from './hmc-client.js';
import { HmcError } from './hmc-error.js';
import { exactly, query } from './hmc-query.js';
import { word } from './hmc-schemas.js';
import { uriOf } from './hmc-uri.js';

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
  { cpcName, name }: PartitionFilter,
  signal?: AbortSignal,
): Promise<LogicalPartitionItem[]> {
  const path = `/api/console/operations/list-permitted-logical-partitions${query({
    name: name === undefined ? undefined : exactly(name),
    'cpc-name': cpcName === undefined ? undefined : exactly(cpcName),
  })}`;
  const { 'logical-partitions': listed } = await unlessNone(name, () =>
    client.get(path, LogicalPartitionListSchema, signal),
  );
  return listed.filter(
    (item) => (name === undefined || item.name === name) && (cpcName === undefined || item['cpc-name'] === cpcName),
  );
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

/** A name that nothing has is answered with 404,1 where other lists are empty. */
async function unlessNone(
  name: string | undefined,
  list: () => Promise<z.infer<typeof LogicalPartitionListSchema>>,
): Promise<z.infer<typeof LogicalPartitionListSchema>> {
  try {
    return await list();
  } catch (error) {
    if (!(error instanceof HmcError && error.is(404))) throw error;
    if (name !== undefined) return { 'logical-partitions': [] };
    const text = 'this HMC does not have the operation List Permitted Logical Partitions';
    throw new HmcError({ kind: 'too-old', changes: false, text });
  }
}
