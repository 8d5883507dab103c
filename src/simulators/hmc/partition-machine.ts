import type { Cancel, Clock } from '../kit/clock.js';
import type { PartitionDevices } from './devices.js';
import { isDpm, isUsable } from './cpc.js';
import { isRunning } from './partition.js';
import type { Estate } from './estate.js';
import type { Partition } from './model.js';
import type { HmcFault } from './fault.schema.js';
import { refuse } from './hmc-error.js';
import type { Job, JobResult, Jobs } from './jobs.js';
import type { PartitionStatus } from './statuses.js';

export type PowerOperation = 'start' | 'stop' | 'psw-restart';

export const POWER_OPERATIONS: readonly PowerOperation[] = ['start', 'stop', 'psw-restart'];

/** Faults that change what becomes of an accepted operation. */
export type OperationFault = Extract<
  HmcFault,
  { kind: 'job-cancelled' | 'job-lost' | 'job-failed' | 'never-reaches' | 'ignored' }
>;

/** Statuses that permit an operation (hmc-dpm.md section 9); paused and terminated must be stopped before a start. */
const PERMITTED_IN: Readonly<Record<PowerOperation, readonly PartitionStatus[]>> = {
  start: ['stopped', 'reservation-error'],
  stop: ['active', 'degraded', 'paused', 'terminated', 'reservation-error'],
  'psw-restart': ['active', 'paused', 'terminated'],
};

const SUCCESS: JobResult = { status: 204, reason: 0 };

/** What goes on in a partition. While there is one, the partition is busy (409,2). */
interface Activity {
  readonly operation: PowerOperation;
  readonly before: PartitionStatus;
  readonly job: Job;
  /** Set until the operation has changed the status for good. */
  isEffectPending: boolean;
  readonly timers: Set<Cancel>;
}

/** Moves partitions from status to status and keeps the jobs that report it. */
export class PartitionMachine {
  readonly #activities = new Map<Partition, Activity>();

  constructor(
    private readonly clock: Clock,
    private readonly jobs: Jobs,
    private readonly estate: Estate,
    private readonly devices: PartitionDevices,
  ) {}

