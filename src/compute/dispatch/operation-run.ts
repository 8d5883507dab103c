import type { Clock } from '../../common/clock.js';
import { ComputeError, toComputeError, type ErrorCode, type WireError } from '../../common/errors/index.js';
import { toJson } from '../../common/json.js';
import type { Log } from '../../common/log.js';
import { pollUntil } from '../../common/poll.js';
import type { Control, Journal, Lease, OperationEnd, OperationRecord } from '../../journal/journal.port.js';
import {
  inMaintenance,
  isLeaseLost,
  type AttemptWatch,
  type Checkpoint,
  type Observer,
  type OperationContext,
  type Reconciliation,
  type Target,
} from '../contract/index.js';
import type { ObservedState } from '../state/power-state.js';
import type { InFlight } from './in-flight.js';
import { openHosts, type ChangeRoute, type RouteResult } from './route.js';
import { RunContext, hasBegun } from './run-context.js';
import { handOver, type RunControls } from './run-controls.js';
import { at, deadlineExceeded } from './time-limits.js';
import type { LeaseHold } from './worker-lease.js';

/** What ends it. A live migration is aborted by a cancel, and cancelled by an abort. */
const ENDING: ReadonlySet<string> = new Set<Control>(['cancel', 'abort']);

export interface OperationRunPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: Observer;
  /** Longest that looking after an interrupted operation may take. */
  readonly reconcileTimeoutMs: number;
}

/** How one attempt ended. */
export type RunEnd =
  | { readonly kind: 'ended'; readonly end: OperationEnd; readonly state?: ObservedState }
  /** The target turned out to have another key: it must wait for its turn there. */
  | { readonly kind: 'moved'; readonly target: Target }
  /** The service stops, or has lost its lease: whoever comes next reconciles. */
  | { readonly kind: 'left' };

export interface OperationRunInput {
  readonly record: OperationRecord;
  readonly route: ChangeRoute;
  readonly lease: Lease;
  readonly hold: LeaseHold;
  readonly inFlight: InFlight;
  /** Found when the request was accepted, by this process; undefined when it must be looked up. */
  readonly target: Target | undefined;
  /** Aborts on cancel and on shutdown. */
  readonly interrupt: AbortController;
  /** Aborts when it is left to others, also after another interruption. */
  readonly left: AbortSignal;
  readonly controls: RunControls;
  readonly progress: (message: string, percent?: number) => void;
}

/** One attempt at an operation: settle its target, look after what an earlier attempt left, act, tell the outcome. */
export class OperationRun {
  readonly #ports: OperationRunPorts;
  readonly #input: OperationRunInput;
  readonly #checkpoints: Checkpoint[] = [];
  readonly #watch: AttemptWatch;
  /** Once it is known to this attempt. */
  #target: Target | undefined;

  constructor(ports: OperationRunPorts, input: OperationRunInput) {
    this.#ports = ports;
    this.#input = input;
    this.#target = input.target;
    const { record, route, lease } = input;
    const { driver, host } = route;
    const { id: operationId, method, trace } = record;
    this.#watch = ports.observer.attempt({ operationId, method, trace, driver, host, fence: lease.fence });
  }

  /** Never rejects, except with JOURNAL_UNAVAILABLE. */
  async execute(): Promise<RunEnd> {
    let failure: string | undefined = 'JOURNAL_UNAVAILABLE';
    try {
      const end = await this.#execute();
      failure = end.kind === 'ended' && end.end.state !== 'done' ? end.end.error.code : undefined;
      return end;
    } finally {
      this.#watch.end(failure);
    }
  }

