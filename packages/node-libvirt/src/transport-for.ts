import { join } from 'node:path';
import { TransportError } from './errors/transport-error.js';
import type { Transport } from './transport.js';
import type { SshTrust } from './transports/ssh-host-key.js';
import type { SshIdentity } from './transports/ssh-identity.js';
import { sshOptionsOf } from './transports/ssh-uri.js';
import type { SshServerOptions } from './transports/ssh-server.js';
import { sshTransport } from './transports/ssh.js';
import type { TlsPki } from './transports/tls-pki.js';
import { tlsTransport } from './transports/tls.js';
import { daemonSockets, isSet, SYSTEM_DIRECTORY } from './transports/uri-parameters.js';
import { unixTransport } from './unix-transport.js';
import { type LibvirtUri, parseUri } from './uri.js';

type Environment = NonNullable<TransportForOptions['env']>;

/** What a program has to say about the way to a daemon. It goes before what the URI says. */
export interface TransportForOptions {
  /** The daemon's socket for reading only, where there is one. Give it to `Connection.open` as well. */
  readonly readOnly?: boolean;
  readonly ssh?: {
    readonly trust?: SshTrust;
    /** Beside what the URI says. */
    readonly identity?: SshIdentity;
  };
  readonly tls?: {
    readonly pki?: TlsPki;
    /** Of the client's key. */
    readonly passphrase?: string;
    /** The name that the server's certificate must be for, when that is not the host. */
    readonly serverName?: string;
    /** False: whoever answers may read and change everything. */
    readonly verify?: boolean;
  };
  /** How long it may take until something can be sent over the network; 15 s when left out. */
  readonly connectTimeoutMs?: number;
  /** Where the sockets of session daemons are looked for. That of this process when not given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What `Connection.open` wants to know of a URI. */
export interface WayToDaemon {
  readonly transport: Transport;
  /** What remains of the URI for the daemon. */
  readonly uri?: string;
}

/**
 * The way to the daemon of a libvirt URI, as libvirt's users write it. Nothing is opened yet.
 *
 * @throws UriError; TransportError `settings` when the URI asks for what is not to be had
 */
export function transportFor(text: string, options: TransportForOptions = {}): WayToDaemon {
  const uri = parseUri(text);
  return { transport: transportOf(uri, options), ...(uri.driverUri !== undefined && { uri: uri.driverUri }) };
}

/**
 * The ssh server that a URI with `+ssh` goes through, and who we are there: for commands beside the daemon.
 *
 * @throws UriError; TransportError `settings`
 */
export function sshServerFor(text: string, { ssh }: Pick<TransportForOptions, 'ssh'> = {}): SshServerOptions {
  const uri = parseUri(text);
  if (uri.transport !== 'ssh' && uri.transport !== 'libssh' && uri.transport !== 'libssh2')
    throw new TransportError('settings', 'the libvirt URI does not go through ssh');
  return sshOptionsOf({ ...uri, ...networkAddress(uri) }, { isReadOnly: false, ...ssh });
}

function transportOf(uri: LibvirtUri, options: TransportForOptions): Transport {
  const { readOnly: isReadOnly = false, connectTimeoutMs: timeoutMs, env = process.env } = options;
  switch (uri.transport) {
    case 'unix':
      return unixTransport(...socketsHere(uri, isReadOnly, env));
    case 'tls':
      return tlsTransport({ ...networkAddress(uri), ...tlsParameters(uri), ...options.tls, ...timed(timeoutMs) });
    case 'ssh':
    case 'libssh':
    case 'libssh2':
      return sshTransport(sshOptionsOf({ ...uri, ...networkAddress(uri) }, { isReadOnly, ...options.ssh, timeoutMs }));
    case 'tcp':
      throw new TransportError('settings', 'tcp is not encrypted, and not spoken here: use tls or ssh');
    case 'ext':
      throw new TransportError('settings', 'ext runs a program, which is not done here: use unix, tls or ssh');
  }
}

/** A session daemon is found as libvirt's clients find it, but it is not started. It has no socket for reading only. */
function socketsHere({ driver, path, parameters }: LibvirtUri, isReadOnly: boolean, env: Environment): string[] {
  const given = parameters.get('socket');
  if (given !== undefined) return [given];
  const mode = parameters.get('mode');
  if (path !== '/session') return daemonSockets({ directory: SYSTEM_DIRECTORY, driver, isReadOnly, mode });
  const directory = join(env['XDG_RUNTIME_DIR'] ?? join(env['HOME'] ?? '/', '.cache'), 'libvirt');
  return daemonSockets({ directory, driver, isReadOnly: false, mode });
}

function tlsParameters({ parameters }: LibvirtUri): { pki: TlsPki; verify: boolean; priority?: string } {
  const path = parameters.get('pkipath');
  const priority = parameters.get('tls_priority');
  return {
    pki: path === undefined ? { kind: 'usual' } : { kind: 'directory', path },
    verify: !isSet(parameters, 'no_verify'),
    ...(priority !== undefined && { priority }),
  };
}

function networkAddress({ host, port }: LibvirtUri): { host: string; port?: number } {
  if (host === undefined) throw new TransportError('settings', 'there is no host in the libvirt URI');
  return { host, ...(port !== undefined && { port }) };
}

function timed(timeoutMs: number | undefined): { timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}
