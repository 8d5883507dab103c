import { updatePartition, type PartitionProperties } from '../client/hmc-partitions.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import type { PartitionChange } from './partition-change.js';
import { settle, type Settled, type Write } from '../../kit/index.js';

/** An update of a partition, and what it is like once it is so. */
export interface PropertyWrite extends Pick<Write<PartitionDetails>, 'step' | 'noun' | 'doing'> {
  readonly properties: PartitionProperties;
  readonly isSo: (partition: PartitionDetails) => boolean;
}

/** Gives a partition these properties in one request, unless it is so. @throws as `settle` */
export async function ensureProperties(
  change: PartitionChange,
  { properties, isSo, ...words }: PropertyWrite,
): Promise<Settled<PartitionDetails>> {
  const { client, uri, ctx } = change;
  return await settle(change, {
    ...words,
    look: async () => {
      const partition = await client.partitionDetails(uri, ctx.signal);
      return isSo(partition) ? partition : undefined;
    },
    send: async (timeoutMs) => {
      await updatePartition(client, uri, properties, timeoutMs);
      return undefined;
    },
  });
}
