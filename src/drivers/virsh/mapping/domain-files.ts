import { attributeOf, childAt, childrenOf, type XmlElement } from '../../../connectors/xml/index.js';

/** The files of the host that a domain's disks are, and those that these grow out of, as far as its definition tells. */
export function filesOf(domain: XmlElement): ReadonlySet<string> {
  return new Set(childrenOf(childAt(domain, 'devices'), 'disk').flatMap(filesIn));
}

/** Of a disk, and of what is behind it, which stands inside of it. */
function filesIn(layer: XmlElement): string[] {
  const deeper = [...childrenOf(layer, 'backingStore'), ...childrenOf(layer, 'mirror')];
  const file = attributeOf(childAt(layer, 'source'), 'file');
  return [...(file === undefined ? [] : [file]), ...deeper.flatMap(filesIn)];
}
