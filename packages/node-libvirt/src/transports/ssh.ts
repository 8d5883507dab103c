import type { Duplex } from 'node:stream';
import { addressText, within } from './connecting.js';
import { helperCommand, netcatCommand } from './ssh-command.js';
import type { SshSession } from './ssh-session.js';
import { serverOf, type SshServerOptions } from './ssh-server.js';
import { SharedSession } from './ssh-shared.js';
import { TransportError } from '../errors/transport-error.js';

const DEFAULT_TIMEOUT_MS = 15_000;

/** How a stream gets to the daemon once the ssh connection is there. */
export type SshWay =
  /** The ssh server connects it to the daemon's unix socket; it may forbid that. */
  | { readonly kind: 'socket'; readonly path: string }
  /** libvirt's `virt-ssh-helper` over there, which knows the socket for the driver. */
  | { readonly kind: 'helper'; readonly driverUri: string; readonly isReadOnly: boolean }
  /** A netcat over there that knows unix sockets. */
  | { readonly kind: 'netcat'; readonly path: string; readonly program?: string };

export interface SshOptions extends SshServerOptions {
  /** Tried in this order. */
  readonly ways: readonly SshWay[];
  /** For the connection and the stream together; 15 s when left out. */
  readonly timeoutMs?: number;
}

/**
 * Streams to a libvirt daemon through its host's ssh server. They share one ssh connection, which is there as long as one of
 * them is.
 *
 * @returns opens a stream. It rejects with a {@link TransportError}, or the signal's reason
 */
export function sshTransport(options: SshOptions): (signal?: AbortSignal) => Promise<Duplex> {
  const { ways, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const server = serverOf(options);
  const shared = new SharedSession(server);
  const late = (): TransportError =>
    new TransportError('timeout', `no way to libvirt through ${addressText(server)} within ${timeoutMs} ms`);
  return (signal) => within(timeoutMs, signal, (both) => openStream(shared, ways, both), late);
}

async function openStream(shared: SharedSession, ways: readonly SshWay[], signal: AbortSignal): Promise<Duplex> {
  const { session, release, forget } = await shared.take(signal);
  try {
    const stream = await openFirst(session, ways, signal);
    stream.once('close', release);
    return stream;
  } catch (error) {
    // What did not answer in time is not offered to the next one.
    if (signal.reason instanceof TransportError) forget();
    release();
    throw error;
  }
}

async function openFirst(session: SshSession, ways: readonly SshWay[], signal: AbortSignal): Promise<Duplex> {
  const complaints: string[] = [];
  for (const way of ways) {
    try {
      return await openWay(session, way, signal);
    } catch (error) {
      if (!(error instanceof TransportError) || error.kind !== 'unavailable') throw error;
      complaints.push(error.message);
    }
  }
  throw new TransportError('unavailable', complaints.join('; '));
}

function openWay(session: SshSession, way: SshWay, signal: AbortSignal): Promise<Duplex> {
  switch (way.kind) {
    case 'socket':
      return session.openSocket(way.path, signal);
    case 'helper':
      return session.openCommand(helperCommand(way), signal);
    case 'netcat':
      return session.openCommand(netcatCommand(way.program ?? 'nc', way.path), signal);
  }
}
