import {
  XmlFailure,
  attributeOf,
  childAt,
  childrenOf,
  required,
  textOf,
  wholeNumber,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import { deviceFacts, type ConsoleFacts, type DiskFacts, type GraphicsFacts, type NicFacts } from './device-facts.js';
import { markOf, type InstanceMark } from './instance-mark.js';
import { bytesOf } from './units.js';
import { volumeIdsOf, type VolumeIds } from './volume-ids.js';

/** What a domain is, as its definition has it, whoever wrote that. */
export interface DomainFacts {
  readonly name: string;
  readonly uuid: string;
  /** Of a running domain. */
  readonly id: number | undefined;
  readonly virtType: string;
  readonly arch: string | undefined;
  readonly machine: string | undefined;
  readonly vcpus: number;
  readonly maxVcpus: number;
  readonly memoryMib: number;
  readonly maxMemoryMib: number;
  readonly disks: readonly DiskFacts[];
  readonly nics: readonly NicFacts[];
  readonly consoles: readonly ConsoleFacts[];
  readonly graphics: readonly GraphicsFacts[];
  /** Is there a way for an agent in the guest? */
  readonly hasAgentChannel: boolean;
  /** Does an agent answer there? Of a running domain. */
  readonly hasAgent: boolean;
  /** What it starts from, in this order: targets of disks, MAC addresses, or words such as `hd` and `network`. */
  readonly bootOrder: readonly string[];
  readonly mark: InstanceMark | undefined;
  readonly volumeIds: VolumeIds;
}

const MIB = 1024 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads a definition. Elements that we do not know are passed over; what we do know and makes no sense is refused.
 *
 * @throws XmlFailure unexpected
 */
export function domainFacts(domain: XmlElement): DomainFacts {
  if (domain.name !== 'domain') throw new XmlFailure('unexpected', 'the XML is no definition of a domain');
  const type = childAt(domain, 'os', 'type');
  const maxVcpus = wholeNumber(textOf(childAt(domain, 'vcpu')), 'the number of processors') ?? 1;
  const devices = deviceFacts(childAt(domain, 'devices'));
  const maxMemory = required(bytesOf(childAt(domain, 'memory'), 'KiB'), 'how much memory the domain has');
  return {
    name: required(textOf(childAt(domain, 'name')), 'the name of the domain'),
    uuid: uuidOf(domain),
    id: wholeNumber(attributeOf(domain, 'id'), 'the id of the domain'),
    virtType: required(attributeOf(domain, 'type'), 'the type of the domain'),
    arch: attributeOf(type, 'arch'),
    machine: attributeOf(type, 'machine'),
    vcpus: wholeNumber(attributeOf(childAt(domain, 'vcpu'), 'current'), 'the number of processors') ?? maxVcpus,
    maxVcpus,
    memoryMib: mebibytes(bytesOf(childAt(domain, 'currentMemory'), 'KiB') ?? maxMemory),
    maxMemoryMib: mebibytes(maxMemory),
    ...devices,
    bootOrder: bootOrder(domain, devices),
    mark: markOf(domain),
    volumeIds: volumeIdsOf(domain),
  };
}

function uuidOf(domain: XmlElement): string {
  const uuid = required(textOf(childAt(domain, 'uuid')), 'the UUID of the domain').toLowerCase();
  if (UUID.test(uuid)) return uuid;
  throw new XmlFailure('unexpected', 'the UUID of the domain is none');
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / MIB);
}

function bootOrder(
  domain: XmlElement,
  { disks, nics }: { disks: readonly DiskFacts[]; nics: readonly NicFacts[] },
): string[] {
  const devices = [
    ...disks.map(({ target, bootOrder: order }) => ({ name: target, order })),
    ...nics.map(({ mac, bootOrder: order }) => ({ name: mac, order })),
  ].filter((one): one is { name: string; order: number } => one.order !== undefined && one.name !== undefined);
  if (devices.length > 0) return devices.sort((a, b) => a.order - b.order).map(({ name }) => name);
  return childrenOf(childAt(domain, 'os'), 'boot').flatMap((boot) => attributeOf(boot, 'dev') ?? []);
}
