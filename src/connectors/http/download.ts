import type { Readable } from 'node:stream';
import { HttpFailure } from './http-failure.js';
import { exchange, type WebRequest } from './web-exchange.js';

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

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
export async function download<T>(request: WebRequest, read: (answer: DownloadAnswer) => Promise<T>): Promise<T> {
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
