import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * Field names whose values are secret wherever they appear (power-drivers.md 0.1, hmc-dpm.md sections 3 and 7, the
 * description of an instance, and what is typed at its console). Matching ignores case and treats `-` as `_`.
 */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'passphrase',
  'power_pass',
  'os_password',
  'power_token',
  'power_token_secret',
  'token',
  'token_secret',
  'k_g',
  'key',
  'private_key',
  'secret',
  'admin_password',
  'user_data',
  'content',
  'command',
  'ssc_master_pw',
  'boot_ftp_password',
  'api_session',
  'x_api_session',
  'session_credential',
  'authorization',
  'cookie',
]);

/** Is a field of this name secret, whoever sent it? */
export function isSecretField(name: string): boolean {
  return SECRET_FIELDS.has(name.toLowerCase().replaceAll('-', '_'));
}

/** Fields that often hold a secret beside other things: addresses of images with a signature, options of one backend. */
const SEALED_FIELDS: ReadonlySet<string> = new Set(['source', 'url', 'driver_options']);

/** Is a field of this name kept encrypted? Secrets are, and addresses of webhooks and images, which often hold one. */
export function isSealedField(name: string): boolean {
  return isSecretField(name) || SEALED_FIELDS.has(name) || /^power_\w+_uri$/i.test(name);
}

/** Is it an address with a password in it? */
export function holdsPassword(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== '';
}

/** An address without what may be secret in one: user and password, and all of its query. */
export function bareAddress(text: string): string {
  if (!URL.canParse(text)) return REDACTED;
  const { protocol, host, pathname, search } = new URL(text);
  return `${protocol}//${host}${pathname}${search === '' ? '' : `?${REDACTED}`}`;
}

/** A value that prints, inspects and serialises as `[redacted]`; only {@link Secret.reveal} gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/**
 * A JSON-safe copy with every secret field replaced, at any depth, and with userinfo of URLs removed. Depth and size
 * are bounded: what is deeper than 32 levels is dropped, since this runs on hostile input.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (depth > 32) return '[too deep]';
  if (value instanceof Secret) return REDACTED;
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        isSecretField(name) && item !== null ? REDACTED : redact(item, depth + 1),
      ]),
    );
  }
  return value;
}

/**
 * Removes `user:password@` from every URL in a text. The scheme's length is bounded, because without that the search takes
 * time by the square of a long word's length, and hostile words come a megabyte long.
 */
export function redactText(text: string): string {
  // Hardly any text holds a URL, and to look for this is much quicker.
  if (!text.includes('://')) return text;
  return text.replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/@]+@/gi, `$1${REDACTED}@`);
}
