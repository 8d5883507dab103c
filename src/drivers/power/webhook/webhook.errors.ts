import {
  ComputeError,
  type Effect,
  type ErrorCode,
  type NativeError,
  type Retry,
} from '../../../common/errors/index.js';
import { WebhookError } from './webhook-error.js';

export const TYPE_NAME = 'webhook';

interface Meaning {
  readonly code: ErrorCode;
  readonly advice: string;
}

const CREDENTIALS = 'check power_token, or power_user and power_pass';
const PERHAPS_DONE = 'look at the machine before you repeat it';

/** What an answer's status means (RFC 9110); what is not here goes by its class. */
const STATUS_MEANINGS: Readonly<Record<number, Meaning>> = {
  401: { code: 'BACKEND_AUTH_FAILED', advice: CREDENTIALS },
  403: { code: 'BACKEND_FORBIDDEN', advice: `these credentials may not do this; ${CREDENTIALS}` },
  404: {
    code: 'RESOURCE_NOT_FOUND',
    advice: 'nothing is there, also with the other slash at the end; check the address',
  },
  405: { code: 'BACKEND_REJECTED', advice: 'the address takes another method than POST to switch, and GET to query' },
  407: { code: 'BACKEND_FORBIDDEN', advice: 'a proxy stands before it; this service uses none' },
  408: { code: 'BACKEND_TIMEOUT', advice: 'repeat it' },
  409: {
    code: 'STATE_CONFLICT',
    advice: 'the machine does not allow it in its state; repeat it when that has changed',
  },
  410: { code: 'RESOURCE_NOT_FOUND', advice: 'it is gone; check the address' },
  423: { code: 'STATE_CONFLICT', advice: 'the machine is locked; repeat it when it is not' },
  429: { code: 'BACKEND_BUSY', advice: 'repeat it later' },
  502: { code: 'BACKEND_UNREACHABLE', advice: 'what stands before the webhook does not reach it' },
  503: { code: 'BACKEND_BUSY', advice: 'repeat it later' },
  504: { code: 'BACKEND_TIMEOUT', advice: 'what stands before the webhook got no answer from it in time' },
};

/** The one place where what a webhook says becomes our errors. What is neither stays as it is. */
export function toWebhookComputeError(error: unknown, what: string): unknown {
  if (!(error instanceof WebhookError)) return error;
  const { code, advice } = meaningOf(error);
  return new ComputeError(
    code,
    `${what} failed: ${error.where}: ${error.message}; ${error.mayHaveRun ? PERHAPS_DONE : advice}`,
    { driver: TYPE_NAME, native: nativeOf(error), cause: error, ...effects(error, code) },
  );
}

/** What the limits of the feature rule out: a cycle has to see the machine go off. */
export function cycleLimited(text: string): ComputeError {
  return new ComputeError('FEATURE_LIMITED', text, { driver: TYPE_NAME, details: { feature: 'power.cycle' } });
}

export function nativeOf({ status, failure, message }: WebhookError): NativeError {
  return {
    ...(status === undefined ? {} : { status }),
    ...(failure?.code === undefined ? {} : { code: failure.code }),
    text: message,
  };
}

function meaningOf(error: WebhookError): Meaning {
  switch (error.kind) {
    case 'wire':
      return wireMeaning(error);
    case 'unreadable':
      return { code: 'BACKEND_PROTOCOL', advice: 'this is no answer about a state; check power_query_uri' };
    case 'refused':
      return refusalMeaning(error);
  }
}

function refusalMeaning({ status = 0, changes }: WebhookError): Meaning {
  const known = STATUS_MEANINGS[status];
  if (known !== undefined) return known;
  if (status >= 500) return { code: 'BACKEND_REJECTED', advice: 'the webhook, or something in between, failed' };
  if (status >= 400) return { code: 'BACKEND_REJECTED', advice: 'check the address' };
  return changes
    ? {
        code: 'BACKEND_REJECTED',
        advice:
          'redirects are followed for the query only, so that nothing is switched elsewhere; give the address it leads to',
      }
    : {
        code: 'BACKEND_PROTOCOL',
        advice: 'it leads nowhere, in a circle, or from https to http; give the address where the state is',
      };
}

function wireMeaning({ failure }: WebhookError): Meaning {
  switch (failure?.kind) {
    case 'untrusted':
      return {
        code: 'TLS_UNTRUSTED',
        advice:
          'nothing was sent. Check that it is the right server, then add its CA to those of the system, or set power_verify_ssl to n',
      };
    case 'timeout':
      return failure.sent === 'no'
        ? { code: 'BACKEND_UNREACHABLE', advice: 'too many requests are under way to this server; repeat it' }
        : { code: 'BACKEND_TIMEOUT', advice: 'the webhook is overloaded or hangs; repeat it' };
    case 'too-large':
      return { code: 'BACKEND_PROTOCOL', advice: 'answers of webhooks are a line or two; check the address' };
    case 'reset':
      return { code: 'BACKEND_UNREACHABLE', advice: 'the connection broke; the webhook may be restarting' };
    case 'closed':
      return { code: 'SHUTTING_DOWN', advice: 'repeat it when the service is up again' };
    case 'unreachable':
    case undefined:
      return { code: 'BACKEND_UNREACHABLE', advice: 'check the address, and that the webhook is up' };
  }
}

/** A request that only reads can always be sent again; what may have switched something cannot. */
function effects(error: WebhookError, code: ErrorCode): { retry?: Retry; outcome?: Effect } {
  if (error.mayHaveRun) return { retry: 'after-reconcile', outcome: 'unknown' };
  const isUnclear = code === 'BACKEND_PROTOCOL' || code === 'BACKEND_TIMEOUT';
  return isUnclear ? { retry: 'safe', outcome: 'not-applied' } : {};
}
