import type { Cancel, Clock } from '../../kit/clock.js';
import type { StorageVolume } from './storage-group.js';
import type { Fulfilment } from './storage.schema.js';

/**
 * The storage administrator, who acts on requests in a time of their own: DPM makes no volumes, it asks for them and finds
 * what was done (hmc-dpm.md section 12).
 */
export class Fulfilments {
  readonly #pending = new Map<StorageVolume, Cancel>();

  constructor(
    private readonly clock: Clock,
    private readonly fulfilmentMs: number,
  ) {}

  /** Asks for a volume that is new, changed or to be deleted. An earlier request for it is void. */
  request(volume: StorageVolume): void {
    this.forget(volume);
    if (volume.state !== 'deleting') volume.state = 'pending';
    if (volume.fulfilment === 'never') return;
    this.#pending.set(
      volume,
      this.clock.after(this.fulfilmentMs, () => this.#act(volume)),
    );
  }

  /** What the administrator is still to do in this moment is done now. */
  discover(volumes: readonly StorageVolume[]): void {
    for (const volume of volumes) {
      if (this.#pending.has(volume)) this.#act(volume);
    }
  }

  forget(volume: StorageVolume): void {
    this.#pending.get(volume)?.();
    this.#pending.delete(volume);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    for (const volume of this.#pending.keys()) this.forget(volume);
  }

  #act(volume: StorageVolume): void {
    this.forget(volume);
    if (volume.state === 'deleting') {
      volume.group.volumes = volume.group.volumes.filter((other) => other !== volume);
      return;
    }
    settle(volume, volume.fulfilment);
  }
}

/** What a volume looks like after the administrator has acted, in whichever way. */
export function settle(volume: StorageVolume, fulfilment: Fulfilment): void {
  volume.state = fulfilment === 'never' ? 'pending' : fulfilment;
  if (fulfilment === 'never' || fulfilment === 'configuration-error') return;
  volume.uuid = volume.promised.uuid;
  volume.activeSizeGib = fulfilment === 'pending-with-mismatches' ? volume.sizeGib / 2 : volume.sizeGib;
}
