import { type Place, Places } from './places.js';

/**
 * How many slow calls may be under way for one domain. A hypervisor's driver does one thing at a time for each, and lets others
 * wait, in one of the threads that the daemon has for all its clients. Two, so that one can look at what the other does.
 */
const MAX_CALLS = 2;

/** Keeps a guest that hangs from taking all places. */
export class DomainTurns {
  readonly #turns = new Map<string, Turn>();

  /** @param args of a call */
  of(args: unknown): Places<Place> | undefined {
    const uuid = domainIn(args);
    if (uuid === undefined) return undefined;
    let turn = this.#turns.get(uuid);
    if (turn === undefined) {
      turn = new Turn(() => this.#turns.delete(uuid));
      this.#turns.set(uuid, turn);
    }
    return turn.places;
  }

  /** Sends all away who wait. */
  end(reason: Error): void {
    for (const { places } of this.#turns.values()) places.end(reason);
  }
}

class Turn implements Place {
  readonly places: Places<Place> = new Places<Place>(() => (this.#calls < MAX_CALLS ? this : undefined));
  readonly #onUnused: () => void;
  #calls = 0;

  constructor(onUnused: () => void) {
    this.#onUnused = onUnused;
  }

  enter(): void {
    this.#calls++;
  }

  leave(): void {
    this.#calls--;
    this.places.admit();
    if (this.#calls === 0) this.#onUnused();
  }
}

function domainIn(args: unknown): string | undefined {
  if (typeof args !== 'object' || args === null) return undefined;
  if ('snapshot' in args) return domainIn(args.snapshot);
  if (!('domain' in args) || typeof args.domain !== 'object' || args.domain === null) return undefined;
  return 'uuid' in args.domain ? String(args.domain.uuid) : undefined;
}
