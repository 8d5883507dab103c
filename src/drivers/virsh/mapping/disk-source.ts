import { attributeOf, childAt } from '../../../connectors/xml/index.js';
import type { DiskFacts } from './device-facts.js';
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
  if (sourceType !== 'network' || source === undefined) return source;
  const described = childAt(xml, 'source');
  const host = childAt(described, 'host');
  const port = attributeOf(host, 'port') ?? ISCSI_PORT;
  // The unit of a name without one is the first.
  const name = source.includes('/') ? source : `${source}/0`;
  return `${attributeOf(described, 'protocol') ?? ''} ${attributeOf(host, 'name') ?? ''}:${port} ${name}`;
}
