import type { JsonValue } from '../common/errors/index.js';
import { isSecretField, redactText } from '../common/secret.js';

/**
 * Names whose values say which request it was, or what the broker did with it. Everything else that came with a request
 * that we could not understand may hold a secret under whatever name it has: one wrong letter in `power_pass` and no
 * list of secret names knows it.
 */
const READABLE: ReadonlySet<string> = new Set([
  'pattern',
  'method',
  'namespace',
  'version',
  'id',
  '_unique_id',
  '_msg_id',
  '_reply_q',
  '_timeout',
  '_context_request_id',
  '_context_global_request_id',
  '_context_user_id',
  '_context_project_id',
  'host',
  'instance',
  'machine',
  'power_type',
  'operation_id',
  'idempotency_key',
  'requested_at',
  'not_after',
  'deadline_ms',
  'wait',
  'plan',
  'count',
  'reason',
  'queue',
  'exchange',
  'x-death',
  'x-delivery-count',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'traceparent',
]);

const MAX_DEPTH = 16;
const MAX_ENTRIES = 200;
const MAX_TEXT = 255;
/** What names of fields look like; anything else may be a value in the wrong place. */
const FIELD_NAME = /^[a-z][a-z_]{0,31}$/;
const METHOD_NAME = /^[a-z_]{1,32}\.[a-z_]{1,32}$/;
const WORD = /^[a-z][a-z_]{0,31}$/;
const VERSION = /^\d{1,5}(\.\d{1,5}){1,2}$/;
/** Fields whose values have one form only; of another form, they may be anything. */
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ['pattern', METHOD_NAME],
  ['method', WORD],
  ['namespace', WORD],
  ['version', VERSION],
]);

/** A method's name as it may be repeated to people, or undefined when what stands in its place does not look like one. */
export function readableMethod(method: string): string | undefined {
  return METHOD_NAME.test(method) ? method : undefined;
}

/** The part of a method's name behind its namespace, as it may be repeated to people, or what stands for it. */
export function readableWord(method: string): string {
  return WORD.test(method) ? method : '(unreadable)';
}

/**
 * What may be kept of data that nobody understood: its shape, and the values under well-known names. Bounded in depth,
 * width and length.
 */
export function scrub(value: unknown, name?: string, depth = 0): JsonValue {
  if (value === null || typeof value === 'boolean') return value;
  if (depth > MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => scrub(item, name, depth + 1));
  if (typeof value === 'object' && !Buffer.isBuffer(value)) {
    const entries = Object.entries(value).slice(0, MAX_ENTRIES);
    return Object.fromEntries(
      entries.map(([key, item], i) => {
        if (!READABLE.has(key) && !FIELD_NAME.test(key)) return [`[name ${i}]`, '[removed]'];
        return [key, scrub(item, key, depth + 1)];
      }),
    );
  }
  const isReadable = name !== undefined && READABLE.has(name) && !isSecretField(name);
  if (isReadable && typeof value === 'number') return value;
  if (typeof value !== 'string') return `[${typeof value}]`;
  const isInForm = name === undefined || (FORMS.get(name)?.test(value) ?? true);
  const text = isReadable && isInForm ? redactText(value) : undefined;
  return text?.slice(0, MAX_TEXT) ?? `[string of ${value.length}]`;
}
