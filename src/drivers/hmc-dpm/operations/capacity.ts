import { ComputeError, type JsonValue } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { maximumPartitions } from '../client/hmc-partitions.js';
import type { Cpc, PartitionItem } from '../client/hmc-schemas.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { partitionLimit } from '../mapping/partition-limit.js';
import { isActivated } from '../mapping/partition-status.js';
import type { SizeProperties } from '../mapping/partition-size.js';
import { readCpcProperties } from './cpc-properties.js';
import type { CpcPlace } from './hmc-place.js';

/**
 * Refuses what the CPC can never give, as far as the HMC tells of it. What others have of it shows only when the HMC reserves
 * it, at the start.
 *
 * @param others the partitions of the CPC when one more is to be active
 * @throws ComputeError CAPACITY_EXHAUSTED
 */
export async function requireCapacity(
  ctx: CallContext,
  place: CpcPlace,
  cpc: Cpc,
  size: SizeProperties,
  others: readonly PartitionItem[] = [],
): Promise<void> {
  const properties = await readCpcProperties(ctx, place, cpc);
  const has = {
    'ifl-processors': properties['processor-count-ifl'],
    'cp-processors': properties['processor-count-general-purpose'],
    'initial-memory': properties['storage-customer'],
  };
  for (const [name, most] of Object.entries(has)) {
    const wanted = size[name];
    if (typeof wanted !== 'number' || typeof most !== 'number' || wanted <= most) continue;
    throw exhausted(place, `has ${most} ${WORDS[name] ?? name}, and ${wanted} are wanted`, { property: name, most });
  }
  const active = others.filter(({ status }) => isActivated(status)).length;
  const usual = partitionLimit(properties['machine-type'], properties['machine-model']);
  if (active < (usual ?? Infinity)) return;
  const limit = (await maximumPartitions(place.client(ctx), cpc['object-uri'], ctx.signal)) ?? usual ?? Infinity;
  if (active < limit) return;
  throw exhausted(place, `has ${active} active partitions, and ${limit} is the most that its machine can have`, {
    limit,
  });
}

const WORDS: Readonly<Record<string, string>> = {
  'ifl-processors': 'IFL processors',
  'cp-processors': 'general purpose processors',
  'initial-memory': 'MiB of memory',
};

function exhausted(place: CpcPlace, text: string, details: Record<string, JsonValue>): ComputeError {
  return new ComputeError('CAPACITY_EXHAUSTED', `CPC ${place.cpc} (HMC ${place.hmc}) ${text}`, {
    driver: DRIVER_NAME,
    details,
  });
}
