import type { Cancel, Clock } from '../kit/clock.js';
import type { HmcFault } from './fault.schema.js';
import type { Job, JobResult, Jobs } from './jobs.js';
import type { PartitionStatus } from './statuses.js';

/** Faults that change what becomes of an accepted operation. */
export type OperationFault = Extract<
  HmcFault,
  { kind: 'job-cancelled' | 'job-lost' | 'job-failed' | 'never-reaches' | 'ignored' }
>;

/** Who asked for an operation, and the HMC whose job it becomes. */
export interface Requester {
  readonly owner: string;
  readonly jobs: Jobs;
}

/** An accepted operation: what it does, and when. */
export interface Operation {
  readonly isCancellable: boolean;
  readonly effectMs: number;
  /** Time the job runs; that of the effect when undefined. */
  readonly jobMs: number | undefined;
  readonly cancelMs: number;
  /** What shows at once. */
  begin(): void;
  /** Carries it out. What is returned is done a while later, as the last of it. */
  takeEffect(): { readonly afterMs: number; act(): void } | null;
  /** Leaves behind what was before, or the status that a failure is said to end in. */
  undo(endsAs?: PartitionStatus): void;
}

/** What goes on in an object. */
interface Activity {
  readonly operation: Operation;
  readonly job: Job;
  readonly jobs: Jobs;
  /** Set until the operation has taken effect. */
  isEffectPending: boolean;
  readonly timers: Set<Cancel>;
}

const SUCCESS: JobResult = { status: 204, reason: 0 };

/** The operations that go on in objects, at most one in each, and the jobs that report them. */
export class Activities<T extends Job['subject']> {
  readonly #activities = new Map<T, Activity>();

  constructor(private readonly clock: Clock) {}

  /** While something goes on in an object, the object is busy (409,2). */
  has(subject: T): boolean {
    return this.#activities.has(subject);
  }

  /** Starts an operation in an object that is not busy, and returns its job. */
  begin(subject: T, operation: Operation, { owner, jobs }: Requester, fault: OperationFault | null): Job {
    const cancel = operation.isCancellable ? () => this.#cancel(subject) : null;
    const job = jobs.create({ owner, subject, cancel });
    const activity: Activity = { operation, job, jobs, isEffectPending: true, timers: new Set() };
    this.#activities.set(subject, activity);
    if (fault?.kind !== 'ignored') operation.begin();
    if (fault?.kind === 'job-lost') jobs.lose(job);
    this.#schedule(subject, activity, fault);
    return job;
  }

  /** Whatever goes on in the object is over, and its job complete. */
  end(subject: T): void {
    const activity = this.#activities.get(subject);
    if (activity === undefined) return;
    this.#finish(subject, activity);
    if (activity.job.result === null) activity.jobs.end(activity.job, 'complete', SUCCESS);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const [subject, activity] of this.#activities) this.#finish(subject, activity);
  }

  #schedule(subject: T, activity: Activity, fault: OperationFault | null): void {
    const { effectMs, jobMs = effectMs } = activity.operation;
    // One timer when both fall together, so that a complete job never shows a status from before.
    this.#later(subject, activity, effectMs, () => {
      this.#takeEffect(subject, activity, fault);
      if (jobMs === effectMs) endJob(activity, fault);
    });
    if (jobMs !== effectMs) this.#later(subject, activity, jobMs, () => endJob(activity, fault));
  }

  #takeEffect(subject: T, activity: Activity, fault: OperationFault | null): void {
    activity.isEffectPending = false;
    switch (fault?.kind) {
      case 'ignored':
      case 'never-reaches':
        return;
      case 'job-cancelled':
        activity.operation.undo();
        return;
      case 'job-failed':
        activity.operation.undo(fault.ends_as);
        return;
      case 'job-lost':
      case undefined: {
        const rest = activity.operation.takeEffect();
        if (rest === null) return;
        if (rest.afterMs === 0) rest.act();
        else this.#later(subject, activity, rest.afterMs, () => rest.act());
      }
    }
  }

  #cancel(subject: T): void {
    const activity = this.#activities.get(subject);
    if (activity === undefined) return;
    for (const cancel of activity.timers) cancel();
    activity.timers.clear();
    this.#later(subject, activity, activity.operation.cancelMs, () => {
      if (activity.isEffectPending) activity.operation.undo();
      activity.jobs.end(activity.job, 'canceled', null);
    });
  }

  /** The activity is over when its last timer has fired. */
  #later(subject: T, activity: Activity, delayMs: number, act: () => void): void {
    const cancel = this.clock.after(delayMs, () => {
      activity.timers.delete(cancel);
      act();
      if (activity.timers.size === 0) this.#finish(subject, activity);
    });
    activity.timers.add(cancel);
  }

  #finish(subject: T, activity: Activity): void {
    for (const cancel of activity.timers) cancel();
    activity.timers.clear();
    this.#activities.delete(subject);
  }
}

function endJob({ job, jobs }: Activity, fault: OperationFault | null): void {
  if (fault?.kind === 'job-cancelled') {
    jobs.end(job, 'canceled', null);
  } else if (fault?.kind === 'job-failed') {
    jobs.end(job, 'complete', { status: fault.status, reason: fault.reason, message: fault.message });
  } else {
    jobs.end(job, 'complete', SUCCESS);
  }
}
