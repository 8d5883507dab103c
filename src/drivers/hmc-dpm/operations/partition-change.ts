import { ComputeError } from '../../../common/errors/index.js';
import { pollUntil } from '../../../common/poll.js';
import type { OperationContext, Target } from '../../../compute/contract/index.js';
import { HmcError } from '../client/hmc-error.js';
import type { HmcClient } from '../client/hmc-client.js';
import type { Partition } from '../client/hmc-schemas.js';
import { DRIVER_NAME, toHmcComputeError, type Doing } from '../hmc-dpm.errors.js';
import type { StepName } from '../mapping/next-action.js';
import type { HmcNews, Pause } from '../notifications/hmc-news.js';
import { hasStopped } from './checkpoints.js';
import { partitionUri, type HmcPlace } from './hmc-place.js';

/** How long an HMC that does not answer is waited for once something was sent to it: it restarts in a few minutes. */
const OUTAGE_PATIENCE_MS = 10 * 60_000;
/** How long one that says "not now" is asked again while nothing was sent. */
const BUSY_PATIENCE_MS = 60_000;
/** How long what the HMC tells by itself is waited for before it is looked at. */
const TOLD_PATIENCE_MS = 15_000;

/** One change of one partition under way: what is known of it, and the patient ways to look at it. */
export class PartitionChange {
  readonly client: HmcClient;
  readonly uri: string;
  /** The step that was sent and is not known to have ended. */
  underWay: StepName | undefined;
  /** Did this change try to send anything? From then on the HMC is waited for. */
  hasBegun = false;
  /** Was a stop carried out, now or by an earlier attempt? Then something was changed, whatever fails later. */
  hasStopped: boolean;
  readonly #endsAt: number;

  constructor(
    readonly ctx: OperationContext,
    readonly place: HmcPlace,
    readonly target: Target,
  ) {
    this.client = place.client(ctx);
    this.uri = partitionUri(target.id);
    this.hasStopped = hasStopped(ctx.checkpoints);
    this.#endsAt = ctx.clock.now() + place.pacing.operationTimeoutMs;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.ctx.clock.now());
  }

  /** Waits out what passes by itself. @throws ComputeError, HmcError */
  async look(): Promise<Partition> {
    return await this.watch('the HMC to answer', this.place.pacing.poll.initialMs, (partition) => partition);
  }

  /**
   * Reads the partition until `judge` makes something of it, at pauses that grow from `intervalMs`.
   *
   * @throws ComputeError BACKEND_TIMEOUT when the time is over; INSTANCE_NOT_FOUND when it is another partition now;
   *   HmcError when the HMC fails for too long; the signal's reason
   */
  async watch<T>(what: string, intervalMs: number, judge: (partition: Partition) => T | undefined): Promise<T> {
    let askedAt = 0;
    const look = async (): Promise<T | undefined> => {
      askedAt = this.#news?.moment() ?? 0;
      const partition = await this.client.partition(this.uri, this.ctx.signal);
      this.#verify(partition);
      return judge(partition);
    };
    return await this.poll(what, intervalMs, look, async (ms) => {
      const { clock, signal } = this.ctx;
      await (this.#news?.statusPause(this.uri, askedAt, this.#pause(ms), signal) ?? clock.sleep(ms, signal));
    });
  }

  /**
   * Waits while the HMC tells of the partition's status by itself, until it tells of one that `isAwaited` accepts; not for long.
   * Whether it is so, the next look says.
   */
  async awaitStatus(isAwaited: (status: string) => boolean): Promise<void> {
    const { clock, signal } = this.ctx;
    const endsAt = clock.now() + Math.min(TOLD_PATIENCE_MS, this.remainingMs);
    for (let leftMs = endsAt - clock.now(); leftMs > 0; leftMs = endsAt - clock.now()) {
      const news = this.#news;
      const moment = news?.moment() ?? 0;
      const status = news?.status(this.uri);
      if (news === undefined || status === undefined || isAwaited(status)) return;
      await news.statusPause(this.uri, moment, { ms: leftMs, atMostMs: leftMs }, signal);
    }
  }

  /** Waits while the HMC tells of ended jobs by itself, until it tells of this one; not for long. */
  async awaitJobEnd(jobUri: string): Promise<void> {
    const news = this.#news;
    if (news?.isHealthy !== true || news.isJobEnded(jobUri)) return;
    const ms = Math.min(TOLD_PATIENCE_MS, this.remainingMs);
    await news.jobPause(jobUri, { ms, atMostMs: ms }, this.ctx.signal);
  }

  /** A pause between two looks at a job, which ends when the HMC tells that the job has ended. */
  async jobPause(jobUri: string, ms: number): Promise<void> {
    const { clock, signal } = this.ctx;
    await (this.#news?.jobPause(jobUri, this.#pause(ms), signal) ?? clock.sleep(ms, signal));
  }

  #pause(ms: number): Pause {
    return { ms, atMostMs: Math.max(ms, this.remainingMs) };
  }

  get #news(): HmcNews | undefined {
    return this.client.session.news;
  }

