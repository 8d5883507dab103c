import { Backoff } from '../../../common/backoff.js';
import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import type { TlsTrust } from '../../../connectors/http/index.js';
import type { StompConnection, StompMessage } from '../../../connectors/stomp/index.js';
import type { HmcAddress } from '../client/hmc-address.js';
import { HmcClient } from '../client/hmc-client.js';
import { HmcError } from '../client/hmc-error.js';
import type { Partition, PartitionItem } from '../client/hmc-schemas.js';
import type { Topics } from '../client/hmc-call.js';
import type { HmcLink } from '../client/hmc-link.js';
import type { KnownPartitions, NewsFollower, Pause, Seen, SessionNews } from '../client/hmc-news.port.js';
import { readNotification, type Notification } from './notification.js';
import { PartitionTable } from './partition-table.js';
import { Subscription } from './subscription.js';
import { Waiters } from './waiters.js';

/** A server that is silent for more than this many of its heart-beats may be gone. */
const HEART_BEATS = 2;
/** How often something is looked at all the same while the HMC tells of it. */
const TOLD_PAUSE_MS = 15_000;
/** How often everything is listed anew while all is well, which also keeps the session from being idle at the HMC. */
const RELIST_MS = 5 * 60_000;
/** Pauses between two listings for the sake of the same trouble. */
const TROUBLE = { initialMs: 500, maxMs: 60_000 } as const;
const MOST_PARTITIONS = 20_000;
const MOST_ENDED_JOBS = 1000;

