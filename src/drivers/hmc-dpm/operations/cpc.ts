import type { CallContext } from '../../../compute/contract/index.js';
import { HmcError } from '../client/hmc-error.js';
import type { Cpc, CpcProperties } from '../client/hmc-schemas.js';
import { cpcProblem } from './find-partition.js';
import type { HmcPlace } from './hmc-place.js';

/** A place that is one CPC. */
export interface CpcPlace extends HmcPlace {
  readonly cpc: string;
}

/** The CPC. @throws ComputeError RESOURCE_NOT_FOUND or FEATURE_UNSUPPORTED (classic mode); HmcError */
export async function requireCpc(ctx: CallContext, place: CpcPlace): Promise<Cpc> {
  const cpcs = await place.client(ctx).cpcs(ctx.signal);
  const problem = cpcProblem(place, place.cpc, cpcs);
  const cpc = cpcs.find(({ name }) => name === place.cpc);
  if (problem !== undefined || cpc === undefined) throw problem;
  return cpc;
}

/** Size and model are nice to have: Get CPC Properties fails for reasons of its own (409,272; hmc-dpm.md section 4). */
export async function readCpcProperties(ctx: CallContext, place: HmcPlace, cpc: Cpc): Promise<Partial<CpcProperties>> {
  try {
    return await place.client(ctx).cpcProperties(cpc['object-uri'], ctx.signal);
  } catch (error) {
    if (!(error instanceof HmcError)) throw error;
    ctx.log.info('the properties of the CPC cannot be read', { hmc: place.hmc, cpc: cpc.name, err: error });
    return {};
  }
}
