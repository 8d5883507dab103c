import { ComputeError, messageOf } from '../common/errors/index.js';

/** Why a request had no answer from a service, as `details.reason` of the client's own errors. */
export const CLIENT_FAILURES = ['no_broker', 'no_service', 'no_answer', 'connection_lost', 'client_closed'] as const;
export type ClientFailure = (typeof CLIENT_FAILURES)[number];

/** The client's own reason for an error; undefined when a service sent it. */
export function clientFailureOf(error: ComputeError): ClientFailure | undefined {
  const { reason } = error.details;
  return CLIENT_FAILURES.find((failure) => failure === reason);
}

/** A request on its way, as far as errors speak of it. */
export interface SentRequest {
  readonly method: string;
  readonly queue: string;
  /** Set for requests that change something: by it the outcome can be asked for. */
  readonly idempotencyKey: string | null;
}

export function noBroker(brokers: string, cause: unknown): ComputeError {
  const text = messageOf(cause);
  const details = { reason: 'no_broker' } as const;
  if (/ACCESS.REFUSED/.test(text)) {
    return new ComputeError(
      'BACKEND_AUTH_FAILED',
      `the broker at ${brokers} refuses us; check user, password and virtual host of its address: ${text}`,
      { details, cause },
    );
  }
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `cannot reach the broker at ${brokers} (${text}): start it, or name another one`,
    { details, cause },
  );
}

export function notConnected(brokers: string, { method }: SentRequest, timeoutMs: number): ComputeError {
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `${method} was not sent: no broker at ${brokers} for ${timeoutMs} ms`,
    {
      details: { reason: 'no_broker' },
    },
  );
}

export function noService({ method, queue }: SentRequest): ComputeError {
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `${method} was not taken: no Zenova service has ever listened on queue ${queue}; start one with "zenova serve", or check group and server`,
    { details: { reason: 'no_service', queue } },
  );
}

export function notTaken({ method, queue }: SentRequest, cause: unknown): ComputeError {
  return new ComputeError('BACKEND_UNREACHABLE', `${method} was not taken: the broker refused it for queue ${queue}`, {
    details: { reason: 'no_service', queue },
    cause,
  });
}

export function noAnswer(request: SentRequest, timeoutMs: number): ComputeError {
  return new ComputeError(
    'BACKEND_TIMEOUT',
    `${request.method} had no answer within ${timeoutMs} ms on queue ${request.queue}: no service takes requests there, or it is not done yet${whatNow(request)}`,
    { ...effect(request), details: { reason: 'no_answer', queue: request.queue, ...keyOf(request) } },
  );
}

export function connectionLost(request: SentRequest, cause: unknown): ComputeError {
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `lost the broker while ${request.method} was under way${whatNow(request)}`,
    { ...effect(request), details: { reason: 'connection_lost', ...keyOf(request) }, cause },
  );
}

export function clientClosed(request: SentRequest): ComputeError {
  return new ComputeError(
    'BACKEND_UNREACHABLE',
    `the client was closed while ${request.method} was under way${whatNow(request)}`,
    { ...effect(request), details: { reason: 'client_closed', ...keyOf(request) } },
  );
}

export function notAsAgreed(method: string, what: string): ComputeError {
  return new ComputeError('BACKEND_PROTOCOL', `the answer to ${method} is not as agreed: ${what}`);
}

function effect({ idempotencyKey }: SentRequest) {
  return idempotencyKey === null
    ? ({ outcome: 'not-applied', retry: 'safe' } as const)
    : ({ outcome: 'unknown', retry: 'after-reconcile' } as const);
}

function keyOf({ idempotencyKey }: SentRequest) {
  return idempotencyKey === null ? {} : { idempotency_key: idempotencyKey };
}

function whatNow({ idempotencyKey }: SentRequest): string {
  if (idempotencyKey === null) return '; ask again';
  return `; it may still be carried out: ask operation.get for idempotency_key ${idempotencyKey}, or send it again with that key`;
}