  /** Accepts an operation and returns its job, or throws 409 (wrong status, busy, classic mode, CPC out of order). */
  begin(partition: Partition, operation: PowerOperation, owner: string, takeFault: () => OperationFault | null): Job {
    const { cpc } = partition;
    if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
    if (!isUsable(cpc)) throw refuse.cpcNotUsable(cpc.name, cpc.status);
    if (this.#activities.has(partition)) throw refuse.busy(partition.name);
    if (!PERMITTED_IN[operation].includes(partition.status)) {
      throw refuse.wrongState(partition.name, partition.status, operation);
    }
    // Asked only now, so that a refused operation does not use up a fault.
    const fault = takeFault();
    const isCancellable = operation !== 'psw-restart';
    const job = this.jobs.create({
      owner,
      subject: partition,
      cancel: isCancellable ? () => this.#cancel(partition) : null,
    });
    const activity: Activity = {
      operation,
      before: partition.status,
      job,
      isEffectPending: true,
      timers: new Set(),
    };
    this.#activities.set(partition, activity);
    if (fault?.kind !== 'ignored') this.estate.setStatus(partition, STATUS_DURING[operation] ?? partition.status);
    if (fault?.kind === 'job-lost') this.jobs.lose(job);
    this.#schedule(partition, activity, fault);
    return job;
  }

  /** Throws when the partition cannot be updated now (hmc-dpm.md section 8). */
  assertUpdatable(partition: Partition, needsStopped: boolean): void {
    if (!isUsable(partition.cpc)) throw refuse.cpcNotUsable(partition.cpc.name, partition.cpc.status);
    const isTransitional = partition.status === 'starting' || partition.status === 'stopping';
    if (isTransitional) throw refuse.wrongState(partition.name, partition.status, 'an update');
    if (this.#activities.has(partition)) throw refuse.busy(partition.name);
    if (needsStopped && partition.status !== 'stopped') {
      throw refuse.wrongState(partition.name, partition.status, 'an update of these properties');
    }
  }

  isBusy(partition: Partition): boolean {
    return this.#activities.has(partition);
  }

  /** A running partition is degraded while an adapter that it needs is out of order. */
  followAdapters(partition: Partition): void {
    if (!isRunning(partition.status) || partition.startsAs === 'degraded') return;
    this.estate.setStatus(partition, this.devices.failedAdapters(partition).length > 0 ? 'degraded' : 'active');
  }

  /** What an operator or a crash does: the status is as said from now on, and whatever was going on is over. */
  force(partition: Partition, status: PartitionStatus): void {
    const activity = this.#activities.get(partition);
    if (activity !== undefined) {
      this.#finish(partition, activity);
      if (activity.job.result === null) this.jobs.end(activity.job, 'complete', SUCCESS);
    }
    this.estate.setStatus(partition, status);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const [partition, activity] of this.#activities) this.#finish(partition, activity);
  }

  #schedule(partition: Partition, activity: Activity, fault: OperationFault | null): void {
    const { timing } = partition;
    const effectMs = { start: timing.start_ms, stop: timing.stop_ms, 'psw-restart': timing.psw_restart_ms }[
      activity.operation
    ];
    const jobMs = timing.job_ms ?? effectMs;
    // One timer when both fall together, so that a complete job never shows a status from before.
    this.#later(partition, activity, effectMs, () => {
      this.#takeEffect(partition, activity, fault);
      if (jobMs === effectMs) this.#endJob(activity, fault);
    });
    if (jobMs !== effectMs) this.#later(partition, activity, jobMs, () => this.#endJob(activity, fault));
  }

  #takeEffect(partition: Partition, activity: Activity, fault: OperationFault | null): void {
    activity.isEffectPending = false;
    switch (fault?.kind) {
      case 'ignored':
      case 'never-reaches':
        return;
      case 'job-cancelled':
        this.estate.setStatus(partition, activity.before);
        return;
      case 'job-failed':
        this.estate.setStatus(partition, fault.ends_as ?? activity.before);
        return;
      case 'job-lost':
      case undefined:
        this.#arrive(partition, activity);
        return;
    }
  }

  #arrive(partition: Partition, activity: Activity): void {
    const end = this.#statusAfter(partition, activity.operation);
    const settleMs = activity.operation === 'start' && isRunning(end) ? partition.timing.paused_ms : 0;
    if (settleMs === 0) {
      this.estate.setStatus(partition, end);
      return;
    }
    this.estate.setStatus(partition, 'paused');
    this.#later(partition, activity, settleMs, () => {
      this.estate.setStatus(partition, end);
    });
  }

  #endJob(activity: Activity, fault: OperationFault | null): void {
    if (fault?.kind === 'job-cancelled') {
      this.jobs.end(activity.job, 'canceled', null);
    } else if (fault?.kind === 'job-failed') {
      this.jobs.end(activity.job, 'complete', { status: fault.status, reason: fault.reason, message: fault.message });
    } else {
      this.jobs.end(activity.job, 'complete', SUCCESS);
    }
  }

  #cancel(partition: Partition): void {
    const activity = this.#activities.get(partition);
    if (activity === undefined) return;
    for (const cancel of activity.timers) cancel();
    activity.timers.clear();
    this.#later(partition, activity, partition.timing.cancel_ms, () => {
      if (activity.isEffectPending) this.estate.setStatus(partition, activity.before);
      this.jobs.end(activity.job, 'canceled', null);
    });
  }

  #statusAfter(partition: Partition, operation: PowerOperation): PartitionStatus {
    if (operation === 'stop') return 'stopped';
    if (operation === 'psw-restart') return 'active';
    const hasNothingToBoot = partition.type === 'linux' && partition.stored['boot-device'] === 'none';
    if (hasNothingToBoot && isRunning(partition.startsAs)) return 'paused';
    const isShort = partition.startsAs === 'active' && this.devices.failedAdapters(partition).length > 0;
    return isShort ? 'degraded' : partition.startsAs;
  }

  /** The activity is over when its last timer has fired. */
  #later(partition: Partition, activity: Activity, delayMs: number, act: () => void): void {
    const cancel = this.clock.after(delayMs, () => {
      activity.timers.delete(cancel);
      act();
      if (activity.timers.size === 0) this.#finish(partition, activity);
    });
    activity.timers.add(cancel);
  }

  #finish(partition: Partition, activity: Activity): void {
    for (const cancel of activity.timers) cancel();
    activity.timers.clear();
    this.#activities.delete(partition);
  }
}

/** A psw-restart shows no status of its own. */
const STATUS_DURING: Partial<Record<PowerOperation, PartitionStatus>> = { start: 'starting', stop: 'stopping' };
