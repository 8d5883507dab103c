import { isUtf8 } from 'node:buffer';

/** Requests above this size are refused (DESIGN 4.1). */
export const MAX_REQUEST_BYTES = 1024 * 1024;

/** Deeper than any request, and shallow enough for every recursive function behind it. */
export const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export type BoundedJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'malformed_json' }
  | { readonly kind: 'too_deep' };

/**
 * Parses hostile JSON: UTF-8 is checked, nesting is bounded before anything is built, and no `__proto__` comes out of it.
 * Says nothing of the text, which may hold secrets.
 */
export function parseBoundedJson(content: Buffer): BoundedJson {
  return isUtf8(content) ? parseBoundedText(content.toString('utf8')) : { kind: 'malformed_json' };
}

/** Likewise for JSON that is text already. */
export function parseBoundedText(text: string): BoundedJson {
  if (isTooDeep(text)) return { kind: 'too_deep' };
  try {
    // "\u005f" spells an underscore too; a reviver costs time, so only who looks suspicious pays for it.
    const isSuspicious = text.includes('__proto__') || text.includes('\\u');
    return { kind: 'value', value: isSuspicious ? JSON.parse(text, dropProto) : JSON.parse(text) };
  } catch {
    return { kind: 'malformed_json' };
  }
}

function dropProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (isInString) {
      if (char === BACKSLASH) i++;
      else if (char === QUOTE) isInString = false;
    } else if (char === QUOTE) isInString = true;
    else if (char === OPEN_OBJECT || char === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === CLOSE_OBJECT || char === CLOSE_LIST) depth--;
  }
  return false;
}
