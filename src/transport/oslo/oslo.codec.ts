import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';
import { parseBoundedText } from '../../common/bounded-json.js';
import type { Clock } from '../../common/clock.js';
import { ComputeError, describeIssues, type JsonValue, type WireError } from '../../common/errors/index.js';
import { traceContextOf } from '../../common/trace-context.js';
import {
  ANONYMOUS,
  METHOD_NAMES,
  claimedCaller,
  type ReplyAddress,
  type RequestMeta,
} from '../../compute/contract/index.js';
import type {
  Answered,
  DecodedRequest,
  EncodedReply,
  EnvelopeCodec,
  Heartbeat,
  Poison,
  PoisonReason,
} from '../codec.port.js';
import { readBody, readable, textProperty, type UnreadableBody } from '../request-body.js';
import { readableWord } from '../scrub.js';
import { sentAt } from '../sent-at.js';
import {
  OsloAddressSchema,
  OsloCallerSchema,
  OsloOuterSchema,
  OsloRequestSchema,
  type OsloAddress,
  type OsloCaller,
  type OsloRequest,
  type OsloSubject,
} from './oslo-envelope.js';
import { failureOf } from './oslo-failures.js';
import { isServed } from './oslo-version.js';

const OSLO_ENVELOPE = 'oslo';
const ENVELOPE_VERSION = '2.0';
const PING = 'oslo_rpc_server_ping';
/** As long as oslo's own servers wait for a missing reply queue (`kombu_missing_consumer_retry_timeout`). */
const REPLY_PATIENCE_MS = 60_000;
/** Sooner no monitor is served, as in oslo. */
const MIN_HEARTBEAT_MS = 1_000;
const MAX_HEARTBEAT_MS = 3_600_000;
const MAX_NAME = 255;

const METHODS: ReadonlySet<string> = new Set(METHOD_NAMES);
const NAMESPACES: ReadonlySet<string> = new Set(METHOD_NAMES.map((name) => name.slice(0, name.indexOf('.'))));

/** The AMQP properties that matter. */
const PropertiesSchema = z.object({
  messageId: textProperty,
  userId: textProperty,
  contentEncoding: textProperty,
  timestamp: z.int().positive().optional().catch(undefined),
  headers: z
    .object({ compression: z.unknown(), traceparent: z.unknown(), tracestate: z.unknown() })
    .partial()
    .optional()
    .catch(undefined),
});
type Properties = z.infer<typeof PropertiesSchema>;

export interface OsloCodecOptions {
  readonly clock: Clock;
  /** Answer `oslo_rpc_server_ping`. */
  readonly rpcPingEnabled: boolean;
}

/** The envelope of oslo.messaging 2.0. */
export class OsloCodec implements EnvelopeCodec {
  readonly envelope = OSLO_ENVELOPE;

  constructor(private readonly options: OsloCodecOptions) {}

  decode({ content, properties: raw }: ConsumeMessage): DecodedRequest | Answered | Poison {
    const properties = PropertiesSchema.parse(raw);
    const body = readMessage(content, properties);
    if (body.kind === 'unreadable') return poison(body.reason, body.message, body.value);

    const request = OsloRequestSchema.safeParse(body.value);
    if (!request.success) {
      const { text, details } = describeIssues(request.error.issues);
      return poison('malformed_envelope', `this is no request of oslo.messaging: ${text}`, body.value, {
        issues: details,
      });
    }
    return this.#route(request.data, properties, body.value);
  }

  encodeResult(to: ReplyAddress, result: JsonValue): EncodedReply {
    const address = addressOf(to);
    return encode(address, { result, failure: null, ending: true });
  }

  encodeError(to: ReplyAddress, error: WireError): EncodedReply {
    const address = addressOf(to);
    return encode(address, { result: null, failure: failureOf(error, address.subject), ending: true });
  }

  encodeHeartbeat(to: ReplyAddress): Heartbeat | undefined {
    const address = addressOf(to);
    const { heartbeat_ms: everyMs } = address;
    if (everyMs === null) return undefined;
    return { ...encode(address, { result: null, failure: null, ending: false }), everyMs };
  }

  /** Decides as oslo's dispatcher does: first whether anybody serves the namespace in this version, then the method. */
  #route(request: OsloRequest, properties: Properties, body: unknown): DecodedRequest | Answered | Poison {
    const { method, namespace } = request;
    const version = request.version ?? '1.0';
    const isNamed = namespace !== undefined && namespace !== null;
    const isOurs = isNamed ? NAMESPACES.has(namespace) : this.options.rpcPingEnabled;
    if (!isOurs || !isServed(version)) {
      const message = `Endpoint does not support RPC version ${version}. Attempted method: ${readableWord(method)}`;
      return poison('unsupported_version', message, body, { version });
    }
    if (!isNamed && method === PING) {
      return { kind: 'answered', result: 'pong', replyTo: replyAddress(body) };
    }
    const wireName = `${namespace ?? ''}.${method}`;
    if (!METHODS.has(wireName)) {
      return poison('unknown_method', `Endpoint does not support RPC method ${readableWord(method)}`, body);
    }
    return {
      kind: 'request',
      method: wireName,
      params: request.args ?? {},
      meta: this.#meta(request, properties, body),
      body,
    };
  }

  #meta(request: OsloRequest, properties: Properties, body: unknown): Omit<RequestMeta, 'accepted'> {
    const replyTo = replyAddress(body);
    const msgId = replyTo?.address.msg_id;
    // Two casts without any name are two casts.
    const requestId = request._unique_id ?? msgId ?? properties.messageId ?? randomUUID();
    return {
      requestId,
      messageId: properties.messageId ?? null,
      correlationId: request._context_request_id ?? msgId ?? requestId,
      requestedBy: requestedBy(request, properties),
      sentAt: sentAt(properties.timestamp, this.options.clock.now()),
      replyTo,
      trace: traceContextOf(properties.headers),
    };
  }
}

