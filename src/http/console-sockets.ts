import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import type { TargetKey } from '../common/ids.js';
import type { Log } from '../common/log.js';
import { CONSOLE_PATH, type ConsoleOffer, type ConsoleOffers, type OpenConsole } from '../compute/contract/index.js';
import { ConsoleSession } from './console-session.js';
import { isWebSocket, refuseUpgrade, withoutUpgrade } from './upgrade.js';

/** 128 bits, in the letters and digits of a seed's. */
const TOKEN_BYTES = 16;
const PATH = new RegExp(`^${CONSOLE_PATH}([0-9a-f]{${2 * TOKEN_BYTES}})$`);
/** Longest that whoever asked may take to connect. */
const OFFERED_FOR_MS = 60_000;
const MAX_OFFERED = 1000;
const MAX_OPEN = 500;
/** What people type, or paste, at once. */
const LONGEST_MESSAGE = 256 * 1024;

interface Offered {
  readonly instance: TargetKey;
  readonly open: OpenConsole;
  readonly expiresAt: number;
}

/**
 * Gives consoles their addresses, and serves them: websockets on the HTTP surface, each for who knows its token, once and soon.
 * Tokens reach no log, and are kept by their digests, in this process alone.
 */
export class ConsoleSockets implements ConsoleOffers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #publicUrl: string;
  /** By digest of the token, the oldest first. */
  readonly #offered = new Map<string, Offered>();
  /** What is open, and when it is over. */
  readonly #sessions = new Map<ConsoleSession, Promise<void>>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LONGEST_MESSAGE,
  });
  #isClosed = false;

  /**
   * @param server whose address it is
   * @param publicUrl by which callers reach it, `http` or `https`, without a slash at its end
   */
  constructor(server: Server, publicUrl: string, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
    this.#publicUrl = publicUrl.replace(/^http/i, 'ws');
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(server, request, socket, head),
    );
  }

  offer(instance: TargetKey, open: OpenConsole): ConsoleOffer {
    this.#forgetExpired();
    if (this.#offered.size >= MAX_OFFERED) {
      throw new ComputeError(
        'CAPACITY_EXHAUSTED',
        `${MAX_OFFERED} consoles wait already for somebody to connect; repeat it in a minute`,
      );
    }
    const token = randomBytes(TOKEN_BYTES).toString('hex');
    const expiresAt = this.#clock.now() + OFFERED_FOR_MS;
    this.#offered.set(digest(token), { instance, open, expiresAt });
    return { url: `${this.#publicUrl}${CONSOLE_PATH}${token}`, expiresAt };
  }

  /** Ends all consoles, and opens none any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#offered.clear();
    await Promise.all(
      [...this.#sessions].map(async ([session, over]) => {
        await session.end('the service stops');
        await over;
      }),
    );
  }

  #upgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [, token] = PATH.exec(request.url ?? '') ?? [];
    if (token === undefined || !isWebSocket(request)) return withoutUpgrade(server, request, socket, head);
    const offered = this.#take(token);
    // What was used, has run out, or never was, is answered alike.
    if (offered === undefined) return refuseUpgrade(socket, 404, 'Not Found');
    if (this.#sessions.size >= MAX_OPEN) return refuseUpgrade(socket, 503, 'Service Unavailable');
    this.#sockets.handleUpgrade(request, socket, head, (client: WebSocket) => {
      const session = new ConsoleSession(client);
      this.#sessions.set(session, this.#serve(session, offered));
    });
  }

  async #serve(session: ConsoleSession, { instance, open }: Offered): Promise<void> {
    const log = this.#log.child({ instance });
    log.info('a console was connected to');
    const why = await session.run(open);
    this.#sessions.delete(session);
    log.info('a console was left', { why });
  }

  #take(token: string): Offered | undefined {
    const key = digest(token);
    const offered = this.#isClosed ? undefined : this.#offered.get(key);
    this.#offered.delete(key);
    return offered !== undefined && offered.expiresAt > this.#clock.now() ? offered : undefined;
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expiresAt }] of this.#offered) if (expiresAt <= now) this.#offered.delete(key);
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
