import type { CallContext } from '../../../compute/contract/index.js';
import type { VirtFeatureId } from '../../../features/index.js';
import { HmcError } from '../client/hmc-error.js';
import { firmwareFeatures } from '../client/hmc-features.js';
import { lackingAt } from '../mapping/lacking.js';
import { cpcMode, findCpc } from './cpc.js';
import { explaining, type CpcPlace } from './hmc-place.js';

/** What a host lacks at present of what this driver offers: by the mode of its CPC, the API of its HMC, and its firmware. */
export async function lackingFeatures(ctx: CallContext, place: CpcPlace): Promise<ReadonlyMap<VirtFeatureId, string>> {
  return await explaining(place, { what: `asking what CPC ${place.cpc} can do`, subject: 'cpc' }, async () => {
    const client = place.client(ctx);
    const cpc = await findCpc(ctx, place);
    const api = await client.session.apiVersion({ signal: ctx.signal, outgoing: ctx.outgoing });
    const mode = cpcMode(cpc);
    const firmware =
      mode === 'dpm' ? await unlessUntold(() => firmwareFeatures(client, cpc['object-uri'], ctx.signal)) : undefined;
    return lackingAt({ cpc: cpc.name, mode, api, firmware });
  });
}

/** Get CPC Properties fails for reasons of its own (409,272; hmc-dpm.md section 4): then nothing is known to be lacking. */
async function unlessUntold<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HmcError && error.kind === 'refused') return undefined;
    throw error;
  }
}
