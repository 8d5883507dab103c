import type { Images, ImageSource } from '../../../compute/contract/index.js';
import { freeDiskTarget, type Disk } from '../mapping/disk.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { instanceFiles } from '../mapping/names.js';
import type { DomainChange } from './domain-change.js';
import { ensureRemoved } from './storage/ensure-volume.js';
import { ensureDisk, ensureMedium, ensureNoDisk } from './storage/root-disk.js';
import type { StoragePool } from './storage/storage-pool.js';

/** What a domain is rescued with, and what else is made for that time. */

/** Makes what a rescue starts from, of its image. @returns the disk, or the drive with the medium, that the domain gets */
export async function ensureRescueDisk(
  change: DomainChange,
  pool: StoragePool,
  images: Images | undefined,
  image: ImageSource,
  facts: DomainFacts,
): Promise<Disk> {
  const files = instanceFiles(change.uuid);
  const what = rescueDiskOf(change);
  if (image.format === 'iso') {
    const path = await ensureMedium(change, pool, images, image, { volume: files.rescueMedium, what });
    const bus = facts.arch === 's390x' ? 'scsi' : 'sata';
    const source = { type: 'file', path, format: 'raw' } as const;
    return {
      source,
      device: 'cdrom',
      bus,
      target: freeTarget(facts, bus),
      alias: DISK_ALIASES.rescue,
      isReadonly: true,
    };
  }
  const source = await ensureDisk(change, pool, images, { volume: files.rescueDisk, what, image, rootGib: undefined });
  return { source, device: 'disk', bus: 'virtio', target: freeTarget(facts, 'virtio'), alias: DISK_ALIASES.rescue };
}

/** Removes all that rescues have made, so far as it is there. */
export async function removeRescueVolumes(change: DomainChange, pool: StoragePool): Promise<void> {
  const files = instanceFiles(change.uuid);
  const what = rescueDiskOf(change);
  await ensureNoDisk(change, pool, { volume: files.rescueDisk, what });
  await ensureRemoved(change, pool, `medium of the ${what}`, files.rescueMedium);
  await ensureRemoved(change, pool, `config drive of the ${what}`, files.rescueConfigDrive);
}

/** A disk that tells the guest what it is to know. */
export function configDisk(path: string, facts: DomainFacts): Disk {
  const source = { type: 'file', path, format: 'raw' } as const;
  const target = freeTarget(facts, 'virtio');
  return { source, device: 'disk', bus: 'virtio', target, alias: DISK_ALIASES.config, isReadonly: true };
}

function freeTarget({ disks }: DomainFacts, bus: Disk['bus']): string {
  return freeDiskTarget(bus, new Set(disks.map(({ target }) => target)));
}

function rescueDiskOf({ target }: DomainChange): string {
  return `rescue disk of ${target.name}`;
}
