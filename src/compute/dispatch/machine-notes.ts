import type { Log } from '../../common/log.js';
import type { MachineObservation, MachineRecord, MachineStore } from '../../journal/machine-store.port.js';
import type { ObservedState } from '../state/power-state.js';
import { seenState } from './machine-check.js';

/** What goes to the database together; the newest of each machine. */
interface Batch {
  readonly sightings: Map<string, MachineObservation>;
  /** Resolves once it is written down, or given up. */
  readonly written: Promise<void>;
}

/**
 * Writes down what is seen of registered machines. What comes while something is being written goes together after it, so that
 * the database is asked as often as it answers, however many machines are looked at. What cannot be written is given up, and
 * told: the next look sees it again, and nobody's answer is worse off.
 */
export class MachineNotes {
  readonly #store: Pick<MachineStore, 'observe'>;
  readonly #log: Log;
  #gathering: Batch | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(store: Pick<MachineStore, 'observe'>, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Notes the state that a machine has told. @returns as {@link note} */
  seen({ name, revision }: MachineRecord, state: ObservedState): Promise<void> {
    return this.note([{ name, revision, status: 'verified', error: null, seen: seenState(state) }]);
  }

  /** @returns when it is written down, or given up; who has an answer to give need not wait for it. Never fails. */
  note(sightings: readonly MachineObservation[]): Promise<void> {
    const batch = (this.#gathering ??= this.#begin());
    for (const sighting of sightings) {
      const before = batch.sightings.get(sighting.name);
      batch.sightings.set(sighting.name, before === undefined ? sighting : newest(before, sighting));
    }
    return batch.written;
  }

  /** Resolves once everything that was noted is written down, or given up. */
  settled(): Promise<void> {
    return this.#last;
  }

  #begin(): Batch {
    const sightings = new Map<string, MachineObservation>();
    this.#last = this.#last.then(() => {
      this.#gathering = undefined;
      return this.#write([...sightings.values()]);
    });
    return { sightings, written: this.#last };
  }

  async #write(sightings: readonly MachineObservation[]): Promise<void> {
    try {
      await this.#store.observe(sightings);
    } catch (error) {
      this.#log.warn('what was seen of machines could not be written down', {
        count: sightings.length,
        machines: sightings.slice(0, 10).map(({ name }) => name),
        err: error,
      });
    }
  }
}

/** What the registry would hold if one were written down after the other. */
function newest(before: MachineObservation, later: MachineObservation): MachineObservation {
  if (before.revision !== later.revision) return before.revision > later.revision ? before : later;
  if (later.seen === null) return { ...later, seen: before.seen };
  return before.seen !== null && before.seen.observedAt > later.seen.observedAt ? before : later;
}
