import { toComputeError, type ComputeError } from '../../../common/errors/index.js';
import type { CallContext, QueriedState } from '../../../compute/contract/index.js';
import type { PartitionItem } from '../client/hmc-schemas.js';
import { idOf } from '../client/hmc-uri.js';
import { absent, ambiguous, listInstances, stateOf } from './find-instance.js';
import { explaining, type HmcPlace } from './hmc-place.js';

/** The states of all partitions that a user may see, as of one moment. */
export interface PartitionStates {
  /** Why they could not be read; then it is the answer for each. */
  readonly failure: ComputeError | undefined;
  /** By exact name or object-id. */
  of(reference: string): QueriedState;
}

/** Reads the states of all partitions of all CPCs: in one request, and one more where CPCs are in classic mode. */
export async function queryPartitions(ctx: CallContext, place: HmcPlace): Promise<PartitionStates> {
  try {
    const listed = await explaining(place, { what: 'reading the states of all partitions', subject: 'cpc' }, () =>
      listInstances(ctx, place),
    );
    return statesOf(listed, place, ctx.clock.now());
  } catch (error) {
    const failure = toComputeError(error);
    return { failure, of: () => failure };
  }
}

function statesOf(listed: readonly PartitionItem[], place: HmcPlace, now: number): PartitionStates {
  const byReference = new Map<string, Set<PartitionItem>>();
  const cpcs = new Set<string>();
  for (const item of listed) {
    cpcs.add(item['cpc-name']);
    for (const reference of [item.name, idOf(item['object-uri']).toLowerCase()]) {
      const known = byReference.get(reference);
      if (known === undefined) byReference.set(reference, new Set([item]));
      else known.add(item);
    }
  }
  return {
    failure: undefined,
    of(reference) {
      const found = new Set([
        ...(byReference.get(reference) ?? []),
        ...(byReference.get(reference.toLowerCase()) ?? []),
      ]);
      const items = [...found].filter(({ name, 'object-uri': uri }) => name === reference || isIdOf(uri, reference));
      const [only, ...others] = items;
      if (only === undefined) return absent(place, reference, 'any CPC that the HMC user sees', [...cpcs]);
      return others.length > 0 ? ambiguous(place, reference, items) : stateOf(only, now);
    },
  };
}

function isIdOf(uri: string, reference: string): boolean {
  return idOf(uri).toLowerCase() === reference.toLowerCase();
}