  /**
   * Asks until there is an answer, over interruptions that a restarting HMC explains.
   *
   * @param pause between two questions; default: asleep
   */
  async poll<T>(
    what: string,
    intervalMs: number,
    probe: () => Promise<T | undefined>,
    pause?: (ms: number) => Promise<void>,
  ): Promise<T> {
    const { ctx, place, remainingMs: timeoutMs } = this;
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
      {
        clock: ctx.clock,
        signal: ctx.signal,
        intervalMs,
        maxIntervalMs,
        timeoutMs,
        what,
        ...(pause === undefined ? {} : { pause }),
      },
    );
  }

  #isPatientWith(error: unknown, failingMs: number): boolean {
    if (!(error instanceof HmcError)) return false;
    if (this.hasBegun) return error.isTransient && failingMs < OUTAGE_PATIENCE_MS;
    return error.isBusy && failingMs < BUSY_PATIENCE_MS;
  }

  /** Names are what people act by: another name under the same id is not what was asked for. */
  #verify(partition: Partition): void {
    if (partition.name === this.target.name) return;
    throw this.error(
      'INSTANCE_NOT_FOUND',
      `partition ${this.target.name} (HMC ${this.place.hmc}) is called ${partition.name} by now; nothing more was done, repeat it with the new name`,
    );
  }

  /** An error of this change. */
  error(
    code: 'STATE_CONFLICT' | 'OPERATION_FAILED' | 'OUTCOME_UNKNOWN' | 'INSTANCE_NOT_FOUND',
    message: string,
    status?: string,
  ): ComputeError {
    return new ComputeError(code, message, {
      driver: DRIVER_NAME,
      target: this.target.key,
      ...(status === undefined ? {} : { details: { status } }),
    });
  }

  /** The operation's time is over before a step that it would take; the step is not begun. */
  timeOver(step: StepName): ComputeError {
    const seconds = Math.round(this.place.pacing.operationTimeoutMs / 1000);
    return new ComputeError(
      'BACKEND_TIMEOUT',
      `the ${seconds} s of operation_timeout_ms were over before the ${step} of partition ${this.target.name}, which was not sent`,
      { retry: 'safe', outcome: 'not-applied' },
    );
  }

  /** The operation was cancelled, and the job of this step with it: the partition is as it was before the step. */
  cancelled(step: StepName): ComputeError {
    const what = `the ${step} of partition ${this.target.name} was cancelled, and so was its job on the HMC`;
    return this.#truthful(new ComputeError('OPERATION_CANCELLED', what, { outcome: 'not-applied' })).within({
      driver: DRIVER_NAME,
      target: this.target.key,
    });
  }

  /** Runs the change; whatever fails leaves as a ComputeError that tells the truth about what was sent. */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    const doing: Doing = { what: `${what} ${this.target.name}`, hmc: this.place.hmc, subject: 'partition' };
    try {
      return await work();
    } catch (error) {
      const failure = toHmcComputeError(error, doing);
      if (!(failure instanceof ComputeError) || failure === this.ctx.signal.reason) throw failure;
      throw this.#truthful(failure).within({ driver: DRIVER_NAME, target: this.target.key });
    }
  }

  /** A failure does not undo what the HMC had accepted before. */
  #truthful(failure: ComputeError): ComputeError {
    if (failure.outcome === 'unknown') return failure;
    if (this.underWay === undefined && !this.hasStopped) return failure;
    const before =
      this.underWay === undefined
        ? 'The partition had been stopped before'
        : `A ${this.underWay} had been sent before, its end is not known`;
    return new ComputeError(failure.code, `${failure.message}. ${before}`, {
      retry: 'after-reconcile',
      outcome: 'unknown',
      native: failure.native,
      details: failure.details,
      cause: failure.cause,
      logLevel: failure.logLevel,
    });
  }
}
