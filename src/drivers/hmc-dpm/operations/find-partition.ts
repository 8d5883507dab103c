import type { CallContext } from '../../../compute/contract/index.js';
import type { PartitionItem } from '../client/hmc-schemas.js';
import { classicRefusal } from './cpc.js';
import { findInstance } from './find-instance.js';
import { isLparItem, type HmcPlace } from './hmc-place.js';

/** As {@link findInstance}, for what LPARs in classic mode do not have. @throws ComputeError FEATURE_UNSUPPORTED too */
export async function findPartition(
  ctx: CallContext,
  place: HmcPlace,
  reference: string,
  withFacts = false,
): Promise<PartitionItem> {
  const item = await findInstance(ctx, place, reference, withFacts);
  if (isLparItem(item)) throw classicRefusal(place, item['cpc-name']);
  return item;
}
