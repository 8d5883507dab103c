import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../environment/run.mjs';

const MEBIBYTE = 1024 * 1024;
/** Where Linux for IBM Z starts, and has the address and size of its initrd, and its parameters (arch/s390/include/asm/setup.h). */
const ENTRY = 0x10000;
const INITRD_ADDRESS_AND_SIZE_AT = 0x10408;
const PARAMETERS_AT = 0x10480;
const MOST_PARAMETERS = 896;
/** Where QEMU has it as well when it loads a kernel by itself; a kernel that is larger pushes it up. */
const LEAST_INITRD_AT = 8 * MEBIBYTE;
/** Of the first eight bytes, by which the machine starts what was loaded: the second half, with the address in mode 31 bits. */
const START_ADDRESS_AT = 4;
const IN_31_BITS = 0x80000000;

/**
 * Makes an ISO image for s390x. The firmware of guests loads the one file that its boot record names to address zero, so that file
 * is kernel, parameters and initrd as they lie in memory.
 *
 * @param {string} iso the file
 * @param {import('./make.mjs').Content} content
 * @param {string} workshop an empty directory
 */
export async function makeS390xIso(iso, { kernel, initrd, kernelParameters }, workshop) {
  const tree = join(workshop, 'content');
  mkdirSync(tree);
  const memory = memoryOf(readFileSync(kernel), readFileSync(initrd), kernelParameters.join(' '));
  writeFileSync(join(tree, 'boot.img'), memory);
  const boot = ['-b', 'boot.img', '-no-emul-boot', '-boot-load-size', '4']; // the firmware finds its real size
  await run('xorriso', ['-no_rc', '-as', 'mkisofs', '-quiet', '-r', '-V', 'ZENOVA', ...boot, '-o', iso, tree]);
}

/**
 * @param {Buffer} kernel
 * @param {Buffer} initrd
 * @param {string} parameters
 * @returns {Buffer}
 */
function memoryOf(kernel, initrd, parameters) {
  if (parameters.length >= MOST_PARAMETERS) throw new Error(`more than ${MOST_PARAMETERS} bytes of kernel parameters`);
  const initrdAt = Math.max(LEAST_INITRD_AT, Math.ceil(kernel.length / MEBIBYTE) * MEBIBYTE);
  const memory = Buffer.alloc(initrdAt + initrd.length);
  kernel.copy(memory);
  initrd.copy(memory, initrdAt);
  memory.writeUInt32BE(IN_31_BITS + ENTRY, START_ADDRESS_AT);
  memory.writeBigUInt64BE(BigInt(initrdAt), INITRD_ADDRESS_AND_SIZE_AT);
  memory.writeBigUInt64BE(BigInt(initrd.length), INITRD_ADDRESS_AND_SIZE_AT + 8);
  memory.fill(0, PARAMETERS_AT, PARAMETERS_AT + MOST_PARAMETERS);
  memory.write(parameters, PARAMETERS_AT, 'latin1');
  return memory;
}
