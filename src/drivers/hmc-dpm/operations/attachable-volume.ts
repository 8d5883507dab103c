import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, Volume } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { partitionsOfGroup } from '../client/hmc-storage.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { findVolume, isFulfilled, type FoundVolume } from './storage.js';

/** What DPM can do for a volume at all. @throws ComputeError FEATURE_LIMITED */
export function admitVolume({ id, connection }: Volume): void {
  if (connection.type === 'fibre_channel') return;
  throw new ComputeError(
    'FEATURE_LIMITED',
    `volume ${id}: DPM has storage groups that are reached by fibre channel, nothing of type ${connection.type}`,
    { driver: DRIVER_NAME, details: { volume: id } },
  );
}

/**
 * A volume that a partition is to have, as it can be attached.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND; STATE_CONFLICT when the storage system has not given it yet; REQUEST_INVALID when it is
 *   reached by other ports than was said
 */
export async function attachableVolume(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  cpcUri: string,
  wanted: Volume,
): Promise<FoundVolume> {
  const found = await findVolume(ctx, client, cpcUri, wanted.id);
  if (found === undefined) throw volumeNotThere(wanted.id);
  refusePending(wanted, found);
  refuseOtherPaths(wanted, found);
  return found;
}

function refusePending({ id }: Volume, { group, volume, volumes }: FoundVolume): void {
  const pending = (volume === undefined ? volumes : [volume]).filter((one) => !isFulfilled(one['fulfillment-state']));
  if (pending.length === 0) return;
  const states = pending.map((one) => `${one.name} is ${one['fulfillment-state'] ?? 'of unknown fulfilment'}`);
  throw conflict(
    `volume ${id} is not there yet: ${states.join(', ')}. Have the storage administrator fulfil the request of group ${group.name}`,
    group.name,
  );
}

/** What is said of the way to a volume must be so, where the HMC tells. */
function refuseOtherPaths({ id, connection }: Volume, { volume }: FoundVolume): void {
  const paths = volume?.paths ?? [];
  if (connection.type !== 'fibre_channel' || paths.length === 0) return;
  const ports = new Set(paths.map((path) => path['target-world-wide-port-name']?.toLowerCase()));
  const strange = (connection.wwpns ?? []).filter((wwpn) => !ports.has(wwpn.toLowerCase().replace(/^0x/, '')));
  if (strange.length === 0) return;
  throw new ComputeError(
    'REQUEST_INVALID',
    `volume ${id} is not reached by the target ports ${strange.join(', ')}; it is by ${[...ports].join(', ')}`,
    { driver: DRIVER_NAME },
  );
}

/**
 * Only what is shared is given to a second partition, and only when that is meant.
 *
 * @param partitionUri of the partition that is to have it, when it is there
 * @throws ComputeError STATE_CONFLICT
 */
export async function refuseTaken(
  ctx: Pick<CallContext, 'signal'>,
  client: HmcClient,
  { multiattach = false }: Volume,
  { group }: FoundVolume,
  partitionUri: string | undefined,
): Promise<void> {
  const isShared = group.shared === true;
  if (multiattach && !isShared) {
    const text = `storage group ${group.name} is not shared, so that only one partition can have it; leave multiattach out, or share the group on the HMC`;
    throw conflict(text, group.name);
  }
  if (multiattach) return;
  const all = await partitionsOfGroup(client, group['object-uri'], ctx.signal);
  const others = all.filter((one) => one['object-uri'] !== partitionUri).map(({ name }) => name);
  if (others.length === 0) return;
  const hint = isShared ? '; give multiattach when that is meant' : '';
  throw conflict(`storage group ${group.name} is attached to ${others.join(', ')}${hint}`, group.name);
}

export function volumeNotThere(id: string): ComputeError {
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no storage group and no volume ${id}. A volume is GROUP, GROUP/VOLUME or its UUID; what the HMC user has no object access to is hidden`,
    { driver: DRIVER_NAME, details: { volume: id } },
  );
}

function conflict(text: string, group: string): ComputeError {
  return new ComputeError('STATE_CONFLICT', text, { driver: DRIVER_NAME, details: { group } });
}
