import { ConnectionLostError } from './connection-errors.js';

/** Why there is no connection, or no longer one. */
export type TransportErrorKind =
  /** What was asked for cannot be done: a parameter, a key file or a certificate that cannot be used. */
  | 'settings'
  /** Nobody answers there. */
  | 'unreachable'
  /** The server did not get as far as it should have in time. */
  | 'timeout'
  /** The server's certificate does not come from a trusted authority, or is out of date. */
  | 'untrusted'
  /** The server's certificate is for another host name. */
  | 'wrong-name'
  /** The ssh server's key is unknown, another than the known one, or revoked; `code` says which. */
  | 'host-key'
  /** The server does not let us in. */
  | 'refused'
  /** The ssh server let us in, and libvirt cannot be reached through it. */
  | 'unavailable'
  /** The server speaks something else. */
  | 'protocol'
  /** The connection was there, and broke. */
  | 'lost';

export interface TransportErrorOptions {
  /** Finer than the kind: of the system (`ECONNREFUSED`), of TLS (`CERT_HAS_EXPIRED`), or ours (`HOST_KEY_CHANGED`). */
  readonly code?: string | undefined;
}

/** The way to a daemon does not work. The message names the server and what can be done, and never holds key material. */
export class TransportError extends ConnectionLostError {
  override readonly name = 'TransportError';
  readonly code: string | undefined;

  constructor(
    readonly kind: TransportErrorKind,
    message: string,
    { code }: TransportErrorOptions = {},
  ) {
    super(message, kind === 'lost');
    this.code = code;
  }
}
