import type { ConsumeMessage, Options } from 'amqplib';
import type { ComputeError, JsonValue, WireError } from '../common/errors/index.js';
import type { ReplyAddress, RequestMeta } from '../compute/contract/index.js';

/** Why a message cannot be carried out, kept with its dead letter. */
export const POISON_REASONS = [
  'too_large',
  'unsupported_encoding',
  'malformed_json',
  'too_deep',
  'malformed_envelope',
  'unknown_method',
  'unsupported_version',
  'internal',
] as const;
export type PoisonReason = (typeof POISON_REASONS)[number];

/** A request taken out of its envelope. */
export interface DecodedRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly params: unknown;
  readonly meta: Omit<RequestMeta, 'accepted'>;
  /** The envelope's body, for the dead letter of a request that nobody handles. */
  readonly body: unknown;
}

/** A question about the envelope itself (a ping), which its codec answers. */
export interface Answered {
  readonly kind: 'answered';
  readonly result: JsonValue;
  readonly replyTo: ReplyAddress | null;
}

/** A message that no request can be made of. */
export interface Poison {
  readonly kind: 'poison';
  readonly reason: PoisonReason;
  readonly error: ComputeError;
  /** Where the error goes, when that at least can be told. */
  readonly replyTo: ReplyAddress | null;
  readonly correlationId: string | null;
  /** The body when it could be parsed, and undefined when not. */
  readonly body?: unknown;
}

/** A reply ready to be published on the default exchange. */
export interface EncodedReply {
  readonly queue: string;
  readonly content: Buffer;
  readonly properties: Pick<
    Options.Publish,
    'correlationId' | 'contentType' | 'contentEncoding' | 'headers' | 'priority'
  >;
  /** For so long a missing queue is waited for: its owner declares it anew when it is back. Default: not at all. */
  readonly patienceMs?: number;
}

/** A sign of life of a running request. */
export interface Heartbeat extends EncodedReply {
  /** How often the caller wants one. */
  readonly everyMs: number;
}

/** An envelope: how requests, results and errors look on the wire. Nothing else in the transport knows. */
export interface EnvelopeCodec {
  /** Name in {@link ReplyAddress.envelope}. */
  readonly envelope: string;
  /** Never throws: whatever arrives is a request, a question about the envelope, or poison. */
  decode(message: ConsumeMessage): DecodedRequest | Answered | Poison;
  /** @throws ComputeError INTERNAL when the address is not one of this codec */
  encodeResult(to: ReplyAddress, result: JsonValue): EncodedReply;
  /** @throws ComputeError INTERNAL when the address is not one of this codec */
  encodeError(to: ReplyAddress, error: WireError): EncodedReply;
  /**
   * Something told before the result, in envelopes that have a form for it.
   *
   * @throws ComputeError INTERNAL when the address is not one of this codec
   */
  encodePart?(to: ReplyAddress, part: JsonValue): EncodedReply;
  /**
   * The next sign of life, in envelopes that know one; undefined for a caller that wants none.
   *
   * @throws ComputeError INTERNAL when the address is not one of this codec
   */
  encodeHeartbeat?(to: ReplyAddress): Heartbeat | undefined;
}
