import type { ReceivedRequest } from '../kit/https-listener.js';

/** A refusal as the HMC states it: HTTP status, reason number, text (hmc-dpm.md section 4). */
export class HmcError extends Error {
  override readonly name = 'HmcError';

  constructor(
    readonly status: number,
    readonly reason: number,
    message: string,
  ) {
    super(message);
  }
}

const badRequest = (reason: number, message: string): HmcError => new HmcError(400, reason, message);

/** The refusals that several places share, each with its number in one place. */
export const refuse = {
  unknownQueryParameter: (name: string) => badRequest(1, `The query parameter '${name}' is not recognized`),
  badQueryParameter: (name: string, why: string) =>
    badRequest(7, `The value of the query parameter '${name}' is not valid: ${why}`),
  notJson: () => badRequest(2, 'The request body is not well-formed JSON'),
  bodyMissing: () => badRequest(3, 'The request needs a body that is a JSON object'),
  fieldMissing: (name: string) => badRequest(5, `The required field '${name}' is missing`),
  fieldNotAllowed: (name: string) => badRequest(6, `The field '${name}' is not recognized or not writable`),
  badValue: (name: string, why: string) => badRequest(7, `The value of the field '${name}' is not valid: ${why}`),
  notUnique: (name: string, owner: string) => badRequest(8, `The value of the field '${name}' belongs to ${owner}`),
  notForAdapter: (name: string, type: string) =>
    badRequest(18, `The operation is not possible for the adapter '${name}' of type '${type}'`),
  unknownProperty: (name: string) => badRequest(14, `The property '${name}' does not exist for this object`),
  logonFailed: () => new HmcError(403, 0, 'Login failed'),
  notAuthorized: (task: string) => new HmcError(403, 1, `The user is not authorized for the task '${task}'`),
  noSession: () => new HmcError(403, 4, 'The request has no session identifier'),
  deadSession: () => new HmcError(403, 5, 'The session identifier is not valid'),
  notFound: (uri: string) =>
    new HmcError(404, 1, `${uri} does not designate an existing resource, or the user has no access to it`),
  namedObjectUnknown: (uri: string) =>
    new HmcError(404, 2, `${uri}, named in the request body, does not exist, or the user has no access to it`),
  namedPortUnknown: (uri: string) => new HmcError(404, 6, `The port ${uri}, named in the request body, does not exist`),
  notSupported: (name: string, operation: string) =>
    new HmcError(404, 4, `The object '${name}' does not support ${operation}`),
  notCancellable: () => new HmcError(404, 4, 'The job cannot be cancelled'),
  wrongState: (name: string, status: string, operation: string) =>
    new HmcError(409, 1, `The partition '${name}' is in status '${status}', which does not permit ${operation}`),
  busy: (name: string) => new HmcError(409, 2, `The object '${name}' is busy with another operation`),
  notDpm: (name: string) => new HmcError(409, 5, `The CPC '${name}' is not in DPM mode`),
  cpcNotUsable: (name: string, status: string) =>
    new HmcError(409, 6, `The CPC '${name}' that hosts the object is in status '${status}'`),
} as const;

/** Never echoed in an error body, whatever a client put there. */
const SECRET_FIELDS = ['password', 'boot-ftp-password', 'ssc-master-pw', 'api-session', 'session-credential'];
const HIDDEN_HEADERS = ['x-api-session', 'authorization', 'cookie'];

/** The body of an answer with status 400 or above (hmc-dpm.md section 4). */
export function errorBody(error: HmcError, request: ReceivedRequest, user: string | null): Record<string, unknown> {
  const headers = Object.entries(request.headers).filter(([name]) => !HIDDEN_HEADERS.includes(name));
  return {
    'request-method': request.method,
    'request-uri': request.path,
    'request-query-parms': request.query,
    'request-headers': Object.fromEntries(headers),
    'request-authenticated-as': user,
    'request-body': echoOf(request.body),
    'http-status': error.status,
    reason: error.reason,
    message: error.message,
  };
}

const LONGEST_ECHO = 1000;

function echoOf(body: Buffer | null): unknown {
  if (body === null || body.length === 0 || body.length > LONGEST_ECHO) return null;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value !== 'object' || value === null) return null;
    return Object.fromEntries(Object.entries(value).filter(([name]) => !SECRET_FIELDS.includes(name)));
  } catch {
    return null;
  }
}
