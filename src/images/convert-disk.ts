import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFormat } from './disk-image.js';
import { runProgram } from './programs.js';

/** How much larger than its image a disk may become: what is packed well is not packed better than this. */
const MOST_GROWTH = 100;
const LEAST_ROOM = 64 * 1024 * 1024;
/** Most of what a raw disk counts as may be holes. */
const MOST_RAW = 64 * 1024 ** 4;
/** Of the program that reads what we do not trust. */
const MOST_MEMORY = 4 * 1024 ** 3;

/**
 * Writes a disk in another format, with `qemu-img`, beside what it is made of. Holes stay holes.
 *
 * What is read may come from anywhere: it has been looked into before, its format is said and not guessed, and the program can
 * neither fill the disk nor the memory.
 *
 * @param workshop where it goes
 * @returns its file, and its size
 * @throws ComputeError OPERATION_FAILED; the signal's reason
 */
export async function convertDisk(
  { file, format }: { readonly file: string; readonly format: DiskFormat },
  to: Exclude<DiskFormat, 'iso'>,
  workshop: string,
  signal: AbortSignal,
): Promise<{ readonly file: string; readonly bytes: number }> {
  const { size } = await stat(file);
  const made = join(workshop, `converted.${to}`);
  await runProgram(
    'qemu-img',
    ['convert', '-f', format === 'iso' ? 'raw' : format, '-O', to, file, made],
    `converting the image from ${format} to ${to}`,
    signal,
    { memoryBytes: MOST_MEMORY, fileBytes: to === 'raw' ? MOST_RAW : size * MOST_GROWTH + LEAST_ROOM },
  );
  return { file: made, bytes: (await stat(made)).size };
}