/** Takes the message out of its envelope. One without (version 1 of the envelope had none) is taken as it is. */
function readMessage(
  content: Buffer,
  { contentEncoding, headers }: Properties,
): { readonly kind: 'value'; readonly value: unknown } | (UnreadableBody & { readonly value?: unknown }) {
  if (headers?.compression !== undefined && headers.compression !== null) {
    const message = 'the message is compressed: unset kombu_compression';
    return { kind: 'unreadable', reason: 'unsupported_encoding', message };
  }
  const outer = readBody(content, contentEncoding);
  if (outer.kind === 'unreadable') return outer;
  const { value } = outer;
  if (typeof value !== 'object' || value === null || !('oslo.message' in value)) return outer;
  const envelope = OsloOuterSchema.safeParse(value);
  if (!envelope.success) {
    const message = `the envelope is not of oslo.messaging: ${describeIssues(envelope.error.issues).text}`;
    return { kind: 'unreadable', reason: 'malformed_envelope', message, value };
  }
  return readable(parseBoundedText(envelope.data['oslo.message']), 'oslo.message');
}

/** Who asks: the AMQP user id has been checked by the broker, the context of an oslo message is only its sender's word. */
function requestedBy({ _context_user_id, _context_user }: OsloRequest, { userId }: Properties): string {
  if (userId !== undefined) return userId;
  const claimed = _context_user_id ?? _context_user;
  return claimed === undefined ? ANONYMOUS : claimedCaller(claimed);
}

/** Half of the caller's patience, in whole seconds, as oslo's own servers do. */
function heartbeatOf({ _timeout: seconds }: OsloCaller): number | null {
  if (seconds === undefined || seconds === null) return null;
  const everyMs = (Math.trunc(seconds) * 1000) / 2;
  return everyMs < MIN_HEARTBEAT_MS ? null : Math.min(everyMs, MAX_HEARTBEAT_MS);
}

function replyAddress(body: unknown): { readonly envelope: string; readonly address: OsloAddress } | null {
  const caller = OsloCallerSchema.safeParse(body);
  if (!caller.success) return null;
  const { _reply_q: queue, _msg_id: msgId } = caller.data;
  const address = { queue, msg_id: msgId, subject: subjectOf(body), heartbeat_ms: heartbeatOf(caller.data) };
  return { envelope: OSLO_ENVELOPE, address };
}

function subjectOf(body: unknown): OsloSubject {
  const { method, args } = body as { method?: unknown; args?: unknown };
  const { host, instance } = (typeof args === 'object' && args !== null ? args : {}) as Record<string, unknown>;
  return { method: nameOf(method) ?? '', host: nameOf(host), instance: nameOf(instance) };
}

function nameOf(value: unknown): string | null {
  return typeof value === 'string' && value.length <= MAX_NAME ? value : null;
}

function poison(reason: PoisonReason, message: string, body: unknown, details: Record<string, JsonValue> = {}): Poison {
  const replyTo = replyAddress(body);
  return {
    kind: 'poison',
    reason,
    error: new ComputeError('REQUEST_INVALID', message, { details: { reason, ...details } }),
    replyTo,
    correlationId: replyTo?.address.msg_id ?? null,
    ...(body === undefined ? {} : { body }),
  };
}

function addressOf(to: ReplyAddress): OsloAddress {
  const address = OsloAddressSchema.safeParse(to.address);
  if (to.envelope === OSLO_ENVELOPE && address.success) return address.data;
  throw new ComputeError('INTERNAL', `not a reply address of the ${OSLO_ENVELOPE} envelope`);
}

interface Reply {
  readonly result: JsonValue;
  readonly failure: string | null;
  readonly ending: boolean;
}

function encode({ queue, msg_id: msgId }: OsloAddress, reply: Reply): EncodedReply {
  const message = JSON.stringify({ ...reply, _msg_id: msgId, _unique_id: randomUUID().replaceAll('-', '') });
  return {
    queue,
    content: Buffer.from(JSON.stringify({ 'oslo.version': ENVELOPE_VERSION, 'oslo.message': message })),
    properties: { contentType: 'application/json', contentEncoding: 'utf-8', priority: 0, headers: {} },
    patienceMs: REPLY_PATIENCE_MS,
  };
}
