import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSeedFile, seedIso, type SeedMedium } from '../../../../images/index.js';
import type { VirshChange } from '../domain-change.js';
import { ensureUploaded, findUploaded } from './ensure-volume.js';
import type { StoragePool } from './storage-pool.js';

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
  content: SeedMedium,
): Promise<string> {
  const what = `config drive of ${change.target.name}`;
  const path = `${pool.path}/${volume}`;
  if ((await findUploaded(change, pool, { volume, what })) !== undefined) return path;
  await inFolder(async (folder) => {
    const file = await seedIso(folder, content, change.ctx.signal);
    const { size: bytes } = await stat(file);
    await ensureUploaded(change, pool, { volume, file, bytes, what });
  });
  return path;
}

/**
 * A file of a config drive; undefined when there is no such drive.
 *
 * @throws ComputeError OPERATION_FAILED when there is no such file
 */
export async function readConfigDrive(
  change: VirshChange,
  pool: StoragePool,
  volume: string,
  name: string,
): Promise<string | undefined> {
  const { signal } = change.ctx;
  const seen = await pool.find(volume, { signal });
  if (seen === undefined) return undefined;
  const file = (): Promise<string> =>
    inFolder(async (folder) => {
      const drive = join(folder, 'drive.iso');
      await pool.download(volume, { file: drive, bytes: seen.fileBytes, timeoutMs: change.requestTimeoutMs, signal });
      return await readSeedFile(drive, name, folder, signal);
    });
  // A stream ends with its connection, and is begun anew from its first byte.
  return await change.ask(file);
}

/** There are secrets in it, so that nothing of it stays. */
async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'zenova-config-drive-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
