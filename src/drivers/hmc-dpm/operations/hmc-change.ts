import { ComputeError, type ErrorCode } from '../../../common/errors/index.js';
import { pollUntil } from '../../../common/poll.js';
import type { OperationContext, Target } from '../../../compute/contract/index.js';
import type { HmcClient } from '../client/hmc-client.js';
import { HmcError } from '../client/hmc-error.js';
import { DRIVER_NAME, toHmcComputeError, type Doing } from '../hmc-dpm.errors.js';
import type { HmcNews, Pause } from '../client/hmc-news.port.js';
import { writesDone } from './checkpoints.js';
import type { HmcPlace } from './hmc-place.js';

/** How long an HMC that does not answer is waited for once something was sent to it: it restarts in a few minutes. */
const OUTAGE_PATIENCE_MS = 10 * 60_000;
/** How long one that says "not now" is asked again while nothing was sent. */
const BUSY_PATIENCE_MS = 60_000;
/** How long what the HMC tells by itself is waited for before it is looked at. */
export const TOLD_PATIENCE_MS = 15_000;

/** A change under way at an HMC: what is known of it, and the patient way to ask. */
export class HmcChange {
  readonly client: HmcClient;
  /** What was sent and is not known to have ended, as a noun: "start", "creation of NIC eth0". */
  underWay: string | undefined;
  /** Did this change try to send anything? From then on the HMC is waited for. */
  hasBegun = false;
  /** What was carried out, now or by an earlier attempt, and stays whatever fails later; nouns as in {@link underWay}. */
  readonly carriedOut: Set<string>;
  /** What a 404 is about. */
  protected readonly subject: Doing['subject'] = 'cpc';
  #endsAt: number;

  constructor(
    readonly ctx: OperationContext,
    readonly place: HmcPlace,
    readonly target: Target,
  ) {
    this.client = place.client(ctx);
    this.carriedOut = new Set(writesDone(ctx.checkpoints));
    this.#endsAt = ctx.clock.now() + place.pacing.operationTimeoutMs;
  }

  /** What kind of thing is changed, for people. */
  get noun(): string {
    return 'partition';
  }

