import {
  connectGetAllDomainStats,
  ConnectGetAllDomainStatsFlags,
  DomainStatsTypes,
  networkGetXmlDesc,
  networkLookupByName,
  valuesOf,
} from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext, Devices } from '../../../compute/contract/index.js';
import { attributeOf, childAt, parseXml } from '../../../connectors/xml/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import type { DiskFacts, NicFacts } from '../mapping/device-facts.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { networkSource, vlanIn } from '../mapping/network-source.js';
import { isVolume, volumeIdOf } from '../mapping/volume-ids.js';
import type { VirshPlace } from './virsh-place.js';

const GIB = 1024 ** 3;
const { VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT: NOWAIT } = ConnectGetAllDomainStatsFlags;

/** What a domain is connected to, in the words of a description. */
export async function devicesOf(ctx: CallContext, place: VirshPlace, facts: DomainFacts): Promise<Devices> {
  const [interfaces, sizes] = await Promise.all([
    Promise.all(facts.nics.map((nic) => interfaceOf(ctx, place, nic))),
    diskSizes(ctx, place, facts),
  ]);
  const volumes = facts.disks.filter(isVolume).map((disk) => volumeOf(disk, facts, sizes));
  // What it starts from comes first.
  return { interfaces, volumes: volumes.toSorted((a, b) => Number(b.isRoot) - Number(a.isRoot)) };
}

async function interfaceOf(ctx: CallContext, place: VirshPlace, nic: NicFacts): Promise<Devices['interfaces'][number]> {
  const { mac, source, hostDevice, xml } = nic;
  const bridge = attributeOf(childAt(xml, 'source'), 'bridge');
  return {
    name: mac ?? hostDevice ?? '',
    mac: mac ?? null,
    network: source ?? null,
    networkAliases: bridge === undefined || bridge === source ? [] : [bridge],
    vlan: await vlanOf(ctx, place, nic),
  };
}

/** Its own, or that of the port group that it is in. */
async function vlanOf(ctx: CallContext, place: VirshPlace, { xml, source }: NicFacts): Promise<number | null> {
  const own = vlanIn(xml);
  if (own !== undefined) return own;
  const portgroup = attributeOf(childAt(xml, 'source'), 'portgroup');
  if (portgroup === undefined || source === undefined) return null;
  try {
    const caller = place.caller(ctx);
    const { network } = await caller.call(networkLookupByName, { name: source }, { signal: ctx.signal });
    const { xml: described } = await caller.call(networkGetXmlDesc, { network }, { signal: ctx.signal });
    const group = networkSource(parseXml(described)).portgroups.find(({ name }) => name === portgroup);
    return group?.vlan ?? null;
  } catch (error) {
    // It is only about a number: a network that is gone, or a way to the host that is for little more than power.
    const isUntold = error instanceof ComputeError && error.code === 'FEATURE_LIMITED';
    if (failureOf(error) === undefined && !isUntold) throw error;
    return null;
  }
}

function volumeOf(
  disk: DiskFacts,
  { volumeIds }: DomainFacts,
  sizes: ReadonlyMap<string, number>,
): Devices['volumes'][number] {
  const { alias, target, source } = disk;
  const bytes = sizes.get(target);
  return {
    id: volumeIdOf(disk, volumeIds),
    aliases: [target, ...(source === undefined ? [] : [source])],
    isRoot: alias === DISK_ALIASES.root,
    sizeGib: bytes === undefined ? null : bytes / GIB,
  };
}

/** Bytes by target, of those that libvirt tells without waiting for a guest that hangs. */
async function diskSizes(
  ctx: CallContext,
  place: VirshPlace,
  { name, uuid }: DomainFacts,
): Promise<ReadonlyMap<string, number>> {
  try {
    const { records } = await place
      .caller(ctx)
      .call(
        connectGetAllDomainStats,
        { domains: [{ name, uuid, id: -1 }], stats: DomainStatsTypes.VIR_DOMAIN_STATS_BLOCK, flags: NOWAIT },
        { signal: ctx.signal },
      );
    const values = valuesOf(records[0]?.parameters ?? []);
    const sizes = new Map<string, number>();
    for (let at = 0; at < Number(values.get('block.count') ?? 0); at += 1) {
      const [target, capacity] = [values.get(`block.${at}.name`), values.get(`block.${at}.capacity`)];
      if (typeof target === 'string' && capacity !== undefined) sizes.set(target, Number(capacity));
    }
    return sizes;
  } catch (error) {
    // It is only about sizes: a daemon that cannot tell them, or a way to it that is for little more than power.
    ctx.signal.throwIfAborted();
    ctx.log.debug('the sizes of disks are not known', { domain: name, err: error });
    return new Map();
  }
}
