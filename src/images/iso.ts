import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputeError } from '../common/errors/index.js';
import type { ImageSource, ObtainedImage } from '../compute/contract/index.js';
import { writeSeed, type BootableIso, type SeedMedium } from './iso-content.js';
import { packKernel } from './kernel-iso.js';
import { runProgram } from './programs.js';

/** Name of an image's property: path of its .ins file, when it has several. */
export const INS_FILE_PROPERTY = 'ins_file';
/** Where the files of a seed are put into an ISO image of others, whose label we leave alone. */
const SEED_FOLDER = '/cidata';

/**
 * Makes what IBM Z starts from of an image that was obtained: an ISO image as it is, or a tar archive with `kernel`, `initrd` and,
 * where wanted, `parmfile`, packed into one.
 *
 * A seed goes to where cloud-init finds it by itself in what we pack: the root, under its label. Into an ISO image of others
 * it goes as `/cidata`, a place of our own choice: cloud-init looks there only where the kernel parameters name it
 * (`ds=nocloud;s=/cdrom/cidata/`), for the label stays, by which installers find themselves.
 *
 * @throws ComputeError REQUEST_INVALID, OPERATION_FAILED
 */
export async function bootableIso(
  image: ObtainedImage,
  { format, properties = {} }: Pick<ImageSource, 'format' | 'properties'>,
  signal: AbortSignal,
  seed?: SeedMedium,
): Promise<BootableIso> {
  const found = await formatOf(image.file);
  const wanted = format === 'tar' ? 'kernel' : format;
  if (found === undefined || (wanted !== undefined && wanted !== found)) {
    throw new ComputeError(
      'REQUEST_INVALID',
      `the image is ${found === undefined ? 'neither an ISO image nor a tar archive with kernel and initrd' : `of the format ${found}`}${wanted === undefined ? '' : `, not of the format ${wanted}`}`,
    );
  }
  if (found === 'kernel') return await packKernel(image, signal, seed);
  const insFile = await insFileOf(image.file, properties[INS_FILE_PROPERTY], signal);
  if (seed === undefined) return { file: image.file, insFile };
  return { file: await withSeed(image, seed, signal), insFile };
}

/** By what is in it, whatever it is called. */
async function formatOf(file: string): Promise<'iso' | 'kernel' | undefined> {
  const handle = await open(file);
  try {
    const at = async (position: number, text: string): Promise<boolean> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(text.length), 0, text.length, position);
      return buffer.toString('latin1', 0, bytesRead) === text;
    };
    if (await at(32_769, 'CD001')) return 'iso';
    return (await at(257, 'ustar')) ? 'kernel' : undefined;
  } finally {
    await handle.close();
  }
}

async function insFileOf(file: string, named: string | undefined, signal: AbortSignal): Promise<string> {
  const listed = await runProgram(
    'xorriso',
    ['-no_rc', '-indev', file, '-find', '/', '-type', 'f', '-name', '*.ins'],
    'reading the ISO image',
    signal,
  );
  // One path in a line, in quotes.
  const paths = listed.split('\n').flatMap((line) => /^'(\/.*)'$/.exec(line)?.[1] ?? []);
  const [only, another] = paths;
  if (named !== undefined) {
    const path = named.startsWith('/') ? named : `/${named}`;
    if (paths.includes(path)) return path;
    throw insInvalid(`has no file ${path}`, paths);
  }
  if (only !== undefined && another === undefined) return only;
  throw insInvalid(
    only === undefined ? 'has no .ins file, so IBM Z cannot start from it' : 'has several .ins files',
    paths,
  );
}

function insInvalid(what: string, paths: readonly string[]): ComputeError {
  const which = paths.length === 0 ? '' : `; image.properties.${INS_FILE_PROPERTY} can be ${paths.join(', ')}`;
  return new ComputeError('REQUEST_INVALID', `the ISO image ${what}${which}`, { details: { ins_files: [...paths] } });
}

async function withSeed({ file, workshop }: ObtainedImage, seed: SeedMedium, signal: AbortSignal): Promise<string> {
  const folder = join(workshop, 'seed');
  await writeSeed(folder, seed);
  const made = join(workshop, 'seeded.iso');
  await runProgram(
    'xorriso',
    [
      '-no_rc',
      '-abort_on',
      'FAILURE',
      '-indev',
      file,
      '-outdev',
      made,
      '-boot_image',
      'any',
      'replay',
      '-map',
      folder,
      SEED_FOLDER,
      '-commit',
    ],
    'adding the seed to the ISO image',
    signal,
  );
  return made;
}
