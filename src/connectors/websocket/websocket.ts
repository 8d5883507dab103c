import { StringDecoder } from 'node:string_decoder';
import { WebSocket, type RawData } from 'ws';
import { HttpFailure } from '../http/index.js';
import { PlainAgent } from '../http/plain-agent.js';
import { serverOf } from '../http/server-of.js';
import { TrustingAgent } from '../http/trusting-agent.js';
import type { TlsTrust } from '../http/tls-trust.js';

export interface WebSocketOptions {
  /** `wss://host[:port]/…`, or `ws://` for one that is not encrypted; what is in it may be a secret, and is repeated in no error. */
  readonly url: string;
  /** Of who serves it over TLS. */
  readonly trust: TlsTrust;
  /** For the connection and the handshakes on it. */
  readonly timeoutMs?: number;
  /** Called with everything that comes, in order. */
  readonly onText: (text: string) => void;
}

/** Why a websocket is no longer open: the code and the words of whoever closed it. */
export interface WebSocketEnd {
  readonly code: number;
  readonly reason: string;
}

export interface OpenWebSocket {
  /** What is sent after the end is lost. */
  send(text: string): void;
  /** Fulfilled when it is over, whoever ended it. */
  readonly ended: Promise<WebSocketEnd>;
  /** Says good-bye, and cuts the connection when nobody answers. */
  close(): Promise<void>;
}

/** The server is there and trusted, and wants no websocket at this address. */
export class WebSocketRefused extends Error {
  override readonly name = 'WebSocketRefused';

  constructor(readonly status: number) {
    super(`the server answered ${status}`);
  }
}

const CLOSE_PATIENCE_MS = 2000;
const KIBIBYTE = 1024;

/**
 * Opens a websocket. Over TLS nothing of the address is sent before the server's certificate is found to be trusted.
 *
 * @throws HttpFailure when there is no connection, WebSocketRefused when the server does not want it
 */
export async function openWebSocket({
  url,
  trust,
  timeoutMs = 10_000,
  onText,
}: WebSocketOptions): Promise<OpenWebSocket> {
  const address = new URL(url);
  const server = { ...serverOf(address), connectTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs };
  const agent = address.protocol === 'ws:' ? new PlainAgent(server) : new TrustingAgent({ ...server, trust });
  const socket = new WebSocket(url, {
    agent,
    handshakeTimeout: timeoutMs,
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: 1024 * KIBIBYTE,
  });
  // A letter may come in two parts.
  const decoder = new StringDecoder('utf8');
  socket.on('message', (data) => onText(decoder.write(bytesOf(data))));
  const ended = new Promise<WebSocketEnd>((resolve) => {
    socket.once('close', (code, reason) => {
      agent.destroy();
      resolve({ code, reason: reason.toString() });
    });
  });
  await untilOpen(socket);
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    ended,
    async close() {
      const timer = setTimeout(() => socket.terminate(), CLOSE_PATIENCE_MS);
      socket.close(1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function untilOpen(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      reject(new WebSocketRefused(statusCode));
      socket.terminate();
    });
    // The listener stays: what breaks later says so too, before its end.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof HttpFailure) reject(error);
      else reject(new HttpFailure('unreachable', error.message, error.code, 'perhaps'));
    });
  });
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
