import type { Log } from '../../../common/log.js';
import type { HttpAnswer } from '../../../connectors/http/index.js';
import type { HmcNews, NewsFollower, Seen } from './hmc-news.port.js';
import { HmcError } from './hmc-error.js';
import type { HmcLink } from './hmc-link.js';
import type { ApiVersion, HmcCall, Waiting } from './hmc-call.js';
import type { HmcSession } from './hmc-session.js';

/** How long an HMC may take to say its version when it is looked for. */
const PROBE_TIMEOUT_MS = 5000;

/**
 * The way to redundant HMCs of the same CPCs (hmc-dpm.md section 1): the first that answers is used until it fails, then the next. A request
 * that cannot have been carried out goes on to the other HMC; one that can have been is for its sender to look for. Object URIs are
 * the same on all of them; jobs and topics are not.
 */
export class HmcRoute implements HmcLink {
  #at = 0;
  #looking: Promise<boolean> | undefined;
  #unfollow: (() => void) | undefined;
  #isClosed = false;

  /** @param onSeen told of what the HMC in use says of partitions; undefined: it is not listened to */
  constructor(
    private readonly sessions: readonly [HmcSession, ...HmcSession[]],
    private readonly onSeen: ((seen: Seen) => void) | undefined,
    private readonly log: Log,
  ) {
    this.#follow();
  }

  get label(): string {
    return this.#session.label;
  }

  get refusedQueries(): HmcSession['refusedQueries'] {
    return this.#session.refusedQueries;
  }

  get news(): HmcNews | undefined {
    return this.onSeen === undefined ? undefined : this.#session.news;
  }

  async request(call: HmcCall): Promise<HttpAnswer> {
    return await this.#try(call, (session, timeoutMs) => session.request({ ...call, timeoutMs }));
  }

  async anonymous(call: HmcCall): Promise<HttpAnswer> {
    return await this.#try(call, (session, timeoutMs) => session.anonymous({ ...call, timeoutMs }));
  }

  async apiVersion(waiting: Waiting = {}): Promise<ApiVersion> {
    return await this.#try({ timeoutMs: Number.POSITIVE_INFINITY }, (session) => session.apiVersion(waiting));
  }

  remember<T>(key: string, ask: () => Promise<T>): Promise<T> {
    return this.#session.remember(key, ask);
  }

  leaveJob(uri: string): void {
    // It belongs to the HMC that has named it.
    for (const session of this.sessions) session.leaveJob(uri);
  }

  async rearm(): Promise<boolean> {
    const rearmed = await Promise.all(this.sessions.map((session) => session.rearm()));
    return rearmed.includes(true);
  }

  /** Listens no more. */
  close(): void {
    this.#isClosed = true;
    this.#unfollow?.();
  }

  get #session(): HmcSession {
    return this.sessions[this.#at] ?? this.sessions[0];
  }

  async #try<T>(
    { timeoutMs }: Pick<HmcCall, 'timeoutMs'>,
    work: (session: HmcSession, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    const session = this.#session;
    const endsAt = performance.now() + timeoutMs;
    try {
      return await work(session, timeoutMs);
    } catch (error) {
      if (!(error instanceof HmcError) || !isDoubtful(error) || !(await this.#moveFrom(session))) throw error;
      const leftMs = endsAt - performance.now();
      if (error.mayHaveRun || leftMs <= 0) throw error;
      return await work(this.#session, leftMs);
    }
  }

  /** Looks for an HMC that answers, beginning with the one in doubt; whether another is used now. */
  async #moveFrom(session: HmcSession): Promise<boolean> {
    if (this.sessions.length === 1) return false;
    if (session !== this.#session) return true;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return await this.#looking;
  }

  async #look(): Promise<boolean> {
    for (let step = 0; step < this.sessions.length; step += 1) {
      const at = (this.#at + step) % this.sessions.length;
      const session = this.sessions[at];
      if (session === undefined || !(await answers(session))) continue;
      if (step === 0) return false;
      this.log.warn(`HMC ${this.label} does not answer: HMC ${session.label} is used from now on`);
      this.#unfollow?.();
      this.#at = at;
      this.#follow();
      return true;
    }
    return false;
  }

  #follow(): void {
    const { onSeen } = this;
    if (onSeen === undefined || this.#isClosed) return;
    const session = this.#session;
    const follower: NewsFollower = { onSeen, onAway: () => void this.#moveFrom(session) };
    this.#unfollow = session.news?.follow(follower);
  }
}

/** May it be that the HMC as a whole does not answer? */
function isDoubtful({ kind, failure }: HmcError): boolean {
  if (kind !== 'wire' || failure === undefined) return kind === 'html';
  // What waited for its turn in vain was sent to nobody.
  return failure.kind !== 'closed' && !(failure.kind === 'timeout' && failure.sent === 'no');
}

async function answers(session: HmcSession): Promise<boolean> {
  try {
    await session.anonymous({ method: 'GET', path: '/api/version', timeoutMs: PROBE_TIMEOUT_MS, isUrgent: true });
    return true;
  } catch {
    return false;
  }
}
