import { element, type XmlElement } from '../../../connectors/xml/index.js';
import { bootXml, type BootPlace } from './disk.js';
import { tagAlias } from './names.js';
import type { NetworkSource, VlanWay } from './network-source.js';

/** A network interface of a domain. Its address on the bus is libvirt's to choose. */
export interface Nic {
  readonly source: NetworkSource;
  readonly mac: string;
  readonly model: string;
  readonly vlan?: VlanWay | undefined;
  readonly mtu?: number | undefined;
  readonly queues?: number | undefined;
  readonly tag?: string | undefined;
  /** Name of the filter with its rules. */
  readonly filter?: string | undefined;
  readonly boot?: BootPlace | undefined;
}

export function nicXml(nic: Nic): XmlElement {
  const { source, vlan } = nic;
  return element(
    'interface',
    { type: source.kind },
    element('mac', { address: nic.mac.toLowerCase() }),
    sourceXml(nic),
    vlan !== undefined && 'tag' in vlan && element('vlan', {}, element('tag', { id: vlan.tag })),
    source.kind === 'bridge' && source.isOpenVswitch && element('virtualport', { type: 'openvswitch' }),
    element('model', { type: nic.model }),
    nic.queues !== undefined && nic.queues > 1 && element('driver', { queues: nic.queues }),
    nic.filter !== undefined && element('filterref', { filter: nic.filter }),
    nic.mtu !== undefined && element('mtu', { size: nic.mtu }),
    bootXml(nic.boot),
    nic.tag !== undefined && element('alias', { name: tagAlias(nic.tag) }),
  );
}

function sourceXml({ source, vlan }: Nic): XmlElement {
  switch (source.kind) {
    case 'network':
      return element('source', {
        network: source.name,
        portgroup: vlan !== undefined && 'portgroup' in vlan ? vlan.portgroup : undefined,
      });
    case 'bridge':
      return element('source', { bridge: source.name });
    case 'direct':
      return element('source', { dev: source.device, mode: source.mode });
  }
}