  get label(): string {
    return `${this.noun} ${this.target.name}`;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.ctx.clock.now());
  }

  /** Time that went by in waiting for people and other machines does not count against the operation's own. */
  notCounting(ms: number): void {
    this.#endsAt += ms;
  }

  /**
   * Asks until there is an answer, over interruptions that a restarting HMC explains.
   *
   * @param what is awaited, for people: "the HMC to finish starting partition web01"
   * @param intervalMs first pause; pauses grow up to the longest of the settings
   * @param timeoutMs what is left of the operation, when not given
   * @param pause how a pause is spent: asleep, when not given
   * @throws ComputeError BACKEND_TIMEOUT; HmcError when the HMC fails for too long; the signal's reason
   */
  async poll<T>(
    what: string,
    intervalMs: number,
    probe: () => Promise<T | undefined>,
    timeoutMs = this.remainingMs,
    pause = (ms: number): Promise<void> => this.ctx.clock.sleep(ms, this.ctx.signal),
  ): Promise<T> {
    const { ctx, place } = this;
    const maxIntervalMs = Math.max(intervalMs, place.pacing.poll.maxMs);
    let failingSince: number | undefined;
    return await pollUntil(
      async () => {
        try {
          const answer = await probe();
          failingSince = undefined;
          return answer;
        } catch (error) {
          const now = ctx.clock.now();
          failingSince ??= now;
          if (!this.#isPatientWith(error, now - failingSince)) throw error;
          ctx.log.debug('the HMC did not answer, asking again', { hmc: place.hmc, err: error });
          return undefined;
        }
      },
      { clock: ctx.clock, signal: ctx.signal, intervalMs, maxIntervalMs, pause, timeoutMs, what },
    );
  }

  /** Waits while the HMC tells of ended jobs by itself, until it tells of this one; not for long. */
  async awaitJobEnd(jobUri: string): Promise<void> {
    const { news } = this;
    if (news?.isHealthy !== true || news.isJobEnded(jobUri)) return;
    const ms = Math.min(TOLD_PATIENCE_MS, this.remainingMs);
    await news.jobPause(jobUri, { ms, atMostMs: ms }, this.ctx.signal);
  }

  /** A pause between two looks at a job, which ends when the HMC tells that the job has ended. */
  async jobPause(jobUri: string, ms: number): Promise<void> {
    const { clock, signal } = this.ctx;
    await (this.news?.jobPause(jobUri, this.pause(ms), signal) ?? clock.sleep(ms, signal));
  }

  /** What the HMC tells by itself; undefined when it is not listened to. */
  protected get news(): HmcNews | undefined {
    return this.client.session.news;
  }

  /** A pause of so many milliseconds, when the HMC tells nothing by itself. */
  protected pause(ms: number): Pause {
    return { ms, atMostMs: Math.max(ms, this.remainingMs) };
  }

  #isPatientWith(error: unknown, failingMs: number): boolean {
    if (!(error instanceof HmcError)) return false;
    if (this.hasBegun) return error.isTransient && failingMs < OUTAGE_PATIENCE_MS;
    return error.isBusy && failingMs < BUSY_PATIENCE_MS;
  }

  /** What was carried out has been taken back: nothing of it stays. */
  tookBack(): void {
    this.underWay = undefined;
    this.carriedOut.clear();
  }

  /** An error of this change. */
  error(code: ErrorCode, message: string, status?: string): ComputeError {
    return new ComputeError(code, message, {
      driver: DRIVER_NAME,
      target: this.target.key,
      ...(status === undefined ? {} : { details: { status } }),
    });
  }

  /** The operation's time is over before a step that it would take; the step is not begun. @param step as a noun */
  timeOver(step: string): ComputeError {
    const seconds = Math.round(this.place.pacing.operationTimeoutMs / 1000);
    return new ComputeError(
      'BACKEND_TIMEOUT',
      `the ${seconds} s of operation_timeout_ms were over before the ${step} of ${this.label}, which was not sent`,
      { retry: 'safe', outcome: 'not-applied' },
    );
  }

  /** The operation was cancelled, and the job of this step with it: the partition is as it was before the step. */
  cancelled(step: string): ComputeError {
    const what = `the ${step} of ${this.label} was cancelled, and so was its job on the HMC`;
    return this.truthful(new ComputeError('OPERATION_CANCELLED', what, { outcome: 'not-applied' })).within({
      driver: DRIVER_NAME,
      target: this.target.key,
    });
  }

  /**
   * Runs the change; whatever fails leaves as a ComputeError that tells the truth about what was sent.
   *
   * @param what for people, before the target's name: "powering on partition"
   */
  async run<T>(what: string, work: () => Promise<T>, tasks?: Doing['tasks']): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = this.explain(what, error, tasks);
      if (!(failure instanceof ComputeError) || failure === this.ctx.signal.reason) throw failure;
      throw this.truthful(failure).within({ driver: DRIVER_NAME, target: this.target.key });
    }
  }

  /** What the HMC says as an error of ours; what is ours already stays as it is. @param what as in {@link run} */
  explain(what: string, error: unknown, tasks?: Doing['tasks']): unknown {
    const doing: Doing = { what: `${what} ${this.target.name}`, hmc: this.place.hmc, subject: this.subject, tasks };
    return toHmcComputeError(error, doing);
  }

  /** A failure does not undo what the HMC had accepted before. */
  protected truthful(failure: ComputeError): ComputeError {
    if (failure.outcome === 'unknown') return failure;
    const before = this.#before();
    if (before === undefined) return failure;
    return new ComputeError(failure.code, `${failure.message}. ${before}`, {
      retry: 'after-reconcile',
      outcome: 'unknown',
      native: failure.native,
      details: failure.details,
      cause: failure.cause,
      logLevel: failure.logLevel,
    });
  }

  #before(): string | undefined {
    if (this.underWay !== undefined) return `A ${this.underWay} had been sent before, its end is not known`;
    return this.carriedOut.size === 0 ? undefined : `Carried out before: ${[...this.carriedOut].join(', ')}`;
  }
}
