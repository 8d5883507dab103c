import { request as httpsRequest } from 'node:https';
import { request as httpRequest, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Readable } from 'node:stream';
import { create, type AxiosInstance } from 'axios';
import pLimit, { type LimitFunction } from 'p-limit';
import { errorCodeOf, messageOf, type JsonValue } from '../../common/errors/index.js';
import type { Outgoing } from '../../common/outgoing.js';
import { readBody, type HttpBody } from './http-body.js';
import { HttpFailure } from './http-failure.js';
import { PlainAgent } from './plain-agent.js';
import type { TlsTrust } from './tls-trust.js';
import { TrustingAgent } from './trusting-agent.js';

export interface HttpClientOptions {
  readonly host: string;
  readonly port: number;
  /** Null for HTTP without TLS. */
  readonly trust: TlsTrust | null;
  readonly connectTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  readonly maxConnections?: number;
  readonly maxAnswerBytes?: number;
}

/** A body that is not held in memory. */
export interface HttpUpload {
  readonly bytes: number;
  readonly type: string;
  /** Called once for each time that it is sent. */
  readonly open: () => Readable;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: JsonValue;
  /** In place of JSON: bytes of a file, say, that are sent as they are read. */
  readonly upload?: HttpUpload | undefined;
  /** Media type of a text that is wanted in place of JSON. */
  readonly accept?: string | undefined;
  /** For the whole exchange: waiting for a connection, sending, and the complete answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Does not wait for its turn, and may need one connection more: for what must still be said at the end. */
  readonly isUrgent?: boolean;
  /** Called when its turn has come. */
  readonly onTurn?: () => void;
  /** Told of it, when there is somebody. */
  readonly outgoing?: Outgoing | undefined;
}

/** A complete answer of any status; whether it is a good one is for the caller to say. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: HttpBody;
}

/** The same, as it came. */
export interface RawHttpAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  /** Where a redirect leads to, as the server wrote it. */
  readonly location: string | undefined;
  readonly bytes: Uint8Array;
}

const MEBIBYTE = 1024 * 1024;

/**
 * HTTPS, or plain HTTP, to one server: connections are kept and bounded in number, answers are bounded in size and
 * time, redirects are not followed, and no proxy is taken from the environment.
 */
