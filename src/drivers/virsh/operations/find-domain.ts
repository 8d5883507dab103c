import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { DomainStatus } from '../client/domains.port.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import type { VirshPlace } from './virsh-place.js';

/**
 * Finds a domain by its exact name or its UUID.
 *
 * @throws ComputeError INSTANCE_NOT_FOUND; the failure of libvirt
 */
export async function findDomain(ctx: CallContext, place: VirshPlace, reference: string): Promise<DomainStatus> {
  const found = await place.domains(ctx).find(reference);
  if (found !== undefined) return found;
  throw absent(place, reference);
}

export function absent({ label }: Pick<VirshPlace, 'label'>, reference: string): ComputeError {
  return new ComputeError(
    'INSTANCE_NOT_FOUND',
    `there is no domain ${reference} on ${label}; names are case-sensitive`,
    {
      driver: DRIVER_NAME,
      details: { reference },
    },
  );
}
