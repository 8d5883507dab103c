import { attributeOf, childAt, type XmlElement } from '../../../connectors/xml/index.js';
import { firstAttribute, type DiskFacts } from './device-facts.js';
import type { DiskSource } from './disk.js';

const ISCSI_PORT = '3260';

/** What is behind a disk, in a word that is the same for all that have it by the same name. */
export function diskSourceKey(source: DiskSource): string {
  switch (source.type) {
    case 'file':
    case 'block':
      return source.path;
    case 'iscsi':
      return `iscsi ${source.host}:${source.port} ${source.target}/${source.lun}`;
  }
}

/** The same of a disk that is there; undefined for an empty drive. */
export function sourceKeyOf({ sourceType, source, xml }: DiskFacts): string | undefined {
  return keyOf(sourceType, source, childAt(xml, 'source'));
}

/** The same of what a disk is being copied to, or merged into; undefined when it is not. */
export function mirrorKeyOf({ xml }: DiskFacts): string | undefined {
  const mirror = childAt(xml, 'mirror');
  return keyOf(attributeOf(mirror, 'type') ?? 'file', mirrorSource(mirror), childAt(mirror, 'source'));
}

/** Where a disk is being copied to, or merged into: its path, or its name at a server. */
export function mirrorSource(mirror: XmlElement | undefined): string | undefined {
  return firstAttribute(childAt(mirror, 'source'), ['file', 'dev', 'name']);
}

function keyOf(sourceType: string, source: string | undefined, described: XmlElement | undefined): string | undefined {
  if (sourceType !== 'network' || source === undefined) return source;
  const host = childAt(described, 'host');
  const port = attributeOf(host, 'port') ?? ISCSI_PORT;
  // The unit of a name without one is the first.
  const name = source.includes('/') ? source : `${source}/0`;
  return `${attributeOf(described, 'protocol') ?? ''} ${attributeOf(host, 'name') ?? ''}:${port} ${name}`;
}
