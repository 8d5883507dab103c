import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputeError } from '../common/errors/index.js';
import type { ObtainedImage } from '../compute/contract/index.js';
import { SEED_LABEL } from '../first-boot/index.js';
import { insLine, parameterLine, PARAMETERS_AT } from './ins-file.js';
import { writeSeed, type BootableIso, type IsoAdditions } from './iso-content.js';
import { runProgram, runProgramInto } from './programs.js';

const MEBIBYTE = 1024 * 1024;
const LABEL = 'ZENOVA';
const INS_FILE = 'zenova.ins';

/** Where Linux for IBM Z has its kernel, and the address and size of its initrd (arch/s390/include/asm/setup.h). */
const KERNEL_AT = 0;
const INITRD_ADDRESS_AND_SIZE_AT = 0x10408;
/** Where installers have the initrd; a kernel that is larger pushes it up. */
const LEAST_INITRD_AT = 32 * MEBIBYTE;
/** The ISO image must stay below what addresses of 31 bits reach. */
const MOST_PART = 1024 * MEBIBYTE;

/**
 * Packs a tar archive with the files `kernel`, `initrd` and, where wanted, `parmfile` (one line of kernel parameters) into an ISO
 * image with an .ins file. A seed goes into its root, under the label by which cloud-init finds it.
 *
 * @throws ComputeError REQUEST_INVALID when a file is missing or too large, OPERATION_FAILED
 */
export async function packKernel(
  { file: archive, workshop }: ObtainedImage,
  signal: AbortSignal,
  { seed, parameters = '' }: IsoAdditions = {},
): Promise<BootableIso> {
  const content = join(workshop, 'content');
  await mkdir(content, { mode: 0o700 });
  const listed = await runProgram('tar', ['-tf', archive], 'reading the tar archive', signal);
  const members = listed.split('\n');
  const memberOf = (name: string): string | undefined => [name, `./${name}`].find((path) => members.includes(path));
  const unpack = async (name: string): Promise<number> => {
    const member = memberOf(name);
    if (member === undefined) throw invalid(`has no file ${name}`);
    const args = ['-xOf', archive, '--', member];
    return await runProgramInto(join(content, name), MOST_PART, 'tar', args, `unpacking ${name}`, signal);
  };
  const kernelBytes = await unpack('kernel');
  const initrdBytes = await unpack('initrd');
  const parmfile = join(content, 'parmfile');
  const hasParmfile = memberOf('parmfile') !== undefined;
  if (hasParmfile) await unpack('parmfile');
  const hasParameters = hasParmfile || parameters !== '';
  if (hasParameters) {
    await writeFile(parmfile, parameterLine(hasParmfile ? await readFile(parmfile) : Buffer.alloc(0), parameters));
  }
  const initrdAt = Math.max(LEAST_INITRD_AT, Math.ceil(kernelBytes / MEBIBYTE) * MEBIBYTE);
  await writeFile(join(content, 'initrd.siz'), addressAndSize(initrdAt, initrdBytes));
  const loads: [string, number][] = [
    ['kernel', KERNEL_AT],
    ['initrd', initrdAt],
    ...(hasParameters ? [['parmfile', PARAMETERS_AT] satisfies [string, number]] : []),
    ['initrd.siz', INITRD_ADDRESS_AND_SIZE_AT],
  ];
  const lines = loads.map(([name, address]) => insLine(name, address));
  await writeFile(join(content, INS_FILE), `* packed by zenova\n${lines.join('')}`);
  if (seed !== undefined) await writeSeed(content, seed);
  const made = join(workshop, 'packed.iso');
  const label = seed === undefined ? LABEL : SEED_LABEL;
  await runProgram(
    'xorriso',
    ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-J', '-V', label, '-o', made, content],
    'packing the ISO image',
    signal,
  );
  return { file: made, insFile: `/${INS_FILE}` };
}

/** Two big-endian numbers of 64 bits. */
function addressAndSize(address: number, bytes: number): Buffer {
  const both = Buffer.alloc(16);
  both.writeBigUInt64BE(BigInt(address), 0);
  both.writeBigUInt64BE(BigInt(bytes), 8);
  return both;
}

function invalid(what: string): ComputeError {
  return new ComputeError('REQUEST_INVALID', `the tar archive of the image ${what}`);
}
