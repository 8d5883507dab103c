import { z } from 'zod';
import { childAt, childrenOf, element, textOf, type XmlElement } from '../../../connectors/xml/index.js';

/** Of what stands in the metadata of a domain: by its name libvirt finds it again, and it is nobody else's. */
export const MARK_NAMESPACE = 'urn:zenova:libvirt:instance';
/** Prefix of its element, as libvirt's calls about metadata want it. */
export const MARK_PREFIX = 'zenova';

const UndoSchema = z.object({
  kind: z.enum(['rescue', 'resize', 'rebuild']),
  operation: z.string(),
  /** The definition as it was before. */
  definition: z.string(),
});

const MarkSchema = z.object({
  /** The operation that made it; undefined of a domain that others made. */
  operation: z.string().optional(),
  /** What ends one day with a confirmation or a return. */
  undo: UndoSchema.optional(),
  /** What libvirt does not keep of how the instance was described, and later operations need. */
  described: z.record(z.string(), z.json()).optional(),
});
/** What this driver keeps in a domain itself: the one place where another worker finds it as well. */
export type InstanceMark = z.output<typeof MarkSchema>;

export function markXml(mark: InstanceMark): XmlElement {
  return element(`${MARK_PREFIX}:instance`, { [`xmlns:${MARK_PREFIX}`]: MARK_NAMESPACE }, JSON.stringify(mark));
}

/** The mark of a domain; undefined where there is none, or one that nobody can read any more. */
export function markOf(domain: XmlElement): InstanceMark | undefined {
  const found = childrenOf(childAt(domain, 'metadata')).find(({ namespace }) => namespace === MARK_NAMESPACE);
  try {
    return MarkSchema.safeParse(JSON.parse(textOf(found) ?? 'null')).data;
  } catch {
    return undefined;
  }
}
