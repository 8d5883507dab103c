import { DOMParser, MIME_TYPE, ParseError, onWarningStopParsing, type Element, type Node } from '@xmldom/xmldom';
import { requireXmlText } from './xml-characters.js';
import { joined, type XmlElement, type XmlNode } from './xml-element.js';
import { XmlFailure } from './xml-failure.js';

/** What is read at most. The answers we know are a hundredth of it. */
export interface XmlLimits {
  readonly maxLength: number;
  readonly maxDepth: number;
}

const LIMITS: XmlLimits = { maxLength: 1 << 20, maxDepth: 100 };

const ELEMENT = 1;
const TEXT = 3;
const CDATA = 4;

/**
 * Reads XML of somebody else. Whatever a strict parser would only warn of is refused, and so is a document type: no entity
 * beside the five of XML itself is ever resolved.
 *
 * @throws XmlFailure
 */
export function parseXml(source: string, limits: Partial<XmlLimits> = {}): XmlElement {
  const { maxLength, maxDepth } = { ...LIMITS, ...limits };
  if (source.length > maxLength) {
    throw new XmlFailure('too-large', `the XML is ${source.length} characters long, and ${maxLength} are read at most`);
  }
  // Before it is parsed: inside a comment or a text it is nothing that our backends would write.
  if (/<!doctype/i.test(source)) throw new XmlFailure('doctype', 'the XML declares a document type');
  requireXmlText(source, 'the XML');
  const root = documentElement(source);
  return read(root, maxDepth);
}

/** Whatever is doubtful ends it, but for U+FFFD, of which the library warns: it is a character like any other. */
function stopParsing(level: string, message: string): void {
  if (level === 'warning' && message.startsWith('Unicode replacement character')) return;
  onWarningStopParsing();
}

function documentElement(source: string): Element {
  try {
    const parser = new DOMParser({ locator: false, onError: stopParsing, normalizeLineEndings });
    const root = parser.parseFromString(source, MIME_TYPE.XML_APPLICATION).documentElement;
    if (root !== null) return root;
  } catch (error) {
    // Its text repeats parts of the source, which may hold a secret.
    if (!(error instanceof ParseError)) throw error;
  }
  throw new XmlFailure(
    'malformed',
    `the XML of ${source.length} characters is not well-formed, or was cut off in the middle`,
  );
}

/** As XML 1.0 says; what the library does otherwise is of XML 1.1, and takes characters for line ends that are none. */
function normalizeLineEndings(source: string): string {
  return source.replaceAll(/\r\n?/g, '\n');
}

function read(from: Element, depthLeft: number): XmlElement {
  if (depthLeft === 0) throw new XmlFailure('too-deep', 'the elements of the XML are nested too deeply');
  const attributes = new Map<string, string>();
  for (const { name, value } of from.attributes) {
    requireXmlText(value, `the attribute ${name} of <${from.tagName}>`);
    attributes.set(name, value);
  }
  return {
    name: from.tagName,
    namespace: from.namespaceURI,
    attributes,
    children: joined([...from.childNodes].flatMap((child): XmlNode[] => readChild(child, depthLeft - 1))),
  };
}

function readChild(child: Node, depthLeft: number): XmlNode[] {
  if (child.nodeType === ELEMENT) return [read(child as Element, depthLeft)];
  if (child.nodeType !== TEXT && child.nodeType !== CDATA) return [];
  const text = child.nodeValue ?? '';
  requireXmlText(text, 'a text');
  return [text];
}
