import type { Clock } from '../../kit/clock.js';
import type { LparMachine } from '../classic/lpar-machine.js';
import type { PartitionMachine } from '../partition-machine.js';
import type { GuestMachines } from './guests.js';
import { isPartition } from './os-messages.js';

/** The machines under the operating systems. */
export function guestMachines(clock: Clock, machine: PartitionMachine, lparMachine: LparMachine): GuestMachines {
  const now = () => clock.now();
  return {
    facts(host) {
      if (!isPartition(host)) {
        return { system: 'linux', hostName: host.name, kernelParameters: '', processors: 2, memoryMib: 4096, now };
      }
      const { stored } = host;
      const parameters = stored['boot-os-specific-parameters'];
      return {
        system: host.type === 'zvm' ? 'zvm' : 'linux',
        hostName: host.name,
        kernelParameters: typeof parameters === 'string' ? parameters : '',
        processors: Number(stored['ifl-processors']) + Number(stored['cp-processors']),
        memoryMib: Number(stored['initial-memory']),
        now,
      };
    },
    haltMs: (host) => host.timing.halt_ms,
    ended(host, end) {
      if (isPartition(host)) machine.guestEnded(host, end === 'halted' ? 'paused' : 'terminated');
      else lparMachine.guestEnded(host);
    },
  };
}
