import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs a program and collects what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<string>} standard output
 * @throws {Error} with both outputs when it cannot be run or ends with another status than 0
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${err}${out}`);
  return out;
}

/**
 * Runs a program with our own terminal.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<number>} exit status; 1 when it was ended by a signal
 */
export async function show(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: 'inherit' });
  const [status] = await once(child, 'close');
  return status ?? 1;
}
