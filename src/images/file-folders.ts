import { realpath } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { ComputeError } from '../common/errors/index.js';

/** Where links lead to counts. */
export async function realFolders(folders: readonly string[]): Promise<string[]> {
  return await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
}

/** @throws ComputeError FORBIDDEN for a file that is below none of these folders */
export function requireBelow(path: string, folders: readonly string[]): void {
  if (folders.some((folder) => isBelow(path, folder))) return;
  throw new ComputeError(
    'FORBIDDEN',
    folders.length === 0
      ? 'images are neither taken from files of this machine nor put there; images.directories in the configuration allows it'
      : `the file of the image is in none of the directories that images.directories in the configuration allows`,
    { details: { reason: 'images.directories' } },
  );
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
