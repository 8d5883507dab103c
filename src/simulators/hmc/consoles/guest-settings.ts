import { partitionsOf, type GuestEntry, type HmcInventory } from '../inventory.schema.js';
import type { GuestHost } from './os-messages.js';

const DEFAULT: GuestEntry = { os_messages: true, user: 'root', password: 'linux' };

/** What the inventory says of the operating systems; those of partitions created since are as by default. */
export class GuestSettings {
  readonly #entries: ReadonlyMap<string, GuestEntry>;

  constructor({ cpcs }: HmcInventory) {
    this.#entries = new Map(
      cpcs.flatMap((cpc) =>
        (cpc.mode === 'dpm' ? partitionsOf(cpc) : cpc.logical_partitions).map(
          ({ name, guest }): [string, GuestEntry] => [keyOf(cpc.name, name), guest],
        ),
      ),
    );
  }

  of({ cpc, grantedAs }: GuestHost): GuestEntry {
    return (grantedAs === null ? undefined : this.#entries.get(keyOf(cpc.name, grantedAs))) ?? DEFAULT;
  }
}

const keyOf = (cpc: string, name: string): string => JSON.stringify([cpc, name]);
