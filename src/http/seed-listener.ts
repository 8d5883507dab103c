import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import { SEED_FILES, SEED_PATH, type SeedContent, type SeedFile } from '../compute/contract/index.js';
import { whyNotListening } from './listen.js';
import { RateLimit } from './rate-limit.js';

/** Where seeds are written down, which must not tell by how long it takes how much of a token is right. */
export interface SeedSource {
  find(token: string): Promise<SeedContent | undefined>;
  /** @returns true when nothing is left to be read */
  noteRead(token: string, file: SeedFile): Promise<boolean>;
}

/** How requests to the listener end: read, asked for without being read, nothing there, one too many, no database, given up by the guest. */
type SeedOutcome = 'read' | 'head' | 'unknown' | 'limited' | 'unavailable' | 'broken';

const PATH = new RegExp(`^${SEED_PATH}([0-9a-f]{32})/(${SEED_FILES.join('|')})$`);
/** A guest asks four times, and again for what failed. Many may stand behind one address. */
const LIMIT = { burst: 100, perSecond: 20 };
const MAX_CONNECTIONS = 500;
const REQUEST_TIMEOUT_MS = 10_000;
/** A guest that takes nothing for so long is gone. */
const IDLE_TIMEOUT_MS = 30_000;

/**
 * Serves seeds, and nothing else: a listener of its own, since guests reach it that nobody vouches for. What is not there, has been
 * read, or has run out is answered alike. Neither content nor token ever reaches the log.
 */
export class SeedListener {
  /** Since the start. */
  readonly counts: Record<SeedOutcome, number> = {
    read: 0,
    head: 0,
    unknown: 0,
    limited: 0,
    unavailable: 0,
    broken: 0,
  };
  readonly #server: Server;
  readonly #source: SeedSource;
  readonly #limit: RateLimit;
  readonly #log: Log;

  private constructor(source: SeedSource, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#source = source;
    this.#limit = new RateLimit(LIMIT, clock);
    this.#log = log;
    const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS };
    this.#server = createServer(timeouts, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.setTimeout(IDLE_TIMEOUT_MS);
  }

  /** @throws ComputeError CONFIG_INVALID when that address cannot be had */
  static async start(
    { bind, port }: { readonly bind: string; readonly port: number },
    source: SeedSource,
    ports: { readonly clock: Clock; readonly log: Log },
  ): Promise<SeedListener> {
    const listener = new SeedListener(source, ports);
    try {
      listener.#server.listen(port, bind);
      await once(listener.#server, 'listening');
    } catch (error) {
      throw new ComputeError(
        'CONFIG_INVALID',
        `seeds cannot be served on ${bind}, port ${port}: ${whyNotListening(error)}; set seed.port and seed.bind`,
        { cause: error },
      );
    }
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!this.#limit.allows(request.socket.remoteAddress ?? '')) {
      this.counts.limited += 1;
      response.setHeader('Retry-After', '1');
      return refuse(response, 429, 'too many requests');
    }
    const [, token, file] = PATH.exec(request.url ?? '') ?? [];
    const isHead = request.method === 'HEAD';
    if (token === undefined || !isSeedFile(file) || !(isHead || request.method === 'GET')) {
      this.counts.unknown += 1;
      return refuse(response, 404, 'not found');
    }
    const seed = createHash('sha256').update(token).digest('hex');
    try {
      const content = await this.#source.find(token);
      if (content === undefined) {
        this.counts.unknown += 1;
        return refuse(response, 404, 'not found');
      }
      const wasSent = await send(response, content[file], isHead);
      if (isHead || !wasSent) {
        this.counts[isHead ? 'head' : 'broken'] += 1;
        return;
      }
      this.counts.read += 1;
      const isOver = await this.#source.noteRead(token, file);
      this.#log.info(isOver ? 'a guest has read its seed' : 'a guest reads its seed', { seed, file });
    } catch (error) {
      this.counts.unavailable += 1;
      this.#log.warn('a seed could not be served', { seed, file, err: error });
      if (response.headersSent) return;
      response.setHeader('Retry-After', '1');
      refuse(response, 503, 'unavailable');
    }
  }
}

function isSeedFile(name: string | undefined): name is SeedFile {
  return SEED_FILES.some((file) => file === name);
}

/** @returns false when the guest was gone before all of it had been handed over to the network */
function send(response: ServerResponse, text: string, isHead: boolean): Promise<boolean> {
  const body = Buffer.from(text);
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length });
  if (isHead || body.length === 0) {
    response.end();
    return Promise.resolve(true);
  }
  const { socket } = response;
  return new Promise((resolve) => {
    response.once('close', () => resolve(false));
    // Of a connection that was lost meanwhile Node tells no error, neither here nor by `finish`.
    response.write(body, () => {
      resolve(socket?.destroyed === false);
      response.end();
    });
  });
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${why}\n`);
}
