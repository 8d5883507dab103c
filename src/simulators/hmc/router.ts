import type { ReceivedRequest } from '../kit/https-listener.js';
import { refuse } from './hmc-error.js';
import type { FulfilmentFault } from './hmc-faults.js';
import type { Hmc } from './hmc.js';
import type { IsoUpload } from './iso-upload.js';
import type { Query } from './query.js';
import type { OperationFault } from './activities.js';
import type { Session } from './sessions.js';

/** A request whose route is known. */
export interface Call {
  readonly path: string;
  /** Values of the `:name` steps of the pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Parsed JSON; undefined when the request has no body. */
  readonly body: unknown;
  /** The body of a route with `isUpload`. */
  readonly upload: IsoUpload | null;
  readonly bodyBytes: number;
  /** Carries out another request in the session of this one, and returns a refusal as a reply. */
  carryOut(request: InnerRequest): Reply;
  /** Asks the fault rules what becomes of the operation; at most once per request. */
  takeOperationFault(): OperationFault | null;
  /** Asks the fault rules what becomes of the request for a storage volume of this name. */
  takeFulfilmentFault(group: string, volume: string): FulfilmentFault | null;
}

/** A request within a request. */
export interface InnerRequest {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly body: unknown;
}

/** A call that has passed the session check. */
export interface SessionCall extends Call {
  readonly session: Session;
}

/** Without body and text: an answer without either. */
export interface Reply {
  readonly status: number;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: { readonly type: string; readonly content: string };
}

interface RouteShape {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/api/partitions/:id/operations/start`. */
  readonly pattern: string;
  /** Query parameters that the route knows; others are refused with 400,1. */
  readonly query?: readonly string[];
  /** The body is a stream of bytes of any size, not JSON. */
  readonly isUpload?: true;
}

/** Most routes need a session; `isPublic` marks the few that do not. */
export type Route =
  | (RouteShape & { readonly isPublic?: false; handle(call: SessionCall, hmc: Hmc): Reply })
  | (RouteShape & { readonly isPublic: true; handle(call: Call, hmc: Hmc): Reply });

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a request; a wrong method is as unknown as a wrong path (404,1). */
export class Router {
  readonly #routes: readonly { route: Route; steps: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, steps: route.pattern.split('/') }));
  }

  find(method: string, path: string): RouteMatch | null {
    const steps = path.split('/');
    for (const { route, steps: expected } of this.#routes) {
      if (route.method !== method || expected.length !== steps.length) continue;
      const params: Record<string, string> = {};
      const isMatch = expected.every((step, index) => {
        const actual = steps[index] ?? '';
        if (!step.startsWith(':')) return step === actual;
        params[step.slice(1)] = actual;
        return actual !== '';
      });
      if (isMatch) return { route, params };
    }
    return null;
  }
}

/** The body as JSON; undefined when there is none. Throws 400,2. */
export function parseBody(request: ReceivedRequest): unknown {
  if (request.body === null || request.body.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request.body)) as unknown;
  } catch {
    throw refuse.notJson();
  }
}

/** The body as an object with fields. Throws 400,3. */
export function objectBody(call: Call): Record<string, unknown> {
  const { body } = call;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw refuse.bodyMissing();
  return body as Record<string, unknown>;
}

/** The body of a request that may do without. Throws 400,3. */
export function optionalBody(call: Call): Record<string, unknown> {
  return call.body === undefined ? {} : objectBody(call);
}

/** Throws 400,6 for a field that is none of these. */
export function allowOnly(body: Readonly<Record<string, unknown>>, ...known: readonly string[]): void {
  const unexpected = Object.keys(body).find((name) => !known.includes(name));
  if (unexpected !== undefined) throw refuse.fieldNotAllowed(unexpected);
}

/** A URI that a body must have. Throws 400,5 and 400,7. */
export function uriIn(body: Readonly<Record<string, unknown>>, field: string): string {
  const uri = body[field];
  if (uri === undefined) throw refuse.fieldMissing(field);
  if (typeof uri !== 'string') throw refuse.badValue(field, 'not a URI');
  return uri;
}
