import type { JsonValue } from '../../../common/errors/index.js';
import { definedOnly } from '../../../common/defined-only.js';
import type {
  CallContext,
  HostInfo,
  InfoOptions,
  InstanceInfo,
  InstanceSummary,
  InventoryOperations,
} from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { domainFacts, type DomainFacts } from '../mapping/domain-facts.js';
import { hostCapabilities } from '../mapping/host-capabilities.js';
import { isInstance } from '../mapping/names.js';
import { stateOf } from './domain-change.js';
import { devicesOf } from './devices.js';
import { findDomain } from './find-domain.js';
import { testHost } from './test-host.js';
import { explaining, type VirshPlace } from './virsh-place.js';

/** What there is on a host. Semantics are the contract's. */
export function inventoryOperations(place: VirshPlace): InventoryOperations {
  return {
    listInstances: (ctx) =>
      explaining(place, 'listing the domains', async () => {
        const observedAt = ctx.clock.now();
        return (await place.domains(ctx).list()).filter(isInstance).map((status) => summary(status, observedAt));
      }),
    getInfo: (ctx, reference, options) =>
      explaining(place, `reading domain ${reference}`, async () => {
        const status = await findDomain(ctx, place, reference);
        return await infoOf(ctx, place, status, options);
      }),
    getHostInfo: (ctx) => explaining(place, 'reading the host', () => getHostInfo(ctx, place)),
    testHost: (ctx) => testHost(ctx, place),
  };
}

export function summary(status: DomainStatus, observedAt: number): InstanceSummary {
  return { name: status.name, id: status.uuid, state: stateOf(status, observedAt) };
}

async function infoOf(
  ctx: CallContext,
  place: VirshPlace,
  status: DomainStatus,
  options: InfoOptions | undefined,
): Promise<InstanceInfo> {
  const domains = place.domains(ctx);
  const observedAt = ctx.clock.now();
  const [definition, usage] = await Promise.all([domains.definition(status.uuid), domains.usage(status.uuid)]);
  const facts = domainFacts(definition);
  return {
    ...summary(status, observedAt),
    vcpus: usage.vcpus,
    memoryMib: Math.round(usage.memoryKib / 1024),
    maxMemoryMib: Math.round(usage.maxMemoryKib / 1024),
    cpuTimeNs: usage.cpuTimeNs,
    ...(options?.devices === true ? { devices: await devicesOf(ctx, place, facts) } : {}),
    native: nativeFacts(facts),
  };
}

function nativeFacts(facts: DomainFacts): Record<string, JsonValue> {
  return definedOnly({
    id: facts.id,
    type: facts.virtType,
    arch: facts.arch,
    machine: facts.machine,
    maximum_vcpus: facts.maxVcpus,
    boot_order: [...facts.bootOrder],
    has_agent_channel: facts.hasAgentChannel,
    disks: facts.disks.map((disk) =>
      definedOnly({ target: disk.target, device: disk.device, source_type: disk.sourceType, source: disk.source }),
    ),
    interfaces: facts.nics.map((nic) =>
      definedOnly({ mac: nic.mac, source_type: nic.sourceType, source: nic.source, host_device: nic.hostDevice }),
    ),
    graphics: facts.graphics.map(({ type, listen, port }) => definedOnly({ type, listen, port })),
  });
}

async function getHostInfo(ctx: CallContext, place: VirshPlace): Promise<HostInfo> {
  const domains = place.domains(ctx);
  const observedAt = ctx.clock.now();
  const [facts, listed, capabilities, cpuTraits] = await Promise.all([
    domains.hypervisor(),
    domains.list(),
    domains.capabilities().then(hostCapabilities),
    place.cpuTraits(ctx),
  ]);
  const all = listed.filter(isInstance);
  const version = facts.hypervisorVersion === null ? '' : ` ${facts.hypervisorVersion}`;
  return {
    hypervisor: `${facts.type}${version}, libvirt ${facts.libvirtVersion}`,
    // A daemon that answers all of this is up.
    status: 'up',
    nativeStatus: 'running',
    instances: all.length,
    running: all.filter((status) => stateOf(status, observedAt).powerState === 'running').length,
    vcpus: facts.cpus,
    memoryMib: facts.memoryMib,
    ...(cpuTraits === undefined ? {} : { cpuTraits }),
    native: definedOnly({
      hostname: facts.hostname,
      cpu_model: capabilities.cpuModel ?? facts.cpuModel,
      arch: capabilities.arch,
      host_uuid: capabilities.uuid,
      guests: capabilities.guests.map(({ arch, virtTypes }) => ({ arch, types: [...virtTypes] })),
    }),
    observedAt,
  };
}
