import type { Clock } from '../kit/clock.js';
import { Activities, type Operation, type OperationFault, type Requester } from './activities.js';
import { boot, type FindBootVolume } from './boot.js';
import { hasRoomFor, mayStartAnother } from './capacity.js';
import { isDpm, isUsable } from './cpc.js';
import { isRunning } from './partition.js';
import type { Estate } from './estate.js';
import type { PartitionDevices } from './devices.js';
import type { HmcSettings } from './inventory.schema.js';
import type { AdapterStatus } from './adapters/adapter.schema.js';
import type { Adapter, Partition } from './model.js';
import { HmcError, refuse } from './hmc-error.js';
import type { Job } from './jobs.js';
import type { PartitionStatus } from './statuses.js';

export const POWER_OPERATIONS = ['start', 'stop', 'psw-restart', 'start-dump-program'] as const;
export type PowerOperation = (typeof POWER_OPERATIONS)[number];

/** Statuses that permit an operation (hmc-dpm.md section 9); paused and terminated must be stopped before a start. */
const PERMITTED_IN: Readonly<Record<PowerOperation, readonly PartitionStatus[]>> = {
  start: ['stopped', 'reservation-error'],
  stop: ['active', 'degraded', 'paused', 'terminated', 'reservation-error'],
  'psw-restart': ['active', 'paused', 'terminated'],
  'start-dump-program': ['active', 'degraded', 'paused', 'terminated'],
};

const CANCELLABLE: readonly PowerOperation[] = ['start', 'stop'];
/** What a locked partition is protected from. */
const DISRUPTIVE: readonly PowerOperation[] = ['stop', 'psw-restart', 'start-dump-program'];

interface Surroundings {
  readonly estate: Estate;
  readonly devices: PartitionDevices;
  readonly settings: HmcSettings;
  readonly findBootVolume: FindBootVolume;
}

/** Moves partitions from status to status and keeps the jobs that report it. */
export class PartitionMachine {
  readonly #activities: Activities<Partition>;

  constructor(
    clock: Clock,
    private readonly hmc: Surroundings,
  ) {
    this.#activities = new Activities(clock);
  }

