import type { Hmc } from '../hmc.js';
import type { GuestMachines } from './guests.js';
import { isPartition } from './os-messages.js';

/** The machines under the operating systems, as the HMC has them. */
export function guestMachines({ clock, machine, estate }: Hmc): GuestMachines {
  const now = () => clock.now();
  return {
    facts(host) {
      if (!isPartition(host)) {
        return { system: 'linux', hostName: host.name, kernelParameters: '', processors: 2, memoryMib: 4096, now };
      }
      const { stored } = host;
      return {
        system: host.type === 'zvm' ? 'zvm' : 'linux',
        hostName: host.name,
        kernelParameters: String(stored['boot-os-specific-parameters'] ?? ''),
        processors: Number(stored['ifl-processors']) + Number(stored['cp-processors']),
        memoryMib: Number(stored['initial-memory']),
        now,
      };
    },
    haltMs: (host) => host.timing.halt_ms,
    ended(host, end) {
      if (isPartition(host)) machine.guestEnded(host, end === 'halted' ? 'paused' : 'terminated');
      else estate.setLparStatus(host, 'not-operating');
    },
  };
}
