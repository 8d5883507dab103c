import type { BreakerKey, BreakerStore, OpenBreaker } from '../../src/compute/contract/index.js';

/** Breakers that last as long as the object. */
export class MemoryBreakers implements BreakerStore {
  readonly keys: BreakerKey[] = [];
  readonly #open = new Map<string, OpenBreaker>();

  async find(key: BreakerKey): Promise<OpenBreaker | undefined> {
    return this.#open.get(nameOf(key));
  }

  async open(key: BreakerKey, reason: string): Promise<void> {
    this.keys.push(key);
    this.#open.set(nameOf(key), { reason, openedAt: Date.now() });
  }

  async close({ endpoint, user }: Omit<BreakerKey, 'credential'>): Promise<boolean> {
    const mine = this.keys.filter((key) => key.endpoint === endpoint && key.user === user);
    return mine.map((key) => this.#open.delete(nameOf(key))).includes(true);
  }
}

function nameOf({ endpoint, user, credential }: BreakerKey): string {
  return JSON.stringify([endpoint, user, credential]);
}
