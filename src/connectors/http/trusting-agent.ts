import { readFile } from 'node:fs/promises';
import { Agent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { errorCodeOf } from '../../common/errors/index.js';
import { Connections, untilConnected } from './connecting.js';
import { HttpFailure } from './http-failure.js';
import { normaliseFingerprint, type TlsTrust } from './tls-trust.js';

export interface TrustingAgentOptions {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust;
  readonly connectTimeoutMs: number;
  /** Unused connections are closed after this time: shorter than most servers', which close them without a word. */
  readonly idleTimeoutMs: number;
}

/**
 * Keeps connections to one server. A request gets its socket only after the handshake and the check of the
 * certificate, so not one byte of it goes to a server that is not trusted. Failures are {@link HttpFailure}.
 */
export class TrustingAgent extends Agent {
  readonly #target: TrustingAgentOptions;
  readonly #connections = new Connections();

  constructor(target: TrustingAgentOptions) {
    super({
      keepAlive: true,
      timeout: target.idleTimeoutMs,
      maxCachedSessions: 0,
    });
    this.#target = target;
  }

  override createConnection(
    _options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#connections.supply(() => this.#connect(), callback);
  }

  override destroy(): void {
    super.destroy();
    this.#connections.destroy();
  }

  async #connect(): Promise<TLSSocket> {
    const { host, port, connectTimeoutMs, trust } = this.#target;
    const options = await trustOptions(trust);
    const make = (): TLSSocket =>
      connect({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        // Said always: left out, an environment variable could switch it off.
        rejectUnauthorized: true,
        ...options,
      });
    return this.#connections.open(make, async (socket) => {
      await untilConnected(socket, 'secureConnect', connectTimeoutMs, () =>
        // Node sets authorizationError before it gives up for the certificate's sake.
        (socket.authorizationError as unknown) ? 'untrusted' : 'unreachable',
      );
      checkPin(socket, trust);
    });
  }
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
