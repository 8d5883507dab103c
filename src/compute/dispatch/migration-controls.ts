import type { Clock } from '../../common/clock.js';
import { ComputeError, WireErrorSchema, toComputeError } from '../../common/errors/index.js';
import type { TargetKey } from '../../common/ids.js';
import type { Log } from '../../common/log.js';
import type { Control, Journal, OperationRecord } from '../../journal/journal.port.js';
import type { MethodName, OperationView } from '../contract/index.js';
import { refuseMissing, unsupported, type OpenHost } from './host-route.js';
import type { Operations } from './operations.js';
import type { Router } from './router.js';
import { isTaken } from './run-controls.js';
import { limited } from './time-limits.js';

const MIGRATION: MethodName = 'compute.live_migrate';

export interface MigrationControlsOptions {
  readonly router: Router;
  readonly operations: Operations;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest that a backend is asked which instance is meant. */
  readonly resolveTimeoutMs: number;
}

interface InstanceReference {
  readonly host: string;
  readonly instance: string;
}

/** What is asked of a live migration that runs. It never queues: it finds the operation, wherever it is carried out. */
export class MigrationControls {
  readonly #options: MigrationControlsOptions;

  constructor(options: MigrationControlsOptions) {
    this.#options = options;
  }

  /** @returns the operation once its driver has taken it, or it has ended */
  async forceComplete(to: InstanceReference): Promise<OperationView> {
    const { operations, journal } = this.#options;
    const open = this.#options.router.host(to.host);
    if (open.host.operations.liveMigrationForceComplete === undefined) {
      throw unsupported(open, 'compute.live_migration_force_complete', 'liveMigrationForceComplete');
    }
    const { id } = await this.#ask(open, to, 'force_complete');
    const record = await operations.until(id, `operation ${id} to be forced to its end`, async (now) => {
      if (now.finishedAt !== null) return true;
      const taken = (await journal.checkpoints(id)).find((checkpoint) => isTaken(checkpoint, 'force_complete'));
      const refusal = WireErrorSchema.safeParse((taken?.data as { error?: unknown } | undefined)?.error);
      if (refusal.success) throw ComputeError.fromWire(refusal.data).within({ operationId: id });
      return taken !== undefined;
    });
    return operations.view(record);
  }

  /** @returns the operation once it has ended */
  async abort(to: InstanceReference): Promise<OperationView> {
    const { operations } = this.#options;
    const open = this.#options.router.host(to.host);
    refuseMissing(open, 'compute.live_migration_abort', 'liveMigrationAbort', to);
    if (open.host.operations.liveMigrate?.abort === undefined) {
      throw unsupported(open, 'compute.live_migration_abort', 'liveMigrationAbort');
    }
    const { id } = await this.#ask(open, to, 'abort');
    return operations.view(await operations.until(id, `operation ${id} to end`));
  }

  /** @throws ComputeError STATE_CONFLICT when no migration is under way */
  async #ask(open: OpenHost, to: InstanceReference, control: Control): Promise<OperationRecord> {
    const found = await this.#find(open, to);
    if (found !== undefined && (await this.#options.operations.control(found.id, control))) return found;
    throw new ComputeError('STATE_CONFLICT', `no live migration of ${to.instance} from ${open.name} is under way`, {
      driver: open.driver.name,
      details: { reason: 'no_migration', host: open.name },
    });
  }

  async #find(open: OpenHost, { instance }: InstanceReference): Promise<OperationRecord | undefined> {
    const { journal } = this.#options;
    // Many know the migration by the words in which it was asked for; then no backend is asked.
    const isOf = ({ method, host }: OperationRecord): boolean => method === MIGRATION && host === open.name;
    const underWay = await journal.list({ state: 'unfinished', method: MIGRATION, host: open.name, limit: 1000 });
    const named = underWay.filter(({ name }) => name === instance);
    const candidates =
      named.length > 0 ? named : (await this.#unfinishedOn(await this.#resolve(open, instance))).filter(isOf);
    return candidates.find(({ state }) => state === 'running') ?? candidates.at(-1);
  }

  async #unfinishedOn(target: TargetKey | undefined): Promise<OperationRecord[]> {
    return target === undefined ? [] : this.#options.journal.unfinishedOn(target);
  }

  /** Undefined when the instance is no longer there: its migration is over. */
  async #resolve(open: OpenHost, instance: string): Promise<TargetKey | undefined> {
    const { clock, log, resolveTimeoutMs } = this.#options;
    const overdue = (): ComputeError =>
      new ComputeError('BACKEND_TIMEOUT', 'the backend did not answer in time', { outcome: 'not-started' });
    try {
      const target = await limited(clock, clock.now() + resolveTimeoutMs, overdue, (signal) =>
        open.host.resolve({ clock, log, signal }, instance),
      );
      return target.key;
    } catch (error) {
      const cause = toComputeError(error);
      if (cause.code === 'INSTANCE_NOT_FOUND') return undefined;
      throw cause.within({ driver: open.driver.name });
    }
  }
}
