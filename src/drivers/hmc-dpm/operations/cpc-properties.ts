import type { CallContext } from '../../../compute/contract/index.js';
import { HmcError } from '../client/hmc-error.js';
import type { Cpc, CpcProperties } from '../client/hmc-schemas.js';
import type { HmcPlace } from './hmc-place.js';

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
