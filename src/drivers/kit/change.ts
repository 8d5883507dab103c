import { ComputeError, type ErrorCode } from '../../common/errors/index.js';
import { pollUntil } from '../../common/poll.js';
import type { OperationContext, Target } from '../../compute/contract/index.js';
import type { Backend } from './backend.js';
import { lastStepOf } from './checkpoints.js';

/** How long a backend that does not answer is waited for once something was sent to it: it restarts in a few minutes. */
const OUTAGE_PATIENCE_MS = 10 * 60_000;
/** How long one that says "not now" is asked again while nothing was sent. */
export const BUSY_PATIENCE_MS = 60_000;

/** A change under way at a backend: what is known of it, and the patient way to ask. */
export abstract class Change {
  /** What was sent and is not known to have ended, as a noun: "start", "creation of NIC eth0". */
  underWay: string | undefined;
  /** What was carried out, now or by an earlier attempt, and stays whatever fails later; nouns as in {@link underWay}. */
  readonly carriedOut: Set<string>;
  #endsAt: number;
  /** Since when the backend has not answered; undefined while it does. */
  #failingSince: number | undefined;
  /** Polls under way, one within the other. */
  #polls = 0;

  /** @param carriedOut by what earlier attempts have left */
  protected constructor(
    readonly ctx: OperationContext,
    readonly target: Target,
    readonly backend: Backend,
    carriedOut: Iterable<string>,
  ) {
    this.carriedOut = new Set(carriedOut);
    this.#endsAt = ctx.clock.now() + backend.pacing.operationTimeoutMs;
  }

  /** What kind of thing is changed, for people. */
  abstract get noun(): string;

  /** What the backend says as an error of ours; what is ours already stays as it is. @param what "powering on partition" */
  abstract explain(what: string, error: unknown, permissions?: readonly string[]): unknown;

  get label(): string {
    return `${this.noun} ${this.target.name}`;
  }

  /** Did its operation try to send anything, in this attempt or an earlier one? From then on the backend is waited for. */
  get hasBegun(): boolean {
    return lastStepOf(this.ctx.checkpoints) !== undefined;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.ctx.clock.now());
  }

  /** Time that went by in waiting for people and other machines does not count against the operation's own. */
  notCounting(ms: number): void {
    this.#endsAt += ms;
  }

  /**
   * Asks until there is an answer, over interruptions that a restarting backend explains.
   *
   * @param what is awaited, for people: "the HMC to finish starting partition web01"
   * @param intervalMs first pause; pauses grow up to the longest of the settings
   * @param timeoutMs what is left of the operation, when not given
   * @param pause how a pause is spent: asleep, when not given
   * @throws ComputeError BACKEND_TIMEOUT; the backend's error when it fails for too long; the signal's reason
   */
  async poll<T>(
    what: string,
    intervalMs: number,
    probe: () => Promise<T | undefined>,
    timeoutMs = this.remainingMs,
    pause = (ms: number): Promise<void> => this.ctx.clock.sleep(ms, this.ctx.signal),
  ): Promise<T> {
    const { ctx, backend } = this;
    const maxIntervalMs = Math.max(intervalMs, backend.pacing.poll.maxMs);
    const endsAt = ctx.clock.now() + timeoutMs;
    // What failed before the outermost one is nothing that it waits for.
    if (this.#polls === 0) this.#failingSince = undefined;
    const asking = async (): Promise<T | undefined> => {
      try {
        const answer = await probe();
        this.#failingSince = undefined;
        return answer;
      } catch (error) {
        const now = ctx.clock.now();
        this.#failingSince ??= now;
        if (!this.#isPatientWith(error, now - this.#failingSince)) throw error;
        if (now >= endsAt) throw this.#inVain(what, timeoutMs, error);
        ctx.log.debug(`${backend.noun} did not answer, asking again`, { backend: backend.label, err: error });
        return undefined;
      }
    };
    this.#polls += 1;
    try {
      return await pollUntil(asking, {
        clock: ctx.clock,
        signal: ctx.signal,
        intervalMs,
        maxIntervalMs,
        pause,
        timeoutMs,
        what,
      });
    } finally {
      this.#polls -= 1;
    }
  }

  #isPatientWith(error: unknown, failingMs: number): boolean {
    const failure = this.backend.failureOf(error);
    if (failure === undefined) return false;
    if (this.hasBegun) return failure.isTransient && failingMs < OUTAGE_PATIENCE_MS;
    return failure.isBusy && failingMs < BUSY_PATIENCE_MS;
  }

  /** The backend does not answer, and nobody can wait any longer. */
  #inVain(what: string, timeoutMs: number, error: unknown): ComputeError {
    const { backend } = this;
    const said = backend.failureOf(error)?.message ?? 'no answer';
    return new ComputeError(
      'BACKEND_TIMEOUT',
      `waited ${Math.round(timeoutMs / 1000)} s for ${what}, in vain (${backend.label}: ${said})`,
      { driver: backend.driver, native: backend.nativeOf(error), cause: error },
    );
  }

  /** What was carried out has been taken back: nothing of it stays. */
  tookBack(): void {
    this.underWay = undefined;
    this.carriedOut.clear();
  }

  /** An error of this change. */
  error(code: ErrorCode, message: string, status?: string): ComputeError {
    return new ComputeError(code, message, {
      driver: this.backend.driver,
      target: this.target.key,
      ...(status === undefined ? {} : { details: { status } }),
    });
  }

  /** The operation's time is over before a step that it would take; the step is not begun. @param step as a noun */
  timeOver(step: string): ComputeError {
    const seconds = Math.round(this.backend.pacing.operationTimeoutMs / 1000);
    return new ComputeError(
      'BACKEND_TIMEOUT',
      `the ${seconds} s of operation_timeout_ms were over before the ${step} of ${this.label}, which was not sent`,
      { retry: 'safe', outcome: 'not-applied' },
    );
  }

  /**
   * Runs the change; whatever fails leaves as a ComputeError that tells the truth about what was sent.
   *
   * @param what for people, before the target's name: "powering on partition"
   * @param permissions that it needs at the backend, where it matters
   */
  async run<T>(what: string, work: () => Promise<T>, permissions?: readonly string[]): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = this.explain(what, error, permissions);
      if (!(failure instanceof ComputeError) || failure === this.ctx.signal.reason) throw failure;
      throw this.truthful(failure).within({ driver: this.backend.driver, target: this.target.key });
    }
  }

  /** A failure does not undo what the backend had accepted before. */
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
