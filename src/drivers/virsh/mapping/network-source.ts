import {
  attributeOf,
  childAt,
  childrenOf,
  required,
  textOf,
  wholeNumber,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import type { Network } from '../../../compute/contract/index.js';
import { invalid, limited } from './refusal.js';

/** What an interface of a domain is connected to. */
export type NetworkSource =
  | ({ readonly kind: 'network'; readonly name: string } & NetworkFacts)
  | { readonly kind: 'bridge'; readonly name: string; readonly isOpenVswitch: boolean }
  /** macvtap on a device of the host. */
  | { readonly kind: 'direct'; readonly device: string; readonly mode: 'bridge' | 'vepa' | 'private' | 'passthrough' };

/** What libvirt tells of one of its networks. */
interface NetworkFacts {
  /** What the host does with its packets: `nat`, `route`, `open`, `bridge` …; `none` where it keeps them. */
  readonly forwarding: string;
  readonly isOpenVswitch: boolean;
  /** Its interfaces are macvtap devices, or functions of an adapter. */
  readonly isBehindDevice: boolean;
  readonly portgroups: readonly { readonly name: string; readonly vlan: number | undefined }[];
}

/** @throws XmlFailure unexpected */
export function networkSource(network: XmlElement): Extract<NetworkSource, { kind: 'network' }> {
  const name = required(textOf(childAt(network, 'name')), 'the name of the network');
  const forward = childAt(network, 'forward');
  const forwarding = forward === undefined ? 'none' : (attributeOf(forward, 'mode') ?? 'nat');
  return {
    kind: 'network',
    name,
    forwarding,
    isOpenVswitch: attributeOf(childAt(network, 'virtualport'), 'type') === 'openvswitch',
    isBehindDevice:
      ['vepa', 'private', 'passthrough', 'hostdev'].includes(forwarding) ||
      (forwarding === 'bridge' && childAt(network, 'bridge') === undefined),
    portgroups: childrenOf(network, 'portgroup').flatMap((group) => {
      const groupName = attributeOf(group, 'name');
      return groupName === undefined ? [] : [{ name: groupName, vlan: vlanIn(group) }];
    }),
  };
}

/**
 * The VLAN that packets of an interface or a port group are put into; none for a trunk, where guests tag them.
 *
 * @throws XmlFailure unexpected
 */
export function vlanIn(parent: XmlElement): number | undefined {
  const vlan = childAt(parent, 'vlan');
  const [tag, ...others] = childrenOf(vlan, 'tag');
  const isTrunk =
    attributeOf(vlan, 'trunk') === 'yes' || others.length > 0 || attributeOf(tag, 'nativeMode') !== undefined;
  return isTrunk ? undefined : wholeNumber(attributeOf(tag, 'id'), 'the id of a VLAN');
}

/**
 * Of a device of the host, by the definition that libvirt's driver of interfaces has of it: a bridge is plugged into, and on every other
 * one is a macvtap device.
 *
 * @param openVswitches names of bridges of Open vSwitch, which are no bridges to libvirt
 * @throws XmlFailure unexpected
 */
export function hostNetworkSource(
  hostInterface: XmlElement,
  openVswitches: readonly string[],
): Exclude<NetworkSource, { kind: 'network' }> {
  const name = required(attributeOf(hostInterface, 'name'), 'the name of the network device');
  if (attributeOf(hostInterface, 'type') === 'bridge') return { kind: 'bridge', name, isOpenVswitch: false };
  return openVswitches.includes(name)
    ? { kind: 'bridge', name, isOpenVswitch: true }
    : { kind: 'direct', device: name, mode: 'bridge' };
}

/** How an interface gets its VLAN: a tag that libvirt sets, or a port group whose interfaces have it. */
export type VlanWay = { readonly tag: number } | { readonly portgroup: string };

/**
 * How packets of an interface get their VLAN id. libvirt has Open vSwitch tag them, and nobody else.
 *
 * @throws ComputeError FEATURE_LIMITED where nobody would
 */
export function vlanWay(field: string, { vlan }: Network, source: NetworkSource): VlanWay | undefined {
  if (vlan === undefined) return undefined;
  if (source.kind === 'network') {
    const group = source.portgroups.find((one) => one.vlan === vlan);
    if (group !== undefined) return { portgroup: group.name };
  }
  if (source.kind !== 'direct' && source.isOpenVswitch) return { tag: vlan };
  throw limited(
    `${field}.vlan`,
    source.kind === 'direct'
      ? `packets behind ${source.device} cannot be tagged; make a VLAN device on it and name that, or, where it is a bridge of Open vSwitch, list it in the setting openvswitch_bridges`
      : `${source.kind} ${source.name} is not of Open vSwitch, and cannot tag packets; name a bridge on a VLAN device of the host`,
  );
}

/** Would an interface that goes by its definition through Open vSwitch, or is in a port group, be the same one there? */
export function keepsVlan(nic: XmlElement, there: NetworkSource): boolean {
  const portgroup = attributeOf(childAt(nic, 'source'), 'portgroup');
  if (portgroup !== undefined) {
    // libvirt passes over a group that is not there.
    const group = there.kind === 'network' ? there.portgroups.find(({ name }) => name === portgroup) : undefined;
    return group !== undefined && [group.vlan, undefined].includes(vlanIn(nic));
  }
  const isSwitched = attributeOf(childAt(nic, 'virtualport'), 'type') === 'openvswitch' || vlanIn(nic) !== undefined;
  return !isSwitched || (there.kind !== 'direct' && there.isOpenVswitch);
}

/**
 * Refuses what cannot be had of what an interface is connected to.
 *
 * @throws ComputeError FEATURE_LIMITED, REQUEST_INVALID
 */
export function admitNetwork(field: string, network: Network, source: NetworkSource, hasFilter: boolean): void {
  const { forwarding, resource_request: request, mac } = network;
  if (mac !== undefined && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    throw invalid(`${field}.mac`, 'is a multicast address, which no interface can have');
  }
  if (request !== undefined) throw limited(`${field}.resource_request`, 'no bandwidth is set aside for interfaces');
  if (forwarding !== undefined && (source.kind !== 'network' || source.forwarding !== forwarding)) {
    const is = source.kind === 'network' ? `its mode is ${source.forwarding}` : `it is a ${source.kind} device`;
    throw limited(`${field}.forwarding`, `${network.name} is no network with forward mode ${forwarding}: ${is}`);
  }
  vlanWay(field, network, source);
  if (!hasFilter) return;
  if (source.kind === 'direct' || (source.kind === 'network' && source.isBehindDevice)) {
    throw limited(field, `packets of ${network.name} go past the host's bridges, where rules of a firewall would hold`);
  }
  if (source.isOpenVswitch) {
    throw limited(field, `packets of ${network.name} go through Open vSwitch, past the rules of libvirt's filters`);
  }
}
