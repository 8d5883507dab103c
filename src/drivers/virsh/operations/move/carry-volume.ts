import { settle } from '../../../kit/index.js';
import { instanceVolumePrefix } from '../../mapping/names.js';
import type { StorageVolumeFacts } from '../../mapping/storage-xml.js';
import { clear, ensureCopied, ensureRemoved, telling } from '../storage/ensure-volume.js';
import type { StoragePool } from '../storage/storage-pool.js';
import type { MoveChange } from './move-change.js';
import type { OwnFile } from './move-disks.js';

/**
 * Brings the file of a disk to the other host while nobody writes to it, once in an operation. One that grows out of another file is
 * made whole before, so that it stands alone there, as libvirt makes it of a disk that is copied while its guest runs.
 */
export async function carryFile(change: MoveChange, file: OwnFile): Promise<void> {
  const { ctx, there, uuid } = change;
  const { volume, into, from, to } = file;
  const options = { signal: ctx.signal };
  if (there.carriedOut.has(copyNoun(into)) && (await to.find(into, options)) !== undefined) return;
  const seen = await from.find(volume, options);
  if (seen === undefined) throw change.error('RESOURCE_NOT_FOUND', `${from.name} has no volume ${volume} any more`);
  // What a raw disk looks like is in the guest's hands.
  if (file.format === 'raw' || seen.backingPath === undefined) return await carry(change, from, volume, to, into);
  const whole = `${wholePrefix(uuid)}${file.name}`;
  await ensureCopied(
    change,
    from,
    `disk ${file.name}`,
    { name: whole, format: 'qcow2', capacityBytes: file.capacityBytes },
    seen,
  );
  await carry(change, from, whole, to, into);
  await ensureRemoved(change, from, `copy of disk ${file.name}`, whole);
}

/** How the names begin of what was made whole only to be brought elsewhere. */
export function wholePrefix(uuid: string): string {
  return `${instanceVolumePrefix(uuid)}whole-`;
}

async function carry(
  change: MoveChange,
  from: StoragePool,
  volume: string,
  to: StoragePool,
  into: string,
): Promise<void> {
  const { ctx, there } = change;
  const noun = copyNoun(into);
  const doing = `copying volume ${into} to ${change.ends.destination}`;
  await settle<StorageVolumeFacts>(there, {
    step: 'carry-volume',
    noun,
    doing,
    look: async () => (there.carriedOut.has(noun) ? await to.find(into, { signal: ctx.signal }) : undefined),
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await from.refresh({ timeoutMs });
      const bytes = (await from.find(volume, { timeoutMs }))?.fileBytes ?? 0;
      await clear(there, to, into, timeoutMs);
      await to.create({ name: into, format: 'raw', capacityBytes: 0 }, timeoutMs);
      const onBytes = telling(change, doing, bytes);
      await from.sendTo(to, volume, into, { bytes, timeoutMs, signal: ctx.signal, onBytes });
      await to.refresh({ timeoutMs });
      const seen = await to.find(into, { timeoutMs });
      if (seen?.fileBytes === bytes) return seen;
      throw there.error(
        'OPERATION_FAILED',
        `the copy of volume ${into} has ${seen?.fileBytes ?? 'no'} of ${bytes} bytes; somebody else works on it`,
      );
    },
  });
}

function copyNoun(volume: string): string {
  return `copy of volume ${volume}`;
}
