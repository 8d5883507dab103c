import { ComputeError } from '../common/errors/index.js';

/**
 * The file that says what is loaded where before IBM Z starts: a name and an address in a line, the name as seen from where the
 * file itself is.
 */

/** Where Linux for IBM Z has its parameters (arch/s390/include/asm/setup.h). */
export const PARAMETERS_AT = 0x10480;
/** Older kernels take no more, with the zero at its end. */
const MOST_PARAMETERS = 895;

const LINE = /^([^*\s]\S*)\s+(0x[0-9a-f]+)\s*$/i;

/** The file with the parameters of the kernel; undefined when none is loaded. */
export function parmfileOf(ins: string): string | undefined {
  return LINE.exec(ins.split('\n').find(loadsParameters) ?? '')?.[1];
}

/** The same with another file of parameters. */
export function withParmfile(ins: string, parmfile: string): string {
  const others = ins.split('\n').filter((line) => !loadsParameters(line));
  return `${others.join('\n').trimEnd()}\n${insLine(parmfile, PARAMETERS_AT)}`;
}

function loadsParameters(line: string): boolean {
  return Number(LINE.exec(line)?.[2]) === PARAMETERS_AT;
}

export function insLine(file: string, address: number): string {
  return `${file} 0x${address.toString(16).padStart(8, '0')}\n`;
}

/**
 * Parameters as the kernel takes them: one line, and on until a zero.
 *
 * @param given what is in a parmfile
 * @param more what comes behind it
 * @throws ComputeError REQUEST_INVALID
 */
export function parameterLine(given: Buffer, more = ''): Buffer {
  if (given.some((byte) => byte > 0x7f)) throw invalid('is not in ASCII, so that nothing can be added to it');
  const text = given.toString('latin1').replaceAll('\0', ' ');
  const line = `${text} ${more}`.replace(/\s+/g, ' ').trim();
  if (line.length > MOST_PARAMETERS) throw invalid(`has ${line.length} characters; Linux takes ${MOST_PARAMETERS}`);
  return Buffer.concat([Buffer.from(line, 'latin1'), Buffer.alloc(1)]);
}

function invalid(what: string): ComputeError {
  return new ComputeError('REQUEST_INVALID', `the parmfile of the image, with what is added to it, ${what}`);
}
