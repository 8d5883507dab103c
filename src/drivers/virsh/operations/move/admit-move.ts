import {
  connectCompareHypervisorCpu,
  CPUCompareResult,
  domainListAllSnapshots,
  nodeGetInfo,
  secretLookupByUuid,
} from 'node-libvirt';
import { attributeOf, childAt, serialiseXml, type XmlElement } from '../../../../connectors/xml/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import type { DomainFacts } from '../../mapping/domain-facts.js';
import { secretsIn } from '../../mapping/moved-definition.js';
import { hostCapabilities } from '../../mapping/host-capabilities.js';
import { keepsVlan } from '../../mapping/network-source.js';
import { networkSourceOf } from '../network-lookup.js';
import type { MoveChange } from './move-change.js';

/** What a domain is and has, as it runs, or as it will when it is off. */
export interface Moving {
  readonly definition: XmlElement;
  readonly facts: DomainFacts;
}

/**
 * Refuses what the other host could not take, before anything is done.
 *
 * @throws ComputeError ALREADY_EXISTS, FEATURE_LIMITED, CAPACITY_EXHAUSTED, RESOURCE_NOT_FOUND, STATE_CONFLICT
 */
export async function admitMove(change: MoveChange, moving: Moving): Promise<void> {
  await requireFreeName(change);
  await requireNoSnapshots(change);
  await requireMachine(change, moving);
  await requireCpu(change, moving);
  await requireNetworks(change, moving);
  for (const uuid of secretsIn(moving.definition)) await requireSecret(change, uuid);
}

async function requireFreeName({ there, target, ends, uuid }: MoveChange): Promise<void> {
  const other = await there.domains.find(target.name);
  if (other === undefined || other.uuid === uuid) return;
  throw there.error('ALREADY_EXISTS', `${ends.destination} has another domain ${target.name}`);
}

/** libvirt takes none of them along. */
async function requireNoSnapshots(change: MoveChange): Promise<void> {
  const { caller, ref, ctx } = change;
  const { count } = await caller.call(domainListAllSnapshots, { domain: ref }, { signal: ctx.signal });
  if (count === 0) return;
  throw change.error(
    'STATE_CONFLICT',
    `${change.label} has ${count} snapshots of libvirt, which cannot go with it; remove them (virsh snapshot-delete)`,
  );
}

async function requireMachine({ there, ends, ctx }: MoveChange, { facts }: Moving): Promise<void> {
  const { guests } = hostCapabilities(await there.domains.capabilities());
  const { arch, virtType, memoryMib } = facts;
  if (!guests.some((guest) => guest.arch === arch && guest.virtTypes.includes(virtType))) {
    throw there.error(
      'FEATURE_LIMITED',
      `${ends.destination} has no guests of ${arch ?? 'this architecture'} (${virtType})`,
    );
  }
  const { memoryKib } = await there.caller.call(nodeGetInfo, undefined, { signal: ctx.signal });
  const hasMib = Math.floor(Number(memoryKib) / 1024);
  if (memoryMib <= hasMib) return;
  throw there.error(
    'CAPACITY_EXHAUSTED',
    `${ends.destination} has ${hasMib} MiB of memory, and the domain ${memoryMib}`,
  );
}

async function requireNetworks({ there, ends, ctx }: MoveChange, { facts }: Moving): Promise<void> {
  for (const { source, sourceType, xml } of facts.nics) {
    if (source === undefined || (sourceType !== 'network' && sourceType !== 'bridge')) continue;
    if (keepsVlan(xml, await networkSourceOf(ctx, ends.to, source))) continue;
    throw there.error(
      'FEATURE_LIMITED',
      `${source} of ${ends.destination} is not of Open vSwitch, or is without the port group with the VLAN of the guest`,
    );
  }
}

/** What a guest has found when it started it must find again. Where nobody can compare, QEMU does. */
async function requireCpu({ there, ends, ctx }: MoveChange, { definition, facts }: Moving): Promise<void> {
  const cpu = childAt(definition, 'cpu');
  if (facts.virtType !== 'kvm' || cpu === undefined || childAt(cpu, 'model') === undefined) return;
  try {
    const { result } = await there.caller.call(
      connectCompareHypervisorCpu,
      {
        emulator: null,
        arch: facts.arch ?? null,
        machine: facts.machine ?? null,
        virtType: facts.virtType,
        xmlCpu: serialiseXml(cpu),
      },
      { signal: ctx.signal },
    );
    if (result !== CPUCompareResult.VIR_CPU_COMPARE_INCOMPATIBLE) return;
  } catch (error) {
    const failure = failureOf(error);
    if (failure?.native === undefined || failure.native === 'VIR_ERR_CPU_INCOMPATIBLE') throw error;
    return;
  }
  throw there.error(
    'FEATURE_LIMITED',
    `the processor of ${ends.destination} does not have all that the guest uses (${attributeOf(cpu, 'mode') ?? 'custom'}); give guests a model that all hosts have`,
  );
}

async function requireSecret({ there, ends, ctx }: MoveChange, uuid: string): Promise<void> {
  try {
    await there.caller.call(secretLookupByUuid, { uuid }, { signal: ctx.signal });
  } catch (error) {
    if (failureOf(error)?.missing !== 'secret') throw error;
    throw there.error(
      'RESOURCE_NOT_FOUND',
      `${ends.destination} does not have the secret ${uuid} of a volume, and libvirt gives its value to nobody; define it there (virsh secret-define, secret-set-value)`,
    );
  }
}
