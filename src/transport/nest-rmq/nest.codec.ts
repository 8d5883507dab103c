import type { ConsumeMessage } from 'amqplib';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import type { Clock } from '../../common/clock.js';
import { ComputeError, describeIssues, type JsonValue, type WireError } from '../../common/errors/index.js';
import { traceContextOf } from '../../common/trace-context.js';
import { ANONYMOUS, type ReplyAddress, type RequestMeta } from '../../compute/contract/index.js';
import type { DecodedRequest, EncodedReply, EnvelopeCodec, Poison, PoisonReason } from '../codec.port.js';
import { readBody, textProperty as text } from '../request-body.js';
import { sentAt } from '../sent-at.js';
import { NestAddressSchema, NestRequestSchema, type NestAddress, type NestRequest } from './nest-envelope.js';

export const NEST_ENVELOPE = 'nest';

/** The AMQP properties that matter. */
const PropertiesSchema = z.object({
  messageId: text,
  correlationId: text,
  replyTo: text,
  userId: text,
  contentEncoding: text,
  timestamp: z.int().positive().optional().catch(undefined),
  headers: z.object({ traceparent: z.unknown(), tracestate: z.unknown() }).partial().optional().catch(undefined),
});
type Properties = z.infer<typeof PropertiesSchema>;

/** The envelope of Nest's RabbitMQ transport. */
export class NestCodec implements EnvelopeCodec {
  readonly envelope = NEST_ENVELOPE;

  constructor(private readonly clock: Clock) {}

  decode({ content, properties: raw }: ConsumeMessage): DecodedRequest | Poison {
    const properties = PropertiesSchema.parse(raw);
    const refuse = (reason: PoisonReason, message: string, details: Record<string, JsonValue> = {}, body?: unknown) =>
      poison(properties, reason, message, details, body);

    const json = readBody(content, properties.contentEncoding);
    if (json.kind === 'unreadable') return refuse(json.reason, json.message);

    const packet = NestRequestSchema.safeParse(json.value);
    if (!packet.success) {
      const { text: what, details } = describeIssues(packet.error.issues);
      return refuse(
        'malformed_envelope',
        `the body is not {"pattern": "<namespace>.<method>", "data": {…}, "id": "…"}: ${what}`,
        { issues: details },
        json.value,
      );
    }
    return {
      kind: 'request',
      method: packet.data.pattern,
      params: packet.data.data ?? {},
      meta: this.#meta(properties, packet.data.id),
      body: json.value,
    };
  }

  encodeResult(to: ReplyAddress, result: JsonValue): EncodedReply {
    return encode(to, (id) => ({ response: result, isDisposed: true, id }));
  }

  encodeError(to: ReplyAddress, error: WireError): EncodedReply {
    return encode(to, (id) => ({ err: error, isDisposed: true, id }));
  }

  /** Nest's clients hand it out as one more value of their observable. */
  encodePart(to: ReplyAddress, part: JsonValue): EncodedReply {
    return encode(to, (id) => ({ response: part, isDisposed: false, id }));
  }

  #meta(properties: Properties, packetId: NestRequest['id']): Omit<RequestMeta, 'accepted'> {
    const { messageId, correlationId, userId, timestamp, headers } = properties;
    const id = packetId === undefined || packetId === null ? undefined : String(packetId);
    // An event may come without any name; sent twice by its sender it is two events, so nothing can be derived for it.
    const requestId = messageId ?? id ?? correlationId ?? uuidv7();
    return {
      requestId,
      messageId: messageId ?? null,
      correlationId: correlationId ?? id ?? requestId,
      requestedBy: userId ?? ANONYMOUS,
      sentAt: sentAt(timestamp, this.clock.now()),
      replyTo: addressOf(properties, packetId ?? null),
      trace: traceContextOf(headers),
    };
  }
}

function poison(
  properties: Properties,
  reason: PoisonReason,
  message: string,
  details: Record<string, JsonValue>,
  body: unknown,
): Poison {
  return {
    kind: 'poison',
    reason,
    error: new ComputeError('REQUEST_INVALID', message, { details: { reason, ...details } }),
    replyTo: addressOf(properties, properties.correlationId ?? properties.messageId ?? null),
    correlationId: properties.correlationId ?? null,
    ...(body === undefined ? {} : { body }),
  };
}

function addressOf({ replyTo, correlationId }: Properties, id: string | number | null): ReplyAddress | null {
  if (replyTo === undefined) return null;
  const address: NestAddress = { queue: replyTo, correlation_id: correlationId ?? null, id };
  return { envelope: NEST_ENVELOPE, address };
}

function encode(to: ReplyAddress, packet: (id: string | number | null) => object): EncodedReply {
  const address = NestAddressSchema.safeParse(to.address);
  if (to.envelope !== NEST_ENVELOPE || !address.success) {
    throw new ComputeError('INTERNAL', `not a reply address of the ${NEST_ENVELOPE} envelope`);
  }
  const { queue, correlation_id: correlationId, id } = address.data;
  return {
    queue,
    content: Buffer.from(JSON.stringify(packet(id ?? correlationId))),
    properties: { contentType: 'application/json', ...(correlationId === null ? {} : { correlationId }) },
  };
}