  async #execute(): Promise<RunEnd> {
    const { record, lease, target: known, interrupt } = this.#input;
    const { journal, clock } = this.#ports;
    // The first attempt of who has just accepted it finds nothing, since nobody was there to leave anything.
    if (lease.fence > 1 || known === undefined) this.#checkpoints.push(...(await journal.checkpoints(record.id)));
    const stop = at(clock, record.notAfter, () => interrupt.abort(deadlineExceeded(record.method)));
    try {
      return await this.#attempt();
    } catch (error) {
      return await this.#interpret(toComputeError(error));
    } finally {
      stop();
    }
  }

  async #attempt(): Promise<RunEnd> {
    const { route, record, lease, interrupt } = this.#input;
    const ctx = this.#context(interrupt.signal);
    if (this.#hasBegun()) {
      const concluded = await this.#reconcile();
      if (concluded !== undefined) return concluded;
    }
    this.#interruptWhenStale();
    this.#interruptWhenCancelled();
    interrupt.signal.throwIfAborted();
    if (lease.closedHost !== undefined && !this.#hasBegun()) throw inMaintenance(lease.closedHost);
    const target = await this.#find(ctx);
    await route.permit(ctx, target);
    if (!this.#hasBegun()) await route.mayBegin?.(ctx);
    if (target.key !== record.target) {
      await this.#ports.journal.settleTarget(lease, target.key);
      return { kind: 'moved', target };
    }
    return this.#done(await this.#carryOut(ctx, target));
  }

  /** Runs the driver's part, and hands it what is asked of it meanwhile. */
  async #carryOut(ctx: OperationContext, target: Target): Promise<RouteResult> {
    const { route, controls } = this.#input;
    const { log } = this.#ports;
    const over = new AbortController();
    const deliver = async (control: Control): Promise<void> => {
      const { forceComplete } = route;
      if (control !== 'force_complete' || forceComplete === undefined) return;
      try {
        await handOver(ctx, control, over.signal, () => forceComplete(ctx, target));
      } catch (error) {
        log.warn('what was asked of an operation could not be handed to its driver', { err: error });
      }
    };
    return controls.during(deliver, async () => {
      try {
        return await route.run(ctx, target);
      } finally {
        over.abort();
      }
    });
  }

  /** The target, found anew after a restart: a name may stand for something else by then, which is left alone. */
  async #find(ctx: OperationContext): Promise<Target> {
    const { record, route } = this.#input;
    if (this.#target !== undefined) return this.#target;
    const found = await route.resolve(ctx, this.#checkpoints);
    if (!record.targetSettled || found.key === record.target) return found;
    throw new ComputeError('STATE_CONFLICT', `${record.name} names something else than when this was accepted`, {
      details: { accepted_for: record.target, now: found.key },
    });
  }

  /**
   * Looks after what an earlier attempt, or this one before it was interrupted, has sent. Keeps asking while the
   * backend does not answer; what cannot be told in time, or at all, is OUTCOME_UNKNOWN.
   *
   * @returns undefined when nothing stands in the way of going on
   */
  async #reconcile(): Promise<RunEnd | undefined> {
    const { left, route } = this.#input;
    const { clock } = this.#ports;
    // A parent waits for its children, each of which has a limit of its own.
    const reconcileTimeoutMs = route.isParent ? Number.MAX_SAFE_INTEGER : this.#ports.reconcileTimeoutMs;
    const limit = new AbortController();
    const onLeft = (): void => limit.abort(left.reason);
    if (left.aborted) onLeft();
    left.addEventListener('abort', onLeft);
    const stop = at(clock, clock.now() + reconcileTimeoutMs, () => limit.abort(timedOut()));
    const ctx = this.#context(limit.signal);
    ctx.progress('finding out how far it went');
    try {
      const found = await pollUntil(() => this.#lookAfter(ctx), {
        clock,
        signal: limit.signal,
        intervalMs: 1000,
        maxIntervalMs: 30_000,
        timeoutMs: reconcileTimeoutMs,
        what: 'the backend to tell the true outcome',
      });
      // What a host says while it is being closed is not the truth.
      if (left.aborted) return { kind: 'left' };
      return found === 'continue' ? undefined : found;
    } catch (error) {
      const cause = toComputeError(error);
      if (cause.code === 'JOURNAL_UNAVAILABLE') throw cause;
      if (isLeaseLost(cause) || left.aborted) return { kind: 'left' };
      return this.#failed(
        new ComputeError('OUTCOME_UNKNOWN', `its true outcome is not known: ${cause.message}`, { cause }),
      );
    } finally {
      stop();
      left.removeEventListener('abort', onLeft);
    }
  }

  async #lookAfter(ctx: OperationContext): Promise<RunEnd | 'continue' | undefined> {
    const { route } = this.#input;
    try {
      const target = await this.#find(ctx);
      const { abort } = route;
      const found =
        abort !== undefined && this.#isToEnd() ? await abort(ctx, target) : await route.reconcile(ctx, target);
      switch (found?.verdict) {
        case undefined:
          return undefined;
        case 'concluded':
          return this.#done(found.result);
        case 'failed':
          return this.#failed(found.error);
        case 'unknown':
          return this.#failed(new ComputeError('OUTCOME_UNKNOWN', found.reason));
        case 'stopped':
          return this.#failed(this.#stopped(found));
        case 'continue':
          // It was there a moment ago: a backend that goes away now is not asked for it again.
          this.#target = target;
          return 'continue';
      }
    } catch (error) {
      const failure = toComputeError(error);
      if (!UNANSWERED.has(failure.code) || ctx.signal.aborted) throw failure;
      this.#ports.log.warn('the backend does not tell the true outcome yet', { err: failure });
      return undefined;
    }
  }

  /** An error of the attempt: a plain failure, or the echo of a cancel, a deadline, a shutdown. */
  async #interpret(error: ComputeError): Promise<RunEnd> {
    if (error.code === 'JOURNAL_UNAVAILABLE') throw error;
    const { interrupt, left, record } = this.#input;
    if (isLeaseLost(error) || left.aborted) return { kind: 'left' };
    if (!interrupt.signal.aborted) return this.#failed(this.#hasBegun() ? error : notStarted(error));
    const interruption = toComputeError(interrupt.signal.reason);
    if (!this.#hasBegun()) return this.#failed(interruption);
    const truth = await this.#reconcile();
    if (truth !== undefined) return truth;
    return this.#failed(
      new ComputeError(interruption.code, `${record.method} was stopped between its steps; no further one was begun`, {
        // What it had begun has ended: a reboot may have stopped its instance by now.
        outcome: 'unknown',
        retry: 'after-reconcile',
      }),
    );
  }

  /** Is it to end although it could go on? */
  #isToEnd(): boolean {
    const { interrupt, left } = this.#input;
    return interrupt.signal.aborted && !left.aborted;
  }

  #stopped({ text, effect, details = {} }: Extract<Reconciliation, { verdict: 'stopped' }>): ComputeError {
    const { code, message } = toComputeError(this.#input.interrupt.signal.reason ?? cancelled(this.#input.record));
    const why = code === 'DEADLINE_EXCEEDED' ? 'its time was over' : message;
    return new ComputeError(code, `${why}: ${text}`, { outcome: effect, details });
  }

  /** Its time may have passed before the timer could say so. */
  #interruptWhenStale(): void {
    const { record, interrupt } = this.#input;
    if (record.notAfter !== null && record.notAfter <= this.#ports.clock.now()) {
      interrupt.abort(deadlineExceeded(record.method));
    }
  }

  /** A cancel that an earlier attempt did not live to carry out. */
  #interruptWhenCancelled(): void {
    const { record, interrupt } = this.#input;
    if (this.#checkpoints.some(({ name }) => ENDING.has(name))) {
      interrupt.abort(cancelled(record));
    }
  }

  #context(signal: AbortSignal): RunContext {
    const { journal, clock, log } = this.#ports;
    const { lease, hold, inFlight, route, record, progress } = this.#input;
    return new RunContext({
      journal,
      lease,
      hold,
      inFlight,
      clock,
      log,
      signal,
      interruptWhenStale: () => this.#interruptWhenStale(),
      openHosts: openHosts(route, record.parentId),
      checkpoints: this.#checkpoints,
      isEnding: () => this.#isToEnd(),
      watch: this.#watch,
      progress,
    });
  }

  #hasBegun(): boolean {
    return hasBegun(this.#checkpoints);
  }

  #done({ outcome, state = null, answer: more }: RouteResult): RunEnd {
    const { record, route } = this.#input;
    const described = state === null ? {} : route.describe(state);
    const answer = toJson({ operation_id: record.id, outcome, ...described, ...more });
    const end = { state: 'done', result: answer as Record<string, never> } as const;
    return { kind: 'ended', end, ...(state === null ? {} : { state }) };
  }

  #failed(error: ComputeError): RunEnd {
    const { record, route } = this.#input;
    return {
      kind: 'ended',
      end: failure(error.within({ driver: route.driver, target: record.target, operationId: record.id })),
    };
  }
}

