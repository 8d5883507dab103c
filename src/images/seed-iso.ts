import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SEED_LABEL } from '../first-boot/index.js';
import { writeSeed, type SeedMedium } from './iso-content.js';
import { runProgram } from './programs.js';

/**
 * Makes the medium on which cloud-init looks for its seed (NoCloud): an ISO image with the label that it goes by.
 *
 * @param folder where it goes; whoever owns it removes it, since there are secrets in it
 * @returns its file
 * @throws ComputeError OPERATION_FAILED; the signal's reason
 */
export async function seedIso(folder: string, seed: SeedMedium, signal: AbortSignal): Promise<string> {
  const content = join(folder, 'seed');
  await writeSeed(content, seed);
  const made = join(folder, 'seed.iso');
  await runProgram(
    'xorriso',
    ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-J', '-V', SEED_LABEL, '-o', made, content],
    'making the medium for cloud-init',
    signal,
  );
  return made;
}

/**
 * Reads a file of such a medium.
 *
 * @param folder where it is put for that
 * @param name of a file in its root directory
 * @throws ComputeError OPERATION_FAILED when there is none; the signal's reason
 */
export async function readSeedFile(medium: string, name: string, folder: string, signal: AbortSignal): Promise<string> {
  const file = join(folder, 'read');
  await runProgram(
    'xorriso',
    ['-no_rc', '-osirrox', 'on', '-indev', medium, '-extract', `/${name}`, file],
    `reading ${name} of the medium for cloud-init`,
    signal,
  );
  return await readFile(file, 'utf8');
}
