import { ComputeError, errorCodeOf, messageOf } from '../../common/errors/index.js';
import type { Secret } from '../../common/secret.js';

/** Nobody is reached: a server that is down, or does not have its address or its network yet. */
const AWAY: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/**
 * SQLSTATEs, or their classes, of what passes: lost connections, rolled back transactions, too many clients or too little
 * space, locks, a server that starts, ends or recovers, one that is a standby still.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING = ['08', '25006', '40', '53', '55P03', '57'];

/** What `pg` says without a code of a server that hangs up, or says nothing for too long. */
const SILENT = /terminated|time-?out/i;

/** Is this a failure that may be gone when it is asked again, with nobody having corrected anything here? */
export function isPassing(error: unknown): boolean {
  if (error instanceof ComputeError) return error.retry === 'safe' && isPassing(error.cause);
  const code = errorCodeOf(error);
  if (code === undefined) return SILENT.test(messageOf(error));
  return isAway(error, code) || PASSING.some((state) => code.startsWith(state));
}

function isAway(error: unknown, code: string): boolean {
  // The socket of a server on this machine, which is there while it runs; not a file that the address names.
  const isNoSocket =
    code === 'ENOENT' &&
    typeof error === 'object' &&
    error !== null &&
    'syscall' in error &&
    error.syscall === 'connect';
  return isNoSocket || AWAY.has(code);
}

/** Says why a database cannot be opened, and what to do about it; `retry` is `safe` when waiting may help. */
export function openingFailure(error: unknown, url: Secret): ComputeError {
  const code = errorCodeOf(error);
  const place = `PostgreSQL ${addressOf(url)}`;
  const said = `${code === undefined ? '' : ` (${code})`}: ${messageOf(error)}`;
  if (isPassing(error)) {
    const text =
      code === undefined || isAway(error, code)
        ? `${place} cannot be reached (${code ?? messageOf(error)}): start it, or correct journal.url`
        : `${place} takes no connections now${said}`;
    return new ComputeError('JOURNAL_UNAVAILABLE', text, { cause: error });
  }
  if (code === '3D000') {
    const text = `${place} is no database of that server${said}; create it, or correct journal.url`;
    return new ComputeError('CONFIG_INVALID', text, { cause: error });
  }
  if (code?.startsWith('28') === true || messageOf(error).startsWith('SASL')) {
    const text = `${place} does not let us in${said}; correct user and password in journal.url, or what that server allows`;
    return new ComputeError('CONFIG_INVALID', text, { cause: error });
  }
  return new ComputeError('JOURNAL_UNAVAILABLE', `${place} cannot be opened${said}`, { retry: 'never', cause: error });
}

/** Host, port and database of an address, without user and password. */
export function addressOf(url: Secret): string {
  const { host, pathname, searchParams } = new URL(url.reveal());
  return `${searchParams.get('host') ?? host}${pathname}`;
}
