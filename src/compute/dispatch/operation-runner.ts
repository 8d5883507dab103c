import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { isoTime, type Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { OperationId, TargetKey } from '../../common/ids.js';
import { withCorrelation, type Log } from '../../common/log.js';
import type { Journal, Lease, OperationEnd, OperationRecord } from '../../journal/journal.port.js';
import type { EventPublisher, OperationView, Target } from '../contract/index.js';
import { machineState } from './answers.js';
import { CANCEL_CHECKPOINT, OperationRun, failure, type RunEnd } from './operation-run.js';
import type { ChangeRoute } from './route.js';
import { TargetQueues, type Queued } from './target-queues.js';
import { at, deadlineExceeded } from './time-limits.js';
import { operationView } from './views.js';

export interface OperationRunnerOptions {
  readonly journal: Journal;
  readonly events: EventPublisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxConcurrentPerEndpoint: number;
  readonly reconcileTimeoutMs: number;
  /** Told the number of unfinished operations whenever it changes. */
  onLoad(unfinished: number): void;
}

interface Entry extends Queued {
  record: OperationRecord;
  readonly route: ChangeRoute;
  target: Target | undefined;
  /** The queue it stands in. */
  queue: TargetKey;
  readonly interrupt: AbortController;
  readonly outcome: Promise<OperationRecord>;
  readonly resolve: (record: OperationRecord) => void;
  /** Tells those who wait that the next start carries it on. */
  readonly leave: (reason: ComputeError) => void;
  /** Stops watching for the end of its time while it waits. */
  forgetDeadline: () => void;
  progress: OperationView['progress'];
}

/** The journal must take an outcome in the end: while it does not answer it is asked again, with growing pauses. */
const untilStored = retry(handleWhen(isJournalAway), {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 }),
});

/** Pause before an operation that could not be begun, or whose journal did not answer, is taken up again. */
const RETRY_PAUSE_MS = 1000;

/** Carries accepted operations out, one at a time per target, and tells their outcomes. */
export class OperationRunner {
  readonly #options: OperationRunnerOptions;
  readonly #queues: TargetQueues<Entry>;
  readonly #entries = new Map<OperationId, Entry>();
  /** Aborts when nothing waiting may begin any more. */
  readonly #life = new AbortController();
  /** Aborts when what runs is left to the next start. */
  readonly #abandon = new AbortController();

  constructor(options: OperationRunnerOptions) {
    this.#options = options;
    this.#queues = new TargetQueues(options.maxConcurrentPerEndpoint, (entry) => this.#takeTurn(entry));
  }

  /** Accepted operations that have no outcome yet. */
  get load(): number {
    return this.#entries.size;
  }

