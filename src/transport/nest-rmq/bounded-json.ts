import { isUtf8 } from 'node:buffer';

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
 * Parses hostile JSON: UTF-8 is checked, nesting is bounded before anything is allocated, and no `__proto__` comes out of
 * it. Says nothing of the text, which may hold secrets.
 */
export function parseBoundedJson(content: Buffer): BoundedJson {
  if (!isUtf8(content)) return { kind: 'malformed_json' };
  if (isTooDeep(content)) return { kind: 'too_deep' };
  try {
    const text = content.toString('utf8');
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

function isTooDeep(content: Buffer): boolean {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < content.length; i++) {
    const byte = content[i];
    if (isInString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--;
  }
  return false;
}
