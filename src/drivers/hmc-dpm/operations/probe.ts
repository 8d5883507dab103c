import type { CallContext, FoundMachine } from '../../../compute/contract/index.js';
import { nicsOfMany } from '../client/hmc-network.js';
import { idOf } from '../client/hmc-uri.js';
import { listInstances, stateOf } from './find-instance.js';
import { explaining, isLparItem, type HmcPlace } from './hmc-place.js';

/** A partition or LPAR, and by what it is found alone: its name, or its object-id where others have the name too. */
export type ProbedMachine = Omit<FoundMachine, 'parameters'> & { readonly reference: string };

/**
 * Lists what an HMC user sees as machines: all partitions in one request, then all their NICs in one more; an HMC before API 4.10 is asked
 * for the partitions' NICs before.
 */
export function probeMachines(
  ctx: CallContext,
  place: HmcPlace,
  isWanted: (name: string) => boolean,
): Promise<ProbedMachine[]> {
  return explaining(place, { what: 'listing the partitions of the HMC', subject: 'cpc' }, async () => {
    const listed = await listInstances(ctx, place, true);
    const wanted = listed.filter(({ name }) => isWanted(name));
    const partitions = wanted.filter((item) => !isLparItem(item));
    const nics = await nicsOfMany(place.client(ctx), partitions, ctx.signal);
    const now = ctx.clock.now();
    const named = new Map<string, number>();
    for (const { name } of listed) named.set(name, (named.get(name) ?? 0) + 1);
    return wanted.map((item) => {
      const { name, 'object-uri': uri } = item;
      return {
        name,
        reference: named.get(name) === 1 ? name : idOf(uri),
        macs: (nics.get(uri) ?? []).flatMap((nic) => nic['mac-address'] ?? []),
        architecture: 's390x',
        state: stateOf(item, now),
        native: { cpc: item['cpc-name'] },
      };
    });
  });
}
