import type { JsonValue } from '../../../common/errors/index.js';
import type { Log } from '../../../common/log.js';
import type { Outgoing } from '../../../common/outgoing.js';
import { redactText } from '../../../common/secret.js';
import type { BreakerStore } from '../../../compute/contract/index.js';
import { HttpFailure, type HttpAnswer, type HttpClient, type HttpUpload } from '../../../connectors/http/index.js';
import { breakerKey, type HmcAccess } from './hmc-access.js';
import { decodeAnswer, LONGEST_TEXT, refusalOf } from './hmc-answer.js';
import { HmcError } from './hmc-error.js';
import { LogonSchema } from './hmc-schemas.js';

const LOGOFF_TIMEOUT_MS = 5000;

/** One request, without its session. */
export interface HmcCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly json?: JsonValue;
  readonly upload?: HttpUpload;
  /** Media type of a text that is wanted in place of JSON. */
  readonly accept?: string;
  /** What the request holds that no text of ours may repeat. */
  readonly secrets?: readonly string[];
  /** For everything: a connection, a logon when one is needed, and the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** A POST that only asks. */
  readonly isQuestion?: boolean;
  /** Does not wait for its turn among the requests under way. */
  readonly isUrgent?: boolean;
  readonly outgoing?: Outgoing | undefined;
}

/** Whoever waits for a session. */
type Waiting = Pick<HmcCall, 'signal' | 'outgoing'>;

interface Held {
  readonly id: string;
  readonly api: ApiVersion;
}
/** Runs `work` when what was given before under the same key has ended. */
export type InTurn = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}

/**
 * One user's session on one HMC (hmc-dpm.md section 3), shared by everything that talks to it as this user. It logs on
 * when the first request comes, once for all that wait; a lost session is replaced once per request; a refused logon is
 * never repeated until {@link rearm}, since the HMC disables users after a few.
 */
export class HmcSession {
  /** Query parameters that this HMC refused; asked once, remembered. */
  readonly refusedQueries = new Set<'properties' | 'additional-properties'>();
  #lastUsedAt = performance.now();
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
  ) {}

  /** Milliseconds since the last request. */
  get idleMs(): number {
    return performance.now() - this.#lastUsedAt;
  }

  /**
   * Sends a request in this session; its good answer.
   *
   * @throws HmcError, or the signal's reason
   */
  async request(call: HmcCall): Promise<HttpAnswer> {
    this.#lastUsedAt = performance.now();
    const endsAt = performance.now() + call.timeoutMs;
    const held = await this.#hold(call);
    try {
      return await this.#send(call, endsAt, held);
    } catch (error) {
      if (!(error instanceof HmcError && error.isSessionLost)) throw error;
      // 403,4 and 403,5 prove that nothing was executed, so a POST may go out again too.
      this.#forget(held);
      return await this.#send(call, endsAt, await this.#hold(call));
    } finally {
      this.#lastUsedAt = performance.now();
    }
  }

  /** Sends a request that needs no session. @throws HmcError, or the signal's reason */
  async anonymous(call: HmcCall): Promise<HttpAnswer> {
    return await this.#send(call, performance.now() + call.timeoutMs);
  }

  /** Version of the API, as the logon tells it; logs on when needed. @throws HmcError */
  async apiVersion(waiting: Waiting = {}): Promise<ApiVersion> {
    return (await this.#hold(waiting)).api;
  }

  /** `host:port` of the HMC. */
  get label(): string {
    return this.access.address.label;
  }

  /** Allows the next logon after a refused one; tells whether one was held back. */
  async rearm(): Promise<boolean> {
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = undefined;
    const { endpoint, user } = breakerKey(this.access);
    return (await this.breakers.close({ endpoint, user })) || wasRefused;
  }

  /** Logs off and takes no more requests. Never fails: a session that cannot be logged off ends by itself. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const held = await this.#held?.catch(() => undefined);
    this.#held = undefined;
    if (held === undefined) return;
    try {
      const path = '/api/sessions/this-session';
      const call = { method: 'DELETE', path, timeoutMs: LOGOFF_TIMEOUT_MS, isUrgent: true } as const;
      await this.#send(call, performance.now() + LOGOFF_TIMEOUT_MS, held);
    } catch (error) {
      this.log.warn('the HMC session could not be logged off', { hmc: this.access.address.label, err: error });
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
      };
      this.log.info('logged on to the HMC', { hmc: address.label, user: userid });
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
        outgoing,
      });
      if (isGood(answer)) return this.#noteInconsistency(answer, path);
      throw refusalOf(answer, changes, scrub);
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
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

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        onAbort = () => reject(signal.reason as Error);
        signal.addEventListener('abort', onAbort);
      }),
    ]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
