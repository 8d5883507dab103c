import type { XmlElement } from './xml-element.js';
import { XmlFailure } from './xml-failure.js';

/** Its child elements, or those of a name. */
export function childrenOf(from: XmlElement | undefined, name?: string): XmlElement[] {
  return (from?.children ?? []).filter(
    (child): child is XmlElement => typeof child === 'object' && (name === undefined || child.name === name),
  );
}

/** The first element on a way down: `childAt(domain, 'os', 'type')`. */
export function childAt(from: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let at = from;
  for (const name of path) at = childrenOf(at, name)[0];
  return at;
}

/** Its text without the white space around it; undefined where it has none. */
export function textOf(from: XmlElement | undefined): string | undefined {
  const text = from?.children
    .filter((child) => typeof child === 'string')
    .join('')
    .trim();
  return text === '' ? undefined : text;
}

export function attributeOf(from: XmlElement | undefined, name: string): string | undefined {
  return from?.attributes.get(name);
}

/**
 * A whole number that is not negative; undefined where there is none.
 *
 * @param what of which the number is, for the error
 * @throws XmlFailure unexpected when it is no such number
 */
export function wholeNumber(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new XmlFailure('unexpected', `${what} is not a whole number`);
}

/** @throws XmlFailure unexpected when it is not there */
export function required<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new XmlFailure('unexpected', `the XML does not say ${what}`);
}
