import { ComputeError } from '../../../common/errors/index.js';
import type { Volume } from '../../../compute/contract/index.js';
import { requireHostPath } from './names.js';
import { DRIVER_NAME } from './refusal.js';

/**
 * Refuses a path of the host that is in none of the folders that requests may name files and devices of.
 *
 * @throws ComputeError FORBIDDEN, REQUEST_INVALID
 */
export function requireBelow(field: string, path: string, folders: readonly string[]): void {
  requireHostPath(field, path);
  if (folders.some((folder) => path.startsWith(folder.endsWith('/') ? folder : `${folder}/`))) return;
  throw new ComputeError(
    'FORBIDDEN',
    `${field}: ${path} is in none of the folders of the host that requests may name something of (host_folders: ${folders.join(', ')})`,
    { driver: DRIVER_NAME, details: { path: field } },
  );
}

/** The same of a volume; of one that is no file or device of the host there is nothing to say. */
export function requireVolumeBelow(field: string, { connection }: Volume, folders: readonly string[]): void {
  if (connection.type !== 'file' && connection.type !== 'block') return;
  requireBelow(`${field}.connection.path`, connection.path, folders);
}
