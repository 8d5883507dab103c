import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ComputeError, errorCodeOf, messageOf } from '../../common/errors/index.js';
import type { Secret } from '../../common/secret.js';

export interface PgToolOptions {
  readonly url: Secret;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the program. */
  readonly signal: AbortSignal;
}

/** PostgreSQL's own programs, as its client package has them. */
type PgTool = 'pg_dump' | 'pg_restore';

/**
 * Writes what is in a database, as of one moment, to a file that `pg_restore` reads.
 *
 * @throws ComputeError CONFIG_INVALID with the command to run elsewhere when there is no pg_dump, JOURNAL_UNAVAILABLE
 */
export async function dump(to: string, options: PgToolOptions): Promise<void> {
  await run('pg_dump', ['--format=custom', `--file=${to}`], options);
}

/**
 * Reads a dump into an empty database, all of it or nothing.
 *
 * @throws ComputeError CONFIG_INVALID with the command to run elsewhere when there is no pg_restore, JOURNAL_UNAVAILABLE
 */
export async function undump(from: string, options: PgToolOptions): Promise<void> {
  await run('pg_restore', ['--single-transaction', '--no-owner', '--no-privileges'], options, [from]);
}

async function run(
  tool: PgTool,
  given: readonly string[],
  { url, environment, signal }: PgToolOptions,
  files: readonly string[] = [],
): Promise<void> {
  const { address, password } = withoutPassword(url);
  const rest = [...given, `--dbname=${address}`, ...files];
  try {
    // Everybody can read the arguments of a process, its environment only its owner can.
    const env = { ...environment, ...(password === '' ? {} : { PGPASSWORD: password }) };
    await promisify(execFile)(tool, ['--no-password', ...rest], { env, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    if (errorCodeOf(error) === 'ENOENT') {
      throw new ComputeError(
        'CONFIG_INVALID',
        `${tool} is not installed here (package postgresql-client); where it is, run: ${[tool, ...rest].map(quoted).join(' ')}`,
      );
    }
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : messageOf(error);
    const text = password === '' ? said : said.replaceAll(password, '[redacted]');
    throw new ComputeError('JOURNAL_UNAVAILABLE', `${tool} failed: ${text}`);
  }
}

function withoutPassword(url: Secret): { address: string; password: string } {
  const address = new URL(url.reveal());
  const { searchParams } = address;
  if (searchParams.has('sslpassword')) {
    throw new ComputeError(
      'CONFIG_INVALID',
      'journal.url holds an sslpassword, which everybody could read in the arguments of a program; keep that key without one',
    );
  }
  const password = searchParams.get('password') ?? decodeURIComponent(address.password);
  address.password = '';
  searchParams.delete('password');
  return { address: address.href, password };
}

function quoted(argument: string): string {
  return /^[\w./:=@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
