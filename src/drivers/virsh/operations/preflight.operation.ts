import {
  connectGetDomainCapabilities,
  connectListAllNetworks,
  ConnectListAllNetworksFlags,
  storagePoolGetInfo,
  storagePoolLookupByName,
  StoragePoolState,
} from 'node-libvirt';
import type { AdviceOperations, CallContext, Requirement } from '../../../compute/contract/index.js';
import { parseXml } from '../../../connectors/xml/index.js';
import { met } from '../../kit/index.js';
import { unlessRefused } from '../client/unless-refused.js';
import { domainCapabilities, type DomainCapabilities } from '../mapping/domain-capabilities.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { domainRequirements } from '../mapping/domain-requirements.js';
import { hostCapabilities, type HostCapabilities } from '../mapping/host-capabilities.js';
import {
  bridgeRequirement,
  hostRequirements,
  networkRequirement,
  poolRequirement,
  type PoolState,
} from '../mapping/host-requirements.js';
import { findDomain } from './find-domain.js';
import { explaining, type HostPlace } from './virsh-place.js';

/** What guests of a KVM host need, and what one of them needs beside it. Nothing is changed. */
export function preflightOperation(place: HostPlace): Pick<AdviceOperations, 'preflight'> {
  return {
    preflight: (ctx, { instance }) =>
      explaining(place, 'looking at what guests of the host need', async () => {
        const domains = place.domains(ctx);
        const facts = await domains.hypervisor();
        const host = hostCapabilities(await domains.capabilities());
        return [
          met(
            'permission',
            place.label,
            'we are let in for reading and writing; polkit may still refuse single operations',
          ),
          ...hostRequirements(
            facts,
            host,
            await unlessRefused(() => capabilitiesOf(ctx, place, host)),
            place.settings.cpu,
          ),
          poolRequirement(place.settings.pool, await poolOf(ctx, place)),
          networkRequirement(facts.hostname, await activeNetworks(ctx, place)),
          ...bridgeRequirement(facts.hostname, host),
          ...(instance === undefined ? [] : await ofInstance(ctx, place, instance)),
        ];
      }),
  };
}

async function capabilitiesOf(
  ctx: CallContext,
  place: HostPlace,
  { arch }: HostCapabilities,
): Promise<DomainCapabilities> {
  const { xml } = await place.caller(ctx).call(connectGetDomainCapabilities, { arch }, { signal: ctx.signal });
  return domainCapabilities(parseXml(xml));
}

async function poolOf(ctx: CallContext, place: HostPlace): Promise<PoolState | undefined> {
  const { name } = place.settings.pool;
  const { signal } = ctx;
  const found = await unlessRefused(() => place.caller(ctx).call(storagePoolLookupByName, { name }, { signal }));
  if (found === undefined) return undefined;
  const { state, available } = await place.caller(ctx).call(storagePoolGetInfo, { pool: found.pool }, { signal });
  return { isActive: state === StoragePoolState.VIR_STORAGE_POOL_RUNNING, availableBytes: available };
}

async function activeNetworks(ctx: CallContext, place: HostPlace): Promise<string[]> {
  const { VIR_CONNECT_LIST_NETWORKS_ACTIVE: flags } = ConnectListAllNetworksFlags;
  const listed = await unlessRefused(() =>
    place.caller(ctx).call(connectListAllNetworks, { flags }, { signal: ctx.signal }),
  );
  return listed?.networks.map(({ name }) => name) ?? [];
}

async function ofInstance(ctx: CallContext, place: HostPlace, reference: string): Promise<Requirement[]> {
  const { uuid, name } = await findDomain(ctx, place, reference);
  return domainRequirements(name, domainFacts(await place.domains(ctx).definition(uuid, 'next')));
}
