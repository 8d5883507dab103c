import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** @typedef {{ env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number }} RunOptions */

/**
 * Runs a program and collects what it prints.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} standard output
 * @throws {Error} with both outputs when it cannot be run or ends with another status than 0
 */
export async function run(command, args, { timeoutMs, ...options } = {}) {
  const child = spawn(command, args, { ...options, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}:\n${out}${err}`);
  return out;
}

/** @typedef {{ status: number, wasInterrupted: boolean }} Shown exit status (1 when a signal ended the program) */

/**
 * Runs a program on our terminal and passes on the signals that ask us to end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<Shown>}
 */
export function show(command, args, options = {}) {
  return watch(spawn(command, args, { ...options, stdio: 'inherit' }));
}

/**
 * Runs a Node program of ours on our terminal. Ctrl-C reaches it once, through us and not from the terminal as well,
 * and it is asked to end when we are gone for whatever reason.
 *
 * @param {readonly string[]} args its file and arguments
 * @param {{ env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Shown>}
 */
export function showTethered(args, options = {}) {
  const tether = new URL('./tether.mjs', import.meta.url).href;
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['inherit', 'inherit', 'inherit', 'ipc']);
  return watch(spawn(process.execPath, ['--import', tether, ...args], { ...options, detached: true, stdio }));
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<Shown>}
 */
async function watch(child) {
  const seen = { signal: false };
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    seen.signal = true;
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal); // a closed terminal is no reason to end without order
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, passOn);
  try {
    const [status] = await once(child, 'close');
    return { status: status ?? 1, wasInterrupted: seen.signal };
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
