import type { Clock } from '../../kit/clock.js';
import { Activities, type Operation, type OperationFault, type Requester } from '../activities.js';
import { isDpm, isUsable } from '../cpc.js';
import type { Estate } from '../estate.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Job } from '../jobs.js';
import type { LogicalPartition } from '../model.js';
import { LPAR_STATUSES, type LparStatus } from '../statuses.js';
import { LPAR_RULES, type LparOperation } from './lpar-operations.js';

/** What the body of an operation says. */
export type LparRequest = Readonly<Record<string, unknown>>;

/** Moves logical partitions from status to status. */
export class LparMachine {
  readonly #activities: Activities<LogicalPartition>;

  constructor(
    clock: Clock,
    private readonly estate: Estate,
  ) {
    this.#activities = new Activities(clock);
  }

  /** Accepts an operation and returns its job. Throws 409 (DPM mode, busy, not activated) and 500,263 (the support element refuses). */
  begin(
    lpar: LogicalPartition,
    operation: LparOperation,
    request: LparRequest,
    by: Requester,
    takeFault: () => OperationFault | null,
  ): Job {
    const { cpc, name, status } = lpar;
    if (isDpm(cpc)) throw new HmcError(409, 4, `The CPC '${cpc.name}' is in DPM mode`);
    if (!isUsable(cpc)) throw refuse.cpcNotUsable(cpc.name, cpc.status);
    if (this.#activities.has(lpar)) throw refuse.busy(name);
    const { needsActivation, refusedIn } = LPAR_RULES[operation];
    if (needsActivation && status === 'not-activated') {
      throw new HmcError(409, 0, `The logical partition '${name}' is in status '${status}'`);
    }
    const isForced = request['force'] === true;
    if (refusedIn?.always?.includes(status) || (!isForced && refusedIn?.withoutForce?.includes(status))) {
      throw rejected(`'${name}' is in status '${status}'${isForced ? '' : ', and force was not given'}`);
    }
    const profile = request['activation-profile-name'] ?? lpar.stored['next-activation-profile-name'];
    if (operation === 'activate' && profile !== name) throw rejected(`'${name}' is not the name of the image profile`);
    return this.#activities.begin(lpar, this.#plan(lpar, operation, request), by, takeFault());
  }

  isBusy(lpar: LogicalPartition): boolean {
    return this.#activities.has(lpar);
  }

  /** What an operator or a crash does: the status is as said from now on, and whatever was going on is over. */
  force(lpar: LogicalPartition, status: LparStatus): void {
    this.#activities.end(lpar);
    this.estate.setLparStatus(lpar, status);
  }

  /** The operating system has halted or crashed by itself; while something else goes on, that decides. */
  guestEnded(lpar: LogicalPartition): void {
    if (!this.#activities.has(lpar)) this.estate.setLparStatus(lpar, 'not-operating');
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.#activities.dispose();
  }

  #plan(lpar: LogicalPartition, operation: LparOperation, request: LparRequest): Operation {
    const { timing, status: before } = lpar;
    const rule = LPAR_RULES[operation];
    const loads = operation === 'activate' && lpar.loadsAtActivation;
    const end = loads ? 'operating' : rule.endsAs;
    return {
      isCancellable: false,
      effectMs: timing[rule.duration] + (loads ? timing.load_ms : 0),
      jobMs: timing.job_ms,
      cancelMs: timing.cancel_ms,
      begin: () => undefined,
      // A fault that names a status of partitions leaves the old one.
      undo: (endsAs) => this.estate.setLparStatus(lpar, LPAR_STATUSES.find((status) => status === endsAs) ?? before),
      takeEffect: () => {
        this.#remember(lpar, request);
        return { afterMs: timing.settle_ms, act: () => this.estate.setLparStatus(lpar, end) };
      },
    };
  }

  /** What a load was given is what the next one uses when it is given nothing. */
  #remember(lpar: LogicalPartition, request: LparRequest): void {
    const { 'load-address': address, 'load-parameter': parameter } = request;
    this.estate.storeLpar(lpar, {
      ...(typeof address === 'string' ? { 'last-used-load-address': address } : {}),
      ...(typeof parameter === 'string' ? { 'last-used-load-parameter': parameter } : {}),
    });
  }
}

/** As the support element says it. */
const rejected = (why: string): HmcError =>
  new HmcError(500, 263, `The operation was rejected by the support element: ${why}`);
