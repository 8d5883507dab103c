import { canSeeAdapter } from '../object-access.js';
import type { Adapter, AdapterPort, Cpc } from '../model.js';
import { stableUuid } from '../object-id.js';
import { ADAPTER_TYPES, type AdapterEntry, type AdapterType } from './adapter.schema.js';

/** Adapters of a CPC from the inventory; ids that it does not give are dealt out from 120 up. */
export function createAdapters(entries: readonly AdapterEntry[], cpc: Cpc): Adapter[] {
  const taken = new Set(entries.flatMap(({ adapter_id: id }) => id ?? []));
  let next = 0x120;
  const free = (): string => {
    while (taken.has(next.toString(16))) next += 4;
    const id = next.toString(16);
    taken.add(id);
    return id;
  };
  return entries.map((entry) => createAdapter(entry, entry.adapter_id ?? free(), cpc));
}

function createAdapter(entry: AdapterEntry, adapterId: string, cpc: Cpc): Adapter {
  const id = entry.object_id ?? stableUuid(cpc.name, 'adapter', entry.name);
  const uri = `/api/adapters/${id}`;
  const { ports, count } = ADAPTER_TYPES[entry.type];
  const list: AdapterPort[] = [];
  const adapter: Adapter = {
    id,
    uri,
    class: 'adapter',
    name: entry.name,
    parent: null,
    isSeenBy: (user) => canSeeAdapter(user, adapter),
    cpc,
    adapterId,
    type: entry.type,
    ports: list,
    given: entry.properties,
    status: entry.status,
  };
  if (ports !== 'none') {
    for (let index = 0; index < (entry.ports ?? count); index += 1) {
      list.push({ uri: `${uri}/${ports}-ports/${index}`, index, adapter });
    }
  }
  return adapter;
}

/** The fields of a list item. */
export function adapterSummary(adapter: Adapter): Record<string, unknown> {
  return {
    'object-uri': adapter.uri,
    name: adapter.name,
    'adapter-id': adapter.adapterId,
    'adapter-family': ADAPTER_TYPES[adapter.type].family,
    type: adapter.type,
    status: adapter.status,
  };
}

export function adapterProperties(adapter: Adapter, usedCapacity: number): Record<string, unknown> {
  const { ports } = ADAPTER_TYPES[adapter.type];
  const isActive = adapter.status === 'active';
  return {
    ...adapterSummary(adapter),
    'object-id': adapter.id,
    parent: adapter.cpc.uri,
    class: 'adapter',
    description: '',
    state: adapter.status === 'not-detected' ? 'reserved' : 'online',
    'physical-channel-status': isActive ? 'operating' : 'not-operating',
    'detected-card-type': CARDS[adapter.type],
    'card-location': adapter.type === 'hipersockets' ? null : `Z22B-D1${adapter.adapterId.slice(1)}-J.01`,
    'port-count': adapter.ports.length,
    ...(ports === 'none' ? {} : { [`${ports}-port-uris`]: adapter.ports.map((port) => port.uri) }),
    'maximum-total-capacity': ports === 'storage' ? 254 : 128,
    'used-capacity': usedCapacity,
    ...(adapter.type === 'hipersockets' ? { 'maximum-transmission-unit-size': 8 } : {}),
    ...(adapter.type === 'crypto' ? { 'crypto-type': 'accelerator', 'crypto-number': 0 } : {}),
    ...adapter.given,
  };
}

export function portProperties(port: AdapterPort): Record<string, unknown> {
  const kind = ADAPTER_TYPES[port.adapter.type].ports;
  return {
    'element-uri': port.uri,
    'element-id': String(port.index),
    parent: port.adapter.uri,
    class: `${kind}-port`,
    name: `Port ${port.index}`,
    index: port.index,
    description: '',
    ...(kind === 'storage' ? { 'fabric-id': null } : {}),
  };
}

const CARDS: Readonly<Record<AdapterType, string>> = {
  osd: 'osa-express-7s-25gbe',
  osm: 'osa-express-6s-1000base-t',
  hipersockets: 'hipersockets',
  roce: 'roce-express-3-25gbe',
  cna: 'cloud-network-adapter',
  osh: 'network-express-25gbe',
  neth: 'network-express-25gbe',
  fcp: 'ficon-express-32s',
  fc: 'ficon-express-32s',
  'not-configured': 'ficon-express-32s',
  nvme: 'ibm-adapter-for-nvme',
  crypto: 'crypto-express-8s',
  zedc: 'zedc-express',
};
