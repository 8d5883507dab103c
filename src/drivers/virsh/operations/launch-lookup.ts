import { connectGetDomainCapabilities, nodeGetInfo } from 'node-libvirt';
import { definedOnly } from '../../../common/defined-only.js';
import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import { parseXml } from '../../../connectors/xml/index.js';
import type { CpuOptions } from '../mapping/cpu-choice.js';
import { defineDomain } from '../mapping/define-domain.js';
import { domainCapabilities, type DomainCapabilities } from '../mapping/domain-capabilities.js';
import type { DomainDefinition } from '../mapping/domain-definition.js';
import { hostCapabilities } from '../mapping/host-capabilities.js';
import { machineChoice, type MachineChoice } from '../mapping/machine-choice.js';
import { instanceFiles, volumeAlias } from '../mapping/names.js';
import type { NetworkSource } from '../mapping/network-source.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { requireGroups } from './instance-filter.js';
import { networkSourceOf } from './network-lookup.js';
import { findPool } from './storage/find-pool.js';
import { keptByName } from './storage/kept-images.js';
import { isAddress, noImage } from './storage/obtain-image.js';
import { devicePathsFor, refuseTaken, soughtAs } from './volume-lookup.js';
import type { HostPlace } from './virsh-place.js';
import type { WantedDomain } from './wanted-domain.js';

/** What a description names, found on the host, and what the host can make of it. */
export interface LookedUp {
  readonly choice: MachineChoice;
  readonly capabilities: DomainCapabilities;
  /** What the host gives to guests of its own architecture that ask for none. */
  readonly cpu: CpuOptions | undefined;
  /** In the order of the description's networks. */
  readonly networks: readonly NetworkSource[];
  /** Names of the host's block devices, where volumes are found by them. */
  readonly devicePaths: readonly string[] | undefined;
}

/**
 * Finds all that a domain is to have, before anything is made.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND, FEATURE_LIMITED, STATE_CONFLICT, CAPACITY_EXHAUSTED
 */
export async function lookUp(ctx: CallContext, place: HostPlace, wanted: WantedDomain): Promise<LookedUp> {
  const { description, options } = wanted;
  const [host, node] = await Promise.all([
    place.domains(ctx).capabilities().then(hostCapabilities),
    place.caller(ctx).call(nodeGetInfo, undefined, { signal: ctx.signal }),
  ]);
  const hostMib = Math.floor(Number(node.memoryKib) / 1024);
  const choice = machineChoice(host, options);
  const { memory_mib: memoryMib } = description.flavor;
  if (memoryMib > hostMib) {
    throw new ComputeError(
      'CAPACITY_EXHAUSTED',
      `flavor.memory_mib: ${place.label} has ${hostMib} MiB of memory in all, and ${memoryMib} are asked for`,
      { driver: DRIVER_NAME, details: { path: 'flavor.memory_mib' } },
    );
  }
  await requireGroups(ctx, place, description);
  await requireNamedImage(ctx, place, description.image?.source);
  const networks: NetworkSource[] = [];
  for (const { name } of description.networks ?? []) networks.push(await networkSourceOf(ctx, place, name));
  const behind = description.volumes?.find(({ connection }) => connection.type === 'fibre_channel');
  const devicePaths = behind && (await devicePathsFor(ctx, place, behind));
  const cpu = choice.arch === host.arch ? place.settings.cpu : undefined;
  return { choice, capabilities: await capabilitiesOf(ctx, place, choice), cpu, networks, devicePaths };
}

/** Refuses volumes that other domains have for themselves. @throws ComputeError STATE_CONFLICT */
export async function refuseTakenVolumes(
  ctx: CallContext,
  place: HostPlace,
  { description: { volumes = [] } }: WantedDomain,
  { uuid, disks }: DomainDefinition,
): Promise<void> {
  for (const volume of volumes) {
    const disk = disks.find(({ alias }) => alias === volumeAlias(volume.id));
    if (disk !== undefined) await refuseTaken(ctx, place, uuid, soughtAs(volume, disk));
  }
}

/** The domain as it is to be defined. @param poolPath where its files are on the host. @throws as {@link defineDomain} */
export function definitionOf(
  { description, options, hasRootDisk, hasMedium, hasConfigDrive }: WantedDomain,
  { choice, capabilities, cpu, networks, devicePaths }: LookedUp,
  { uuid, operation, poolPath }: { readonly uuid: string; readonly operation: string; readonly poolPath: string },
): DomainDefinition {
  const files = instanceFiles(uuid);
  const at = (name: string): string => `${poolPath}/${name}`;
  return defineDomain(description, options, choice, capabilities, {
    uuid,
    mark: { operation, described: definedOnly({ root_gib: description.flavor.root_gib }) },
    cpu,
    rootDisk: hasRootDisk ? { type: 'file', path: at(files.rootDisk), format: 'qcow2' } : undefined,
    iso: hasMedium ? at(files.medium) : undefined,
    configDrive: hasConfigDrive ? at(files.configDrive) : undefined,
    consoleLog: at(files.consoleLog),
    networks,
    devicePaths,
  });
}

async function capabilitiesOf(
  ctx: CallContext,
  place: HostPlace,
  { arch, emulator, machine, virtType }: MachineChoice,
): Promise<DomainCapabilities> {
  const { xml } = await place
    .caller(ctx)
    .call(connectGetDomainCapabilities, { emulator, arch, machine, virtType }, { signal: ctx.signal });
  return domainCapabilities(parseXml(xml));
}

/** An image that is called by its name is there, or nothing is begun. @throws ComputeError RESOURCE_NOT_FOUND */
async function requireNamedImage(ctx: CallContext, place: HostPlace, source: string | undefined): Promise<void> {
  if (source === undefined || isAddress(source)) return;
  const options = { signal: ctx.signal };
  const pool = await findPool(place.caller(ctx), place.settings.pool, options);
  if (pool === undefined || (await keptByName(pool, source, options)).length === 0) throw noImage(source);
}
