import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  SshCommands,
  sshServerFor,
  transportFor,
  type SshTrust,
  type TransportForOptions,
  type WayToDaemon,
} from 'node-libvirt';
import type { Secret } from '../../../common/secret.js';
import type { BreakerKey } from '../../../compute/contract/index.js';
import type { LibvirtAddress } from './libvirt-address.js';

/** How one libvirt daemon is reached as one user. What is left out here is as the URI says, or as libvirt's own tools do it. */
export interface LibvirtAccess extends LibvirtAddress {
  /** By libvirt's own protocol, or by the program `virsh` on the host, over ssh. */
  readonly by: 'rpc' | 'program';
  readonly tls: Omit<NonNullable<TransportForOptions['tls']>, 'passphrase'>;
  readonly ssh: SshAccess;
  readonly requestTimeoutMs: number;
}

export interface SshAccess {
  readonly trust?: SshTrust;
  readonly keyFile?: string;
  readonly password?: Secret;
}

const LONGEST_CONNECTING_MS = 15_000;

/** Equal for accesses that may share connections. */
export function accessKey(access: LibvirtAccess): string {
  const { uri, by, tls, ssh, requestTimeoutMs } = access;
  return createHash('sha256')
    .update(JSON.stringify([uri, by, tls, { ...ssh, password: passwordHash(access) }, requestTimeoutMs]))
    .digest('hex');
}

/** What a refused logon is remembered by: files are read, so that a new key in the same file is another credential. */
export async function breakerKey(access: LibvirtAccess): Promise<BreakerKey> {
  const { endpoint, user } = access;
  const hash = createHash('sha256').update(JSON.stringify([endpoint, user, passwordHash(access)]));
  for (const file of credentialFiles(access)) {
    const text = await readFile(file).catch(() => '');
    hash.update(JSON.stringify([file, createHash('sha256').update(text).digest('hex')]));
  }
  return { endpoint, user, credential: hash.digest('hex').slice(0, 16) };
}

/** Everything that connections to the daemon have in common. Make it once: connections over ssh then share one ssh connection. */
export function wayTo(access: LibvirtAccess): WayToDaemon {
  return transportFor(access.uri, {
    tls: access.tls,
    ssh: sshOptions(access),
    connectTimeoutMs: Math.min(access.requestTimeoutMs, LONGEST_CONNECTING_MS),
  });
}

/** Commands on the host of the daemon. */
export function commandsAt(access: LibvirtAccess): SshCommands {
  return new SshCommands(sshServerFor(access.uri, { ssh: sshOptions(access) }));
}

/** Can whoever is in between read and change everything? */
export function isVerified({ isVerified: byUri, way, tls, ssh }: LibvirtAccess): boolean {
  if (way === 'ssh' && ssh.trust !== undefined) return ssh.trust.kind !== 'unverified';
  return tls.verify ?? byUri;
}

/** A password is tried alone, unless a key is named too: servers count the keys that they do not know. */
function sshOptions({ ssh, parameters }: LibvirtAccess): NonNullable<TransportForOptions['ssh']> {
  const { trust, keyFile, password } = ssh;
  const isAlone = password !== undefined && keyFile === undefined && !parameters.has('keyfile');
  return {
    ...(trust !== undefined && { trust }),
    identity: {
      ...(keyFile !== undefined && { keyFiles: [keyFile] }),
      ...(isAlone && { keyFiles: [], agent: false as const }),
      ...(password !== undefined && { password: password.reveal() }),
    },
  };
}

function passwordHash({ endpoint, user, ssh: { password } }: LibvirtAccess): string | null {
  if (password === undefined) return null;
  return createHmac('sha256', `zenova libvirt ${endpoint} ${user}`).update(password.reveal()).digest('hex');
}

function credentialFiles({ tls: { pki }, ssh, parameters }: LibvirtAccess): string[] {
  const given = pki?.kind === 'given' ? [pki.cert, pki.key] : [];
  const directory = pki?.kind === 'directory' ? pki.path : parameters.get('pkipath');
  return [
    ssh.keyFile ?? parameters.get('keyfile') ?? [],
    directory === undefined ? [] : [join(directory, 'clientcert.pem'), join(directory, 'clientkey.pem')],
    given.flatMap((part) => (typeof part === 'object' ? part.file : [])),
  ].flat();
}
