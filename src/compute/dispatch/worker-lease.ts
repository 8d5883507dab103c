import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import { newWorkerId, type OperationId, type WorkerId } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type { LeaseTerms, LeftInFlight, WorkerRegistry } from '../../journal/journal.port.js';
import { leaseLost } from '../contract/index.js';
import { MARGIN_MS } from './in-flight.js';

export interface WorkerLeaseOptions {
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** Name by which this service is addressed. */
  readonly server: string;
  readonly hosts: readonly string[];
  /** How long others wait for a worker that says nothing. */
  readonly leaseMs: number;
}

/** What a worker does about its lease beside renewing it. */
export interface LeaseWatcher {
  /**
   * The lease was renewed. Never fails, and need not be waited for: the next renewal does not.
   *
   * @param isSteady it has been held without a gap for as long as it lasts: whoever else has not renewed has had its chance,
   *   after an outage of the database too
   */
  onRenewed(isSteady: boolean): Promise<void>;
  /** The worker was struck off, and begins a new life that owns nothing. */
  onLost(): void;
}

/** Renewals a lease. Two may be missed before it ends. */
const RENEWALS = 3;
/** Pause after a renewal that the database did not answer. */
const RETRY_MS = 500;

/** A moment by both clocks: the steady one stands still while the machine sleeps, the other can be put back. */
interface Moment {
  readonly steady: number;
  readonly wall: number;
}

function moment(afterMs = 0): Moment {
  return { steady: performance.now() + afterMs, wall: Date.now() + afterMs };
}

function isOver({ steady, wall }: Moment, afterMs: number): boolean {
  return performance.now() + afterMs > steady || Date.now() + afterMs > wall;
}

const LONG_AGO: Moment = { steady: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

/**
 * This process among the workers of the journal. All operations it owns depend on one lease, which it renews; each device
 * write is allowed only when the lease outlives the write's request time-out (DESIGN 5.4). Its end is reckoned by our own
 * clocks from before the renewal was asked for, so that it comes earlier here than in the database.
 */
export class WorkerLease {
  readonly #options: WorkerLeaseOptions;
  readonly #life = new AbortController();
  #watcher: LeaseWatcher | undefined;
  #id = newWorkerId();
  #endsAt = LONG_AGO;
  /** By the steady clock. */
  #heldSince = Number.POSITIVE_INFINITY;
  /** The longest request time-out that any step of ours has had. */
  #graceMs = 0;
  #joining: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(options: WorkerLeaseOptions) {
    this.#options = options;
  }

  get id(): WorkerId {
    return this.#id;
  }

  /** Joins the workers and keeps the lease from then on. @throws ComputeError JOURNAL_UNAVAILABLE */
  async start(watcher: LeaseWatcher): Promise<void> {
    await this.#join();
    this.#watcher = watcher;
    this.#running = this.#keep();
  }

  /** Ends the lease: what is still owned is anybody's, at once or when nothing of it can be under way any more. */
  async stop(inFlight: readonly LeftInFlight[]): Promise<void> {
    this.#life.abort();
    await this.#running;
    await this.#options.registry.leave(this.#id, inFlight);
  }

  /** Allows one operation's device writes for as long as this life lasts. */
  holdFor(operationId: OperationId): LeaseHold {
    const id = this.#id;
    return {
      outlive: async (requestTimeoutMs) => {
        while (!this.#outlives(requestTimeoutMs)) {
          if (id !== this.#id) throw leaseLost(operationId);
          await this.#renew(requestTimeoutMs);
        }
        if (id !== this.#id) throw leaseLost(operationId);
      },
    };
  }

  #outlives(requestTimeoutMs: number): boolean {
    return requestTimeoutMs <= this.#graceMs && !isOver(this.#endsAt, requestTimeoutMs + MARGIN_MS);
  }

  async #keep(): Promise<void> {
    const { clock, leaseMs, log } = this.#options;
    const { signal } = this.#life;
    let pauseMs = leaseMs / RENEWALS;
    while (!signal.aborted) {
      await clock.sleep(pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#renew();
        void this.#watcher?.onRenewed(performance.now() - this.#heldSince >= leaseMs);
        pauseMs = leaseMs / RENEWALS;
      } catch (error) {
        log.warn('the lease of this worker could not be renewed', { err: error });
        pauseMs = Math.min(RETRY_MS, leaseMs / RENEWALS);
      }
    }
  }

  /** @param requestTimeoutMs what the lease must have room for */
  async #renew(requestTimeoutMs = 0): Promise<void> {
    const { registry, leaseMs, log } = this.#options;
    const id = this.#id;
    const terms = this.#terms(requestTimeoutMs);
    const askedAt = moment();
    if (await registry.renew(id, terms)) {
      if (id === this.#id && this.#joining === undefined) this.#hold(askedAt, terms);
      return;
    }
    if (id !== this.#id) return;
    log.error(
      'this worker said nothing for longer than its lease and was struck off; others go on with its operations',
      {
        lease_ms: leaseMs,
      },
    );
    await this.#join();
  }

  /** One new life at a time, which has its name once it has joined. */
  #join(): Promise<void> {
    this.#joining ??= this.#begin().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  async #begin(): Promise<void> {
    const { registry, server, hosts } = this.#options;
    // From here on nothing that the old life allowed is allowed.
    this.#endsAt = LONG_AGO;
    const id = newWorkerId();
    const terms = this.#terms(0);
    const askedAt = moment();
    await registry.join({ id, server, hosts }, terms);
    this.#id = id;
    this.#hold(askedAt, terms);
    this.#watcher?.onLost();
  }

  #terms(requestTimeoutMs: number): LeaseTerms {
    return {
      leaseMs: Math.max(this.#options.leaseMs, 2 * requestTimeoutMs),
      graceMs: Math.max(this.#graceMs, requestTimeoutMs),
    };
  }

  #hold(askedAt: Moment, { leaseMs, graceMs }: LeaseTerms): void {
    if (askedAt.steady > this.#endsAt.steady) this.#heldSince = askedAt.steady;
    const end = { steady: askedAt.steady + leaseMs, wall: askedAt.wall + leaseMs };
    if (end.steady > this.#endsAt.steady) this.#endsAt = end;
    this.#graceMs = Math.max(this.#graceMs, graceMs);
  }
}

/** What one operation needs of the worker's lease. */
export interface LeaseHold {
  /**
   * Makes sure that nobody takes over while a request of this length is under way.
   *
   * @throws ComputeError OPERATION_FAILED (`isLeaseLost`) when somebody may have, JOURNAL_UNAVAILABLE
   */
  outlive(requestTimeoutMs: number): Promise<void>;
}

/** Told to those who wait for an operation that is carried on elsewhere. */
export function carriedOnElsewhere(): ComputeError {
  return new ComputeError('SHUTTING_DOWN', 'another worker carries the operation on; ask operation.get', {
    retry: 'after-reconcile',
    outcome: 'unknown',
  });
}
