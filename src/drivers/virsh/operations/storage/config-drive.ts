import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Network, SeedContent } from '../../../../compute/contract/index.js';
import { seedMedium, type GuestNic } from '../../../../first-boot/index.js';
import { seedIso } from '../../../../images/index.js';
import type { Nic } from '../../mapping/nic.js';
import type { VirshChange } from '../domain-change.js';
import { ensureUploaded, findUploaded } from './ensure-volume.js';
import type { StoragePool } from './storage-pool.js';

/**
 * The interfaces of a domain as its guest sees them. Where a VLAN is wanted, the host tags, so that guests never do.
 *
 * @param networks of the description, in the order of the interfaces
 */
export function guestNics(nics: readonly Pick<Nic, 'mac'>[], networks: readonly Network[]): GuestNic[] {
  return nics.map(({ mac }, at) => ({ mac, addresses: networks[at]?.addresses }));
}

/**
 * Makes the small disk on which cloud-init finds what the guest is told, once in an operation: one that another operation has made is
 * replaced. What is on it is secret: the volume is readable by none but the host's own, and no file of it stays here.
 *
 * @param volume its name
 * @returns where on the host it is
 */
export async function ensureConfigDrive(
  change: VirshChange,
  pool: StoragePool,
  volume: string,
  content: SeedContent,
): Promise<string> {
  const what = `config drive of ${change.target.name}`;
  const path = `${pool.path}/${volume}`;
  if ((await findUploaded(change, pool, { volume, what })) !== undefined) return path;
  const folder = await mkdtemp(join(tmpdir(), 'zenova-config-drive-'));
  try {
    const file = await seedIso(folder, seedMedium(content), change.ctx.signal);
    const { size: bytes } = await stat(file);
    await ensureUploaded(change, pool, { volume, file, bytes, what });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}
