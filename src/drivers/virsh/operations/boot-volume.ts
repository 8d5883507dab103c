import { z } from 'zod';
import type { CallContext } from '../../../compute/contract/index.js';
import { makeSo, notedAs } from '../../kit/index.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { sourceKeyOf } from '../mapping/disk-source.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { limited } from '../mapping/refusal.js';
import { volumeIdOf } from '../mapping/volume-ids.js';
import { bootDiskOf } from '../mapping/writer-xml.js';
import type { DomainChange } from './domain-change.js';
import type { StoragePool } from './storage/storage-pool.js';
import type { VirshPlace } from './virsh-place.js';
import { refuseTaken } from './volume-lookup.js';
import { endWriter, openVolume, seeVolume, writeVolume, type OpenedVolume } from './volume-writer.js';

/** A volume that an instance starts from, which is made anew of an image: that is written to it while the instance is off. */

/** Left when all of the image is there. */
const WRITTEN_CHECKPOINT = 'volume-written';

export const BootVolumeSchema = z.object({
  id: z.string(),
  target: z.string(),
  bytes: z.number(),
  /** By an instance that ran: where it is kept it may have grown, and nobody has told the instance. */
  is_told: z.boolean(),
});
/** What is known of it before anything is changed. */
export type BootVolume = z.output<typeof BootVolumeSchema>;

/** Sizes of qcow2 files that libvirt makes are in KiB, and a copy is as large as what it is of. */
const KIB = 1024;

/** Those whose source a domain beside the instance can have as it has. */
const SOURCES: ReadonlySet<string> = new Set(['file', 'block', 'network']);

/** The disk of an instance that starts from a volume; undefined of any other one. */
export function bootVolumeDiskOf(facts: DomainFacts): DiskFacts | undefined {
  const disk = bootDiskOf(facts);
  return disk?.alias === DISK_ALIASES.root ? undefined : disk;
}

/** Why it cannot be written to; undefined when it can, as far as its definition tells. */
export function whyNotWritable(disk: DiskFacts, { volumeIds }: DomainFacts, isWanted: boolean): string | undefined {
  const volume = `volume ${volumeIdOf(disk, volumeIds)}`;
  if (!isWanted) return `it starts from ${volume}; reimage_boot_volume writes that anew`;
  if (disk.isShared) return `it starts from ${volume}, to which others may write too`;
  if (!SOURCES.has(disk.sourceType) || sourceKeyOf(disk) === undefined) {
    return `it starts from ${volume}, which is of libvirt's type ${disk.sourceType}`;
  }
  return undefined;
}

/** @throws ComputeError STATE_CONFLICT when another domain has it */
export async function refuseTakenVolume(
  ctx: CallContext,
  place: VirshPlace,
  { uuid, volumeIds }: DomainFacts,
  disk: DiskFacts,
): Promise<void> {
  const key = sourceKeyOf(disk);
  if (key === undefined) return;
  await refuseTaken(ctx, place, uuid, { id: volumeIdOf(disk, volumeIds), key, isShared: false });
}

/**
 * Looks at what an instance starts from before anything is changed: an instance that runs tells of it, of one that does not it is opened.
 *
 * @throws ComputeError STATE_CONFLICT, FEATURE_LIMITED, and what QEMU has against it
 */
export async function admitBootVolume(change: DomainChange, facts: DomainFacts, disk: DiskFacts): Promise<BootVolume> {
  const { ctx, place } = change;
  // What another operation has left would seem to have it.
  await endWriter(change);
  await change.ask(() => refuseTakenVolume(ctx, place, facts, disk));
  const id = volumeIdOf(disk, facts.volumeIds);
  const isTold = (await change.facts()).id !== undefined;
  const { bytes, hasBackingStore } = isTold ? await seeVolume(change, disk.target) : await open(change, disk, id);
  if (hasBackingStore) {
    throw limited(
      'reimage_boot_volume',
      `volume ${id} shows only what differs from another file, and would be none by itself`,
    );
  }
  if (bytes % KIB !== 0) {
    throw limited(
      'reimage_boot_volume',
      `volume ${id} has ${bytes} bytes, and no image of so many can be made (a multiple of ${KIB})`,
    );
  }
  return { id, target: disk.target, bytes, is_told: isTold };
}

/** Is all of the image there already? */
export function isVolumeWritten({ ctx }: DomainChange): boolean {
  return notedAs(ctx.checkpoints, WRITTEN_CHECKPOINT, z.object({})) !== undefined;
}

/**
 * Writes a disk of the pool to the volume. The instance is off by now.
 *
 * @param image name of that disk, which is as large as the volume was
 * @throws ComputeError OPERATION_FAILED when it breaks off
 */
export async function ensureVolumeWritten(
  change: DomainChange,
  pool: StoragePool,
  image: string,
  { id, target, bytes: known, is_told: isTold }: BootVolume,
): Promise<void> {
  const disk = (await change.facts('next')).disks.find((one) => one.target === target);
  if (disk === undefined) throw change.error('STATE_CONFLICT', `${change.label} has no volume ${id} any more`);
  const bytes = isTold ? (await open(change, disk, id)).bytes : known;
  if (bytes > known) await ensureGrown(change, pool, image, bytes);
  const what = `volume ${id}`;
  await writeVolume(change, { disk, image: `${pool.path}/${image}`, what, bytes });
  await change.ctx.checkpoint(WRITTEN_CHECKPOINT, {});
}

async function open(change: DomainChange, disk: DiskFacts, id: string): Promise<OpenedVolume> {
  return await openVolume(change, disk, `volume ${id}`);
}

async function ensureGrown(change: DomainChange, pool: StoragePool, image: string, bytes: number): Promise<void> {
  await makeSo(change, {
    step: 'grow-volume',
    noun: 'growth of the disk that is copied',
    doing: `making the disk that is copied as large as the volume`,
    isSo: async () => (await pool.find(image, { signal: change.ctx.signal }))?.capacityBytes === bytes,
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await pool.grow(image, bytes, timeoutMs);
      return true;
    },
  });
}
