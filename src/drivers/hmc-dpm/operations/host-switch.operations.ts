import { targetKey } from '../../../common/ids.js';
import type { CallContext, HostSwitch, Target } from '../../../compute/contract/index.js';
import { idOf } from '../client/hmc-uri.js';
import { DRIVER_NAME } from '../hmc-dpm.errors.js';
import { findCpc } from './cpc.js';
import { explaining, type CpcPlace } from './hmc-place.js';

/**
 * Maintenance of a CPC, and whether it takes new partitions. An HMC has neither: there is nothing to tell it, and what
 * they mean (stopping what runs, refusing changes) the dispatcher sees to.
 */
export function hostSwitches(place: CpcPlace): {
  readonly setMaintenance: HostSwitch;
  readonly setEnabled: HostSwitch;
} {
  const untold: HostSwitch = { resolveHost: (ctx) => resolveHost(ctx, place), set: () => Promise.resolve(false) };
  return { setMaintenance: untold, setEnabled: untold };
}

/** The CPC as a target, the same through every HMC. */
async function resolveHost(ctx: CallContext, place: CpcPlace): Promise<Target> {
  return await explaining(place, { what: `finding CPC ${place.cpc}`, subject: 'cpc' }, async () => {
    const id = idOf((await findCpc(ctx, place))['object-uri']);
    return { key: targetKey(DRIVER_NAME, id, 'host'), id, name: place.cpc };
  });
}
