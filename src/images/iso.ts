import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ComputeError } from '../common/errors/index.js';
import type { ImageSource, ObtainedImage } from '../compute/contract/index.js';
import { parameterLine, parmfileOf, withParmfile } from './ins-file.js';
import { writeSeed, type BootableIso, type IsoAdditions } from './iso-content.js';
import { packKernel } from './kernel-iso.js';
import { runProgram } from './programs.js';

/** Name of an image's property: path of its .ins file, when it has several. */
export const INS_FILE_PROPERTY = 'ins_file';
/** Where the files of a seed are put into an ISO image of others, whose label we leave alone. */
const SEED_FOLDER = '/cidata';
/** Where Ubuntu's installer, the one with cloud-init, has its medium. */
const SEED_PARAMETER = 'ds=nocloud;s=/cdrom/cidata/';
/** What we put beside the .ins file of others. */
const OWN_INS = 'zenova.ins';
const OWN_PARMFILE = 'zenova.prm';

/**
 * Makes what IBM Z starts from of an image that was obtained: an ISO image as it is, or a tar archive with `kernel`, `initrd` and,
 * where wanted, `parmfile`, packed into one.
 *
 * A seed goes to where cloud-init finds it by itself in what we pack: the root, under its label. Into an ISO image of others
 * it goes as `/cidata`, a place of our own choice: cloud-init looks there only where the kernel parameters name it, for the label
 * stays, by which installers find themselves. So they name it, as it is seen where installers have their medium, unless they are
 * given another seed.
 *
 * IBM Z takes the parameters of the kernel from the file that the .ins file loads, and DPM adds none to them when a partition starts
 * from an ISO image. So whatever is added stands in a file of ours, which an .ins file of ours loads in place of theirs.
 *
 * @throws ComputeError REQUEST_INVALID, OPERATION_FAILED
 */
export async function bootableIso(
  image: ObtainedImage,
  { format, properties = {} }: Pick<ImageSource, 'format' | 'properties'>,
  signal: AbortSignal,
  additions: IsoAdditions = {},
): Promise<BootableIso> {
  const found = await formatOf(image.file);
  const wanted = format === 'tar' ? 'kernel' : format;
  if (found === undefined || (wanted !== undefined && wanted !== found)) {
    throw new ComputeError(
      'REQUEST_INVALID',
      `the image is ${found === undefined ? 'neither an ISO image nor a tar archive with kernel and initrd' : `of the format ${found}`}${wanted === undefined ? '' : `, not of the format ${wanted}`}`,
    );
  }
  if (found === 'kernel') return await packKernel(image, signal, additions);
  const insFile = await insFileOf(image.file, properties[INS_FILE_PROPERTY], signal);
  return await withAdditions({ file: image.file, insFile }, image.workshop, additions, signal);
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

async function withAdditions(
  { file, insFile }: BootableIso,
  workshop: string,
  { seed, parameters = '' }: IsoAdditions,
  signal: AbortSignal,
): Promise<BootableIso> {
  const isNamed = seed === undefined || /(?:^| )ds=/.test(parameters);
  const added = isNamed ? parameters : `${parameters} ${SEED_PARAMETER}`;
  if (seed === undefined && added === '') return { file, insFile };
  const folder = join(workshop, 'seed');
  if (seed !== undefined) await writeSeed(folder, seed);
  const own = await ownParameters({ file, insFile }, workshop, added, signal);
  const made = join(workshop, 'changed.iso');
  const maps = [...(seed === undefined ? [] : [[folder, SEED_FOLDER] as const]), ...own.maps];
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
      ...maps.flatMap(([from, to]) => ['-map', from, to]),
      '-commit',
    ],
    'adding to the ISO image',
    signal,
  );
  return { file: made, insFile: own.insFile };
}

/** An .ins file beside the one that there is, which loads the same, with these parameters behind those of the image. */
async function ownParameters(
  { file, insFile }: BootableIso,
  workshop: string,
  parameters: string,
  signal: AbortSignal,
): Promise<{ readonly insFile: string; readonly maps: readonly (readonly [from: string, to: string])[] }> {
  const read = async (path: string): Promise<Buffer> => {
    const to = join(workshop, 'extracted');
    const args = ['-no_rc', '-osirrox', 'on', '-indev', file, '-extract_single', path, to];
    await runProgram('xorriso', args, `reading ${path} of the ISO image`, signal);
    const content = await readFile(to);
    await rm(to, { force: true });
    return content;
  };
  const folder = posix.dirname(insFile);
  const ins = (await read(insFile)).toString('latin1');
  const theirs = parmfileOf(ins);
  const given = theirs === undefined ? Buffer.alloc(0) : await read(posix.resolve(folder, theirs));
  const [ownIns, ownParmfile] = [join(workshop, OWN_INS), join(workshop, OWN_PARMFILE)];
  await writeFile(ownIns, withParmfile(ins, OWN_PARMFILE), 'latin1');
  await writeFile(ownParmfile, parameterLine(given, parameters));
  const place = (name: string): string => posix.join(folder, name);
  return {
    insFile: place(OWN_INS),
    maps: [
      [ownIns, place(OWN_INS)],
      [ownParmfile, place(OWN_PARMFILE)],
    ],
  };
}
