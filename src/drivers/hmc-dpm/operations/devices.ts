import type { CallContext, Devices } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { getMany } from '../client/hmc-many.js';
import { adapters, NicSchema, virtualSwitches, type Nic } from '../client/hmc-network.js';
import type { PartitionDetails } from '../client/hmc-schemas.js';
import { readGroups } from '../client/hmc-storage.js';
import { idOf } from '../client/hmc-uri.js';
import { rootOfMark } from '../mapping/marks.js';
import { withVolumes, type GroupWithVolumes } from './storage.js';

/** A partition as it was read, and where it is. */
interface PartitionAt {
  readonly uri: string;
  readonly cpcUri: string;
  readonly partition: PartitionDetails;
}

/** The NICs and the storage of a partition, in the words that requests take. No request for what it has none of. */
export async function devicesOf(ctx: CallContext, client: HmcClient, at: PartitionAt): Promise<Devices> {
  const [interfaces, volumes] = await Promise.all([interfacesOf(ctx, client, at), volumesOf(ctx, client, at)]);
  return { interfaces, volumes };
}

async function interfacesOf(
  ctx: CallContext,
  client: HmcClient,
  { cpcUri, partition }: PartitionAt,
): Promise<Devices['interfaces']> {
  const uris = partition['nic-uris'] ?? [];
  if (uris.length === 0) return [];
  const [nics, names] = await Promise.all([
    getMany(client, uris, NicSchema, ctx.signal),
    networkNames(ctx, client, cpcUri),
  ]);
  return nics
    .filter((nic) => nic !== undefined)
    .map((nic) => {
      const [network = null, ...networkAliases] = names(nic);
      const { name, 'mac-address': mac = null, 'vlan-id': vlan = null } = nic;
      return { name, mac, network, networkAliases, vlan };
    });
}

/**
 * What `network.name` can say of a NIC's network, as `CpcNetworks` understands it: the usual name first, and nothing when the HMC
 * user does not see it.
 */
async function networkNames(ctx: CallContext, client: HmcClient, cpcUri: string): Promise<(nic: Nic) => string[]> {
  const [switches, cards] = await Promise.all([
    virtualSwitches(client, cpcUri, ctx.signal),
    adapters(client, cpcUri, ctx.signal),
  ]);
  const ofPort = (adapterUri: string | null | undefined, port: number): string[] => {
    const adapter = cards.find((card) => card['object-uri'] === adapterUri);
    if (adapter === undefined) return [];
    return [...(port === 0 ? [adapter.name] : []), `${adapter.name}/${port}`];
  };
  return (nic) => {
    const portUri = nic['network-adapter-port-uri'];
    const backing = switches.find((one) => one['object-uri'] === nic['virtual-switch-uri']);
    const others = backing === undefined ? [] : ofPort(backing['backing-adapter-uri'], backing.port ?? 0);
    const own = typeof portUri === 'string' ? ofPort(adapterUriOf(portUri), Number(idOf(portUri))) : others;
    // What is the name of a switch means that switch.
    const meant = own.filter((name) => !switches.some((one) => one.name === name && one !== backing));
    return [...new Set([...(backing === undefined ? [] : [backing.name]), ...meant])];
  };
}

function adapterUriOf(portUri: string): string {
  return portUri.slice(0, portUri.indexOf('/network-ports/'));
}

async function volumesOf(
  ctx: CallContext,
  client: HmcClient,
  { uri, partition }: PartitionAt,
): Promise<Devices['volumes']> {
  const groups = await readGroups(client, partition['storage-group-uris'] ?? [], ctx.signal);
  const all = await withVolumes(ctx, client, groups);
  const mark = rootOfMark(idOf(uri));
  const isRoot = ({ group }: GroupWithVolumes): boolean => group.description?.includes(mark) ?? false;
  return [...all.filter(isRoot).flatMap(rootVolumes), ...all.filter((one) => !isRoot(one)).map(wholeGroup)];
}

/** The group that was made with the partition, volume by volume: that is how it grows. */
function rootVolumes({ group, volumes }: GroupWithVolumes): Devices['volumes'] {
  const inOrder = volumes.toSorted((one, other) => Number(other.usage === 'boot') - Number(one.usage === 'boot'));
  return inOrder.map((volume) => ({
    id: `${group.name}/${volume.name}`,
    aliases: [group.name, ...(volume.uuid ? [volume.uuid] : [])],
    isRoot: true,
    sizeGib: volume.size ?? null,
  }));
}

/** Any other group is attached and detached as a whole, whichever of its volumes is named. */
function wholeGroup({ group, volumes }: GroupWithVolumes): Devices['volumes'][number] {
  const [only, ...others] = volumes;
  return {
    id: group.name,
    aliases: volumes.flatMap(({ name, uuid }) => [`${group.name}/${name}`, ...(uuid ? [uuid] : [])]),
    isRoot: false,
    sizeGib: others.length === 0 ? (only?.size ?? null) : null,
  };
}
