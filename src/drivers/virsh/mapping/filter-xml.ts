import { isIPv6 } from 'node:net';
import { element, type XmlElement } from '../../../connectors/xml/index.js';
import type { FirewallRule } from '../../../compute/contract/index.js';
import { filterUuid, instanceFiles } from './names.js';
import { invalid } from './refusal.js';

const FILTER_NAME = /^[A-Za-z0-9_.:-]+$/;

/** What libvirt sorts rules by: before all others, among those of groups, and after all others. */
const PRIORITY = { always: 100, rule: 500, rest: 1000 } as const;

/** ICMPv6 by which neighbours and routers are found; without it there is no IPv6. */
const NEIGHBOURS = [133, 134, 135, 136] as const;

type Family = 'v4' | 'v6';
type Direction = 'in' | 'out';

/** @throws ComputeError REQUEST_INVALID */
export function admitRules(rules: readonly FirewallRule[], groups: readonly string[]): void {
  for (const [at, { protocol, ports }] of rules.entries()) {
    const path = `firewall_rules.${at}.ports`;
    if (ports === undefined) continue;
    if (protocol !== 'tcp' && protocol !== 'udp') throw invalid(path, 'only tcp and udp have ports');
    const [first, last] = portsOf(ports);
    if (first > last || last > 65_535)
      throw invalid(path, 'must be a port below 65536, or two with the lower one first');
  }
  for (const [at, group] of groups.entries()) {
    if (!FILTER_NAME.test(group)) throw invalid(`security_groups.${at}`, 'cannot be the name of a filter of libvirt');
  }
}

/**
 * The filter of an instance (`nwfilter`). With rules, what is sent to it and nobody has allowed is dropped; what it sends itself is
 * dropped only when there are rules about that. Answers go with what they answer, and addresses can always be asked for. Groups
 * alone are as they are.
 *
 * @throws ComputeError REQUEST_INVALID
 */
export function filterXml(instance: string, rules: readonly FirewallRule[], groups: readonly string[]): XmlElement {
  admitRules(rules, groups);
  return element(
    'filter',
    { name: instanceFiles(instance).filter, chain: 'root' },
    element('uuid', {}, filterUuid(instance)),
    ...groups.map((filter) => element('filterref', { filter })),
    ...(rules.length === 0 ? [] : [...alwaysAllowed(), ...rules.flatMap(ruleXml), ...theRest(rules)]),
  );
}

function ruleXml({ direction, protocol, ports, remote }: FirewallRule): XmlElement[] {
  const way = direction === 'ingress' ? 'in' : 'out';
  const [address, prefix] = remote?.split('/') ?? [];
  const end = way === 'in' ? 'src' : 'dst';
  const [first, last] = ports === undefined ? [] : portsOf(ports);
  const matched = {
    [`${end}ipaddr`]: address,
    [`${end}ipmask`]: prefix,
    dstportstart: first,
    dstportend: last,
  };
  const families: readonly Family[] = address === undefined ? ['v4', 'v6'] : [isIPv6(address) ? 'v6' : 'v4'];
  return families.map((family) => accept(way, PRIORITY.rule, element(protocolName(protocol, family), matched)));
}

function protocolName(protocol: FirewallRule['protocol'], family: Family): string {
  if (protocol === 'icmp') return family === 'v4' ? 'icmp' : 'icmpv6';
  const name = protocol === 'any' ? 'all' : protocol;
  return family === 'v4' ? name : `${name}-ipv6`;
}

/** DHCP and neighbour discovery, whose answers no tracking of connections knows for such. */
function alwaysAllowed(): XmlElement[] {
  const untracked = (way: Direction, what: XmlElement) => accept(way, PRIORITY.always, what, 'false');
  const dhcp = (name: string, server: number, client: number) => [
    untracked('in', element(name, { srcportstart: server, dstportstart: client })),
    untracked('out', element(name, { srcportstart: client, dstportstart: server })),
  ];
  return [
    ...dhcp('udp', 67, 68),
    ...dhcp('udp-ipv6', 547, 546),
    ...NEIGHBOURS.flatMap((type) => [
      untracked('in', element('icmpv6', { type })),
      untracked('out', element('icmpv6', { type })),
    ]),
  ];
}

function theRest(rules: readonly FirewallRule[]): XmlElement[] {
  const isEgressLimited = rules.some(({ direction }) => direction === 'egress');
  const all = [element('all'), element('all-ipv6')];
  const drop = (way: Direction) =>
    all.map((what) => element('rule', { action: 'drop', direction: way, priority: PRIORITY.rest }, what));
  return [...drop('in'), ...(isEgressLimited ? drop('out') : all.map((what) => accept('out', PRIORITY.rule, what)))];
}

function accept(direction: Direction, priority: number, what: XmlElement, statematch?: 'false'): XmlElement {
  return element('rule', { action: 'accept', direction, priority, statematch }, what);
}

function portsOf(ports: string): [number, number] {
  const [first = 0, last = first] = ports.split('-').map(Number);
  return [first, last];
}
