import type { HostSwitch } from '../../../compute/contract/index.js';
import { explaining, hostTarget, type VirshPlace } from './virsh-place.js';

/**
 * Maintenance of a host, and whether it takes new domains. libvirt has neither: there is nothing to tell it, and what they
 * mean (moving or stopping what runs, refusing changes) the dispatcher sees to.
 */
export function hostSwitches(place: VirshPlace): {
  readonly setMaintenance: HostSwitch;
  readonly setEnabled: HostSwitch;
} {
  const untold: HostSwitch = {
    resolveHost: (ctx) => explaining(place, 'finding the host', () => hostTarget(ctx, place)),
    set: () => Promise.resolve(false),
  };
  return { setMaintenance: untold, setEnabled: untold };
}
