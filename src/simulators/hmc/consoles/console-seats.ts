import type { Partition } from '../model.js';

/** An ASCII console that somebody uses. */
export interface Seat {
  /** Name of the HMC through which. */
  readonly hmc: string;
  /** Tells who sits there why they must go. */
  leave(reason: string): void;
}

/** The one ASCII console of each partition; it belongs to the machine, whichever HMC it is used through. */
export class ConsoleSeats {
  readonly #taken = new Map<Partition, Seat>();

  /** Whether somebody else is in the way: `force` takes over from another HMC, never from the same one. */
  isFree(partition: Partition, hmc: string, force: boolean): boolean {
    const seat = this.#taken.get(partition);
    return seat === undefined || (force && seat.hmc !== hmc);
  }

  take(partition: Partition, seat: Seat): void {
    this.#taken.get(partition)?.leave('The console was taken over');
    this.#taken.set(partition, seat);
  }

  free(partition: Partition, seat: Seat): void {
    if (this.#taken.get(partition) === seat) this.#taken.delete(partition);
  }

  /** Sends away who sits there. */
  clear(partition: Partition, reason: string): void {
    this.#taken.get(partition)?.leave(reason);
  }
}
