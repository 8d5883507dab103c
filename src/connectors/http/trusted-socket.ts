import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { errorCodeOf } from '../../common/errors/index.js';
import { Connections, untilConnected } from './connecting.js';
import { HttpFailure } from './http-failure.js';
import { normaliseFingerprint, type TlsTrust } from './tls-trust.js';

/** A server to connect to over TLS. */
export interface TrustedServer {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust;
  readonly connectTimeoutMs: number;
  /** Protocol to agree on with the server; none when it is left out. */
  readonly alpn?: string;
}

/**
 * A connection to a server that is trusted: the handshake is over and the certificate checked, so that not one byte goes to
 * another.
 *
 * @param connections that it belongs to while it comes about
 * @throws HttpFailure
 */
export async function connectTrusted(
  { host, port, trust, connectTimeoutMs, alpn }: TrustedServer,
  connections = new Connections(),
): Promise<TLSSocket> {
  const options = await trustOptions(trust);
  const make = (): TLSSocket =>
    connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      minVersion: 'TLSv1.2',
      ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
      // Said always: left out, an environment variable could switch it off.
      rejectUnauthorized: true,
      ...options,
    });
  return connections.open(make, async (socket) => {
    await untilConnected(socket, 'secureConnect', connectTimeoutMs, () =>
      // Node sets authorizationError before it gives up for the certificate's sake.
      (socket.authorizationError as unknown) ? 'untrusted' : 'unreachable',
    );
    checkPin(socket, trust);
  });
}

async function trustOptions(trust: TlsTrust): Promise<ConnectionOptions> {
  switch (trust.kind) {
    case 'system':
      return {};
    case 'ca':
      return { ca: trust.pem };
    case 'ca-file':
      try {
        return { ca: await readFile(trust.path) };
      } catch (error) {
        const code = errorCodeOf(error);
        throw new HttpFailure(
          'untrusted',
          `the CA file ${trust.path} cannot be read (${code ?? 'unknown'})`,
          code,
          'no',
        );
      }
    case 'pinned':
    case 'unverified':
      return { rejectUnauthorized: false };
  }
}

function checkPin(socket: TLSSocket, trust: TlsTrust): void {
  if (trust.kind !== 'pinned') return;
  const seen = normaliseFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
  if (seen !== undefined && seen === normaliseFingerprint(trust.fingerprintSha256)) return;
  throw new HttpFailure(
    'untrusted',
    `the certificate has the SHA-256 fingerprint ${seen ?? '(none)'}, which is not the pinned one`,
    'PIN_MISMATCH',
    'no',
  );
}