export class HttpClient {
  readonly #server: { readonly host: string; readonly port: number };
  readonly #agent: Agent;
  readonly #request: typeof httpRequest;
  readonly #axios: AxiosInstance;
  /** The agent's own limit counts connections only once they are made. */
  readonly #limit: LimitFunction;
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    const { host, port, trust } = options;
    this.#server = { host, port };
    const target = {
      host,
      port,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      idleTimeoutMs: options.idleTimeoutMs ?? 15_000,
    };
    this.#agent = trust === null ? new PlainAgent(target) : new TrustingAgent({ ...target, trust });
    this.#request = trust === null ? httpRequest : httpsRequest;
    this.#limit = pLimit(options.maxConnections ?? 10);
    this.#axios = create({
      baseURL: `${trust === null ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      adapter: 'http',
      // A path that begins with two slashes is none to another server.
      allowAbsoluteUrls: false,
      ...(trust === null ? { httpAgent: this.#agent } : { httpsAgent: this.#agent }),
      proxy: false,
      maxRedirects: 0,
      decompress: false,
      maxContentLength: options.maxAnswerBytes ?? 32 * MEBIBYTE,
      responseType: 'arraybuffer',
      transformRequest: [],
      transformResponse: [],
      validateStatus: () => true,
    });
  }

  /** How many requests may be under way from now on; what is under way goes on. */
  limitConnections(atMost: number): void {
    this.#limit.concurrency = atMost;
  }

  /**
   * Sends a request, and reads JSON out of the answer.
   *
   * @throws as {@link exchange}
   */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const { status, contentType, bytes } = await this.exchange(request);
    return { status, body: readBody(contentType, bytes, request.accept) };
  }

  /**
   * Sends a request. A GET is sent once more when a kept connection turns out to be dead; nothing else ever is.
   *
   * @throws HttpFailure when there is no complete answer; the signal's reason when it aborts
   */
  async exchange(request: HttpRequest): Promise<RawHttpAnswer> {
    const { method, outgoing, headers } = request;
    const underWay = outgoing?.begin({ method, ...this.#server });
    if (underWay === undefined) return this.#exchange(request);
    try {
      const answer = await this.#exchange({ ...request, headers: { ...underWay.headers, ...headers } });
      underWay.end(answer.status);
      return answer;
    } catch (error) {
      underWay.end(error instanceof HttpFailure ? error.kind : 'given up');
      throw error;
    }
  }

  async #exchange(request: HttpRequest): Promise<RawHttpAnswer> {
    const endsAt = performance.now() + request.timeoutMs;
    try {
      return await this.#send(request, request.timeoutMs);
    } catch (error) {
      const isStale = error instanceof HttpFailure && error.kind === 'reset' && error.isReusedConnection;
      if (!isStale || request.method !== 'GET') throw error;
      return await this.#send(request, endsAt - performance.now());
    }
  }

  /** Cuts every connection; requests under way fail. */
  close(): void {
    this.#isClosed = true;
    this.#agent.destroy();
  }

  async #send(request: HttpRequest, timeoutMs: number): Promise<RawHttpAnswer> {
    const { method, path, headers, json, upload, accept = 'application/json', signal, isUrgent = false } = request;
    signal?.throwIfAborted();
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), Math.max(0, timeoutMs));
    const onAbort = (): void => stop.abort();
    signal?.addEventListener('abort', onAbort);
    const wire = new WireWatch(performance.now() + timeoutMs, this.#request);
    let release: (() => void) | undefined;
    let body: Readable | undefined;
    try {
      if (!isUrgent) release = await takeSlot(this.#limit, stop.signal);
      request.onTurn?.();
      // Also what was waiting for its turn when the client was closed.
      if (this.#isClosed) throw new HttpFailure('closed', 'the client is closed', undefined, 'no');
      body = upload?.open();
      const answer = await this.#axios.request<Uint8Array>({
        method,
        url: path,
        headers: {
          Accept: accept,
          'Accept-Encoding': 'identity',
          'User-Agent': 'zenova',
          // Without a body axios would name a type nevertheless.
          'Content-Type': upload?.type ?? (json === undefined ? false : 'application/json'),
          ...(upload === undefined ? {} : { 'Content-Length': upload.bytes }),
          ...headers,
        },
        ...(json === undefined ? {} : { data: JSON.stringify(json) }),
        ...(body === undefined ? {} : { data: body }),
        signal: stop.signal,
        transport: wire,
      });
      return {
        status: answer.status,
        contentType: headerOf(answer.headers['content-type']),
        location: headerOf(answer.headers['location']),
        bytes: answer.data,
      };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HttpFailure) throw error;
      throw wire.failure(error, stop.signal.aborted, timeoutMs);
    } finally {
      release?.();
      body?.destroy();
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function headerOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Waits for its turn; the function that comes back ends it. Rejects when the signal aborts before. */
function takeSlot(limit: LimitFunction, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('no turn in time'));
    signal.addEventListener('abort', onAbort);
    void limit(async () => {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) return;
      await new Promise<void>((release) => resolve(release));
    });
  });
}

/** Sees how far one request came: axios alone does not tell whether it got a connection. */
class WireWatch {
  #hasConnection = false;
  #isReused = false;
  #error: unknown;

  constructor(
    private readonly endsAt: number,
    private readonly open: typeof httpRequest,
  ) {}

  readonly request = (options: object, onAnswer: (answer: IncomingMessage) => void): ClientRequest => {
    const request = this.open(options, onAnswer);
    request.once('socket', () => {
      // Not one byte is out yet. A process that was frozen gets here before its timers, and must not send what is too late.
      if (performance.now() >= this.endsAt) {
        request.destroy(new HttpFailure('timeout', 'the time was over before it was sent', 'ETIMEDOUT', 'no'));
        return;
      }
      this.#hasConnection = true;
      this.#isReused = request.reusedSocket;
    });
    request.once('error', (error) => {
      this.#error = error;
    });
    return request;
  };

  /** Only code and message go on: errors of axios carry the whole request. */
  failure(error: unknown, isOverTime: boolean, timeoutMs: number): HttpFailure {
    if (this.#error instanceof HttpFailure) return this.#error;
    const sent = this.#hasConnection ? 'perhaps' : 'no';
    const code = errorCodeOf(error);
    if (isOverTime) {
      const what = this.#hasConnection ? 'no complete answer' : 'no free connection';
      return new HttpFailure('timeout', `${what} within ${Math.round(timeoutMs)} ms`, 'ETIMEDOUT', sent);
    }
    const message = messageOf(error);
    if (message.startsWith('maxContentLength')) {
      return new HttpFailure('too-large', 'the answer is larger than allowed', undefined, sent);
    }
    if (!this.#hasConnection) return new HttpFailure('unreachable', message, code, sent);
    return new HttpFailure('reset', message, code, sent, this.#isReused);
  }
}
