import { XmlFailure } from './xml-failure.js';

/** What XML 1.0 cannot hold, not even as a reference (its production 2, "Char"). */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Can XML hold this text? */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** @throws XmlFailure bad-character, which says where and not what */
export function requireXmlText(text: string, where: string): void {
  const found = FORBIDDEN.exec(text);
  if (found === null) return;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw new XmlFailure('bad-character', `${where} holds U+${code}, which XML cannot`);
}
