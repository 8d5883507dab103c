import { unlessAborted } from '../../../common/aborted.js';
import type { z } from 'zod';
import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import type { Outgoing } from '../../../common/outgoing.js';
import { redactText, Secret } from '../../../common/secret.js';
import type { BreakerStore } from '../../../compute/contract/index.js';
import { HttpFailure, type HttpAnswer, type HttpClient } from '../../../connectors/http/index.js';
import type { AdaptiveLimit } from './adaptive-limit.js';
import { breakerKey, type HmcAccess } from './hmc-access.js';
import { decodeAnswer, LONGEST_TEXT, refusalOf } from './hmc-answer.js';
import { HmcError } from './hmc-error.js';
import type { ApiVersion, HmcCall, Topics, Waiting } from './hmc-call.js';
import type { HmcLink } from './hmc-link.js';
import type { SessionNews } from './hmc-news.port.js';
import { JobReferenceSchema, LogonSchema } from './hmc-schemas.js';
import { LostJobs } from './lost-jobs.js';

const LOGOFF_TIMEOUT_MS = 5000;
const MOST_LOGOFFS = 4;

interface Held {
  readonly id: string;
  readonly api: ApiVersion;
  readonly remembered: Map<string, Promise<unknown>>;
  readonly topics: Topics | undefined;
}

/** Runs `work` when what was given before under the same key has ended. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * One user's session on one HMC (hmc-dpm.md section 3), shared by everything that talks to it as this user. It logs on
 * when the first request comes, once for all that wait; a lost session is replaced once per request; a refused logon is
 * never repeated until {@link rearm}, since the HMC disables users after a few.
 */
export class HmcSession implements HmcLink {
  /** Listens for this session. */
  news: SessionNews | undefined;
  readonly refusedQueries = new Set<'properties' | 'additional-properties'>();
  readonly #lostJobs: LostJobs;
  #lastUsedAt = performance.now();
  #underWay = 0;
  /** The logon under way or done. */
  #held: Promise<Held> | undefined;
  /** What it gave. */
  #current: Held | undefined;
  /** Holds logons back when the breaker could not be written down. */
  #refusal: string | undefined;
  #isClosed = false;

  constructor(
    private readonly http: HttpClient,
    private readonly access: HmcAccess,
    private readonly breakers: BreakerStore,
    private readonly log: Log,
    /** Lets the logons with one credential happen one after the other, whatever session they are for. */
    private readonly inTurn: InTurn,
    private readonly limit: AdaptiveLimit,
    clock: Clock,
  ) {
    this.#lostJobs = new LostJobs(clock, (uri) => this.#deleteJob(uri));
  }

  get label(): string {
    return this.access.address.label;
  }

  /** For listening to notifications; undefined without a session, and when the logon told of no topics. */
  get topics(): Topics | undefined {
    return this.#current?.topics;
  }

  /** Milliseconds since the last request was answered. */
  get idleMs(): number {
    return this.#underWay > 0 ? 0 : performance.now() - this.#lastUsedAt;
  }

