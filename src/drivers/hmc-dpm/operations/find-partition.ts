import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { Cpc, PartitionItem } from '../client/hmc-schemas.js';
import { idOf, isObjectId } from '../client/hmc-uri.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { HmcPlace } from './hmc-place.js';

/**
 * Finds a partition by its exact name, or by its object-id, in one request.
 *
 * @param withFacts also ask for the facts beside name and status, where the HMC can give them in a list
 * @throws ComputeError INSTANCE_NOT_FOUND, AMBIGUOUS (`details.candidates`), RESOURCE_NOT_FOUND (no such CPC),
 *   FEATURE_UNSUPPORTED (CPC in classic mode); HmcError
 */
export async function findPartition(
  ctx: CallContext,
  place: HmcPlace,
  reference: string,
  withFacts = false,
): Promise<PartitionItem> {
  // A list cannot be filtered by object-id, and the partition itself does not name its CPC: so the CPC's whole list.
  const isId = isObjectId(reference);
  const filter = { cpcName: place.cpc, name: isId ? undefined : reference };
  const listed = await place.client(ctx).partitions(filter, withFacts, ctx.signal);
  const id = reference.toLowerCase();
  const found = isId
    ? listed.filter((item) => item.name === reference || idOf(item['object-uri']).toLowerCase() === id)
    : listed;
  const [only, ...others] = found;
  if (only === undefined) throw await explainAbsence(ctx, place, reference);
  if (others.length > 0) throw ambiguous(place, reference, found);
  return only;
}

export function ambiguous(
  place: Pick<HmcPlace, 'hmc'>,
  reference: string,
  found: readonly PartitionItem[],
): ComputeError {
  const candidates = found.map((item) => ({
    name: item.name,
    cpc: item['cpc-name'],
    id: idOf(item['object-uri']),
  }));
  const list = candidates.map(({ cpc, id }) => `${cpc} (${id})`).join(', ');
  return new ComputeError(
    'AMBIGUOUS',
    `${found.length} partitions on HMC ${place.hmc} are called ${reference}, on the CPCs ${list}; give the object-id instead of the name`,
    { driver: DRIVER_NAME, details: { candidates } },
  );
}

/** Why there is no such partition; one more request tells. @throws HmcError */
async function explainAbsence(ctx: CallContext, place: HmcPlace, reference: string): Promise<ComputeError> {
  const cpcs = await place.client(ctx).cpcs(ctx.signal);
  const missing = place.cpc === undefined ? undefined : cpcProblem(place, place.cpc, cpcs);
  if (missing !== undefined) return missing;
  const where = place.cpc === undefined ? describeCpcs(cpcs) : `CPC ${place.cpc}`;
  const names = cpcs.map(({ name }) => name);
  return absent(place, reference, where, names);
}

/** @param where in words; `cpcs`, where it was looked for */
export function absent(
  place: Pick<HmcPlace, 'hmc'>,
  reference: string,
  where: string,
  cpcs: readonly string[],
): ComputeError {
  return new ComputeError(
    'INSTANCE_NOT_FOUND',
    `there is no partition ${reference} on ${where} (HMC ${place.hmc}); names are case-sensitive. If it exists, give the HMC user object access permission to it: the HMC hides what the user may not see`,
    { driver: DRIVER_NAME, details: { reference, cpcs: [...cpcs] } },
  );
}

/** What is wrong with the CPC itself, among those that the user may see; undefined when nothing is. */
export function cpcProblem(place: HmcPlace, name: string, cpcs: readonly Cpc[]): ComputeError | undefined {
  const cpc = cpcs.find((candidate) => candidate.name === name);
  if (cpc === undefined) {
    const visible = cpcs.map((candidate) => candidate.name);
    return new ComputeError(
      'RESOURCE_NOT_FOUND',
      `there is no CPC ${name} on HMC ${place.hmc}, or its user has no object access permission to it; it sees ${visible.length === 0 ? 'none' : visible.join(', ')}`,
      { driver: DRIVER_NAME, details: { cpc: name, visible_cpcs: visible } },
    );
  }
  if (cpc['dpm-enabled'] === true) return undefined;
  return new ComputeError(
    'FEATURE_UNSUPPORTED',
    `CPC ${name} (HMC ${place.hmc}) is in classic mode: it has LPARs with activation profiles, and this driver operates partitions of DPM mode only`,
    { driver: DRIVER_NAME, details: { cpc: name, mode: 'classic' } },
  );
}

function describeCpcs(cpcs: readonly Cpc[]): string {
  if (cpcs.length === 0) return 'any CPC: the HMC user sees none';
  return `any CPC that the HMC user sees: ${cpcs
    .map((cpc) => `${cpc.name} (${cpc['dpm-enabled'] === true ? 'DPM' : 'classic'} mode)`)
    .join(', ')}`;
}
