import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { ComputeError, type ErrorCode } from '../common/errors/index.js';

/** What each error is in HTTP. Exhaustive, so that a new code asks for its status here. */
const STATUSES: Readonly<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  INSTANCE_NOT_FOUND: 404,
  RESOURCE_NOT_FOUND: 404,
  AMBIGUOUS: 409,
  STATE_CONFLICT: 409,
  ALREADY_EXISTS: 409,
  CAPACITY_EXHAUSTED: 503,
  FORBIDDEN: 403,
  FEATURE_UNSUPPORTED: 501,
  FEATURE_LIMITED: 501,
  BACKEND_VERSION_UNSUPPORTED: 501,
  BACKEND_AUTH_FAILED: 502,
  BACKEND_FORBIDDEN: 502,
  TLS_UNTRUSTED: 502,
  HOST_KEY_MISMATCH: 502,
  BACKEND_UNREACHABLE: 502,
  BACKEND_BUSY: 503,
  BACKEND_REJECTED: 502,
  BACKEND_PROTOCOL: 502,
  BACKEND_TIMEOUT: 504,
  OPERATION_FAILED: 502,
  OPERATION_PARTIAL: 502,
  OUTCOME_UNKNOWN: 502,
  OPERATION_CANCELLED: 409,
  DEADLINE_EXCEEDED: 504,
  DUPLICATE_OPERATION: 409,
  CONFIG_INVALID: 500,
  JOURNAL_UNAVAILABLE: 503,
  SHUTTING_DOWN: 503,
  INTERNAL: 500,
};

/** After how long whoever was turned away for the moment should come back. */
const COME_BACK_S = 10;

/** The status by which HTTP tells an error. */
export function httpStatusOf(code: ErrorCode): number {
  return STATUSES[code];
}

/** Begins the answer of an error. */
export function tellStatus(response: Response, { code, retry }: ComputeError): Response {
  const status = httpStatusOf(code);
  if (status === 503 && retry === 'safe') response.setHeader('Retry-After', String(COME_BACK_S));
  return response.status(status);
}

/** Answers an error as RPC callers get it, under its HTTP status. */
@Catch(ComputeError)
export class WireErrorFilter implements ExceptionFilter {
  catch(error: ComputeError, host: ArgumentsHost): void {
    tellStatus(host.switchToHttp().getResponse<Response>(), error).json(error.toWire());
  }
}
