import type { Clock } from '../../../common/clock.js';
import type { PartitionItem } from '../client/hmc-schemas.js';

const KEEP_MS = 5 * 60_000;
const MOST_NAMES = 2000;

interface Known {
  readonly item: PartitionItem;
  readonly until: number;
}

/**
 * Which partition a caller's reference meant lately, so that an HMC whose lists give few properties can be asked for
 * all of them in one request. Whoever uses it compares the name in the answer: a name may have moved on.
 */
export class NameCache {
  constructor(private readonly keepMs = KEEP_MS) {}

  readonly #known = new Map<string, Known>();

  get(reference: string, clock: Clock): PartitionItem | undefined {
    const known = this.#known.get(reference);
    if (known !== undefined && known.until > clock.now()) return known.item;
    this.#known.delete(reference);
    return undefined;
  }

  set(reference: string, item: PartitionItem, clock: Clock): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_NAMES && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(reference, { item, until: clock.now() + this.keepMs });
  }

  forget(reference: string): void {
    this.#known.delete(reference);
  }
}
