import { z } from 'zod';
import { MAX_DEPTH, MAX_REQUEST_BYTES, parseBoundedJson, type BoundedJson } from '../common/bounded-json.js';
import type { PoisonReason } from './codec.port.js';

/** A text property; what has another type than AMQP gives it, or says nothing, counts as absent. */
export const textProperty = z.string().min(1).optional().catch(undefined);

/** Why a body cannot be read, in words for its sender. */
export interface UnreadableBody {
  readonly kind: 'unreadable';
  readonly reason: PoisonReason;
  readonly message: string;
}

/** What every envelope asks of a body first: plain JSON in UTF-8, within bounds. */
export function readBody(
  content: Buffer,
  contentEncoding: string | undefined,
): UnreadableBody | { readonly kind: 'value'; readonly value: unknown } {
  if (content.length > MAX_REQUEST_BYTES) {
    return unreadable('too_large', `the request has ${content.length} bytes; at most ${MAX_REQUEST_BYTES} are taken`);
  }
  // "utf-8" says how text is written; everything else (gzip …) would have to be undone before it can be checked.
  if (contentEncoding !== undefined && !/^utf-?8$/i.test(contentEncoding)) {
    return unreadable('unsupported_encoding', 'the content encoding is not supported: send plain UTF-8 JSON');
  }
  return readable(parseBoundedJson(content), 'the body');
}

/** The value of parsed JSON, or why there is none; `what` names it to its sender. */
export function readable(
  json: BoundedJson,
  what: string,
): UnreadableBody | { readonly kind: 'value'; readonly value: unknown } {
  switch (json.kind) {
    case 'value':
      return json;
    case 'malformed_json':
      return unreadable('malformed_json', `${what} is not valid JSON in UTF-8`);
    case 'too_deep':
      return unreadable('too_deep', `${what} is nested deeper than ${MAX_DEPTH} levels`);
  }
}

function unreadable(reason: PoisonReason, message: string): UnreadableBody {
  return { kind: 'unreadable', reason, message };
}