  /**
   * Gives an accepted operation its place.
   *
   * @param target when this process has just found it
   * @returns its record once it has an outcome
   * @throws ComputeError SHUTTING_DOWN when the service stops before: whoever takes it up replies then
   */
  enqueue(record: OperationRecord, route: ChangeRoute, target?: Target): Promise<OperationRecord> {
    const known = this.#entries.get(record.id);
    if (known !== undefined) return known.outcome;
    let resolve: Entry['resolve'] = () => undefined;
    let leave: Entry['leave'] = () => undefined;
    const outcome = new Promise<OperationRecord>((done, left) => {
      resolve = done;
      leave = left;
    });
    // Nobody need be waiting for it.
    outcome.catch(() => undefined);
    const entry: Entry = {
      seq: record.seq,
      get hasBegun() {
        return entry.record.state === 'running';
      },
      record,
      route,
      target,
      queue: record.target,
      interrupt: new AbortController(),
      outcome,
      resolve,
      leave,
      forgetDeadline: () => undefined,
      progress: null,
    };
    this.#entries.set(record.id, entry);
    this.#options.onLoad(this.#entries.size);
    // After stop() nothing is watched any more: a timer would only keep the process from its end.
    if (!this.#life.signal.aborted) {
      entry.forgetDeadline = at(this.#options.clock, record.notAfter, () => void this.#expire(entry));
    }
    this.#publish(entry);
    this.#queues.add(entry.queue, entry);
    return outcome;
  }

  /** Ends an operation of before the restart that this process cannot carry on. */
  async refuse(record: OperationRecord, error: ComputeError): Promise<OperationRecord> {
    const { id, driver, target, fence } = record;
    const end = failure(error.within({ driver, target, operationId: id }));
    const stored = await this.#store(id, fence, end);
    this.#tellEnd(stored, null);
    return stored;
  }

  /** The outcome of an operation that waits or runs here; undefined when it does neither. */
  outcomeOf(id: OperationId): Promise<OperationRecord> | undefined {
    return this.#entries.get(id)?.outcome;
  }

  view(record: OperationRecord): OperationView {
    return operationView(record, this.#entries.get(record.id)?.progress ?? null);
  }

  /** Ends an operation that waits, interrupts one that runs; false when it does neither here. */
  async cancel(id: OperationId): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    const { journal, clock } = this.#options;
    const reason = new ComputeError(
      'OPERATION_CANCELLED',
      `${entry.record.method} of ${entry.record.name} was cancelled`,
    );
    if (await this.#endWaiting(entry, reason)) return true;
    // Written down first, so that whoever takes it up after a crash does not begin it again.
    const lease = { operationId: id, fence: entry.record.fence };
    await journal.checkpoint(lease, { name: CANCEL_CHECKPOINT, data: null, at: clock.now() });
    entry.interrupt.abort(reason);
    return true;
  }

  /**
   * Lets what runs come to its end for so long, then leaves the rest to the next start; nothing waiting begins.
   *
   * @returns how many operations are left
   */
  async stop(limitMs: number): Promise<number> {
    this.#life.abort();
    const reason = new ComputeError('SHUTTING_DOWN', 'the service stops; the operation goes on after its restart');
    const entries = [...this.#entries.values()];
    for (const entry of entries) if (!entry.hasBegun) entry.leave(reason);
    const running = entries.filter((entry) => entry.hasBegun);
    const limit = new AbortController();
    const over = this.#options.clock.sleep(limitMs, limit.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(running.map(({ outcome }) => outcome)), over]);
    limit.abort();
    const left = [...this.#entries.values()];
    for (const { interrupt, forgetDeadline, leave } of left) {
      interrupt.abort(reason);
      forgetDeadline();
      leave(reason);
    }
    this.#abandon.abort(reason);
    return left.length;
  }

  /** False when it waits no longer. */
  async #endWaiting(entry: Entry, reason: ComputeError): Promise<boolean> {
    if (!this.#queues.remove(entry.queue, entry)) return false;
    await this.#conclude(entry, entry.record.fence, failure(located(entry, reason)));
    return true;
  }

  /** Once it runs, its run watches the time; what an earlier process began has to be looked after first. */
  async #expire(entry: Entry): Promise<void> {
    if (entry.hasBegun) return;
    try {
      await this.#endWaiting(entry, deadlineExceeded(entry.record.method));
    } catch (error) {
      this.#options.log.error('an operation whose time is over is left to the next start', { err: error });
    }
  }

  async #takeTurn(entry: Entry): Promise<void> {
    if (this.#life.signal.aborted) return;
    const { record } = entry;
    await withCorrelation({ operation_id: record.id, correlation_id: record.correlationId }, async () => {
      try {
        await this.#attempt(entry);
      } catch (error) {
        // The journal does not answer: the lease is still ours, so the outcome is asked for again later.
        this.#options.log.error('an operation could not be carried on', { err: error });
        await this.#retryLater(entry);
      }
    });
  }

  async #attempt(entry: Entry): Promise<void> {
    const { journal, clock, log, reconcileTimeoutMs } = this.#options;
    const lease = await journal.claim(entry.record.id, clock.now());
    if (lease === undefined) {
      log.warn('an operation is no longer ours to run', { operation_id: entry.record.id });
      const stored = await journal.findById(entry.record.id);
      if (stored !== undefined && stored.finishedAt !== null) this.#finish(entry, stored);
      else await this.#retryLater(entry);
      return;
    }
    this.#began(entry, lease);
    const run = new OperationRun(
      { journal, clock, log, reconcileTimeoutMs },
      {
        record: entry.record,
        route: entry.route,
        lease,
        target: entry.target,
        interrupt: entry.interrupt,
        progress: (message, percent) => this.#progress(entry, message, percent),
      },
    );
    await this.#settle(entry, lease, await run.execute());
  }

  #began(entry: Entry, lease: Lease): void {
    const { record } = entry;
    entry.record = {
      ...record,
      state: 'running',
      fence: lease.fence,
      attempts: record.attempts + 1,
      startedAt: record.startedAt ?? this.#options.clock.now(),
    };
    this.#publish(entry);
  }

  async #settle(entry: Entry, lease: Lease, end: RunEnd): Promise<void> {
    switch (end.kind) {
      case 'moved':
        entry.target = end.target;
        entry.queue = end.target.key;
        entry.record = { ...entry.record, state: 'accepted', target: end.target.key, targetSettled: true };
        this.#publish(entry);
        this.#queues.add(entry.queue, entry);
        return;
      case 'left':
        return;
      case 'ended':
        await this.#conclude(entry, lease.fence, end.end);
        if (end.state !== undefined) this.#publishState(entry, end.state);
    }
  }

