import type { Cancel, Clock } from '../../kit/clock.js';
import type { StorageGroup, StorageVolume } from './storage-group.js';
import type { StorageTracker } from './storage-tracker.js';
import type { Fulfilment } from './storage.schema.js';

/**
 * The storage administrator, who acts on requests in a time of their own: DPM makes no volumes, it asks for them and finds
 * what was done (hmc-dpm.md section 12).
 */
export class Fulfilments {
  readonly #pending = new Map<StorageVolume, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly tracker: StorageTracker,
    private readonly fulfilmentMs: number,
  ) {}

  /** Asks for a volume that is new, changed or to be deleted. An earlier request for it is void. */
  request(volume: StorageVolume): void {
    this.forget(volume);
    if (volume.state !== 'deleting') volume.state = 'pending';
    if (volume.fulfilment === 'never') return;
    this.#pending.set(
      volume,
      this.clock.after(this.fulfilmentMs, () => this.settle(volume)),
    );
  }

  /** The administrator acts at once, in this way or as was to be expected. */
  settle(volume: StorageVolume, fulfilment = volume.fulfilment): void {
    this.forget(volume);
    volume.fulfilment = fulfilment;
    this.tracker.track(volume.group, () => applyFulfilment(volume));
  }

  /** A discovery finds what the administrator is about to do: nobody has to wait for it any longer. */
  discover(group: StorageGroup): void {
    for (const volume of group.volumes) {
      if (this.#pending.has(volume)) this.settle(volume);
    }
  }

  /** The request for a volume is void. */
  forget(volume: StorageVolume): void {
    this.#pending.get(volume)?.();
    this.#pending.delete(volume);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const volume of this.#pending.keys()) this.forget(volume);
  }
}

/** What a volume is like after the administrator has acted, in whichever way. */
export function applyFulfilment(volume: StorageVolume): void {
  const { fulfilment, group } = volume;
  if (fulfilment === 'never') return;
  if (volume.state === 'deleting') {
    group.volumes = group.volumes.filter((other) => other !== volume);
    return;
  }
  volume.state = fulfilment;
  if (fulfilment === 'configuration-error') return;
  volume.uuid = group.type === 'fcp' ? volume.promised.uuid : null;
  volume.activeSizeGib = fulfilment === 'pending-with-mismatches' ? volume.sizeGib / 2 : volume.sizeGib;
}

/** Whether an administrator's work on volumes of this kind is found without being told of it. */
export const ordinaryFulfilment = ({ type }: Pick<StorageGroup, 'type'>): Fulfilment =>
  type === 'fc' ? 'never' : 'complete';