  async request(call: HmcCall): Promise<HttpAnswer> {
    if (call.isUpkeep === true) return await this.#request(call);
    this.#underWay += 1;
    try {
      const send = (): Promise<HttpAnswer> => this.#request(call);
      return await (call.beginsJob === true ? this.#lostJobs.begin(send, jobIn) : send());
    } finally {
      this.#underWay -= 1;
      this.#lastUsedAt = performance.now();
    }
  }

  async anonymous(call: HmcCall): Promise<HttpAnswer> {
    return await this.#send(call, performance.now() + call.timeoutMs);
  }

  async apiVersion(waiting: Waiting = {}): Promise<ApiVersion> {
    return (await this.#hold(waiting)).api;
  }

  async remember<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const { remembered } = await this.#hold({});
    const known = remembered.get(key);
    if (known !== undefined) return (await known) as T;
    const answer = ask();
    remembered.set(key, answer);
    answer.catch(() => remembered.delete(key));
    return await answer;
  }

  leaveJob(uri: string): void {
    this.#lostJobs.leave(uri);
  }

  /** The HMC tells that a job has ended. */
  jobEnded(uri: string): void {
    this.#lostJobs.ended(uri);
  }

  async rearm(): Promise<boolean> {
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = undefined;
    const { endpoint, user } = breakerKey(this.access);
    return (await this.breakers.close({ endpoint, user })) || wasRefused;
  }

  /** Logs off and takes no more requests. Never fails: a session that cannot be logged off ends by itself. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.news?.close();
    await this.#lostJobs.close();
    const held = await this.#held?.catch(() => undefined);
    this.#held = undefined;
    if (held !== undefined) await this.#logOff(held);
  }

  /** Also over a connection that turns out to be dead: one that was logged off already is lost then, and no more. */
  async #logOff(held: Held): Promise<void> {
    const path = '/api/sessions/this-session';
    const call = { method: 'DELETE', path, timeoutMs: LOGOFF_TIMEOUT_MS, isUrgent: true } as const;
    const endsAt = performance.now() + LOGOFF_TIMEOUT_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#send(call, endsAt, held);
        return;
      } catch (error) {
        if (error instanceof HmcError && error.isSessionLost) return;
        if (attempt < MOST_LOGOFFS && error instanceof HmcError && error.isTransient) continue;
        this.log.warn('the HMC session could not be logged off', { hmc: this.access.address.label, err: error });
        return;
      }
    }
  }

  /** In the session that there is, also while that ends; whether the job was there. */
  async #deleteJob(path: string): Promise<boolean> {
    const held = this.#current;
    if (held === undefined) return false;
    const call = { method: 'DELETE', path, timeoutMs: LOGOFF_TIMEOUT_MS } as const;
    const hmc = this.access.address.label;
    try {
      await this.#send(call, performance.now() + LOGOFF_TIMEOUT_MS, held);
      this.log.debug('a job was deleted whose answer had been lost', { hmc, job: path });
      return true;
    } catch (error) {
      this.log.debug('a job whose answer had been lost could not be deleted', { hmc, job: path, err: error });
      return false;
    }
  }

  async #request(call: HmcCall): Promise<HttpAnswer> {
    const endsAt = performance.now() + call.timeoutMs;
    const held = await this.#hold(call);
    try {
      return await this.#send(call, endsAt, held);
    } catch (error) {
      if (!(error instanceof HmcError && error.isSessionLost)) throw error;
      // 403,4 and 403,5 prove that nothing was executed, so a POST may go out again too.
      this.#forget(held);
      return await this.#send(call, endsAt, await this.#hold(call));
    }
  }

  /** Waits for the shared logon; a caller that gives up does not take it from the others. */
  async #hold({ signal, outgoing }: Waiting): Promise<Held> {
    signal?.throwIfAborted();
    this.#refuseIfClosed();
    if (this.#held === undefined) {
      // In turn, so that the second of two sessions with a wrong password knows of the refusal of the first.
      const logon = this.inTurn(JSON.stringify(breakerKey(this.access)), () => this.#logOn(outgoing));
      this.#held = logon;
      logon.catch(() => {
        if (this.#held === logon) this.#held = undefined;
      });
    }
    return await unlessAborted(this.#held, signal);
  }

  #refuseIfClosed(): void {
    if (!this.#isClosed) return;
    throw new HmcError({ kind: 'closed', changes: false, text: 'the session has been given back' });
  }

  /** Drops a lost session, unless somebody has replaced it already. */
  #forget(lost: Held): void {
    if (this.#current !== lost) return;
    this.#current = undefined;
    this.#held = undefined;
    this.news?.sessionLost();
  }

  /** @param outgoing of the call that it is made for first */
  async #logOn(outgoing: Outgoing | undefined): Promise<Held> {
    const key = breakerKey(this.access);
    const reason = (await this.breakers.find(key))?.reason ?? this.#refusal;
    if (reason !== undefined) {
      throw new HmcError({ kind: 'held-back', changes: false, text: reason, isLogon: true });
    }
    // It may have waited for its turn until after the end.
    this.#refuseIfClosed();
    const { userid, password, requestTimeoutMs, address } = this.access;
    const call: HmcCall = {
      method: 'POST',
      path: '/api/sessions',
      json: { userid, password: password.reveal() },
      timeoutMs: requestTimeoutMs,
      outgoing,
    };
    try {
      const answer = await this.#send(call, performance.now() + requestTimeoutMs);
      const logon = decodeAnswer(answer, LogonSchema, true);
      this.#current = {
        id: logon['api-session'],
        api: { major: logon['api-major-version'], minor: logon['api-minor-version'] },
        remembered: new Map(),
        topics: topicsOf(logon),
      };
      // It may be another version by now.
      this.refusedQueries.clear();
      this.log.info('logged on to the HMC', { hmc: address.label, user: userid });
      this.news?.loggedOn(this.#current.topics);
      return this.#current;
    } catch (error) {
      if (!(error instanceof HmcError)) throw error;
      const failed = error.duringLogon();
      if (isRefusedLogon(failed)) await this.#holdBack(failed);
      throw failed;
    }
  }

  async #holdBack(refusal: HmcError): Promise<void> {
    const reason = `${refusal.nativeCode ?? 'refused'}: ${refusal.message}`;
    this.log.warn('the HMC refused the logon; no more is tried', {
      hmc: this.access.address.label,
      user: this.access.userid,
      reason,
    });
    try {
      await this.breakers.open(breakerKey(this.access), reason);
    } catch (error) {
      this.#refusal = reason;
      this.log.error('the refused logon could not be written down', { err: error });
    }
  }

  async #send(call: HmcCall, endsAt: number, held?: Held): Promise<HttpAnswer> {
    const {
      method,
      path,
      json,
      upload,
      accept,
      secrets = [],
      signal,
      outgoing,
      isUrgent = false,
      isQuestion = false,
    } = call;
    const timeoutMs = endsAt - performance.now();
    const changes = method !== 'GET' && !isQuestion;
    let ended: ReturnType<AdaptiveLimit['sent']> | undefined;
    const scrub = (text: string): string => this.#scrub(text, held, secrets);
    try {
      if (timeoutMs <= 0) throw new HttpFailure('timeout', 'the time was over before it was sent', 'ETIMEDOUT', 'no');
      const answer = await this.http.request({
        method,
        path,
        timeoutMs,
        ...(held === undefined ? {} : { headers: { 'X-API-Session': held.id } }),
        ...(json === undefined ? {} : { json }),
        upload,
        accept,
        signal,
        isUrgent,
        onTurn: () => {
          ended = this.limit.sent();
        },
        outgoing,
      });
      const refusal = isGood(answer) ? undefined : refusalOf(answer, changes, scrub);
      ended?.(refusal?.isBusy === true ? 'busy' : 'good');
      if (refusal === undefined) return this.#noteInconsistency(answer, path);
      throw refusal;
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      if (error.kind === 'timeout' && error.sent === 'perhaps') ended?.('busy');
      throw new HmcError({ kind: 'wire', changes, text: scrub(error.message), failure: error });
    }
  }

  /** The HMC marks answers that it knows to be inconsistent (hmc-dpm.md section 4); they are used all the same. */
  #noteInconsistency(answer: HttpAnswer, path: string): HttpAnswer {
    const { body } = answer;
    if (body.kind === 'json' && typeof body.value === 'object' && body.value !== null) {
      if ('@@implementation-errors' in body.value) {
        this.log.warn('the HMC reports an inconsistency of its own', { hmc: this.access.address.label, path });
      }
    }
    return answer;
  }

  /** The HMC may quote our own request in its texts. */
  #scrub(text: string, held: Held | undefined, more: readonly string[]): string {
    const secrets = [this.access.password.reveal(), held?.id ?? '', ...more]
      .filter((secret) => secret.length > 2)
      // As JSON writes it too.
      .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
    const clean = secrets.reduce((all, secret) => all.replaceAll(secret, '[redacted]'), text);
    return redactText(clean)
      .replace(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, LONGEST_TEXT);
  }
}

/** The job that an answer names; undefined when it was accepted without one, null when that cannot be told. */
function jobIn({ body }: HttpAnswer): string | undefined | null {
  if (body.kind === 'empty') return undefined;
  return JobReferenceSchema.safeParse(body.kind === 'json' ? body.value : null).data?.['job-uri'] ?? null;
}

function topicsOf(logon: z.infer<typeof LogonSchema>): Topics | undefined {
  const passcode = logon['session-credential'];
  const objects = logon['notification-topic'];
  const jobs = logon['job-notification-topic'];
  if (!passcode || !objects || !jobs) return undefined;
  return { login: logon['api-session'], passcode: new Secret(passcode), objects, jobs };
}

/**
 * Did the HMC look at the credential and say no? Also when the body of its answer is cut off; not when a web page says
 * it, for that comes from in front of the API.
 */
function isRefusedLogon({ kind, status }: HmcError): boolean {
  return kind !== 'html' && (status === 401 || status === 403);
}

/** A status of success, and a body that can be read. */
function isGood({ status, body }: HttpAnswer): boolean {
  return status >= 200 && status < 300 && body.kind !== 'html' && body.kind !== 'unreadable';
}
