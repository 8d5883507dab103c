import {
  attributeOf,
  childrenOf,
  childAt,
  parseXml,
  serialiseXml,
  withAttribute,
  withChildren,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import { withMark } from './edit-domain.js';
import { markOf } from './instance-mark.js';

/**
 * A definition as another host takes it: with its files where they are there. A disk that was copied stands alone: what it grew out
 * of is not spoken of any more. The same goes for the earlier definition that an instance may return to.
 *
 * @param places where a file is there, by where it is here
 */
export function movedDefinition(domain: XmlElement, places: ReadonlyMap<string, string>): XmlElement {
  const moved = withPlaces(domain, places);
  const mark = markOf(domain);
  if (mark?.undo === undefined) return moved;
  const definition = serialiseXml(movedDefinition(parseXml(mark.undo.definition), places));
  return withMark(moved, { ...mark, undo: { ...mark.undo, definition } });
}

function withPlaces(from: XmlElement, places: ReadonlyMap<string, string>): XmlElement {
  const isMoved = from.name === 'disk' && places.has(attributeOf(childAt(from, 'source'), 'file') ?? '');
  const place = places.get(attributeOf(from, 'file') ?? '');
  const placed = place === undefined ? from : withAttribute(from, 'file', place);
  return withChildren(
    placed,
    placed.children
      .filter((child) => typeof child === 'string' || !isMoved || child.name !== 'backingStore')
      .map((child) => (typeof child === 'string' ? child : withPlaces(child, places))),
  );
}

/** The filter that an interface or a filter refers to, and those in it. */
export function filtersIn(from: XmlElement): string[] {
  return childrenOf(from, 'filterref').flatMap((reference) => attributeOf(reference, 'filter') ?? []);
}

/** UUIDs of the secrets that the disks of a domain are opened with. */
export function secretsIn(domain: XmlElement): string[] {
  const within = (from: XmlElement): string[] => {
    const deeper = from.children.flatMap((child) => (typeof child === 'string' ? [] : within(child)));
    const uuid = from.name === 'secret' ? attributeOf(from, 'uuid') : undefined;
    return uuid === undefined ? deeper : [uuid, ...deeper];
  };
  return [...new Set(childrenOf(childAt(domain, 'devices'), 'disk').flatMap(within))];
}
