import { ComputeError } from '../../../common/errors/index.js';
import type { CallContext } from '../../../compute/contract/index.js';
import type { Cpc } from '../client/hmc-schemas.js';
import type { HmcLink } from '../client/hmc-link.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import type { CpcPlace, HmcPlace } from './hmc-place.js';

export type CpcMode = 'dpm' | 'classic';

/** What a session has learned of the CPCs that its user sees: the mode of each, by name. */
const learned = new WeakMap<HmcLink, ReadonlyMap<string, CpcMode>>();

export function cpcMode(cpc: Cpc): CpcMode {
  return cpc['dpm-enabled'] === true ? 'dpm' : 'classic';
}

/** Every CPC that the user sees. Their modes are remembered. @throws HmcError */
export async function lookAtCpcs(ctx: CallContext, place: HmcPlace): Promise<Cpc[]> {
  const client = place.client(ctx);
  const cpcs = await client.cpcs(ctx.signal);
  learned.set(client.session, new Map(cpcs.map((cpc) => [cpc.name, cpcMode(cpc)])));
  return cpcs;
}

/**
 * The modes of the CPCs at a place. One CPC counts as in DPM mode until {@link lookAtCpcs} has shown another, so that
 * partitions are found in one request; where all CPCs are looked at, it is found out once in a session.
 *
 * @throws HmcError
 */
export async function modesAt(ctx: CallContext, place: HmcPlace): Promise<ReadonlySet<CpcMode>> {
  const { session } = place.client(ctx);
  if (place.cpc !== undefined) return new Set([learned.get(session)?.get(place.cpc) ?? 'dpm']);
  if (!learned.has(session)) await lookAtCpcs(ctx, place);
  // Partitions may be seen without their CPC.
  return new Set(['dpm', ...(learned.get(session)?.values() ?? [])]);
}

/** The CPC, in whatever mode it is. @throws ComputeError RESOURCE_NOT_FOUND; HmcError */
export async function findCpc(ctx: CallContext, place: CpcPlace): Promise<Cpc> {
  const cpcs = await lookAtCpcs(ctx, place);
  const cpc = cpcs.find(({ name }) => name === place.cpc);
  if (cpc === undefined) throw unknownCpc(place, cpcs);
  return cpc;
}

/** The same, in DPM mode. @throws ComputeError FEATURE_UNSUPPORTED too */
export async function requireDpmCpc(ctx: CallContext, place: CpcPlace): Promise<Cpc> {
  const cpc = await findCpc(ctx, place);
  if (cpcMode(cpc) === 'classic') throw classicRefusal(place, cpc.name);
  return cpc;
}

/** There is no CPC of this place's name among those that the user sees. */
export function unknownCpc({ hmc, cpc }: CpcPlace, cpcs: readonly Cpc[]): ComputeError {
  const visible = cpcs.map(({ name }) => name);
  return new ComputeError(
    'RESOURCE_NOT_FOUND',
    `there is no CPC ${cpc} on HMC ${hmc}, or its user has no object access permission to it; it sees ${visible.length === 0 ? 'none' : visible.join(', ')}`,
    { driver: DRIVER_NAME, details: { cpc, visible_cpcs: visible } },
  );
}

/** What only DPM has was asked of a CPC in classic mode. */
export function classicRefusal(place: Pick<HmcPlace, 'hmc'>, cpc: string): ComputeError {
  return new ComputeError(
    'FEATURE_UNSUPPORTED',
    `CPC ${cpc} (HMC ${place.hmc}) is in classic mode: its LPARs can be listed, and switched on and off by activating, loading and deactivating them; everything else needs a CPC in DPM mode`,
    { driver: DRIVER_NAME, details: { cpc, mode: 'classic' } },
  );
}
