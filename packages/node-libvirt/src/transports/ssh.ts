import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { addressText, untilAborted, within } from './connecting.js';
import { helperCommand, netcatCommand } from './ssh-command.js';
import type { SshTrust } from './ssh-host-key.js';
import type { SshIdentity } from './ssh-identity.js';
import { SshSession, type SshServer } from './ssh-session.js';
import { TransportError } from '../errors/transport-error.js';

const DEFAULT_PORT = 22;
const DEFAULT_TIMEOUT_MS = 15_000;

/** How a stream gets to the daemon once the ssh connection is there. */
export type SshWay =
  /** The ssh server connects it to the daemon's unix socket; it may forbid that. */
  | { readonly kind: 'socket'; readonly path: string }
  /** libvirt's `virt-ssh-helper` over there, which knows the socket for the driver. */
  | { readonly kind: 'helper'; readonly driverUri: string; readonly isReadOnly: boolean }
  /** A netcat over there that knows unix sockets. */
  | { readonly kind: 'netcat'; readonly path: string; readonly program?: string };

export interface SshOptions {
  readonly host: string;
  /** 22 when left out. */
  readonly port?: number;
  /** Our own user's name when left out. */
  readonly user?: string;
  /** Known hosts when left out. */
  readonly trust?: SshTrust;
  readonly identity?: SshIdentity;
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
  const { host, port = DEFAULT_PORT, user = ownName(), timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const server: SshServer = {
    host,
    port,
    user,
    trust: options.trust ?? { kind: 'known-hosts' },
    identity: options.identity ?? {},
  };
  const shared = new SharedSession(server);
  const late = (): TransportError =>
    new TransportError('timeout', `no way to libvirt through ${addressText(server)} within ${timeoutMs} ms`);
  return (signal) => within(timeoutMs, signal, (both) => shared.openStream(options.ways, both), late);
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // As in a container that runs under a number.
    throw new TransportError('settings', 'there is no user to log on as, and this process has no name of its own');
  }
}

/** An ssh connection, or one that is on its way, and how many hold it. */
interface Held {
  readonly session: Promise<SshSession>;
  readonly isUsable: () => boolean;
  readonly giveUp: AbortController;
  holders: number;
}

class SharedSession {
  readonly #server: SshServer;
  #current: Held | undefined;

  constructor(server: SshServer) {
    this.#server = server;
  }

  /** @throws TransportError; the signal's reason */
  async openStream(ways: readonly SshWay[], signal: AbortSignal): Promise<Duplex> {
    const held = this.#hold();
    try {
      const session = await untilAborted<SshSession>(signal, (resolve, reject) => {
        held.session.then(resolve, reject);
      });
      const stream = await openFirst(session, ways, signal);
      stream.once('close', () => this.#release(held));
      return stream;
    } catch (error) {
      // What did not answer in time is not offered to the next one.
      if (signal.reason instanceof TransportError) this.#forget(held);
      this.#release(held);
      throw error;
    }
  }

  #hold(): Held {
    if (this.#current?.isUsable() !== true) this.#current = connecting(this.#server);
    this.#current.holders += 1;
    return this.#current;
  }

  #release(held: Held): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#forget(held);
    held.giveUp.abort(new TransportError('lost', 'nobody waits for the ssh connection any more'));
    held.session.then(
      (session) => session.close(),
      () => undefined, // it never came about, as whoever waited for it knows
    );
  }

  #forget(held: Held): void {
    if (this.#current === held) this.#current = undefined;
  }
}

function connecting(server: SshServer): Held {
  const giveUp = new AbortController();
  let isUsable = (): boolean => true;
  const session = (async (): Promise<SshSession> => {
    try {
      const made = await SshSession.open(server, giveUp.signal);
      isUsable = () => made.isOpen;
      return made;
    } catch (error) {
      isUsable = () => false;
      throw error;
    }
  })();
  return { session, isUsable: () => isUsable(), giveUp, holders: 0 };
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
