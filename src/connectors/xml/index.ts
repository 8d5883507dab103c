export { parseXml } from './parse-xml.js';
export { attributeOf, childAt, childrenOf, required, textOf, wholeNumber } from './read-xml.js';
export { serialiseXml } from './serialise-xml.js';
export { isXmlText } from './xml-characters.js';
export { element, withAttribute, withChildren, type XmlElement, type XmlNode } from './xml-element.js';
export { XmlFailure, type XmlFailureKind } from './xml-failure.js';
