import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { ComputeError, errorCodeOf } from '../common/errors/index.js';

const run = promisify(execFile);
const MOST_OUTPUT = 4 * 1024 * 1024;
/** What a program says is to be read by us, it is where Debian puts it, and takes no secret of ours along. */
const PLAIN_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

/** Debian packages that are not called like their programs. */
const PACKAGES: Readonly<Record<string, string>> = { 'qemu-img': 'qemu-utils' };

/** The Debian package that has a program. */
export function packageOf(program: string): string {
  return PACKAGES[program] ?? program;
}

/** What a program may take that reads what nobody trusts; util-linux sees to it, which every Debian has. */
export interface ProgramLimits {
  readonly memoryBytes: number;
  /** Of a file that it writes. */
  readonly fileBytes: number;
}

/**
 * Runs a program to its end.
 *
 * @param what it does, for people: "reading the ISO image"
 * @param limits within which it runs, when given
 * @returns what it wrote to its standard output
 * @throws ComputeError OPERATION_FAILED; the signal's reason
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  what: string,
  signal: AbortSignal,
  limits?: ProgramLimits,
): Promise<string> {
  const within = limits === undefined ? [] : ['prlimit', `--as=${limits.memoryBytes}`, `--fsize=${limits.fileBytes}`];
  const [started = program, ...given] = [...within, program, ...args];
  try {
    const { stdout } = await run(started, given, { signal, maxBuffer: MOST_OUTPUT, env: PLAIN_ENVIRONMENT });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const { stderr } = error as { readonly stderr?: unknown };
    throw failure(program, what, error, typeof stderr === 'string' ? stderr : '');
  }
}

/** The same, with its standard output into a file of so many bytes at most. @returns its size */
export async function runProgramInto(
  file: string,
  mostBytes: number,
  program: string,
  args: readonly string[],
  what: string,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(program, args, { signal, stdio: ['ignore', 'pipe', 'ignore'], env: PLAIN_ENVIRONMENT });
  let bytes = 0;
  const counting = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      if (bytes > mostBytes) done(new Error(`more than ${mostBytes} bytes`));
      else done(null, piece);
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`it ended with ${code ?? 'a signal'}`))));
  });
  try {
    await Promise.all([ended, pipeline(child.stdout, counting, createWriteStream(file, { mode: 0o600 }))]);
    return bytes;
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
    signal.throwIfAborted();
    throw failure(program, what, error, '');
  }
}

function failure(program: string, what: string, error: unknown, stderr: string): ComputeError {
  // The second is what says so that was to run it within limits.
  const isMissing = errorCodeOf(error) === 'ENOENT' || stderr.includes(`failed to execute ${program}`);
  const lastLine = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  const why = isMissing
    ? `the program ${program} is not installed on this machine; install its Debian package (apt install ${packageOf(program)})`
    : `${program} failed${lastLine === '' ? '' : `: ${lastLine}`}`;
  return new ComputeError('OPERATION_FAILED', `${what} did not work: ${why}`, {
    outcome: 'not-applied',
    retry: isMissing ? 'safe' : 'never',
    cause: error,
  });
}
