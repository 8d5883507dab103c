import { domainGetBlockInfo } from 'node-libvirt';
import type { Flavor, Target } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { instanceFiles } from '../mapping/names.js';
import { invalid, limited } from '../mapping/refusal.js';
import { stateOf, type DomainChange } from './domain-change.js';

/** One of a flavor, in bytes. */
export const GIB = 1024 ** 3;

/** What a flavor says beside its size is refused, not ignored. @throws ComputeError FEATURE_LIMITED */
export function admit({ memory_backing, extras = {} }: Flavor): void {
  const [extra] = Object.keys(extras);
  if (extra !== undefined) throw invalid(`flavor.extras.${extra}`, 'is not known to this driver');
  if (memory_backing !== undefined) throw limited('flavor.memory_backing', 'is chosen when an instance is launched');
}

/** @throws ComputeError CAPACITY_EXHAUSTED */
export async function requireCapacity(change: DomainChange, { vcpus, memory_mib: memoryMib }: Flavor): Promise<void> {
  const { memoryMib: hasMib, cpus } = await change.ask(() => change.domains.hypervisor());
  if (memoryMib > hasMib) {
    throw change.error(
      'CAPACITY_EXHAUSTED',
      `flavor.memory_mib: ${change.place.label} has ${hasMib} MiB of memory in all, and ${memoryMib} are asked for`,
    );
  }
  const { virtType } = await change.facts('next');
  if (virtType !== 'kvm' || vcpus <= cpus) return;
  throw change.error(
    'CAPACITY_EXHAUSTED',
    `flavor.vcpus: ${change.place.label} has ${cpus} processors in all, and ${vcpus} are asked for`,
  );
}

interface Size {
  readonly facts: DomainFacts;
  readonly rootBytes: number | undefined;
}

export function hasSize({ vcpus, memory_mib: memoryMib, root_gib: gib }: Flavor, { facts, rootBytes }: Size): boolean {
  if (facts.vcpus !== vcpus || facts.memoryMib !== memoryMib || facts.maxMemoryMib !== memoryMib) return false;
  return gib === undefined || rootBytes === gib * GIB;
}

/** By what its definition says that the disk is; undefined when it has none. */
export async function rootBytesOf(
  caller: DomainChange['caller'],
  { id: uuid, name }: Target,
  { disks }: DomainFacts,
  signal: AbortSignal,
): Promise<number | undefined> {
  const root = disks.find(({ alias }) => alias === DISK_ALIASES.root);
  if (root === undefined) return undefined;
  const args = { domain: { uuid, name, id: -1 }, path: root.target };
  return Number((await caller.call(domainGetBlockInfo, args, { signal })).capacity);
}

/** @throws ComputeError REQUEST_INVALID */
export function refuseShrinking({ root_gib: gib }: Flavor, rootBytes: number | undefined): void {
  if (gib === undefined || rootBytes === undefined || gib * GIB >= rootBytes) return;
  throw invalid('flavor.root_gib', 'the root disk cannot become smaller');
}

/** Why a domain cannot be resized; undefined when it can. */
export function whyNot({ mark }: DomainFacts, { hasSavedMemory }: DomainStatus): string | undefined {
  if (mark?.undo?.kind === 'resize') return 'an earlier resize is neither confirmed nor reverted';
  if (mark?.undo?.kind === 'rescue') return 'it is being rescued; unrescue ends that';
  if (mark?.undo !== undefined) return `its ${mark.undo.kind} has not come to its end`;
  return hasSavedMemory ? 'its memory is saved; resume it, or power it off' : undefined;
}

export function isResized({ mark }: DomainFacts): boolean {
  return mark?.undo?.kind === 'resize';
}

export function isResizedBy({ mark }: DomainFacts, operation: string): boolean {
  return mark?.undo?.kind === 'resize' && mark.undo.operation === operation;
}

export function isOn(status: DomainStatus): boolean {
  const { powerState } = stateOf(status, 0);
  return powerState === 'running' || powerState === 'paused';
}

/** Which of the volumes that a root disk can be in its own is in. */
export function rootVolumeOf({ disks }: DomainFacts, uuid: string): string | undefined {
  const root = disks.find(({ alias }) => alias === DISK_ALIASES.root)?.source;
  const { rootDisk, otherRootDisk } = instanceFiles(uuid);
  return [rootDisk, otherRootDisk].find((volume) => root?.endsWith(`/${volume}`));
}
