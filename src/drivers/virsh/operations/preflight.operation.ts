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
import { cannotTell, met, notMet } from '../../kit/index.js';
import { unlessRefused } from '../client/unless-refused.js';
import { domainCapabilities, type DomainCapabilities } from '../mapping/domain-capabilities.js';
import { domainFacts } from '../mapping/domain-facts.js';
import { hostCapabilities, type HostCapabilities } from '../mapping/host-capabilities.js';
import { bridgeRequirement, hostRequirements } from '../mapping/host-requirements.js';
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
          await poolRequirement(ctx, place),
          await networkRequirement(ctx, place, facts.hostname),
          ...bridgeRequirement(facts.hostname, host),
          ...(instance === undefined ? [] : await guestRequirements(ctx, place, instance)),
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

const GIB = 1024n ** 3n;
/** An image and a root disk of a usual size. */
const ENOUGH_GIB = 20n;

async function poolRequirement(ctx: CallContext, place: HostPlace): Promise<Requirement> {
  const { name, path } = place.settings.pool;
  const subject = `pool ${name}`;
  const { signal } = ctx;
  const found = await unlessRefused(() => place.caller(ctx).call(storagePoolLookupByName, { name }, { signal }));
  if (found === undefined) {
    return met('storage', subject, `there is none yet; the first launch makes it as the directory ${path}`);
  }
  const { state, available } = await place.caller(ctx).call(storagePoolGetInfo, { pool: found.pool }, { signal });
  if (state !== StoragePoolState.VIR_STORAGE_POOL_RUNNING) {
    return met('storage', subject, 'it is there, and not active; the first launch starts it');
  }
  const gib = available / GIB;
  return gib >= ENOUGH_GIB
    ? met('storage', subject, `${gib} GiB are free`)
    : notMet(
        'storage',
        subject,
        `${gib} GiB are free`,
        `free some, or name another pool: ${ENOUGH_GIB} GiB are little enough`,
      );
}

async function networkRequirement(ctx: CallContext, place: HostPlace, hostname: string): Promise<Requirement> {
  const { VIR_CONNECT_LIST_NETWORKS_ACTIVE: flags } = ConnectListAllNetworksFlags;
  const listed = await unlessRefused(() =>
    place.caller(ctx).call(connectListAllNetworks, { flags }, { signal: ctx.signal }),
  );
  const names = listed?.networks.map(({ name }) => name) ?? [];
  return names.length > 0
    ? met(
        'network',
        hostname,
        `active networks of libvirt: ${names.join(', ')}; bridges and devices of the host can be named as well`,
      )
    : cannotTell(
        'network',
        hostname,
        'libvirt has no active network',
        'start one (virsh net-start default), or name a bridge or a device of the host in networks',
      );
}

async function guestRequirements(ctx: CallContext, place: HostPlace, reference: string): Promise<Requirement[]> {
  const { uuid, name } = await findDomain(ctx, place, reference);
  const { hasAgentChannel, consoles, bootOrder } = domainFacts(await place.domains(ctx).definition(uuid, 'next'));
  return [
    hasAgentChannel
      ? met('agent_channel', name, 'it has a channel for the agent in its guest (qemu-guest-agent)')
      : notMet(
          'agent_channel',
          name,
          'it has no channel for an agent: no password can be set in it, nor its file systems held',
          'add a channel org.qemu.guest_agent.0 to its definition',
        ),
    consoles.some(({ logFile }) => logFile !== undefined)
      ? met('console_log', name, 'what its console shows is kept')
      : notMet('console_log', name, 'what its console shows is kept nowhere', 'add a log file to its console'),
    {
      requirement: 'boot_order',
      subject: name,
      status: 'information',
      evidence:
        bootOrder.length === 0 ? 'it starts from whatever comes first' : `it starts from ${bootOrder.join(', ')}`,
      remedy: null,
    },
  ];
}
