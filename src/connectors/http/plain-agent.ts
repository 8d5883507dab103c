import { Agent, type ClientRequestArgs } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { untilConnected } from './connecting.js';
import { HttpFailure } from './http-failure.js';

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
  readonly #connecting = new Set<Socket>();
  #isDestroyed = false;

  constructor(target: PlainAgentOptions) {
    super({ keepAlive: true, timeout: target.idleTimeoutMs });
    this.#target = target;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const deliver = callback as ((error: Error | null, stream?: Duplex) => void) | undefined;
    this.#connect().then(
      (socket) => deliver?.(null, socket),
      (error: unknown) => deliver?.(error as Error),
    );
  }

  override destroy(): void {
    this.#isDestroyed = true;
    super.destroy();
    for (const socket of this.#connecting) socket.destroy();
  }

  async #connect(): Promise<Socket> {
    const { host, port, connectTimeoutMs } = this.#target;
    if (this.#isDestroyed) throw new HttpFailure('closed', 'the client is closed', undefined, 'no');
    const socket = connect({ host, port });
    this.#connecting.add(socket);
    try {
      await untilConnected(socket, 'connect', connectTimeoutMs);
      return socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      this.#connecting.delete(socket);
    }
  }
}