  async #conclude(entry: Entry, fence: number, end: OperationEnd): Promise<void> {
    this.#finish(entry, await this.#store(entry.record.id, fence, end));
  }

  #store(id: OperationId, fence: number, end: OperationEnd): Promise<OperationRecord> {
    const { journal, clock } = this.#options;
    return untilStored.execute(() => journal.conclude(id, fence, end, clock.now()), this.#abandon.signal);
  }

  #finish(entry: Entry, record: OperationRecord): void {
    entry.record = record;
    entry.forgetDeadline();
    this.#entries.delete(record.id);
    this.#options.onLoad(this.#entries.size);
    this.#tellEnd(record, entry.progress);
    entry.resolve(record);
  }

  #tellEnd(record: OperationRecord, progress: OperationView['progress']): void {
    this.#publish({ record, progress });
    const { log } = this.#options;
    const fields = { operation_id: record.id, method: record.method, target: record.target, host: record.host };
    if (record.error === null) log.info(`${record.method} of ${record.name}: done`, fields);
    else {
      const error = ComputeError.fromWire(record.error);
      log[error.logLevel](`${record.method} of ${record.name}: ${error.message}`, { ...fields, code: error.code });
    }
  }

  /** The pause is not for a cancel to cut short: what cannot be written down now cannot be ended now either. */
  async #retryLater(entry: Entry): Promise<void> {
    try {
      await this.#options.clock.sleep(RETRY_PAUSE_MS, this.#abandon.signal);
    } catch {
      return;
    }
    this.#queues.add(entry.queue, entry);
  }

  #progress(entry: Entry, message: string, percent?: number): void {
    entry.progress = { message, percent: percent ?? null, at: isoTime(this.#options.clock.now()) };
    this.#publish(entry);
  }

  #publish({ record, progress }: Pick<Entry, 'record' | 'progress'>): void {
    this.#options.events.publish({
      kind: 'operation',
      operation: operationView(record, progress),
      at: this.#options.clock.now(),
    });
  }

  #publishState(entry: Entry, observed: Parameters<typeof machineState>[0]): void {
    const { state, ...data } = machineState(observed);
    const { host, name } = entry.record;
    this.#options.events.publish({ kind: 'power', host, name, state, data, at: this.#options.clock.now() });
  }
}

function located(entry: Entry, error: ComputeError): ComputeError {
  const { driver, target, id } = entry.record;
  return error.within({ driver, target, operationId: id });
}

function isJournalAway(error: Error): boolean {
  return error instanceof ComputeError && error.code === 'JOURNAL_UNAVAILABLE';
}
