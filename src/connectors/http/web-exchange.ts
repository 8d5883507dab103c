import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Transform, type Readable } from 'node:stream';
import { errorCodeOf, messageOf } from '../../common/errors/index.js';
import { HttpFailure } from './http-failure.js';
import { PlainAgent } from './plain-agent.js';
import { serverOf } from './server-of.js';
import type { TlsTrust } from './tls-trust.js';
import { TrustingAgent } from './trusting-agent.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** A request about something large, for which a connection of its own is made. */
export interface WebRequest {
  readonly url: URL;
  /** For this server alone: a redirect to another one goes without them. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly trust: TlsTrust;
  /** The longest silence. How long all of it may take is the signal's. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** What is sent with it. */
export interface WebBody {
  readonly bytes: number;
  readonly open: () => Readable;
}

/**
 * Sends one request, and follows no redirect.
 *
 * @param use is given the answer of whatever status, and ends before the connection is given up
 * @param body it is put there; without one something is asked for
 * @throws HttpFailure, what `use` throws, or the signal's reason
 */
export async function exchange<T>(
  { url, headers, trust, idleTimeoutMs, signal }: WebRequest,
  use: (answer: IncomingMessage) => Promise<T>,
  body?: WebBody,
): Promise<T> {
  const isTls = url.protocol === 'https:';
  const server = serverOf(url);
  const target = { ...server, connectTimeoutMs: CONNECT_TIMEOUT_MS, idleTimeoutMs };
  const agent = isTls ? new TrustingAgent({ ...target, trust }) : new PlainAgent(target);
  const send = isTls ? httpsRequest : httpRequest;
  const outgoing = send({
    ...server,
    method: body === undefined ? 'GET' : 'PUT',
    path: `${url.pathname}${url.search}`,
    agent,
    signal,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'Content-Type': 'application/octet-stream', 'Content-Length': body.bytes }),
      'User-Agent': 'zenova',
      'Accept-Encoding': 'identity',
      Connection: 'close',
    },
  });
  let hasAnswer = false;
  let sent: Promise<void> | undefined;
  // Who has got all of it may end the connection before its stream has said so.
  let handedOver = 0;
  const counting = new Transform({
    transform(piece: Buffer, _encoding, next) {
      handedOver += piece.length;
      next(null, piece);
    },
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      outgoing.setTimeout(idleTimeoutMs, () => {
        outgoing.destroy(new HttpFailure('timeout', `silence for ${idleTimeoutMs} ms`, 'ETIMEDOUT', 'perhaps'));
      });
      if (body === undefined) outgoing.end();
      else {
        sent = pipeline(body.open(), counting, outgoing);
        sent.catch(reject);
      }
    });
    hasAnswer = true;
    // Who refuses what he is sent may do so in the middle of it; who takes it has to have all of it.
    if ((answer.statusCode ?? 0) < 300 && handedOver !== body?.bytes) await sent;
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
