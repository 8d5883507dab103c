import { z } from 'zod';
import { Secret, isSecretField } from '../../../common/secret.js';

/** One of the three addresses of a machine. */
export interface WebhookAddress {
  /** Without user, password and fragment. */
  readonly url: URL;
  /** What the address held before the host name. */
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
}

const LOOKS_SECRET = /token|secret|pass|pwd|key|auth|sig|cred/i;
/** What is longer is no name of a machine. */
const LONGEST_SHOWN = 40;

/** An address as MAAS takes it, `http://` or `https://`. */
export const WebhookAddressSchema = z
  .string()
  .min(1)
  .max(2048)
  .transform((text, context): WebhookAddress => {
    // What a schema complains about is shown, and an address may hold a secret: it is never repeated.
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !isWeb(url) || url.hostname === '') {
      context.addIssue({ code: 'custom', message: 'is no web address; write http://host/path or https://host/path' });
      return z.NEVER;
    }
    const login = loginOf(url);
    if (login === 'unreadable') {
      context.addIssue({ code: 'custom', message: 'has a user or password with a percent sign that escapes nothing' });
      return z.NEVER;
    }
    return { url: bare(url), login };
  });

export function isWeb({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** A copy without what must not be sent as part of it. */
export function bare(url: URL): URL {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  return copy;
}

/** The address as it may be shown: no user, no password, no value of the query that may be a secret. */
export function shown(url: URL): string {
  const query = [...url.searchParams].map(
    ([name, value]) => `${name}=${isSecretValue(name, value) ? '[redacted]' : value}`,
  );
  return `${url.origin}${url.pathname}${query.length === 0 ? '' : `?${query.join('&')}`}`.slice(0, 300);
}

/** The values of the query that are not to be shown. */
export function secretValues(url: URL): string[] {
  return [...url.searchParams].flatMap(([name, value]) => (isSecretValue(name, value) ? [value] : []));
}

/** The same address with the slash at the end of its path put there, or taken away; undefined for the root. */
export function withOtherSlash(url: URL): URL | undefined {
  if (url.pathname === '/') return undefined;
  const other = new URL(url);
  other.pathname = url.pathname.endsWith('/') ? url.pathname.replace(/\/$/, '') : `${url.pathname}/`;
  return other;
}

function isSecretValue(name: string, value: string): boolean {
  return isSecretField(name) || LOOKS_SECRET.test(name) || value.length > LONGEST_SHOWN;
}

function loginOf({ username, password }: URL): WebhookAddress['login'] | 'unreadable' {
  if (username === '' && password === '') return undefined;
  try {
    return { user: decodeURIComponent(username), password: new Secret(decodeURIComponent(password)) };
  } catch {
    return 'unreadable';
  }
}
