import type { DriverPorts } from '../../../compute/contract/index.js';
import { HttpClient } from '../../../connectors/http/index.js';
import { SessionListener } from '../notifications/session-listener.js';
import type { Seen } from './hmc-news.port.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { connectionKey, sessionKey, type HmcAccess } from './hmc-access.js';
import { HmcClient } from './hmc-client.js';
import { HmcRoute } from './hmc-route.js';
import { HmcSession, type InTurn } from './hmc-session.js';

/** The pool of the service that these ports belong to. */
export type PoolOf = (ports: DriverPorts) => HmcPool;

/** Sessions that no host holds are logged off after this time without a request. */
const IDLE_LOGOFF_MS = 5 * 60_000;

/** The same HMC twice, as one after the other: whoever manages the CPC. */
export type RedundantAccess = readonly [HmcAccess, ...HmcAccess[]];

/** How a host uses its HMCs. */
export interface HoldOptions {
  /** Port of the STOMP server of each HMC; undefined: none is listened to. */
  readonly notificationPort: number | undefined;
  readonly onSeen: (seen: Seen) => void;
}

/** What a host holds. */
export interface Hold {
  readonly client: HmcClient;
  /** Gives it back, and logs off when nobody else uses the sessions. */
  release(): Promise<void>;
}

interface Connection {
  readonly http: HttpClient;
  readonly limit: AdaptiveLimit;
  sessions: number;
}

interface Pooled {
  readonly key: string;
  readonly session: HmcSession;
  readonly connectionKey: string;
  /** Hosts that hold it until they close. */
  holders: number;
  /** Has a machine of a power type used it? Then it stays until it is idle. */
  isBorrowed: boolean;
}

/**
 * The sessions of a service: one per HMC, user, credential and trust, whoever uses it, since the HMC counts them
 * (hmc-dpm.md section 3). Hosts hold a session until they close; machines given in requests borrow one, and what is
 * borrowed is logged off when nobody has used it for a while.
 */
export class HmcPool {
  readonly #connections = new Map<string, Connection>();
  readonly #sessions = new Map<string, Pooled>();
  readonly #closing = new Set<Promise<void>>();
  /** The last logon with each credential, while it lasts. */
  readonly #logons = new Map<string, Promise<void>>();
  #idleCheck: NodeJS.Timeout | undefined;

  constructor(private readonly idleLogoffMs = IDLE_LOGOFF_MS) {}

  /** A client for a host. @param accesses of redundant HMCs, in the order in which they are tried */
  hold(accesses: RedundantAccess, options: HoldOptions, ports: DriverPorts): Hold {
    const { notificationPort, onSeen } = options;
    const open = (access: HmcAccess): Pooled => {
      const pooled = this.#open(access, ports);
      pooled.holders += 1;
      if (notificationPort !== undefined) {
        pooled.session.news ??= new SessionListener(pooled.session, { ...access, ...ports, port: notificationPort });
      }
      return pooled;
    };
    const [first, ...others] = accesses;
    const held = [open(first), ...others.map(open)] as const;
    const [{ session }, ...further] = held;
    const listener = notificationPort === undefined ? undefined : onSeen;
    const route = new HmcRoute([session, ...further.map((pooled) => pooled.session)], listener, ports.log);
    let isReleased = false;
    return {
      client: new HmcClient(route, first.requestTimeoutMs),
      release: async () => {
        if (!isReleased) {
          isReleased = true;
          route.close();
          for (const pooled of held) {
            pooled.holders -= 1;
            if (pooled.holders === 0 && !pooled.isBorrowed) this.#close(pooled);
          }
        }
        await Promise.all(this.#closing);
      },
    };
  }

  /** A client for one use, soon. */
  borrow(access: HmcAccess, ports: DriverPorts): HmcClient {
    const pooled = this.#open(access, ports);
    pooled.isBorrowed = true;
    this.#idleCheck ??= setInterval(() => this.#closeIdle(), Math.ceil(this.idleLogoffMs / 5)).unref();
    return new HmcClient(pooled.session, access.requestTimeoutMs);
  }

  /** Ends all borrowing: logs off what no host holds. */
  async closeBorrowed(): Promise<void> {
    clearInterval(this.#idleCheck);
    this.#idleCheck = undefined;
    for (const pooled of this.#sessions.values()) {
      pooled.isBorrowed = false;
      if (pooled.holders === 0) this.#close(pooled);
    }
    await Promise.all(this.#closing);
  }

  #closeIdle(): void {
    for (const pooled of this.#sessions.values()) {
      if (pooled.holders === 0 && pooled.session.idleMs >= this.idleLogoffMs) this.#close(pooled);
    }
    if (this.#sessions.size > 0) return;
    clearInterval(this.#idleCheck);
    this.#idleCheck = undefined;
  }

  #open(access: HmcAccess, ports: DriverPorts): Pooled {
    const key = sessionKey(access);
    const connection = this.#connect(access, ports);
    const existing = this.#sessions.get(key);
    if (existing !== undefined) return existing;
    connection.sessions += 1;
    const pooled: Pooled = {
      key,
      session: new HmcSession(
        connection.http,
        access,
        ports.breakers,
        ports.log,
        this.#inTurn,
        connection.limit,
        ports.clock,
      ),
      connectionKey: connectionKey(access),
      holders: 0,
      isBorrowed: false,
    };
    this.#sessions.set(key, pooled);
    return pooled;
  }

  #connect(access: HmcAccess, ports: DriverPorts): Connection {
    const key = connectionKey(access);
    const { address, trust, maxConcurrentRequests } = access;
    let connection = this.#connections.get(key);
    if (connection === undefined) {
      const http = new HttpClient({ host: address.host, port: address.port, trust });
      const limit = new AdaptiveLimit(maxConcurrentRequests, (places) => http.limitConnections(places));
      connection = { http, limit, sessions: 0 };
      this.#connections.set(key, connection);
      if (trust.kind === 'unverified') {
        ports.log.warn('the certificate of the HMC is not verified: anybody in between can read the password', {
          hmc: address.label,
        });
      }
    }
    connection.limit.lower(maxConcurrentRequests);
    return connection;
  }

  readonly #inTurn: InTurn = (key, work) => {
    const before = this.#logons.get(key) ?? Promise.resolve();
    const turn = before.then(work);
    const ended = turn
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        if (this.#logons.get(key) === ended) this.#logons.delete(key);
      });
    this.#logons.set(key, ended);
    return turn;
  };

  #close(pooled: Pooled): void {
    this.#sessions.delete(pooled.key);
    const closing = this.#logOff(pooled).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #logOff({ session, connectionKey }: Pooled): Promise<void> {
    await session.close();
    const connection = this.#connections.get(connectionKey);
    if (connection === undefined) return;
    connection.sessions -= 1;
    if (connection.sessions > 0) return;
    this.#connections.delete(connectionKey);
    connection.http.close();
  }
}