  /** Accepts an operation and returns its job, or throws 409 (wrong status, busy, classic mode, CPC out of order). */
  begin(partition: Partition, operation: PowerOperation, by: Requester, takeFault: () => OperationFault | null): Job {
    const { cpc } = partition;
    if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
    if (!isUsable(cpc)) throw refuse.cpcNotUsable(cpc.name, cpc.status);
    if (this.#activities.has(partition)) throw refuse.busy(partition.name);
    if (!PERMITTED_IN[operation].includes(partition.status)) {
      throw refuse.wrongState(partition.name, partition.status, operation);
    }
    if (DISRUPTIVE.includes(operation)) this.assertUnlocked(partition, operation);
    if (operation === 'start' && !mayStartAnother(cpc)) {
      throw new HmcError(
        409,
        this.hmc.settings.active_limit_reason,
        `The CPC '${cpc.name}' has its maximum of active partitions`,
      );
    }
    // Asked only now, so that a refused operation does not use up a fault.
    return this.#activities.begin(partition, this.#plan(partition, operation), by, takeFault());
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

  /** Throws 409 when an operator has locked the partition against disruptive tasks. */
  assertUnlocked(partition: Partition, operation: string): void {
    if (partition.stored['is-locked'] === true) {
      throw new HmcError(
        409,
        this.hmc.settings.locked_reason,
        `The partition '${partition.name}' is locked against ${operation}`,
      );
    }
  }

  isBusy(partition: Partition): boolean {
    return this.#activities.has(partition);
  }

  /** An adapter fails or returns, and partitions that need it follow. */
  setAdapterStatus(adapter: Adapter, status: AdapterStatus): void {
    const { estate, devices } = this.hmc;
    estate.setAdapterStatus(adapter, status);
    for (const partition of adapter.cpc.partitions) {
      if (devices.adapters(partition).includes(adapter)) this.followAdapters(partition);
    }
  }

  /** A running partition is degraded while an adapter that it needs is out of order. */
  followAdapters(partition: Partition): void {
    if (isRunning(partition.status)) this.hmc.estate.setStatus(partition, this.#runningStatus(partition));
  }

  /** The operating system has halted or crashed by itself; while something else goes on, that decides. */
  guestEnded(partition: Partition, status: 'paused' | 'terminated'): void {
    if (!this.#activities.has(partition)) this.hmc.estate.setStatus(partition, status);
  }

  /** What an operator or a crash does: the status is as said from now on, and whatever was going on is over. */
  force(partition: Partition, status: PartitionStatus): void {
    this.#activities.end(partition);
    this.hmc.estate.setStatus(partition, status);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.#activities.dispose();
  }

  #plan(partition: Partition, operation: PowerOperation): Operation {
    const { timing, status: before } = partition;
    const { estate } = this.hmc;
    return {
      isCancellable: CANCELLABLE.includes(operation),
      effectMs: {
        start: timing.start_ms,
        stop: timing.stop_ms,
        'psw-restart': timing.psw_restart_ms,
        'start-dump-program': timing.dump_ms,
      }[operation],
      jobMs: timing.job_ms,
      cancelMs: timing.cancel_ms,
      begin: () => estate.setStatus(partition, STATUS_DURING[operation] ?? before),
      undo: (endsAs = before) => estate.setStatus(partition, endsAs),
      takeEffect: () => {
        const end = this.#end(partition, operation);
        const afterMs = operation === 'start' && isRunning(end) ? timing.paused_ms : 0;
        if (afterMs > 0) estate.setStatus(partition, 'paused');
        return { afterMs, act: () => estate.setStatus(partition, end) };
      },
    };
  }

  /** Carries the operation out; returns the status that it ends in. */
  #end(partition: Partition, operation: PowerOperation): PartitionStatus {
    switch (operation) {
      case 'start':
        return this.#boot(partition);
      case 'stop':
        identify(partition, null);
        return 'stopped';
      case 'psw-restart':
        return this.#runningStatus(partition);
      case 'start-dump-program':
        return this.hmc.settings.dump_ends_as;
    }
  }

  #boot(partition: Partition): PartitionStatus {
    partition.booted = null;
    if (partition.startsAs === 'reservation-error' || !hasRoomFor(partition)) return 'reservation-error';
    identify(partition, freeId(partition));
    const { record, end } = boot(partition, this.hmc.findBootVolume);
    partition.booted = record;
    if (!isRunning(partition.startsAs)) return partition.startsAs;
    if (end === 'nothing-to-boot') return 'paused';
    return end === 'fails' ? 'terminated' : this.#runningStatus(partition);
  }

  #runningStatus(partition: Partition): PartitionStatus {
    const isShort = partition.startsAs === 'degraded' || this.hmc.devices.failedAdapters(partition).length > 0;
    return isShort ? 'degraded' : 'active';
  }
}

/** A psw-restart shows no status of its own. */
const STATUS_DURING: Partial<Record<PowerOperation, PartitionStatus>> = { start: 'starting', stop: 'stopping' };

/** A partition has an id while it has its resources, unless it was given one. Whether that is told of is not known. */
function identify(partition: Partition, id: string | null): void {
  if (partition.stored['autogenerate-partition-id'] !== true) return;
  partition.stored = { ...partition.stored, 'partition-id': id };
}

function freeId({ cpc }: Partition): string | null {
  const taken = new Set(cpc.partitions.map(({ stored }) => stored['partition-id']));
  const ids = Array.from({ length: 256 }, (_, id) => id.toString(16).toUpperCase().padStart(2, '0'));
  return ids.find((id) => !taken.has(id)) ?? null;
}
