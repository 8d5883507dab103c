import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, Target } from '../../../compute/contract/index.js';
import { createPartition } from '../client/hmc-partitions.js';
import type { Cpc, PartitionItem } from '../client/hmc-schemas.js';
import { idOf } from '../client/hmc-uri.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { isMarked, marked, rootGroupMark } from '../mapping/marks.js';
import type { CpcPlace } from './hmc-place.js';
import type { WantedPartition } from './description.js';
import type { HmcChange } from './hmc-change.js';
import { targetOf } from './hmc-place.js';
import { settle } from '../../kit/index.js';

/**
 * The partition of this name that the operation has made.
 *
 * @throws ComputeError ALREADY_EXISTS when another one has the name
 */
export async function findMade({ ctx, target }: HmcChange, place: CpcPlace): Promise<Target | undefined> {
  const there = await partitionNamed(ctx, place, target.name);
  if (there === undefined) return undefined;
  if (isMarked(ctx.operationId, there.description)) return targetOf(there);
  throw taken(place, target.name, there);
}

/** @throws ComputeError ALREADY_EXISTS */
export async function refuseTakenName(ctx: CallContext, place: CpcPlace, name: string): Promise<void> {
  const there = await partitionNamed(ctx, place, name);
  if (there !== undefined) throw taken(place, name, there);
}

/** With its description, for which an HMC whose lists do not give it is asked once more. */
async function partitionNamed(ctx: CallContext, place: CpcPlace, name: string): Promise<PartitionItem | undefined> {
  const client = place.client(ctx);
  const [item] = await client.partitions({ cpcName: place.cpc, name }, true, ctx.signal);
  if (item === undefined || (await client.listsFacts(ctx.signal))) return item;
  return { ...item, ...(await client.partitionDetails(item['object-uri'], ctx.signal)) };
}

function taken({ cpc, hmc }: CpcPlace, name: string, there: PartitionItem): ComputeError {
  return new ComputeError('ALREADY_EXISTS', `CPC ${cpc} (HMC ${hmc}) has another partition ${name}`, {
    driver: DRIVER_NAME,
    details: { id: idOf(there['object-uri']) },
  });
}

/** Makes the partition, unless this operation has made it: it carries the mark of that from its first moment. */
export async function ensurePartition(
  change: HmcChange,
  place: CpcPlace,
  cpc: Cpc,
  { name, description, size, properties, root }: WantedPartition,
): Promise<Target> {
  const { client, ctx } = change;
  const text = root === undefined ? description : `${description} ${rootGroupMark(root.group)}`.trimStart();
  const { found } = await settle<Target>(change, {
    step: 'create-partition',
    noun: `creation of partition ${name}`,
    doing: `creating partition ${name} on CPC ${place.cpc}`,
    look: () => findMade(change, place),
    send: async (timeoutMs) => {
      const given = { ...properties, ...size, name, description: marked(ctx.operationId, text) };
      const uri = await createPartition(client, cpc['object-uri'], given, timeoutMs);
      return targetOf({ name, 'object-uri': uri, 'cpc-object-uri': cpc['object-uri'] });
    },
  });
  return found;
}
