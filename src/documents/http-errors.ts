import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { ComputeError, ERROR_CODE_NAMES, type ErrorCode } from '../common/errors/index.js';
import type { MethodKind } from '../compute/contract/index.js';
import { httpStatusOf } from '../http/index.js';
import { schemaRef, type JsonObject } from './components.js';

/** What the HTTP surface refuses by itself, before any method is asked. */
export const ProblemSchema = z.object({
  statusCode: z.int(),
  message: z.string(),
  error: z.string().optional().describe('the status in words'),
});

/** Refused before any method is asked, by status; the message says the same to whoever reads it. */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'the address or the body cannot be read',
  401: 'there is no token, or none that is known, and the request is not one of this machine',
  404: 'there is no such page',
  413: 'the body is larger than 1 MiB',
};

/** What a failure tells beside its body, by status. */
const HEADERS: Readonly<Record<number, JsonObject>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  503: {
    'Retry-After': { description: 'seconds, when it is safe to try again then', schema: { type: 'string' } },
  },
};

/** Codes of methods that ask no backend and run no operation. */
const OF_THE_SERVICE: readonly ErrorCode[] = [
  'REQUEST_INVALID',
  'RESOURCE_NOT_FOUND',
  'AMBIGUOUS',
  'FORBIDDEN',
  'JOURNAL_UNAVAILABLE',
  'SHUTTING_DOWN',
  'INTERNAL',
];

/** The statuses by which a method of a kind may fail, with those of the HTTP surface itself. */
export function failureStatuses(kind: MethodKind): number[] {
  const codes = kind === 'service' ? OF_THE_SERVICE : ERROR_CODE_NAMES;
  return sorted([...codes.map(httpStatusOf), 401]);
}

/** References to the responses of these statuses, as an operation lists them. */
export function failureRefs(statuses: readonly number[]): JsonObject {
  return Object.fromEntries(
    statuses.map((status) => [String(status), { $ref: `#/components/responses/${responseName(status)}` }]),
  );
}

/** A response for each status that tells a failure. */
export function failureResponses(): JsonObject {
  const statuses = sorted([...ERROR_CODE_NAMES.map(httpStatusOf), ...Object.keys(PROBLEMS).map(Number)]);
  return Object.fromEntries(statuses.map((status) => [responseName(status), failureResponse(status)]));
}

function failureResponse(status: number): JsonObject {
  const codes = ERROR_CODE_NAMES.filter((code) => httpStatusOf(code) === status);
  const [first] = codes;
  const problem = PROBLEMS[status];
  const schemas = [
    ...(first === undefined ? [] : [schemaRef('Error')]),
    ...(problem === undefined ? [] : [schemaRef('Problem')]),
  ];
  const example =
    first === undefined
      ? { statusCode: status, message: problem }
      : new ComputeError(first, 'what failed, where, and what to do about it').toWire();
  const texts = [...codes.map((code) => `\`${code}\``), ...(problem === undefined ? [] : [problem])];
  return {
    description: texts.join(', '),
    ...(status in HEADERS ? { headers: HEADERS[status] } : {}),
    content: { 'application/json': { schema: schemas.length === 1 ? schemas[0] : { anyOf: schemas }, example } },
  };
}

/** `Bad Request` is `BadRequest`. */
function responseName(status: number): string {
  return (STATUS_CODES[status] ?? String(status)).replaceAll(/[^A-Za-z]/g, '');
}

function sorted(statuses: readonly number[]): number[] {
  return [...new Set(statuses)].toSorted((a, b) => a - b);
}
