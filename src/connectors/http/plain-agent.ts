import { Agent, type ClientRequestArgs } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connections, untilConnected } from './connecting.js';

export interface PlainAgentOptions {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** Unused connections are closed after this time. */
  readonly idleTimeoutMs: number;
}

/**
 * Keeps connections to one server that speaks HTTP without TLS. A request gets its socket only once it is connected, so
 * that a connection that never came about is told from an answer that was lost. Failures are {@link HttpFailure}.
 */
export class PlainAgent extends Agent {
  readonly #target: PlainAgentOptions;
  readonly #connections = new Connections();

  constructor(target: PlainAgentOptions) {
    super({ keepAlive: true, timeout: target.idleTimeoutMs });
    this.#target = target;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#connections.supply(() => this.#connect(), callback);
  }

  override destroy(): void {
    super.destroy();
    this.#connections.destroy();
  }

  #connect(): Promise<Socket> {
    const { host, port, connectTimeoutMs } = this.#target;
    return this.#connections.open(
      () => connect({ host, port }),
      (socket) => untilConnected(socket, 'connect', connectTimeoutMs),
    );
  }
}
