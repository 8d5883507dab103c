import { DOMImplementation, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';
import { requireXmlText } from './xml-characters.js';
import type { XmlElement } from './xml-element.js';

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/**
 * Writes an element, with everything escaped that has to be.
 *
 * @throws XmlFailure bad-character when a value holds what XML cannot
 */
export function serialiseXml(root: XmlElement): string {
  const document = new DOMImplementation().createDocument(null, '');
  document.appendChild(build(document, root));
  const text = new XMLSerializer().serializeToString(document, { requireWellFormed: true });
  // A reader takes one that is written plainly for a line end. In attributes the library has written it as a reference already.
  return text.replaceAll('\r', '&#xD;');
}

function build(document: Document, { name, namespace, attributes, children }: XmlElement): Element {
  const built = document.createElementNS(namespace, name);
  for (const [key, value] of attributes) {
    requireXmlText(value, `the attribute ${key} of <${name}>`);
    if (key === 'xmlns' || key.startsWith('xmlns:')) built.setAttributeNS(XMLNS, key, value);
    else built.setAttribute(key, value);
  }
  for (const child of children) {
    if (typeof child === 'string') requireXmlText(child, `the text of <${name}>`);
    built.appendChild(typeof child === 'string' ? document.createTextNode(child) : build(document, child));
  }
  return built;
}
