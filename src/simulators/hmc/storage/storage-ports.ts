import type { Cpc } from '../estate.js';
import { stableUuid } from '../estate.js';

const PORTS_PER_CPC = 4;

/** Ports of the FCP adapters of a CPC, by URI. */
export function fcpPortUris(cpc: Cpc): readonly string[] {
  return Array.from(
    { length: PORTS_PER_CPC },
    (_, index) => `/api/adapters/${stableUuid(cpc.name, 'fcp', String(index))}/storage-ports/0`,
  );
}
