import { userInfo } from 'node:os';
import type { NetworkAddress } from './connecting.js';
import type { SshTrust } from './ssh-host-key.js';
import type { SshIdentity } from './ssh-identity.js';
import { TransportError } from '../errors/transport-error.js';

const DEFAULT_PORT = 22;

/** An ssh server, and who we are there. */
export interface SshServerOptions {
  readonly host: string;
  /** 22 when left out. */
  readonly port?: number;
  /** Our own user's name when left out. */
  readonly user?: string;
  /** Known hosts when left out. */
  readonly trust?: SshTrust;
  readonly identity?: SshIdentity;
}

/** An ssh server, and who we are there, with nothing left out. */
export interface SshServer extends NetworkAddress {
  readonly user: string;
  readonly trust: SshTrust;
  readonly identity: SshIdentity;
}

/** @throws TransportError `settings` */
export function serverOf({ host, port = DEFAULT_PORT, user = ownName(), ...options }: SshServerOptions): SshServer {
  return {
    host,
    port,
    user,
    trust: options.trust ?? { kind: 'known-hosts' },
    identity: options.identity ?? {},
  };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // As in a container that runs under a number.
    throw new TransportError('settings', 'there is no user to log on as, and this process has no name of its own');
  }
}
