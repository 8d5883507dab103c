import type { Adapter, VirtualSwitch } from '../model.js';
import { canSeeAdapter } from '../object-access.js';
import { stableUuid } from '../object-id.js';

const SWITCHED: readonly Adapter['type'][] = ['osd', 'hipersockets'];

export const isSwitched = (adapter: Adapter): boolean => SWITCHED.includes(adapter.type);

/** One for each port; `names` goes port by port. */
export function createVirtualSwitches(adapter: Adapter, names: readonly string[]): VirtualSwitch[] {
  if (!isSwitched(adapter)) return [];
  return adapter.ports.map((port) => {
    const name = names[port.index] ?? (adapter.ports.length === 1 ? adapter.name : `${adapter.name} ${port.index}`);
    const id = stableUuid(adapter.cpc.name, 'virtual-switch', adapter.name, String(port.index));
    return {
      id,
      uri: `/api/virtual-switches/${id}`,
      class: 'virtual-switch',
      name,
      parent: null,
      isSeenBy: (user) => canSeeAdapter(user, adapter),
      cpc: adapter.cpc,
      port,
    };
  });
}

export function virtualSwitchProperties(vswitch: VirtualSwitch): Record<string, unknown> {
  return {
    'object-uri': vswitch.uri,
    'object-id': vswitch.id,
    parent: vswitch.cpc.uri,
    class: 'virtual-switch',
    name: vswitch.name,
    description: '',
    type: vswitch.port.adapter.type,
    'backing-adapter-uri': vswitch.port.adapter.uri,
    port: vswitch.port.index,
    'connected-vnic-uris': connectedNicUris(vswitch),
  };
}

/** What is plugged in, partition by partition. */
export function connectedNicUris(vswitch: VirtualSwitch): string[] {
  return vswitch.cpc.partitions
    .flatMap(({ nics }) => nics)
    .filter(({ backing }) => backing.kind === 'switch' && backing.vswitch === vswitch)
    .map(({ uri }) => uri);
}
