import {
  connectCompareHypervisorCpu,
  CPUCompareResult,
  domainListAllSnapshots,
  nodeGetInfo,
  secretLookupByUuid,
} from 'node-libvirt';
import { ComputeError, type ErrorCode } from '../../../../common/errors/index.js';
import type { CallContext, Target } from '../../../../compute/contract/index.js';
import { attributeOf, childAt, serialiseXml, type XmlElement } from '../../../../connectors/xml/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import { domainFacts, type DomainFacts } from '../../mapping/domain-facts.js';
import { secretsIn } from '../../mapping/moved-definition.js';
import { hostCapabilities } from '../../mapping/host-capabilities.js';
import { keepsVlan } from '../../mapping/network-source.js';
import { DRIVER_NAME } from '../../mapping/refusal.js';
import { networkSourceOf, requireHostDevice } from '../network-lookup.js';
import type { Ends } from './move-change.js';
import { isBrought } from './move-secrets.js';

/** What a domain is and has, as it runs, or as it will when it is off. */
export interface Moving {
  readonly definition: XmlElement;
  readonly facts: DomainFacts;
}

export function movingOf(definition: XmlElement): Moving {
  return { definition, facts: domainFacts(definition) };
}

/** Which domain is to go where. */
export interface Way {
  readonly ctx: CallContext;
  readonly ends: Ends;
  readonly target: Target;
}

/**
 * Refuses what the other host could not take, before anything is done. It reads, and changes nothing.
 *
 * @throws ComputeError ALREADY_EXISTS, FEATURE_LIMITED, CAPACITY_EXHAUSTED, RESOURCE_NOT_FOUND, STATE_CONFLICT
 */
export async function admitMove(way: Way, moving: Moving): Promise<void> {
  await requireFreeName(way);
  await requireNoSnapshots(way);
  await requireMachine(way, moving);
  await requireCpu(way, moving);
  await requireNetworks(way, moving);
  for (const uuid of secretsIn(moving.definition)) await requireSecret(way, uuid);
}

async function requireFreeName(way: Way): Promise<void> {
  const { ctx, ends, target } = way;
  const other = await ends.to.domains(ctx).find(target.name);
  if (other === undefined || other.uuid === target.id) return;
  throw refusal(way, 'ALREADY_EXISTS', `${ends.destination} has another domain ${target.name}`);
}

/** libvirt takes none of them along. */
async function requireNoSnapshots(way: Way): Promise<void> {
  const { ctx, ends, target } = way;
  const domain = { name: target.name, uuid: target.id, id: -1 };
  const { count } = await ends.from.caller(ctx).call(domainListAllSnapshots, { domain }, { signal: ctx.signal });
  if (count === 0) return;
  throw refusal(
    way,
    'STATE_CONFLICT',
    `domain ${target.name} has ${count} snapshots of libvirt, which cannot go with it; remove them (virsh snapshot-delete)`,
  );
}

async function requireMachine(way: Way, { facts }: Moving): Promise<void> {
  const { ctx, ends } = way;
  const { guests } = hostCapabilities(await ends.to.domains(ctx).capabilities());
  const { arch, virtType, memoryMib } = facts;
  if (!guests.some((guest) => guest.arch === arch && guest.virtTypes.includes(virtType))) {
    throw refusal(
      way,
      'FEATURE_LIMITED',
      `${ends.destination} has no guests of ${arch ?? 'this architecture'} (${virtType})`,
    );
  }
  const { memoryKib } = await ends.to.caller(ctx).call(nodeGetInfo, undefined, { signal: ctx.signal });
  const hasMib = Math.floor(Number(memoryKib) / 1024);
  if (memoryMib <= hasMib) return;
  throw refusal(
    way,
    'CAPACITY_EXHAUSTED',
    `${ends.destination} has ${hasMib} MiB of memory, and the domain ${memoryMib}`,
  );
}

/** Types of interfaces that are plugged into something of their host. */
const PLUGGED: ReadonlySet<string> = new Set(['network', 'bridge', 'direct']);

async function requireNetworks(way: Way, { facts }: Moving): Promise<void> {
  const { ctx, ends } = way;
  for (const { source, sourceType, xml } of facts.nics) {
    if (source === undefined || !PLUGGED.has(sourceType)) continue;
    if (sourceType === 'direct') {
      // Behind one that runs there may be a network of libvirt's, which has devices of its own on each host.
      if (attributeOf(childAt(xml, 'source'), 'network') === undefined) await requireHostDevice(ctx, ends.to, source);
      else await networkSourceOf(ctx, ends.to, source);
      continue;
    }
    if (keepsVlan(xml, await networkSourceOf(ctx, ends.to, source))) continue;
    throw refusal(
      way,
      'FEATURE_LIMITED',
      `${source} of ${ends.destination} is not of Open vSwitch, or is without the port group with the VLAN of the guest`,
    );
  }
}

/** What a guest has found when it started it must find again. Where nobody can compare, QEMU does. */
async function requireCpu(way: Way, { definition, facts }: Moving): Promise<void> {
  const { ctx, ends } = way;
  const cpu = childAt(definition, 'cpu');
  if (facts.virtType !== 'kvm' || cpu === undefined || childAt(cpu, 'model') === undefined) return;
  try {
    const { result } = await ends.to.caller(ctx).call(
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
  throw refusal(
    way,
    'FEATURE_LIMITED',
    `the processor of ${ends.destination} does not have all that the guest uses (${attributeOf(cpu, 'mode') ?? 'custom'}); give guests a model that all hosts have`,
  );
}

/** What was made for a volume is brought; others have to be there. */
async function requireSecret(way: Way, uuid: string): Promise<void> {
  const { ctx, ends, target } = way;
  const options = { signal: ctx.signal };
  if (await isBrought(ends.from.caller(ctx), target.id, uuid, options)) return;
  try {
    await ends.to.caller(ctx).call(secretLookupByUuid, { uuid }, options);
  } catch (error) {
    if (failureOf(error)?.missing !== 'secret') throw error;
    throw refusal(
      way,
      'RESOURCE_NOT_FOUND',
      `${ends.destination} does not have the secret ${uuid} of a volume, whose value ${ends.from.label} does not give away; define it there (virsh secret-define, secret-set-value)`,
    );
  }
}

function refusal({ target }: Way, code: ErrorCode, text: string): ComputeError {
  return new ComputeError(code, text, { driver: DRIVER_NAME, target: target.key });
}
