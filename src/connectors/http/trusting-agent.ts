import { Agent, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { Connections } from './connecting.js';
import { connectTrusted, type TrustedServer } from './trusted-socket.js';

export interface TrustingAgentOptions extends TrustedServer {
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
    this.#connections.supply(() => connectTrusted({ ...this.#target, alpn: 'http/1.1' }, this.#connections), callback);
  }

  override destroy(): void {
    super.destroy();
    this.#connections.destroy();
  }
}
