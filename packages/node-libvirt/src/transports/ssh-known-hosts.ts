import { createHmac, timingSafeEqual } from 'node:crypto';

/** What the known keys say of a host and the key that it has shown. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' }
  /** The host has a key of this type, and it is another one. */
  | { readonly verdict: 'changed'; readonly place: string }
  /** The key must not be used any more, whoever shows it. */
  | { readonly verdict: 'revoked'; readonly place: string }
  /** No key of this type is known for the host; `knownTypes` are those that are. */
  | { readonly verdict: 'unknown'; readonly knownTypes: readonly string[] };

interface Entry {
  readonly names: (host: string) => boolean;
  readonly isRevoked: boolean;
  readonly type: string;
  readonly key: Buffer;
  /** File and line, for messages. */
  readonly place: string;
}

const DEFAULT_PORT = 22;

/**
 * Keys of ssh servers as OpenSSH's files hold them (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain, hashed and `[host]:port`
 * names, patterns, `@revoked`. Keys of certificate authorities (`@cert-authority`) are passed over: no certificate is accepted.
 */
export class KnownHosts {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /**
   * A line that cannot be read is no entry, so that it trusts nobody.
   *
   * @param files name and text of each
   * @throws Error when a revocation cannot be read: to pass it over would trust a key that is not to be trusted
   */
  static parse(files: Iterable<readonly [name: string, text: string]>): KnownHosts {
    const entries: Entry[] = [];
    for (const [name, text] of files) {
      for (const [index, line] of text.split('\n').entries()) {
        const entry = readLine(line.trim(), `${name}:${index + 1}`);
        if (entry !== undefined) entries.push(entry);
      }
    }
    return new KnownHosts(entries);
  }

  /** Types of the keys that are known for a host, without those that are revoked. */
  typesOf(host: string, port: number): string[] {
    return [...new Set(this.#entriesOf(host, port).map((entry) => entry.type))];
  }

  /** @param key as it comes over the wire (RFC 4253, 6.6) */
  judge(host: string, port: number, key: Buffer): HostKeyVerdict {
    const revoked = this.#entries.find(
      (entry) => entry.isRevoked && isSame(entry.key, key) && namesOf(host, port).some(entry.names),
    );
    if (revoked !== undefined) return { verdict: 'revoked', place: revoked.place };
    const known = this.#entriesOf(host, port);
    if (known.some((entry) => isSame(entry.key, key))) return { verdict: 'known' };
    const type = keyType(key);
    // As in OpenSSH, an entry without a port vouches for a key on any port, but contradicts none there.
    const [name = ''] = namesOf(host, port);
    const other = known.find((entry) => entry.type === type && entry.names(name));
    if (other !== undefined) return { verdict: 'changed', place: other.place };
    return { verdict: 'unknown', knownTypes: this.typesOf(host, port) };
  }

  #entriesOf(host: string, port: number): Entry[] {
    const names = namesOf(host, port);
    return this.#entries.filter((entry) => !entry.isRevoked && names.some(entry.names));
  }
}

/** The type that a key on the wire gives itself; empty when it is no key. */
export function keyType(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.length < 4 + length ? '' : key.toString('latin1', 4, 4 + length);
}

/** What an entry may call a server: with its port, when that is not the usual one, then without. */
function namesOf(host: string, port: number): string[] {
  const name = host.toLowerCase();
  return port === DEFAULT_PORT ? [name] : [`[${name}]:${port}`, name];
}

function readLine(line: string, place: string): Entry | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const words = line.split(/[ \t]+/);
  const marker = line.startsWith('@') ? words.shift() : undefined;
  const [hosts = '', type = '', encoded = ''] = words;
  const isRevoked = marker === '@revoked';
  if (marker !== undefined && !isRevoked) return undefined;
  const key = Buffer.from(encoded, 'base64');
  if (type === '' || keyType(key) !== type) {
    if (isRevoked) throw new Error(`the revoked key in ${place} cannot be read`);
    return undefined;
  }
  return { names: hosts.startsWith('|') ? hashedName(hosts) : patterns(hosts), isRevoked, type, key, place };
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, so that the file does not tell where its owner goes. */
function hashedName(text: string): Entry['names'] {
  const [, version, salt = '', hash = ''] = text.split('|');
  const wanted = Buffer.from(hash, 'base64');
  return (name) =>
    version === '1' && isSame(createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest(), wanted);
}

/** Names with `*` and `?`, comma between; one with `!` that fits excludes the host, whatever the others say. */
function patterns(text: string): Entry['names'] {
  const all = text
    .toLowerCase()
    .split(',')
    .filter((pattern) => pattern !== '')
    .map((pattern) => ({
      isNegated: pattern.startsWith('!'),
      fits: wildcard(pattern.replace(/^!/, '')),
    }));
  return (name) => {
    const fitting = all.filter(({ fits }) => fits.test(name));
    return fitting.length > 0 && fitting.every(({ isNegated }) => !isNegated);
  };
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
