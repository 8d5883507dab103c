import { createServer as createHttpsServer } from 'node:https';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerCertificate } from './certificate.js';

/** What is known of a request before its body. */
export interface RequestHead {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Raw, without `?`. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

/** Takes a body that is too large to be held, piece by piece. */
export interface BodySink {
  /** The next piece is read when this one is dealt with. */
  write(piece: Buffer): Promise<void>;
  /** The body is complete. */
  end(): Promise<void>;
  /** The caller hung up in the middle, or a piece could not be dealt with. */
  abort(): Promise<void>;
}

/** A request with its whole body. */
export interface ReceivedRequest extends RequestHead {
  /** null when it was larger than allowed; empty when it went to a sink. */
  readonly body: Buffer | null;
  /** Where the body went instead, as {@link ListenerOptions.sinkFor} said. */
  readonly sink: BodySink | null;
  /** Aborted when the caller hangs up or the listener closes. */
  readonly signal: AbortSignal;
}

/** What to do with the connection: answer, cut it without a word, or answer without end. */
export type Answer =
  | { readonly kind: 'body'; readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: string }
  | {
      readonly kind: 'bytes';
      readonly status: number;
      readonly headers: OutgoingHttpHeaders;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'reset' }
  | {
      readonly kind: 'endless';
      readonly status: number;
      readonly headers: OutgoingHttpHeaders;
      readonly start: string;
    };

export interface ListenerOptions {
  /** null for HTTP without TLS. */
  certificate: ServerCertificate | null;
  /** Idle keep-alive connections are closed after this time. */
  keepAliveMs: number;
  maxBodyBytes: number;
  /** Bodies without Content-Length. */
  chunked: boolean;
  /** For bodies that must not be held; null or absent for all others, which are bounded by `maxBodyBytes`. */
  sinkFor?(head: RequestHead): BodySink | null;
  /** Must not throw; if it does, the caller gets a bare 500 and the listener lives on. */
  handle(request: ReceivedRequest): Promise<Answer>;
  /** Takes over the connection of a request that asks for another protocol; without it, that is ignored. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** An HTTPS or HTTP server that survives its callers: bodies are bounded, malformed requests are answered and forgotten. */
export class HttpsListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(private readonly options: ListenerOptions) {
    const { certificate, keepAliveMs: keepAliveTimeout } = options;
    this.#server =
      certificate === null
        ? createHttpServer({ keepAliveTimeout })
        : createHttpsServer({
            key: certificate.keyPem,
            cert: certificate.certificatePem,
            minVersion: 'TLSv1.2',
            keepAliveTimeout,
          });
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    if (options.upgrade !== undefined) this.#server.on('upgrade', options.upgrade);
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      else socket.destroy();
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Returns the port, which matters when 0 was asked for. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Refuses new connections and cuts the existing ones. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hangUp = new AbortController();
    response.on('close', () => hangUp.abort());
    response.on('error', () => hangUp.abort());
    try {
      const head = headOf(request);
      const sink = this.options.sinkFor?.(head) ?? null;
      if (sink !== null) await pour(request, sink);
      const body = sink === null ? await readBody(request, this.options.maxBodyBytes) : Buffer.alloc(0);
      const answer = await this.options.handle({ ...head, body, sink, signal: hangUp.signal });
      // What is left of an oversized body is not worth reading.
      if (body === null) response.setHeader('Connection', 'close');
      await this.#answer(answer, request, response, hangUp.signal);
    } catch {
      if (response.headersSent) request.socket.destroy();
      else response.writeHead(500).end();
    }
  }

  async #answer(
    answer: Answer,
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    switch (answer.kind) {
      case 'reset':
        request.socket.destroy();
        return;
      case 'endless':
        response.writeHead(answer.status, answer.headers);
        response.write(answer.start);
        await streamUntil(signal, response);
        return;
      case 'bytes':
        response.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.bytes.length });
        response.end(answer.bytes);
        return;
      case 'body':
        if (answer.body !== '' && !this.options.chunked) {
          response.setHeader('Content-Length', Buffer.byteLength(answer.body));
        }
        response.writeHead(answer.status, answer.headers);
        if (answer.body !== '' && this.options.chunked) response.write(answer.body);
        response.end(answer.body !== '' && this.options.chunked ? undefined : answer.body);
        return;
    }
  }
}

function headOf(request: IncomingMessage): RequestHead {
  const url = request.url ?? '/';
  const queryAt = url.indexOf('?');
  return {
    method: request.method ?? '',
    path: queryAt === -1 ? url : url.slice(0, queryAt),
    query: queryAt === -1 ? '' : url.slice(queryAt + 1),
    headers: request.headers,
  };
}

/** Rejects when the caller hangs up in the middle. */
async function pour(request: IncomingMessage, sink: BodySink): Promise<void> {
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) await sink.write(piece as Buffer);
    await sink.end();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** null when larger than `maxBytes`; rejects when the caller hangs up in the middle. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop would destroy the socket before it could be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const FILLER = ' '.repeat(16 * 1024);

/** Writes white space at the pace of the reader, until it hangs up. */
async function streamUntil(signal: AbortSignal, response: ServerResponse): Promise<void> {
  while (!signal.aborted) {
    const hasRoom = response.write(FILLER);
    await new Promise<void>((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', go);
        response.off('drain', go);
        resolve();
      };
      signal.addEventListener('abort', go);
      if (hasRoom) setImmediate(go);
      else response.on('drain', go);
    });
  }
}
