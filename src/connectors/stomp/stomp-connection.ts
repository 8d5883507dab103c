import type { TLSSocket } from 'node:tls';
import { Client, StompSocketState, type IFrame } from '@stomp/stompjs';
import { deferred } from '../../common/deferred.js';
import { errorCodeOf, messageOf } from '../../common/errors/index.js';
import type { Secret } from '../../common/secret.js';
import { connectTrusted, HttpFailure, type TlsTrust, type TrustedServer } from '../http/index.js';
import { StompSocket } from './stomp-socket.js';

const MEBIBYTE = 1024 * 1024;
/** How long a server may take to say CONNECTED, or that a subscription is there. */
const ANSWER_TIMEOUT_MS = 10_000;
/** A server that confirms no subscriptions has made them by then: it takes frames in their order. */
const RECEIPT_PATIENCE_MS = 2000;
const CLOSE_PATIENCE_MS = 1000;

export interface StompOptions {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust;
  readonly login: string;
  readonly passcode: Secret;
  /** How often each side says that it is there, milliseconds. */
  readonly heartBeatMs: number;
  readonly connectTimeoutMs?: number;
  readonly maxFrameBytes?: number;
}

/** What a server has sent. Nothing of it is checked. */
export interface StompMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why there is no connection: `unreachable` and `untrusted` as in {@link HttpFailure}; `refused`, the server said so. */
export class StompFailure extends Error {
  override readonly name = 'StompFailure';

  constructor(
    readonly kind: 'unreachable' | 'untrusted' | 'refused',
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/**
 * One connection to a STOMP server over TLS, for reading topics. It does not come back when it is lost: who uses it knows
 * what has to be done then.
 */
export class StompConnection {
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  /** The longest silence that is agreed on, milliseconds; 0 when the server promises nothing. */
  readonly silenceMs: number;
  readonly #client: Client;
  readonly #socket: StompSocket;

  private constructor(parts: { client: Client; socket: StompSocket; closed: Promise<string>; silenceMs: number }) {
    this.#client = parts.client;
    this.#socket = parts.socket;
    this.closed = parts.closed;
    this.silenceMs = parts.silenceMs;
  }

  /** @throws StompFailure; the signal's reason */
  static async open(options: StompOptions, signal: AbortSignal): Promise<StompConnection> {
    const { host, port, trust, login, passcode, heartBeatMs, connectTimeoutMs = 10_000 } = options;
    const socket = await connected({ host, port, trust, connectTimeoutMs });
    const wire = new StompSocket(socket, options.maxFrameBytes ?? MEBIBYTE);
    if (signal.aborted) {
      wire.terminate();
      throw signal.reason;
    }
    let reason = 'the connection was lost';
    const over = deferred<string>();
    const ready = deferred<IFrame>();
    const read = (): void => wire.frameRead();
    const client = new Client({
      webSocketFactory: () => wire,
      connectHeaders: { login, passcode: passcode.reveal(), host },
      reconnectDelay: 0,
      heartbeatIncoming: heartBeatMs,
      heartbeatOutgoing: heartBeatMs,
      onConnect: (frame) => {
        read();
        ready.resolve(frame);
      },
      onStompError: ({ headers }) => {
        reason = `the server says: ${(headers['message'] ?? 'no reason').slice(0, 200)}`;
        ready.reject(new StompFailure('refused', reason));
        wire.close();
      },
      onHeartbeatLost: () => {
        reason = 'the server was silent for too long';
      },
      onHeartbeatReceived: read,
      onUnhandledMessage: read,
      onUnhandledReceipt: read,
      onUnhandledFrame: read,
      onWebSocketClose: () => {
        ready.reject(new StompFailure('unreachable', 'the connection was closed before the server said CONNECTED'));
        over.resolve(reason);
      },
    });
    const giveUp = (why: unknown): void => {
      ready.reject(why);
      wire.terminate();
    };
    const onAbort = (): void => giveUp(signal.reason);
    signal.addEventListener('abort', onAbort);
    const timer = setTimeout(
      () => giveUp(new StompFailure('unreachable', `no CONNECTED within ${ANSWER_TIMEOUT_MS} ms`, 'ETIMEDOUT')),
      ANSWER_TIMEOUT_MS,
    );
    client.activate();
    try {
      const { headers } = await ready.promise;
      const silenceMs = silenceOf(headers['heart-beat'], heartBeatMs);
      return new StompConnection({ client, socket: wire, closed: over.promise, silenceMs });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  get isOpen(): boolean {
    return this.#client.connected && this.#socket.readyState === StompSocketState.OPEN;
  }

  /** Milliseconds since the server was last heard. */
  get silentMs(): number {
    return performance.now() - this.#socket.heardAt;
  }

  /** Resolves once the server has the subscription. @param onMessage must not throw */
  async subscribe(topic: string, onMessage: (message: StompMessage) => void): Promise<void> {
    const receipt = `subscribed-${topic}`;
    const made = deferred<void>();
    const timer = setTimeout(() => made.resolve(), RECEIPT_PATIENCE_MS);
    try {
      this.#client.watchForReceipt(receipt, () => {
        this.#socket.frameRead();
        made.resolve();
      });
      this.#client.subscribe(
        `/topic/${topic}`,
        ({ headers, body }) => {
          this.#socket.frameRead();
          onMessage({ headers, body });
        },
        { ack: 'auto', receipt },
      );
      await Promise.race([made.promise, this.closed]);
    } catch (error) {
      // The library throws when the connection is over already.
      throw new StompFailure('unreachable', messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says goodbye, and does not wait long for an answer. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_PATIENCE_MS);
    await this.#client.deactivate();
    await this.closed;
    clearTimeout(timer);
  }
}

async function connected(server: TrustedServer): Promise<TLSSocket> {
  try {
    return await connectTrusted(server);
  } catch (error) {
    const kind = error instanceof HttpFailure && error.kind === 'untrusted' ? 'untrusted' : 'unreachable';
    throw new StompFailure(kind, messageOf(error), errorCodeOf(error));
  }
}

/** As both sides agree on it: the longer of what one offers and the other wants. */
function silenceOf(header: string | undefined, wantedMs: number): number {
  const offered = Number.parseInt(header ?? '', 10);
  return Number.isFinite(offered) && offered > 0 ? Math.max(offered, wantedMs) : 0;
}
