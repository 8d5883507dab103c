import type { ComputeError, JsonValue, WireError } from '../../common/errors/index.js';
import type { Log, LogFields } from '../../common/log.js';
import { traceIdOf, type TraceContext } from '../../common/trace-context.js';
import type { OperationView } from './methods/operation.js';
import type { Place } from './place.js';

/** Where a reply goes, in the words of the envelope that brought the request; kept in the journal as it is. */
export interface ReplyAddress {
  /** Name of the codec that can answer it: "nest". */
  readonly envelope: string;
  readonly address: JsonValue;
}

/** What a transport knows of a request beside its method and parameters. */
export interface RequestMeta {
  /** Names the request when it brings no `idempotency_key`: AMQP `message_id`, else the envelope's own id. */
  readonly requestId: string;
  readonly messageId: string | null;
  readonly correlationId: string;
  /** Who asks, as far as the broker vouches for it: the validated AMQP user id, else "anonymous". */
  readonly requestedBy: string;
  /** When the message was sent, milliseconds since the epoch; null when it does not say. */
  readonly sentAt: number | null;
  readonly replyTo: ReplyAddress | null;
  /** No broker keeps it while too much is unfinished, as it keeps others: a change is refused then. */
  readonly isDirect?: boolean;
  /** The trace that the request is a part of, when its sender says so. */
  readonly trace?: TraceContext | undefined;
  /** Tells the transport which place in a trace it has from here on, for its reply. */
  traced?(trace: TraceContext): void;
  /**
   * Tells the transport that the request is written down, committed: from here the journal owns it and the message may
   * be acknowledged. Requests that are never accepted are acknowledged with their reply.
   */
  accepted(): void;
  /** Tells the caller something before its answer. Never fails, never waits; absent where the caller cannot be told. */
  progress?(part: JsonValue): void;
}

/** What every log line that is written for a request carries. */
export function correlationOf({
  correlationId,
  requestId,
  trace,
}: Pick<RequestMeta, 'correlationId' | 'requestId' | 'trace'>): LogFields {
  return { correlation_id: correlationId, request_id: requestId, ...traceField(trace) };
}

/** Writes down why a request failed, at the level of its error. */
export function logFailure(
  log: Log,
  method: string,
  meta: Parameters<typeof correlationOf>[0],
  error: ComputeError,
): void {
  const { logLevel, code, message } = error;
  const fields = { method, code, reason: message, ...(logLevel === 'error' ? { err: error } : {}) };
  log.child(correlationOf(meta))[logLevel]('a request failed', fields);
}

/** By which a line of the log is found from a trace. */
export function traceField(trace: TraceContext | null | undefined): LogFields {
  return trace === null || trace === undefined ? {} : { trace_id: traceIdOf(trace) };
}

/** The one way in: every transport hands every request to this. */
export interface RequestGateway {
  /**
   * Checks and carries out a request.
   *
   * @param method wire name, e.g. `power.query`; unknown names are REQUEST_INVALID with `details.reason` `unknown_method`
   * @throws ComputeError, always
   */
  handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue>;
}

/** Injection token of {@link RequestGateway}. */
export const REQUEST_GATEWAY = Symbol('RequestGateway');

export type Outcome = { readonly result: JsonValue } | { readonly error: WireError };

/** The one way out for outcomes that no waiting request carries: those concluded after a restart. */
export interface ReplySender {
  /** Resolves when the broker has confirmed it, or the reply queue is gone; the outcome stays in the journal either way. */
  send(to: ReplyAddress, outcome: Outcome, trace?: TraceContext | null): Promise<void>;
  /**
   * Shows whoever waits there, at once and then as often as it asked for, that its request is alive, until the function that
   * it answers is called. Nothing for those that did not ask.
   */
  showLife(to: ReplyAddress): () => void;
}

/** Something that happened, for the events exchange (DESIGN 4.1). */
export type ServiceEvent = (
  | { readonly kind: 'operation'; readonly operation: OperationView }
  | {
      readonly kind: 'power';
      readonly host: string | null;
      readonly name: string;
      readonly state: string;
      readonly data: Record<string, JsonValue>;
    }
) & {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly trace?: TraceContext | null;
  /** Where it happened, for the rules about callers; it is not published. */
  readonly place?: Place;
};

/** Says who may know of what happens. */
export interface EventSight {
  /** @param caller as in {@link RequestMeta.requestedBy} */
  sees(caller: string, event: ServiceEvent): boolean;
}

/** Events are news, not truth (that is the journal): publishing never fails and never waits. */
export interface EventPublisher {
  publish(event: ServiceEvent): void;
}