/** The backend said nothing about the outcome: worth asking again. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  'BACKEND_UNREACHABLE',
  'BACKEND_BUSY',
  'BACKEND_TIMEOUT',
  'BACKEND_PROTOCOL',
]);

function timedOut(): ComputeError {
  return new ComputeError('BACKEND_TIMEOUT', 'the backend did not tell in time');
}

/** The end of an operation that an error ended. */
export function failure(error: ComputeError): OperationEnd {
  const wire: WireError = error.toWire();
  return { state: error.code === 'OPERATION_CANCELLED' ? 'cancelled' : 'failed', error: wire };
}

export function cancelled({ method, name }: OperationRecord): ComputeError {
  return new ComputeError('OPERATION_CANCELLED', `${method} of ${name} was cancelled`);
}

/** No step was begun, so whatever went wrong, the device was not changed. */
function notStarted(error: ComputeError): ComputeError {
  if (error.outcome === 'not-started' || error.code === 'INTERNAL') return error;
  return new ComputeError(error.code, error.message, {
    driver: error.driver,
    target: error.target,
    native: error.native,
    details: error.details,
    cause: error.cause,
    logLevel: error.logLevel,
    retry: error.retry === 'after-reconcile' ? 'safe' : error.retry,
    outcome: 'not-started',
  });
}
