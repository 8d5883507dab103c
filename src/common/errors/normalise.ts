import { types } from 'node:util';
import type { z } from 'zod';
import { ComputeError, type JsonValue } from './compute-error.js';

/** The `code` of a Node error (`ECONNREFUSED`, …), also for errors of another realm; undefined when it has none. */
export function errorCodeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('code' in value)) return undefined;
  return typeof value.code === 'string' ? value.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(value: unknown): string {
  if (types.isNativeError(value) || value instanceof Error) return value.message;
  return typeof value === 'string' ? value : 'unknown error';
}

/**
 * The one place where a foreign error becomes ours. What no layer below has classified is a defect of the service:
 * INTERNAL, with the cause kept for the log and nothing of its text told to the caller.
 */
export function toComputeError(value: unknown): ComputeError {
  if (value instanceof ComputeError) return value;
  return new ComputeError('INTERNAL', 'the service met an unexpected condition; its log has the details', {
    cause: value,
  });
}

/** A request can hold mistakes by the hundred thousand; nobody reads more of them than this. */
const MAX_MISTAKES = 50;
const MAX_MISTAKE_LENGTH = 500;

/** The mistakes a schema found, each with its path, as one line for people and as data for programs. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): { text: string; details: JsonValue[] } {
  const all = issues.flatMap((issue) => flatten(issue, []));
  const list = all
    .slice(0, MAX_MISTAKES)
    .map(({ path, message }): Mistake => ({ path: cut(path), message: cut(message) }));
  if (all.length > MAX_MISTAKES) list.push({ path: '', message: `and ${all.length - MAX_MISTAKES} more mistakes` });
  return {
    text: list.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '),
    details: list,
  };
}

interface Mistake extends Record<string, JsonValue> {
  path: string;
  message: string;
}

/** A union reports its alternatives inside one issue; the alternative that came closest says most. */
function flatten(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Mistake[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
    if (closest.length > 0) return closest.flatMap((inner) => flatten(inner, path));
  }
  return [
    { path: pathText(path), message: issue.code === 'unrecognized_keys' ? unknownNames(issue.keys) : issue.message },
  ];
}

/** What names of fields look like. Anything else may be a secret in the wrong place, and is not repeated to anybody. */
const FIELD_NAME = /^[a-z@][a-z_-]{0,39}\d{0,3}$/i;

function unknownNames(names: readonly string[]): string {
  return `unknown: ${names.map(readable).join(', ')}`;
}

function readable(name: string): string {
  return FIELD_NAME.test(name) ? name : `[a name of ${name.length} characters]`;
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((deepest, issue) => Math.max(deepest, issue.path.length), 0);
}

function cut(text: string): string {
  return text.length <= MAX_MISTAKE_LENGTH ? text : `${text.slice(0, MAX_MISTAKE_LENGTH)}…`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${readable(String(part))}`))
    .join('');
}