export interface NewsParts {
  readonly address: HmcAddress;
  readonly port: number;
  readonly trust: TlsTrust;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The session that is listened for. */
type ListenedSession = HmcLink & { readonly topics: Topics | undefined; jobEnded(uri: string): void };

/**
 * What an HMC tells a session by itself (hmc-dpm.md section 14): states of partitions, and the ends of jobs. It is listened to
 * while somebody follows.
 *
 * What is known counts as true while the subscription is healthy: connected, heard of within two heart-beats, no message
 * missed, and everything listed since it was made. Then each sign of life confirms it.
 */
export class SessionListener implements SessionNews {
  readonly #parts: NewsParts;
  readonly #session: ListenedSession;
  readonly #client: HmcClient;
  readonly #followers = new Set<NewsFollower>();
  readonly #waiters = new Waiters();
  /** Jobs that the HMC says have ended. */
  readonly #endedJobs = new Set<string>();
  readonly #listTimer: NodeJS.Timeout;
  readonly #table = new PartitionTable();
  #subscription: Subscription | undefined;
  #connection: StompConnection | undefined;
  /** The number that the next message of the session has. */
  #nextNumber = 0;
  #isListed = false;
  /** Has to be listed once more? */
  #wantsList = false;
  #listing: Promise<void> | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  readonly #trouble: Backoff;
  /** Ends what is asked for in vain. */
  #asking = new AbortController();
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(session: ListenedSession, parts: NewsParts) {
    this.#parts = parts;
    this.#session = session;
    this.#client = new HmcClient(
      {
        label: session.label,
        refusedQueries: session.refusedQueries,
        news: undefined,
        request: (call) => session.request({ ...call, isUpkeep: true }),
        anonymous: (call) => session.anonymous(call),
        apiVersion: (waiting) => session.apiVersion(waiting),
        remember: (key, ask) => session.remember(key, ask),
        leaveJob: (uri) => session.leaveJob(uri),
        rearm: () => session.rearm(),
      },
      parts.requestTimeoutMs,
    );
    this.#trouble = new Backoff(parts.clock, TROUBLE);
    this.#listTimer = setInterval(() => {
      if (this.isHealthy) this.#list();
    }, RELIST_MS).unref();
  }

  get isHealthy(): boolean {
    const connection = this.#connection;
    return (
      this.#isListed &&
      connection !== undefined &&
      connection.isOpen &&
      connection.silentMs <= HEART_BEATS * connection.silenceMs
    );
  }

  follow(follower: NewsFollower): () => void {
    this.#followers.add(follower);
    if (this.#isListed) follower.onSeen({ items: this.#table.items(), isAll: true });
    this.#listen(this.#session.topics);
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#stop();
    };
  }

  loggedOn(topics: Topics | undefined): void {
    this.#stop();
    this.#nextNumber = 0;
    this.#listen(topics);
  }

  sessionLost(): void {
    this.#lose();
    this.#subscription?.sessionLost();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#listTimer);
    this.#stop();
    await Promise.all([...this.#ending, this.#listing]);
  }

  known(maxAgeMs: number): KnownPartitions | undefined {
    const silentMs = this.#connection?.silentMs ?? Number.POSITIVE_INFINITY;
    if (!this.isHealthy || silentMs > maxAgeMs) return undefined;
    return { table: this.#table, observedAt: Math.floor(this.#parts.clock.now() - silentMs) };
  }

  status(uri: string): string | undefined {
    return this.isHealthy ? this.#table.get(uri)?.status : undefined;
  }

  moment(): number {
    return this.#table.moment();
  }

  listed(items: readonly PartitionItem[], hasFacts: boolean, moment: number): void {
    this.#table.confirm(items, hasFacts, moment);
    this.#tell({ items: items.flatMap((item) => this.#table.get(item['object-uri']) ?? []), isAll: false });
  }

  read(uri: string, partition: Partition, moment: number): void {
    this.#table.read(uri, partition, moment);
    this.#tellOf(uri);
  }

  async jobPause(uri: string, pause: Pause, signal: AbortSignal): Promise<void> {
    // When it has told and the job runs all the same, asking on is all there is.
    if (this.#endedJobs.has(uri)) await this.#parts.clock.sleep(pause.ms, signal);
    else await this.#pause(uri, pause, signal);
  }

  isJobEnded(uri: string): boolean {
    return this.#endedJobs.has(uri);
  }

  async statusPause(uri: string, moment: number, pause: Pause, signal: AbortSignal): Promise<void> {
    if (this.isHealthy && this.#table.isToldSince(uri, moment)) return;
    // Nothing is told of what is not in the table, as of LPARs in classic mode.
    if (this.#table.get(uri) === undefined) await this.#parts.clock.sleep(pause.ms, signal);
    else await this.#pause(uri, pause, signal);
  }

  async #pause(uri: string, { ms, atMostMs }: Pause, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    if (!this.isHealthy) {
      await clock.sleep(ms, signal);
      return;
    }
    const end = new AbortController();
    const stop = AbortSignal.any([signal, end.signal]);
    try {
      await Promise.race([
        this.#waiters.wait(uri, stop),
        clock.sleep(Math.min(Math.max(ms, TOLD_PAUSE_MS), atMostMs), stop).catch(() => undefined),
      ]);
    } finally {
      end.abort();
    }
    signal.throwIfAborted();
  }

  #stop(): void {
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    this.#subscription = undefined;
    this.#lose();
    const ending = subscription.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #listen(topics: Topics | undefined): void {
    if (topics === undefined || this.#followers.size === 0 || this.#isClosed || this.#subscription !== undefined)
      return;
    const { address, port, trust, clock, log } = this.#parts;
    this.#subscription = new Subscription(
      {
        address,
        port,
        trust,
        clock,
        log,
        checkSession: (signal) => this.#checkSession(signal),
        onMessage: (message) => this.#take(message),
        onUp: (connection) => {
          this.#connection = connection;
          this.#asking = new AbortController();
          this.#list();
        },
        onDown: (connection) => {
          // An old one may go after a new one has come.
          if (this.#connection === connection) this.#lose();
        },
      },
      topics,
    );
  }

  async #checkSession(signal: AbortSignal): Promise<void> {
    try {
      await this.#client.cpcs(signal);
    } catch (error) {
      if (error instanceof HmcError && error.kind === 'wire') for (const follower of this.#followers) follower.onAway();
      throw error;
    }
  }

  /** What is known is in doubt: whoever waits looks for himself. */
  #lose(): void {
    this.#connection = undefined;
    this.#isListed = false;
    this.#asking.abort();
    this.#endedJobs.clear();
    this.#waiters.wakeAll();
  }

  #take(message: StompMessage): void {
    this.#count(message.headers['session-sequence-nr']);
    this.#apply(readNotification(message));
  }

  /** Messages are numbered, one after the other: where one is missing, nobody knows what it said. */
  #count(header: string | undefined): void {
    const number = header === undefined || header === '' ? Number.NaN : Number(header);
    if (!Number.isSafeInteger(number)) return;
    const isMissing = number !== this.#nextNumber;
    this.#nextNumber = number + 1;
    if (isMissing) this.#doubt('a notification is missing');
  }

  #apply(notification: Notification): void {
    switch (notification.kind) {
      case 'properties':
        if (!this.#table.change(notification.uri, notification.changes)) {
          this.#doubt('a notification is about what is not known');
          return;
        }
        this.#waiters.wake(notification.uri);
        this.#tellOf(notification.uri);
        return;
      case 'removed':
        this.#table.remove(notification.uri);
        this.#waiters.wake(notification.uri);
        return;
      case 'job':
        this.#endedJobs.add(notification.uri);
        if (this.#endedJobs.size > MOST_ENDED_JOBS) {
          const [oldest = ''] = this.#endedJobs;
          this.#endedJobs.delete(oldest);
        }
        this.#waiters.wake(notification.uri);
        this.#session.jobEnded(notification.uri);
        return;
      case 'unclear':
        this.#doubt('something changed');
        return;
      case 'other':
    }
  }

  #doubt(why: string): void {
    if (this.#connection === undefined) return;
    const { log, address } = this.#parts;
    log.debug('the partitions of the HMC are listed anew', { hmc: address.label, why });
    this.#isListed = false;
    this.#waiters.wakeAll();
    this.#list();
  }

  /** Lists everything, once for all who want it; again when more came in between. */
  #list(): void {
    this.#wantsList = true;
    this.#listing ??= this.#listUntilDone(this.#asking.signal).finally(() => {
      this.#listing = undefined;
      // A new connection may have come up meanwhile.
      if (this.#wantsList && this.#connection !== undefined) this.#list();
    });
  }
  async #listUntilDone(signal: AbortSignal): Promise<void> {
    const { log, address } = this.#parts;
    if (performance.now() - this.#listedAt > TROUBLE.maxMs) this.#trouble.reset();
    else await this.#trouble.pause(signal);
    while (this.#wantsList && !signal.aborted) {
      this.#wantsList = false;
      try {
        const moment = this.#table.moment();
        const items = await this.#client.partitions({}, true, signal);
        if (signal.aborted) return;
        this.#listedAt = performance.now();
        if (items.length > MOST_PARTITIONS) {
          log.warn('the HMC has too many partitions to be kept in mind', {
            hmc: address.label,
            partitions: items.length,
          });
          return;
        }
        this.#table.replace(items, await this.#client.listsFacts(signal), moment);
        if (!this.#wantsList) {
          this.#isListed = true;
          this.#tell({ items: this.#table.items(), isAll: true });
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#wantsList = true;
        log.debug('the partitions of the HMC could not be listed', { hmc: address.label, err: error });
      }
      if (this.#wantsList) await this.#trouble.pause(signal);
    }
  }

  #tellOf(uri: string): void {
    const item = this.#table.get(uri);
    if (item !== undefined) this.#tell({ items: [item], isAll: false });
  }

  #tell(seen: Seen): void {
    for (const follower of this.#followers) follower.onSeen(seen);
  }
}
