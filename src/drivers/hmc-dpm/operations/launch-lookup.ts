import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { Cpc } from '../client/hmc-schemas.js';
import type { StorageVolume } from '../client/hmc-storage.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { attachableVolume, refuseTaken } from './attachable-volume.js';
import { requireCapacity } from './capacity.js';
import type { CpcPlace } from './hmc-place.js';
import { requireBootable, type WantedPartition } from './description.js';
import { CpcNetworks, type NicBacking } from './nic.js';
import { refuseTakenGroup } from './root-storage.js';
import type { FoundVolume } from './storage.js';

/** What a description names, found at the HMC. */
export interface LookedUp {
  readonly cpc: Cpc;
  /** In the order of the description's networks. */
  readonly backings: readonly NicBacking[];
  /** In the order of its volumes. */
  readonly volumes: readonly FoundVolume[];
  /** When it starts from one of these. */
  readonly bootVolume: StorageVolume | undefined;
}

/**
 * Finds all that a partition is to have, before anything is made.
 *
 * @param partitionUri of the partition, once it is made: what it has by then is not taken from others
 * @throws ComputeError RESOURCE_NOT_FOUND, STATE_CONFLICT, ALREADY_EXISTS, CAPACITY_EXHAUSTED, AMBIGUOUS, REQUEST_INVALID
 */
export async function lookUp(
  ctx: CallContext,
  place: CpcPlace,
  cpc: Cpc,
  wanted: WantedPartition,
  partitionUri: string | undefined,
): Promise<LookedUp> {
  const client = place.client(ctx);
  const cpcUri = cpc['object-uri'];
  const { networks, volumes, root, boot } = wanted;
  requireBootable(wanted);
  if (partitionUri === undefined) {
    const others = wanted.start ? await client.partitions({ cpcName: place.cpc }, false, ctx.signal) : [];
    await requireCapacity(ctx, place, cpc, wanted.size, others);
    if (root !== undefined) await refuseTakenGroup(ctx, client, cpcUri, root);
  }
  const backings: NicBacking[] = [];
  if (networks.length > 0) {
    const there = new CpcNetworks(client, cpcUri, ctx.signal);
    for (const { name } of networks) backings.push(await there.backing(name));
  }
  const found: FoundVolume[] = [];
  for (const volume of volumes) {
    const one = await attachableVolume(ctx, client, cpcUri, volume);
    await refuseTaken(ctx, client, volume, one, partitionUri);
    found.push(one);
  }
  const index = boot.from === 'volume' ? volumes.indexOf(boot.volume) : -1;
  const booted = found[index];
  const bootVolume = booted === undefined ? undefined : bootVolumeOf(volumes[index]?.id ?? '', booted);
  return { cpc, backings, volumes: found, bootVolume };
}

/** The volume that is named, or the one of the group that is for starting. @throws ComputeError REQUEST_INVALID */
function bootVolumeOf(id: string, { group, volume, volumes }: FoundVolume): StorageVolume {
  const candidates = (volume === undefined ? volumes : [volume]).filter(({ usage }) => (usage ?? 'boot') === 'boot');
  const [only, another] = candidates;
  if (only !== undefined && another === undefined) return only;
  throw new ComputeError(
    'REQUEST_INVALID',
    only === undefined
      ? `volumes: ${id} has no volume to start from: none of storage group ${group.name} that is meant has the usage boot`
      : `volumes: ${id} has ${candidates.length} volumes to start from; name one: ${candidates.map(({ name }) => `${group.name}/${name}`).join(', ')}`,
    { driver: DRIVER_NAME, details: { group: group.name } },
  );
}
