import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** An ISO image that IBM Z starts from. */
export interface BootableIso {
  readonly file: string;
  /** Path inside it of the file that says what is loaded where. */
  readonly insFile: string;
}

/** Files of a NoCloud seed, by name. */
export type SeedMedium = ReadonlyMap<string, Buffer>;

/** What is put into an image beside what it has. */
export interface IsoAdditions {
  readonly seed?: SeedMedium | undefined;
  /** Behind the parameters that its kernel has already. */
  readonly parameters?: string | undefined;
}

/** Puts the files of a seed into a directory, which is made when it is not there. */
export async function writeSeed(folder: string, seed: SeedMedium): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, content] of seed) await writeFile(join(folder, name), content, { mode: 0o600, flag: 'wx' });
}
