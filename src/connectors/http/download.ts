import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { errorCodeOf, messageOf } from '../../common/errors/index.js';
import { HttpFailure } from './http-failure.js';
import { PlainAgent } from './plain-agent.js';
import { serverOf } from './server-of.js';
import type { TlsTrust } from './tls-trust.js';
import { TrustingAgent } from './trusting-agent.js';

const MOST_REDIRECTS = 5;
const CONNECT_TIMEOUT_MS = 10_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface DownloadRequest {
  readonly url: URL;
  /** For this server alone: a redirect to another one goes without them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly trust: TlsTrust;
  /** The longest silence. How long all of it may take is the signal's. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface DownloadAnswer {
  readonly status: number;
  /** As the server says; undefined when it does not. */
  readonly bytes: number | undefined;
  readonly body: Readable;
}

/**
 * Reads something large over HTTP as it comes. Up to five redirects are followed, never from HTTPS to HTTP; no proxy is taken from the
 * environment.
 *
 * @param read is given the answer of whatever status, and ends before the connection is given up
 * @throws HttpFailure, what `read` throws, or the signal's reason
 */
export async function download<T>(request: DownloadRequest, read: (answer: DownloadAnswer) => Promise<T>): Promise<T> {
  const { signal } = request;
  let { url, headers = {} } = request;
  for (let redirects = 0; ; redirects += 1) {
    signal.throwIfAborted();
    const hop = await exchange({ ...request, url, headers }, async (answer) => {
      const { statusCode = 0 } = answer;
      if (REDIRECTS.has(statusCode)) return { to: answer.headers.location ?? '' };
      const length = Number(answer.headers['content-length'] ?? Number.NaN);
      const bytes = Number.isSafeInteger(length) ? length : undefined;
      return { result: await read({ status: statusCode, bytes, body: answer }) };
    });
    if ('result' in hop) return hop.result;
    if (redirects === MOST_REDIRECTS) throw refused(`more than ${MOST_REDIRECTS} redirects`);
    const next = URL.canParse(hop.to, url.href) ? new URL(hop.to, url) : undefined;
    if (next === undefined || !['http:', 'https:'].includes(next.protocol)) {
      throw refused('a redirect to what is no web address');
    }
    if (url.protocol === 'https:' && next.protocol === 'http:') throw refused('a redirect from HTTPS to HTTP');
    if (next.origin !== url.origin) headers = {};
    url = next;
  }
}

function refused(what: string): HttpFailure {
  return new HttpFailure('unreachable', what, undefined, 'perhaps');
}

async function exchange<T>(
  { url, headers, trust, idleTimeoutMs, signal }: DownloadRequest,
  use: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  const isTls = url.protocol === 'https:';
  const server = serverOf(url);
  const target = { ...server, connectTimeoutMs: CONNECT_TIMEOUT_MS, idleTimeoutMs };
  const agent = isTls ? new TrustingAgent({ ...target, trust }) : new PlainAgent(target);
  const send = isTls ? httpsRequest : httpRequest;
  const outgoing = send({
    ...server,
    path: `${url.pathname}${url.search}`,
    agent,
    signal,
    headers: { ...headers, 'User-Agent': 'zenova', 'Accept-Encoding': 'identity', Connection: 'close' },
  });
  let hasAnswer = false;
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      outgoing.setTimeout(idleTimeoutMs, () => {
        outgoing.destroy(new HttpFailure('timeout', `silence for ${idleTimeoutMs} ms`, 'ETIMEDOUT', 'perhaps'));
      });
      outgoing.end();
    });
    hasAnswer = true;
    return await use(answer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpFailure || !isOfTheWire(error)) throw error;
    throw new HttpFailure(hasAnswer ? 'reset' : 'unreachable', messageOf(error), errorCodeOf(error), 'perhaps');
  } finally {
    outgoing.destroy();
    agent.destroy();
  }
}

function isOfTheWire(error: unknown): boolean {
  const code = errorCodeOf(error) ?? '';
  return /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET|HPE_|ERR_(TLS|SSL|STREAM))/.test(code);
}
