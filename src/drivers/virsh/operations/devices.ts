import type { CallContext, Devices } from '../../../compute/contract/index.js';
import type { DiskFacts, NicFacts } from '../mapping/device-facts.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import type { VirshPlace } from './virsh-place.js';

/** What a domain is connected to, in the words of a description. */
export function devicesOf(_ctx: CallContext, _place: VirshPlace, { disks, nics }: DomainFacts): Promise<Devices> {
  return Promise.resolve({ interfaces: nics.map(interfaceOf), volumes: disks.filter(isVolume).map(volumeOf) });
}

function interfaceOf({ mac, source, hostDevice }: NicFacts): Devices['interfaces'][number] {
  return {
    name: mac ?? hostDevice ?? '',
    mac: mac ?? null,
    network: source ?? null,
    networkAliases: [],
    vlan: null,
  };
}

/** What it starts with and was made for it alone is no volume, but for its root disk. */
function isVolume({ device, alias }: DiskFacts): boolean {
  return device !== 'cdrom' && device !== 'floppy' && alias !== DISK_ALIASES.config && alias !== DISK_ALIASES.rescue;
}

function volumeOf({ alias, serial, target, source }: DiskFacts): Devices['volumes'][number] {
  return {
    id: serial ?? target,
    aliases: [target, ...(source === undefined ? [] : [source])],
    isRoot: alias === DISK_ALIASES.root,
    sizeGib: null,
  };
}
