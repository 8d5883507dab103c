import { toComputeError, type ComputeError } from '../../../common/errors/index.js';
import type { CallContext, QueriedState } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { stateOf } from './domain-change.js';
import { absent } from './find-domain.js';
import { explaining, type VirshPlace } from './virsh-place.js';

/** The states of all domains of a host, as of one moment. */
export interface DomainStates {
  /** By exact name or UUID. */
  of(reference: string): QueriedState;
}

/** Reads the states of all domains, in the two requests that a list takes. What fails is the answer for each. */
export async function queryDomains(ctx: CallContext, place: VirshPlace): Promise<DomainStates> {
  try {
    const listed = await explaining(place, 'reading the states of all domains', () => place.domains(ctx).list());
    return statesOf(listed, place, ctx.clock.now());
  } catch (error) {
    const failure: ComputeError = toComputeError(error);
    return { of: () => failure };
  }
}

function statesOf(listed: readonly DomainStatus[], place: VirshPlace, now: number): DomainStates {
  const byName = new Map(listed.map((status) => [status.name, status]));
  const byUuid = new Map(listed.map((status) => [status.uuid, status]));
  return {
    of(reference) {
      const found = byName.get(reference) ?? byUuid.get(reference.toLowerCase());
      return found === undefined ? absent(place, reference) : stateOf(found, now);
    },
  };
}
