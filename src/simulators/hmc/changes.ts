import type { HmcObject } from './model.js';

/** Something that an HMC tells its subscribers (hmc-dpm.md section 14). */
export type HmcChange =
  | {
      readonly kind: 'status';
      readonly object: HmcObject;
      readonly oldStatus: string;
      readonly newStatus: string;
      readonly hasUnacceptableStatus: boolean;
    }
  | {
      readonly kind: 'property';
      readonly object: HmcObject;
      readonly name: string;
      readonly oldValue: unknown;
      readonly newValue: unknown;
    }
  | { readonly kind: 'inventory'; readonly object: HmcObject; readonly action: 'add' | 'remove' }
  /** A job has ended; only its owner is told. */
  | { readonly kind: 'job'; readonly uri: string; readonly owner: string };

type Listener = (change: HmcChange) => void;

/** Tells listeners of changes, in the order in which they happen and before the answer to who made them. */
export class Changes {
  readonly #listeners = new Set<Listener>();

  /** Returns what ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(change: HmcChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** One change for each value that is another one afterwards. */
  emitDifferences(
    object: HmcObject,
    before: Readonly<Record<string, unknown>>,
    after: Readonly<Record<string, unknown>>,
  ): void {
    for (const [name, newValue] of Object.entries(after)) {
      const oldValue = before[name];
      if (JSON.stringify(oldValue) === JSON.stringify(newValue)) continue;
      this.emit({ kind: 'property', object, name, oldValue, newValue });
    }
  }
}
