import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const LONGEST_MS = 120_000;

/** Runs a program to its end: what it wrote, its exit status, and how long that took from before its start. */
export async function runCommand(program, args, { input = '', env = process.env } = {}) {
  const startedAt = performance.now();
  const child = spawn(program, args, { env, timeout: LONGEST_MS, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => undefined); // it may end without having read everything
  child.stdin.end(input);
  const ended = once(child, 'close');
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = await ended;
  if (status === null) throw new Error(`${program} ${args.join(' ')} did not end within ${LONGEST_MS} ms`);
  return { status, output, errors, ms: performance.now() - startedAt };
}
