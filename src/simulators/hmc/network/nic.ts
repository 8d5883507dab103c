import type { AdapterType } from '../adapters/adapter.schema.js';
import type { ApiLevel } from '../api-level.js';
import type { Backing, Nic, Partition } from '../model.js';
import {
  flag,
  hex,
  initialProperties,
  integer,
  name,
  orNull,
  readableProperties,
  rule,
  shortText,
  since,
  text,
  textOrNull,
  type PropertyRules,
} from '../property-rules.js';
import { stableUuid } from '../object-id.js';
import type { NicEntry } from './nic.schema.js';

const mac = (value: unknown): boolean =>
  typeof value === 'string' && /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(value);

/** The name and the backing are kept apart from the others. */
export const NIC_PROPERTIES: PropertyRules = {
  name: rule('always', name, ''),
  description: rule('always', text, ''),
  'virtual-switch-uri': rule('always', textOrNull, null),
  'network-adapter-port-uri': rule('always', textOrNull, null),
  'device-number': rule('always', hex(4), ''),
  'mac-address': since(2, 20, rule('stopped', mac, null)),
  'vlan-id': since(2, 2, rule('always', orNull(integer(1, 4094)), null)),
  'vlan-type': since(2, 20, rule('always', orNull(shortText(32)), null)),
  'ssc-management-nic': since(2, 2, rule('always', flag, false)),
  'ssc-ip-address-type': since(2, 2, rule('always', textOrNull, null)),
  'ssc-ip-address': since(2, 2, rule('always', textOrNull, null)),
  'ssc-mask-prefix': since(2, 2, rule('always', textOrNull, null)),
  'function-number': since(3, 4, rule('always', orNull(integer(0, 65_535)), null)),
  'function-range': since(3, 4, rule('always', orNull(integer(0, 65_535)), null)),
};

/** What a new NIC has: `given` over what nobody gave. */
export function initialNicProperties(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const {
    name: _name,
    'virtual-switch-uri': _switch,
    'network-adapter-port-uri': _port,
    ...rest
  } = {
    ...initialProperties(NIC_PROPERTIES),
    ...given,
  };
  return rest;
}

/** The `type` of a NIC where it is not called like that of its adapter. */
const NIC_TYPES: Partial<Record<AdapterType, string>> = { hipersockets: 'iqd' };

export function nicProperties(nic: Nic, level: ApiLevel): Record<string, unknown> {
  const { backing } = nic;
  // A MAC address could be read before it could be written.
  const mac = level.isAtLeast(2, 2) ? { 'mac-address': nic.stored['mac-address'] } : {};
  return {
    'element-uri': nic.uri,
    'element-id': nic.id,
    parent: nic.partition.uri,
    class: 'nic',
    name: nic.name,
    type: NIC_TYPES[backing.port.adapter.type] ?? backing.port.adapter.type,
    'virtual-switch-uri': backing.kind === 'switch' ? backing.vswitch.uri : null,
    'network-adapter-port-uri': backing.kind === 'port' ? backing.port.uri : null,
    ...readableProperties(NIC_PROPERTIES, nic.stored, level),
    ...mac,
  };
}

export function createNic(partition: Partition, id: string, of: Pick<Nic, 'name' | 'backing' | 'stored'>): Nic {
  return {
    id,
    uri: `${partition.uri}/nics/${id}`,
    class: 'nic',
    parent: partition,
    isSeenBy: (user) => partition.isSeenBy(user),
    partition,
    ...of,
  };
}

/** The NICs that an inventory gives a partition. */
export function nicsFromInventory(entries: readonly NicEntry[], partition: Partition): Nic[] {
  return entries.flatMap((entry, index) => {
    const port = partition.cpc.adapters.find(({ name }) => name === entry.adapter)?.ports[entry.port];
    if (port === undefined) return [];
    const vswitch = partition.cpc.virtualSwitches.find((candidate) => candidate.port === port);
    const id = stableUuid(partition.cpc.name, partition.name, 'nic', entry.name);
    const stored = initialNicProperties({
      description: entry.description,
      'device-number': (entry.device_number ?? numberOfNic(index)).toUpperCase(),
      'mac-address': (entry.mac ?? macOf(id)).toLowerCase(),
      'vlan-id': entry.vlan ?? null,
    });
    const backing: Backing = vswitch === undefined ? { kind: 'port', port } : { kind: 'switch', vswitch, port };
    return [createNic(partition, id, { name: entry.name, backing, stored })];
  });
}

/** Three device numbers each: a qeth device takes as many. */
const numberOfNic = (index: number): string => (1 + index * 3).toString(16).padStart(4, '0');

/** Locally administered, and the same in every run. */
const macOf = (id: string): string => ['02', ...(id.replaceAll('-', '').slice(-10).match(/../g) ?? [])].join(':');
