import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { OperationId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type {
  Control,
  Journal,
  Lease,
  LeftInFlight,
  OperationEnd,
  OperationRecord,
} from '../../journal/journal.port.js';
import {
  isLeaseLost,
  type AuditLog,
  type EventPublisher,
  type Observer,
  type OperationView,
  type Target,
} from '../contract/index.js';
import { operationFact } from './audit-facts.js';
import { FIRST_PAUSE_MS, entryOf, leaveAlone, type Entry } from './operation-entry.js';
import { logOf } from './operation-log.js';
import { OperationNews } from './operation-news.js';
import { OperationRun, cancelled, failure, type RunEnd } from './operation-run.js';
import { openHosts, type ChangeRoute } from './route.js';
import { TargetQueues } from './target-queues.js';
import { at, deadlineExceeded } from './time-limits.js';
import { operationView } from './views.js';
import { carriedOnElsewhere, type WorkerLease } from './worker-lease.js';

export interface OperationRunnerOptions {
  readonly journal: Journal;
  readonly lease: WorkerLease;
  readonly events: EventPublisher;
  readonly audit: AuditLog;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxConcurrentPerEndpoint: number;
  readonly reconcileTimeoutMs: number;
  /** An operation that was accepted by name has found its target. */
  onSettled(record: OperationRecord): void;
  /** An operation that was given up here has ended here all the same: its caller has no reply. */
  onUntold(record: OperationRecord): void;
  /** Told the number of unfinished operations whenever it changes. */
  onLoad(unfinished: number): void;
}

/** The journal must take an outcome in the end: while it does not answer it is asked again, with growing pauses. */
const untilStored = retry(handleWhen(isJournalAway), {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 }),
});

/** Pause before an operation whose journal did not answer is taken up again. */
const RETRY_PAUSE_MS = 1000;
/** Longest pause before asking again for a target that another worker has. */
const LONGEST_PAUSE_MS = 500;

/** Carries accepted operations out, one at a time per target, and tells their outcomes. */
export class OperationRunner {
  readonly #options: OperationRunnerOptions;
  readonly #news: OperationNews;
  readonly #queues: TargetQueues<Entry>;
  readonly #entries = new Map<OperationId, Entry>();
  /** Aborts when nothing waiting may begin any more. */
  readonly #life = new AbortController();
  /** Aborts when what runs is left to the next start. */
  readonly #abandon = new AbortController();

