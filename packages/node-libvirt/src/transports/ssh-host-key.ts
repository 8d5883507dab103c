import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { addressText, type NetworkAddress } from './connecting.js';
import { keyType, KnownHosts } from './ssh-known-hosts.js';
import { TransportError } from '../errors/transport-error.js';

/** Why an ssh server is trusted. */
export type SshTrust =
  /** Its key is in one of these files; left out, in `~/.ssh/known_hosts` or `/etc/ssh/ssh_known_hosts`. */
  | { readonly kind: 'known-hosts'; readonly files?: readonly string[] }
  /** Its key has one of these fingerprints, `SHA256:` and base64 as `ssh-keygen -l` prints them. */
  | { readonly kind: 'pinned'; readonly fingerprints: readonly string[] }
  /** Not at all: whoever answers may read and change everything. */
  | { readonly kind: 'unverified' };

/** Judges the key of an ssh server. */
export interface HostKeyCheck {
  /** Signature algorithms to ask for, those of known keys first: a server shows only one of its keys. */
  readonly algorithms: readonly string[];
  /** @returns why the key is not trusted; undefined when it is */
  judge(key: Buffer): TransportError | undefined;
}

/** By the type of key; best first. SHA-1 signatures (`ssh-rsa`) are not accepted, as in OpenSSH since 8.8. */
const ALGORITHMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
]);

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** @throws TransportError `settings` when known keys cannot be read, or a fingerprint is none */
export async function hostKeyCheck(server: NetworkAddress, trust: SshTrust): Promise<HostKeyCheck> {
  switch (trust.kind) {
    case 'known-hosts':
      return knownHostsCheck(server, await readKnownHosts(trust.files));
    case 'pinned':
      return pinnedCheck(server, trust.fingerprints.map(normalPin));
    case 'unverified':
      return { algorithms: algorithmsFor([]), judge: () => undefined };
  }
}

function knownHostsCheck(server: NetworkAddress, known: KnownHosts): HostKeyCheck {
  const { host, port } = server;
  return {
    algorithms: algorithmsFor(known.typesOf(host, port)),
    judge: (key) => {
      const found = known.judge(host, port, key);
      const shown = shownKey(server, key);
      switch (found.verdict) {
        case 'known':
          return undefined;
        case 'changed':
          return hostKeyError(
            'HOST_KEY_CHANGED',
            `${shown}, which is not the known one (${found.place}): someone else may answer there, or the host was set up anew`,
          );
        case 'revoked':
          return hostKeyError('HOST_KEY_REVOKED', `${shown}, which is revoked (${found.place})`);
        case 'unknown': {
          const others = found.knownTypes.length === 0 ? '' : `; known for it: ${found.knownTypes.join(', ')}`;
          const advice = 'check the fingerprint on the host itself, then add the key to known_hosts';
          return hostKeyError('HOST_KEY_UNKNOWN', `${shown}, which is not known${others} (${advice})`);
        }
      }
    },
  };
}

function pinnedCheck(server: NetworkAddress, pins: readonly string[]): HostKeyCheck {
  return {
    algorithms: algorithmsFor([]),
    judge: (key) =>
      pins.includes(fingerprintOf(key))
        ? undefined
        : hostKeyError('HOST_KEY_CHANGED', `${shownKey(server, key)}, which is not a pinned one (${pins.join(', ')})`),
  };
}

function shownKey(server: NetworkAddress, key: Buffer): string {
  // Only the types that are asked for get here, so that the text is one of ours.
  return `the ssh server ${addressText(server)} has the ${keyType(key)} key ${fingerprintOf(key)}`;
}

function hostKeyError(code: string, message: string): TransportError {
  return new TransportError('host-key', message, { code });
}

function algorithmsFor(knownTypes: readonly string[]): string[] {
  const types = [...new Set([...knownTypes, ...ALGORITHMS.keys()])];
  return types.flatMap((type) => ALGORITHMS.get(type) ?? []);
}

function normalPin(text: string): string {
  const pin = text.trim().replace(/=+$/, '');
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(pin)) return pin;
  throw new TransportError('settings', 'the fingerprint of a host key is written as ssh-keygen -l prints it, SHA256:…');
}

async function readKnownHosts(named: readonly string[] | undefined): Promise<KnownHosts> {
  const files = named ?? [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'];
  const texts: [string, string][] = [];
  for (const file of files) {
    try {
      texts.push([file, await readFile(file, 'utf8')]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (named === undefined && code === 'ENOENT') continue;
      throw new TransportError('settings', `the known hosts in ${file} cannot be read (${code ?? 'unknown'})`, {
        code,
      });
    }
  }
  try {
    return KnownHosts.parse(texts);
  } catch (error) {
    throw new TransportError('settings', (error as Error).message);
  }
}
