import type { Cancel, Clock } from '../../kit/clock.js';
import type { Requester } from '../activities.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { Job, Jobs } from '../jobs.js';
import type { Fulfilments } from './fulfilment.js';
import type { StorageGroup } from './storage-group.js';

/** Why an operation on FCP storage does not fit a group of another type. */
const notFcp = ({ name, type }: StorageGroup): HmcError =>
  new HmcError(409, 487, `The storage group '${name}' is of type '${type}', which has no FCP storage`);

export function assertFcp(group: StorageGroup): void {
  if (group.type !== 'fcp') throw notFcp(group);
}

/** Discoveries under way, and the reports of those that are over. */
export class Discoveries {
  readonly #running = new Map<StorageGroup, { job: Job; jobs: Jobs; cancel: Cancel }>();

  constructor(
    private readonly clock: Clock,
    private readonly fulfilments: Fulfilments,
    private readonly durationMs: number,
  ) {}

  /** Starts looking for the volumes of a group. Throws 409,2 while one is under way that is not to be started again. */
  start(group: StorageGroup, { owner, jobs }: Requester, isForced: boolean): Job {
    assertFcp(group);
    const running = this.#running.get(group);
    if (running !== undefined) {
      if (!isForced) throw refuse.busy(group.name);
      running.cancel();
      running.jobs.end(running.job, 'canceled', null);
    }
    const job = jobs.create({ owner, subject: group, cancel: null });
    const cancel = this.clock.after(this.durationMs, () => {
      this.#running.delete(group);
      this.fulfilments.discover(group);
      jobs.end(job, 'complete', { status: 204, reason: 0 });
    });
    this.#running.set(group, { job, jobs, cancel });
    return job;
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const { cancel } of this.#running.values()) cancel();
    this.#running.clear();
  }
}

/** What the HMC has found at the storage subsystems. */
export function connectionReport(group: StorageGroup): Record<string, unknown> {
  assertFcp(group);
  const targets = [...new Set(group.volumes.map(({ promised }) => promised.targetWwpn))];
  return {
    'fcp-storage-subsystems': targets.map((wwpn) => {
      const volumes = group.volumes.filter(({ promised }) => promised.targetWwpn === wwpn);
      const isCorrect = volumes.every(({ state }) => state === 'complete');
      return {
        'storage-configurations': [
          {
            'world-wide-port-name': wwpn,
            'volumes-configuration-status': isCorrect ? 'correct-volumes' : 'incorrect-volumes',
          },
        ],
      };
    }),
  };
}
