import {
  attributeOf,
  childAt,
  childrenOf,
  required,
  textOf,
  wholeNumber,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import { tagOfAlias } from './names.js';

export interface DiskFacts {
  /** `vda` */
  readonly target: string;
  readonly device: string;
  readonly bus: string | undefined;
  readonly alias: string | undefined;
  readonly serial: string | undefined;
  /** `file`, `block`, `network`, `volume` … */
  readonly sourceType: string;
  /** Its path, or its name at the server; undefined for an empty drive. */
  readonly source: string | undefined;
  readonly format: string | undefined;
  readonly isReadonly: boolean;
  readonly isShared: boolean;
  readonly bootOrder: number | undefined;
  /** As it stands in the definition, for calls that take it or change it. */
  readonly xml: XmlElement;
}

export interface NicFacts {
  readonly mac: string | undefined;
  readonly sourceType: string;
  /** The network, bridge or device that it is connected to. */
  readonly source: string | undefined;
  /** Of the host's end while it runs: `vnet0`. */
  readonly hostDevice: string | undefined;
  readonly model: string | undefined;
  readonly alias: string | undefined;
  readonly tag: string | undefined;
  readonly filter: string | undefined;
  readonly bootOrder: number | undefined;
  readonly xml: XmlElement;
}

export interface ConsoleFacts {
  readonly type: string;
  readonly targetType: string | undefined;
  readonly alias: string | undefined;
  readonly logFile: string | undefined;
}

export interface GraphicsFacts {
  readonly type: string;
  readonly listen: string | undefined;
  /** Undefined while it has none: the domain does not run, or listens on a socket only. */
  readonly port: number | undefined;
  readonly tlsPort: number | undefined;
  readonly socket: string | undefined;
}

/** @throws XmlFailure unexpected */
export function deviceFacts(devices: XmlElement | undefined): {
  disks: DiskFacts[];
  nics: NicFacts[];
  consoles: ConsoleFacts[];
  graphics: GraphicsFacts[];
  hasAgentChannel: boolean;
  hasAgent: boolean;
} {
  const agent = childrenOf(devices, 'channel')
    .map((channel) => childAt(channel, 'target'))
    .find((target) => attributeOf(target, 'name') === 'org.qemu.guest_agent.0');
  return {
    disks: childrenOf(devices, 'disk').map(diskFacts),
    nics: childrenOf(devices, 'interface').map(nicFacts),
    consoles: [...childrenOf(devices, 'serial'), ...childrenOf(devices, 'console')].map(consoleFacts),
    graphics: childrenOf(devices, 'graphics').map(graphicsFacts),
    hasAgentChannel: agent !== undefined,
    hasAgent: attributeOf(agent, 'state') === 'connected',
  };
}

function diskFacts(disk: XmlElement): DiskFacts {
  const target = childAt(disk, 'target');
  const source = childAt(disk, 'source');
  return {
    target: required(attributeOf(target, 'dev'), 'the target of a disk'),
    device: attributeOf(disk, 'device') ?? 'disk',
    bus: attributeOf(target, 'bus'),
    alias: attributeOf(childAt(disk, 'alias'), 'name'),
    serial: textOf(childAt(disk, 'serial')),
    sourceType: attributeOf(disk, 'type') ?? 'file',
    source: firstAttribute(source, ['file', 'dev', 'name', 'volume', 'dir']),
    format: attributeOf(childAt(disk, 'driver'), 'type'),
    isReadonly: childAt(disk, 'readonly') !== undefined,
    isShared: childAt(disk, 'shareable') !== undefined,
    bootOrder: bootOrderOf(disk),
    xml: disk,
  };
}

function nicFacts(nic: XmlElement): NicFacts {
  const alias = attributeOf(childAt(nic, 'alias'), 'name');
  return {
    mac: attributeOf(childAt(nic, 'mac'), 'address')?.toLowerCase(),
    sourceType: required(attributeOf(nic, 'type'), 'the type of an interface'),
    source: firstAttribute(childAt(nic, 'source'), ['network', 'bridge', 'dev']),
    hostDevice: attributeOf(childAt(nic, 'target'), 'dev'),
    model: attributeOf(childAt(nic, 'model'), 'type'),
    alias,
    tag: tagOfAlias(alias),
    filter: attributeOf(childAt(nic, 'filterref'), 'filter'),
    bootOrder: bootOrderOf(nic),
    xml: nic,
  };
}

function consoleFacts(console: XmlElement): ConsoleFacts {
  return {
    type: required(attributeOf(console, 'type'), 'the type of a console'),
    targetType: attributeOf(childAt(console, 'target'), 'type'),
    alias: attributeOf(childAt(console, 'alias'), 'name'),
    logFile: attributeOf(childAt(console, 'log'), 'file'),
  };
}

function graphicsFacts(graphics: XmlElement): GraphicsFacts {
  const listen = childAt(graphics, 'listen');
  return {
    type: required(attributeOf(graphics, 'type'), 'the type of a screen'),
    listen: attributeOf(listen, 'address') ?? attributeOf(graphics, 'listen'),
    port: portOf(attributeOf(graphics, 'port')),
    tlsPort: portOf(attributeOf(graphics, 'tlsPort')),
    socket: attributeOf(listen, 'socket') ?? attributeOf(graphics, 'socket'),
  };
}

/** -1 is one that has yet to be found. */
function portOf(text: string | undefined): number | undefined {
  return text === '-1' ? undefined : wholeNumber(text, 'the port of a screen');
}

function bootOrderOf(device: XmlElement): number | undefined {
  return wholeNumber(attributeOf(childAt(device, 'boot'), 'order'), 'the boot order of a device');
}

export function firstAttribute(from: XmlElement | undefined, names: readonly string[]): string | undefined {
  return names.map((name) => attributeOf(from, name)).find((value) => value !== undefined);
}
