import { instanceVolumePrefix } from '../../mapping/names.js';
import type { VirshChange } from '../domain-change.js';
import { ensureRemoved } from './ensure-volume.js';
import type { StoragePool } from './storage-pool.js';

/**
 * Removes all that was made in the pool for an instance: disks, what only they were made of, config drive, and what attempts have left
 * that broke off.
 *
 * @returns whether there was anything
 */
export async function ensureNoInstanceVolumes(change: VirshChange, pool: StoragePool, uuid: string): Promise<boolean> {
  const names = await pool.volumeNames({ signal: change.ctx.signal });
  const own = names.filter((name) => name.startsWith(instanceVolumePrefix(uuid)));
  // A disk goes before what it is made of, whose name is longer.
  for (const volume of own.toSorted()) await ensureRemoved(change, pool, `volume ${volume}`, volume);
  return own.length > 0;
}
