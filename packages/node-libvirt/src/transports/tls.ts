import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { addressText, connectTcp, untilAborted, within, type NetworkAddress } from './connecting.js';
import { printable } from './printable.js';
import { readPki, type TlsMaterial, type TlsPki } from './tls-pki.js';
import { versionsOf } from './tls-priority.js';
import { TransportError } from '../errors/transport-error.js';

const DEFAULT_PORT = 16514;
const DEFAULT_TIMEOUT_MS = 15_000;
/** What libvirtd sends, after the handshake and before anything else, to a client that it lets in. */
const ACCEPTED = 1;

export interface TlsOptions {
  readonly host: string;
  /** 16514 when left out. */
  readonly port?: number;
  /** The usual places when left out. */
  readonly pki?: TlsPki;
  /** Of the client's key. */
  readonly passphrase?: string;
  /** The name that the server's certificate must be for, when that is not the host. */
  readonly serverName?: string;
  /** False: whoever answers may read and change everything. True when left out. */
  readonly verify?: boolean;
  /** As libvirt takes it for GnuTLS; only what it says of versions is known. */
  readonly priority?: string;
  /** For the connection as a whole; 15 s when left out. */
  readonly timeoutMs?: number;
}

/**
 * Connections to a libvirtd that listens for TLS (`listen_tls`).
 *
 * @returns opens one. It rejects with a {@link TransportError}, or the signal's reason
 */
export function tlsTransport(options: TlsOptions): (signal?: AbortSignal) => Promise<Duplex> {
  const { host, port = DEFAULT_PORT, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const server = { host, port };
  const late = (): TransportError =>
    new TransportError('timeout', `${addressText(server)} did not let us in by TLS within ${timeoutMs} ms`);
  return (signal) => within(timeoutMs, signal, (both) => open(server, options, both), late);
}

async function open(server: NetworkAddress, options: TlsOptions, signal: AbortSignal): Promise<Duplex> {
  const { verify = true, passphrase } = options;
  const material = await readPki(options.pki ?? { kind: 'usual' }, { passphrase, needsAuthority: verify });
  const secureContext = contextOf(material, options);
  const expected = options.serverName ?? server.host;
  const socket = connect({
    secureContext,
    socket: await connectTcp(server, signal),
    ...(isIP(expected) === 0 && { servername: expected }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(expected, certificate),
    // Said always: left out, an environment variable could switch it off.
    rejectUnauthorized: verify,
  });
  // It may still complain after it was given up.
  socket.on('error', () => undefined);
  try {
    await handshake(socket, server, signal);
    await acceptance(socket, server, material, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function contextOf(material: TlsMaterial, { passphrase, priority = 'NORMAL' }: TlsOptions): SecureContext {
  const versions = versionsOf(priority);
  try {
    return createSecureContext({ ...material, ...versions, ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = material.crl === undefined ? 'the certificates' : 'the certificates, or the list of revoked ones,';
    throw new TransportError('settings', `${what} cannot be used for TLS (${code ?? 'unknown'})`, { code });
  }
}

function handshake(socket: TLSSocket, server: NetworkAddress, signal: AbortSignal): Promise<void> {
  return untilAborted<void>(signal, (resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => reject(handshakeError(socket, server, error)));
    socket.once('close', () => {
      reject(new TransportError('unreachable', `${addressText(server)} closed the connection during the handshake`));
    });
  });
}

function handshakeError(socket: TLSSocket, server: NetworkAddress, error: NodeJS.ErrnoException): TransportError {
  const { code } = error;
  const where = addressText(server);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new TransportError(
      'wrong-name',
      `the certificate of ${where} is for another name: ${printable(error.message)}`,
      {
        code,
      },
    );
  // Node sets it before it gives up for the certificate's sake.
  if (socket.authorizationError as unknown)
    return new TransportError('untrusted', `the certificate of ${where} is not trusted: ${printable(error.message)}`, {
      code,
    });
  if (isAlert(code)) return new TransportError('refused', `${where} refuses our certificate (${code})`, { code });
  if (code?.startsWith('ERR_SSL_') === true)
    return new TransportError('protocol', `${where} and we do not understand each other as TLS (${code})`, { code });
  return new TransportError(
    'unreachable',
    `the connection to ${where} broke during the handshake (${code ?? 'unknown'})`,
    {
      code,
    },
  );
}

/** Waits for the byte by which the server accepts our certificate. */
async function acceptance(
  socket: TLSSocket,
  server: NetworkAddress,
  material: TlsMaterial,
  signal: AbortSignal,
): Promise<void> {
  let onReadable = (): void => undefined;
  const first = await untilAborted<number | undefined>(signal, (resolve) => {
    onReadable = () => {
      const bytes = socket.read(1) as Buffer | null;
      if (bytes !== null) resolve(bytes[0]);
    };
    socket.on('readable', onReadable);
    socket.once('close', () => resolve(undefined));
    socket.once('end', () => resolve(undefined));
  });
  socket.off('readable', onReadable);
  if (first === ACCEPTED) return;
  throw new TransportError('refused', `${addressText(server)} does not let us in: ${shown(material)}`);
}

/** The server does not say why; this is what an operator can look at. */
function shown({ cert }: TlsMaterial): string {
  if (cert === undefined) return 'it wants a client certificate, and there is none';
  const { subject, issuer, validTo } = new X509Certificate(cert);
  const line = (name: string): string => printable(name.replaceAll('\n', ', '));
  return (
    `it does not accept the client certificate (${line(subject)}, issued by ${line(issuer)}, valid until ${validTo}); ` +
    'its log says why'
  );
}

function isAlert(code: string | undefined): boolean {
  return code !== undefined && /^ERR_SSL_.*ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code);
}
