import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { ObservedState } from '../../../compute/state/power-state.js';
import { logicalPartitions } from '../client/hmc-classic.js';
import type { Cpc, PartitionItem } from '../client/hmc-schemas.js';
import { idOf, isObjectId } from '../client/hmc-uri.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { classicRules } from '../mapping/classic-rules.js';
import { DPM_RULES } from '../mapping/mode-rules.js';
import { cpcMode, lookAtCpcs, modesAt, unknownCpc, type CpcMode } from './cpc.js';
import { isLparItem, type HmcPlace } from './hmc-place.js';

/**
 * Finds a partition, or an LPAR of a CPC in classic mode, by its exact name or its object-id, in one request for each mode.
 *
 * @param withFacts also ask for the facts beside name and status, where the HMC can give them in a list
 * @throws ComputeError INSTANCE_NOT_FOUND, AMBIGUOUS (`details.candidates`), RESOURCE_NOT_FOUND (no such CPC); HmcError
 */
export async function findInstance(
  ctx: CallContext,
  place: HmcPlace,
  reference: string,
  withFacts = false,
): Promise<PartitionItem> {
  // A list cannot be filtered by object-id, and the partition itself does not name its CPC: so the CPC's whole list.
  const isId = isObjectId(reference);
  const id = reference.toLowerCase();
  const lookFor = async (modes: ReadonlySet<CpcMode>): Promise<PartitionItem[]> => {
    const listed = await list(ctx, place, modes, isId ? undefined : reference, withFacts);
    return isId
      ? listed.filter((item) => item.name === reference || idOf(item['object-uri']).toLowerCase() === id)
      : listed;
  };
  const modes = await modesAt(ctx, place);
  const found = await lookFor(modes);
  if (found.length === 0) {
    const cpcs = await lookAtCpcs(ctx, place);
    const others = new Set([...(await modesAt(ctx, place))].filter((mode) => !modes.has(mode)));
    if (others.size > 0) found.push(...(await lookFor(others)));
    if (found.length === 0) throw absence(place, reference, cpcs);
  }
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) throw ambiguous(place, reference, found);
  return only;
}

/**
 * All partitions and LPARs at a place.
 *
 * @param withFacts as in {@link findInstance}
 * @throws ComputeError RESOURCE_NOT_FOUND (no such CPC); HmcError
 */
export async function listInstances(ctx: CallContext, place: HmcPlace, withFacts = false): Promise<PartitionItem[]> {
  const modes = await modesAt(ctx, place);
  const look = (at: ReadonlySet<CpcMode>): Promise<PartitionItem[]> => list(ctx, place, at, undefined, withFacts);
  const listed = await look(modes);
  if (listed.length > 0 || place.cpc === undefined) return listed;
  const { cpc } = place;
  const cpcs = await lookAtCpcs(ctx, place);
  if (!cpcs.some(({ name }) => name === cpc)) throw unknownCpc({ ...place, cpc }, cpcs);
  const now = await modesAt(ctx, place);
  return [...now].every((mode) => modes.has(mode)) ? listed : await look(now);
}

/** The state of what was found. */
export function stateOf(item: PartitionItem, observedAt: number): ObservedState {
  return (isLparItem(item) ? CLASSIC_RULES : DPM_RULES).observe(item.status, observedAt);
}

const CLASSIC_RULES = classicRules({ load_at_activation: false });

async function list(
  ctx: CallContext,
  place: HmcPlace,
  modes: ReadonlySet<CpcMode>,
  name?: string,
  withFacts = false,
): Promise<PartitionItem[]> {
  const client = place.client(ctx);
  const filter = { cpcName: place.cpc, name };
  const lists = [...modes].map((mode) =>
    mode === 'dpm' ? client.partitions(filter, withFacts, ctx.signal) : logicalPartitions(client, filter, ctx.signal),
  );
  return (await Promise.all<PartitionItem[]>(lists)).flat();
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

/** Why there is no such partition. @param cpcs all that the user sees */
function absence(place: HmcPlace, reference: string, cpcs: readonly Cpc[]): ComputeError {
  const { cpc } = place;
  const names = cpcs.map(({ name }) => name);
  if (cpc !== undefined && !names.includes(cpc)) return unknownCpc({ ...place, cpc }, cpcs);
  return absent(place, reference, cpc === undefined ? describeCpcs(cpcs) : `CPC ${cpc}`, names);
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

function describeCpcs(cpcs: readonly Cpc[]): string {
  if (cpcs.length === 0) return 'any CPC: the HMC user sees none';
  return `any CPC that the HMC user sees: ${cpcs
    .map((cpc) => `${cpc.name} (${cpcMode(cpc) === 'dpm' ? 'DPM' : 'classic'} mode)`)
    .join(', ')}`;
}
