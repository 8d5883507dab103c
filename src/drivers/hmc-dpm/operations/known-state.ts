import type { CallContext, Freshness } from '../../../compute/contract/index.js';
import type { PartitionItem } from '../client/hmc-schemas.js';
import type { HmcPlace } from './hmc-place.js';

/** Partitions as the HMC's notifications keep them known. */
export interface KnownState {
  readonly observedAt: number;
  readonly items: readonly PartitionItem[];
  /** The one that a name or an object-id means; undefined when there is none or several. */
  find(reference: string): PartitionItem | undefined;
  /** Are the properties beside name and status known too? */
  hasFacts(item: PartitionItem): boolean;
}

/** What is known without a request, when the caller can do with it; undefined: the HMC has to be asked. */
export function knownState(ctx: CallContext, place: HmcPlace, freshness?: Freshness): KnownState | undefined {
  const maxAgeMs = freshness?.maxAgeMs ?? 0;
  const known = maxAgeMs > 0 ? place.client(ctx).session.news?.known(maxAgeMs) : undefined;
  if (known === undefined) return undefined;
  const { table, observedAt } = known;
  return {
    observedAt,
    get items() {
      return table.items(place.cpc);
    },
    find(reference) {
      const [only, ...others] = table.find(reference, place.cpc);
      return others.length === 0 ? only : undefined;
    },
    hasFacts: (item) => table.hasFacts(item),
  };
}