  constructor(options: OperationRunnerOptions) {
    this.#options = options;
    this.#news = new OperationNews(options);
    this.#queues = new TargetQueues({
      clock: options.clock,
      maxPerEndpoint: options.maxConcurrentPerEndpoint,
      run: (entry) => this.#takeTurn(entry),
      signal: this.#abandon.signal,
    });
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
    const entry = entryOf(record, route, target);
    this.#entries.set(record.id, entry);
    this.#options.onLoad(this.#entries.size);
    // After stop() nothing is watched any more: a timer would only keep the process from its end.
    if (!this.#life.signal.aborted) {
      entry.forgetDeadline = at(this.#options.clock, record.notAfter, () => void this.#expire(entry));
    }
    this.#news.publish(entry);
    this.#queues.add(entry.queue, entry);
    if (this.#life.signal.aborted) entry.leave(stopping());
    return entry.outcome;
  }

  /** Ends an operation of before the restart that this process cannot carry on. */
  async refuse(record: OperationRecord, error: ComputeError): Promise<OperationRecord> {
    const { id, driver, target, fence } = record;
    const end = failure(error.within({ driver, target, operationId: id }));
    const { stored } = await this.#store(record, fence, end);
    this.#news.end({ record: stored, progress: null });
    return stored;
  }

  /** Is it in hand here? */
  has(id: OperationId): boolean {
    return this.#entries.has(id);
  }

  /** The endpoints' limits are for so many workers together. */
  shareWith(workers: number): void {
    this.#queues.shareWith(workers);
  }

  /** The outcome of an operation that waits or runs here; undefined when it does neither. */
  outcomeOf(id: OperationId): Promise<OperationRecord> | undefined {
    return this.#entries.get(id)?.outcome;
  }

  view(record: OperationRecord): OperationView {
    return operationView(record, this.#entries.get(record.id)?.progress ?? null);
  }

  /** Carries out what is asked of an operation, and written down; nothing when it is not in hand here. */
  control(id: OperationId, control: Control): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    switch (control) {
      case 'cancel':
      case 'abort':
        void this.#cancel(entry);
        return;
      case 'force_complete':
        entry.controls.ask(control);
    }
  }

  /** The lease is lost: others go on with everything that is in hand here. */
  abandonAll(): void {
    for (const entry of this.#entries.values()) {
      leaveAlone(entry, carriedOnElsewhere());
      this.#drop(entry);
    }
  }

  /**
   * Lets what runs come to its end for so long, then leaves the rest to the next start; nothing waiting begins.
   *
   * @returns how many operations are left, and of which something may be under way yet
   */
  async stop(limitMs: number): Promise<{ readonly left: number; readonly inFlight: readonly LeftInFlight[] }> {
    this.#life.abort();
    const reason = stopping();
    const entries = [...this.#entries.values()];
    for (const entry of entries) if (!entry.hasBegun) entry.leave(reason);
    // A parent waits for children that may not begin any more.
    const running = entries.filter((entry) => entry.hasBegun && !entry.isParent);
    const limit = new AbortController();
    const over = this.#options.clock.sleep(limitMs, limit.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(running.map(({ outcome }) => outcome)), over]);
    limit.abort();
    const left = [...this.#entries.values()];
    for (const entry of left) {
      leaveAlone(entry, reason);
      entry.forgetDeadline();
      entry.leave(reason);
    }
    this.#abandon.abort(reason);
    // Nothing is sent any more: whoever is about to looks at its signal first.
    const inFlight = left.map(({ record: { id }, inFlight: { leftMs } }) => ({ operationId: id, forMs: leftMs }));
    return { left: left.length, inFlight: inFlight.filter(({ forMs }) => forMs > 0) };
  }

  async #cancel(entry: Entry): Promise<void> {
    try {
      // What has begun is looked after first, even while it waits for the journal to answer again.
      if (entry.hasBegun || !(await this.#endWaiting(entry, cancelled(entry.record))))
        entry.interrupt.abort(cancelled(entry.record));
    } catch (error) {
      this.#notEnded(entry, error);
    }
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
      this.#notEnded(entry, error);
    }
  }

  /**
   * What was to end while it waited, and did not. Its claim may have gone through without our knowing, and then it is found
   * in the journal, with the cancel, at the next look.
   */
  #notEnded(entry: Entry, error: unknown): void {
    this.#logOf(entry).warn('an operation could not be ended while it waited', { err: error });
    this.#drop(entry);
  }

  /** @returns when it is to be tried again, if that is so */
  async #takeTurn(entry: Entry): Promise<number | undefined> {
    if (this.#life.signal.aborted || !this.#isInHand(entry)) return undefined;
    const log = this.#logOf(entry);
    try {
      return await this.#attempt(entry, log);
    } catch (error) {
      if (isLeaseLost(error)) {
        log.warn('an operation is no longer ours to run');
        this.#drop(entry);
        return undefined;
      }
      // The journal does not answer: the lease is still ours, so the outcome is asked for again later.
      log.error('an operation could not be carried on', { err: error });
      return this.#abandon.signal.aborted ? undefined : RETRY_PAUSE_MS;
    }
  }

  #logOf({ record }: Pick<Entry, 'record'>): Log {
    return logOf(this.#options.log, record);
  }

  async #attempt(entry: Entry, log: Log): Promise<number | undefined> {
    const { journal, clock, lease: own, observer, reconcileTimeoutMs } = this.#options;
    const hold = own.holdFor(entry.record.id);
    const lease = await journal.claim(entry.record, own.id, clock.now(), openHosts(entry.route, entry.record.parentId));
    if (lease === undefined) return this.#waitOrDrop(entry);
    this.#began(entry, lease);
    const run = new OperationRun(
      { journal, clock, log, observer, reconcileTimeoutMs },
      {
        record: entry.record,
        route: entry.route,
        lease,
        hold,
        target: entry.target,
        interrupt: entry.interrupt,
        left: entry.left.signal,
        controls: entry.controls,
        inFlight: entry.inFlight,
        progress: (message, percent) => this.#news.progress(entry, message, percent),
      },
    );
    await this.#settle(entry, lease, await run.execute());
    return undefined;
  }

  /** What cannot be claimed is finished, or another worker's, or waits for what another worker runs on its target. */
  async #waitOrDrop(entry: Entry): Promise<number | undefined> {
    const { journal, lease } = this.#options;
    const stored = await journal.findById(entry.record.id);
    if (stored !== undefined && stored.finishedAt !== null) this.#finish(entry, stored);
    else if (stored?.owner !== lease.id) this.#drop(entry);
    else {
      entry.pauseMs = Math.min(2 * entry.pauseMs, LONGEST_PAUSE_MS);
      return entry.pauseMs;
    }
    return undefined;
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
    entry.pauseMs = FIRST_PAUSE_MS;
    this.#news.publish(entry);
  }

  async #settle(entry: Entry, lease: Lease, end: RunEnd): Promise<void> {
    switch (end.kind) {
      case 'moved':
        entry.target = end.target;
        entry.queue = end.target.key;
        entry.record = { ...entry.record, state: 'accepted', target: end.target.key, targetSettled: true };
        if (!this.#isInHand(entry)) return;
        this.#news.publish(entry);
        this.#queues.add(entry.queue, entry);
        this.#options.onSettled(entry.record);
        return;
      case 'left':
        if (!this.#life.signal.aborted) this.#drop(entry);
        return;
      case 'ended':
        await this.#conclude(entry, lease.fence, end.end);
        if (end.state !== undefined) this.#news.state(entry.record, entry.route.endsAt ?? entry.record.host, end.state);
    }
  }

  async #conclude(entry: Entry, fence: number, end: OperationEnd): Promise<void> {
    const { stored, isOurs } = await this.#store(entry.record, fence, end);
    if (this.#isInHand(entry)) this.#finish(entry, stored);
    else if (isOurs) {
      // It was given up while it ended, and nobody else will have anything to tell.
      this.#news.end({ record: stored, progress: entry.progress });
      this.#options.onUntold(stored);
    }
  }

  async #store(
    record: OperationRecord,
    fence: number,
    end: OperationEnd,
  ): Promise<{ stored: OperationRecord; isOurs: boolean }> {
    const { journal, clock, audit } = this.#options;
    const moments = new Set<number | null>();
    const stored = await untilStored.execute(() => {
      const now = clock.now();
      moments.add(now);
      return journal.conclude(record, fence, end, now);
    }, this.#abandon.signal);
    // Of an outcome that another worker stored first, that one has told.
    const isOurs = stored.fence === fence && moments.has(stored.finishedAt);
    if (isOurs) audit.write(operationFact('ended', stored));
    return { stored, isOurs };
  }

  #isInHand(entry: Entry): boolean {
    return this.#entries.get(entry.record.id) === entry;
  }

  /** Forgets an operation that is carried on elsewhere; whoever waits for it here is told so. */
  #drop(entry: Entry): void {
    if (!this.#isInHand(entry)) return;
    this.#forget(entry);
    entry.leave(carriedOnElsewhere());
  }

  #forget(entry: Entry): void {
    entry.forgetDeadline();
    this.#entries.delete(entry.record.id);
    this.#queues.remove(entry.queue, entry);
    this.#options.onLoad(this.#entries.size);
  }

  #finish(entry: Entry, record: OperationRecord): void {
    if (!this.#isInHand(entry)) return;
    entry.record = record;
    this.#forget(entry);
    this.#news.end(entry);
    entry.resolve(record);
  }
}

function stopping(): ComputeError {
  return new ComputeError('SHUTTING_DOWN', 'the service stops; the operation goes on after its restart', {
    retry: 'after-reconcile',
    outcome: 'unknown',
  });
}

function located(entry: Entry, error: ComputeError): ComputeError {
  const { driver, target, id } = entry.record;
  return error.within({ driver, target, operationId: id });
}

function isJournalAway(error: Error): boolean {
  return error instanceof ComputeError && error.code === 'JOURNAL_UNAVAILABLE';
}
