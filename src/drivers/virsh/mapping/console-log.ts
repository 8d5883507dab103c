import type { ConsoleLog } from '../../../compute/contract/index.js';

/** As much of a log as is told, in bytes: answers have to fit into messages of the broker. */
export const LONGEST_LOG = 512 * 1024;

/**
 * The last lines of what a console has written.
 *
 * @param bytes its end
 * @param isCut is there more before it?
 */
export function consoleLogOf(bytes: Buffer, isCut: boolean, tailLines: number | undefined): ConsoleLog {
  const all = bytes.toString().replace(/\r+\n/g, '\n');
  // What began before is no line, nor is a letter of which the beginning is missing a letter.
  const whole = isCut ? all.slice(all.indexOf('\n') + 1) : all;
  const lines = whole.split(/(?<=\n)/);
  const tail = tailLines === undefined ? lines : lines.slice(-tailLines);
  return { log: tail.join(''), isCut: isCut || tail.length < lines.length };
}
