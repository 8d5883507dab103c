import { uuidv7 } from 'uuidv7';
import type { Clock } from '../common/clock.js';
import { ComputeError, toComputeError, type JsonValue } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { TraceContext } from '../common/trace-context.js';
import type { Outcome, ReplyAddress, ReplySender } from '../compute/contract/index.js';
import type { Publisher, PublishOutcome } from './amqp/index.js';
import type { EncodedReply, EnvelopeCodec, Heartbeat } from './codec.port.js';
import type { MissingQueues } from './missing-queues.js';
import { SignsOfLife } from './signs-of-life.js';
import type { TransportCounts } from './transport-counts.js';

const DIRECT_REPLY_PREFIX = 'amq.rabbitmq.reply-to';

export interface ReplyOutboxOptions {
  readonly codecs: readonly EnvelopeCodec[];
  /** For reply queues that have a name. */
  readonly named: Publisher;
  /** For direct reply-to; on a connection of its own, because a forged address costs it. */
  readonly direct: Publisher;
  /** Looks after replies whose queue may come back. */
  readonly missing: MissingQueues;
  readonly counts: TransportCounts;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sends replies: those that a request waits with its acknowledgement for, and those concluded without a request. */
export class ReplyOutbox implements ReplySender {
  readonly #codecs: ReadonlyMap<string, EnvelopeCodec>;
  /** Names messages on the wire; unique together with the counter. */
  readonly #run = uuidv7();
  #count = 0;

  constructor(private readonly options: ReplyOutboxOptions) {
    this.#codecs = new Map(options.codecs.map((codec) => [codec.envelope, codec]));
  }

  /**
   * Resolves when the broker has confirmed the reply or the reply queue is gone.
   *
   * @throws ComputeError BACKEND_UNREACHABLE when that could not be learnt in time
   */
  async deliver(to: ReplyAddress, outcome: Outcome, trace?: TraceContext | null): Promise<void> {
    const reply = withTrace(this.#encode(to, outcome), trace);
    if ((await this.#counted(reply)) === 'confirmed') return;
    const patienceMs = patienceFor(reply);
    if (patienceMs === 0) {
      const { queue, properties } = reply;
      this.options.log.info('the reply queue is gone', { queue, correlation_id: properties.correlationId });
      return;
    }
    // A queue that is missing for a moment must not hold up its request's acknowledgement, and so the requests of others.
    this.options.missing.keep(reply, patienceMs, () => this.#publish(reply));
  }

  /** Tells something before the reply. Never fails, never waits: the reply has all of it. */
  tell(to: ReplyAddress, part: JsonValue): void {
    const { log } = this.options;
    try {
      const encoded = this.#codecOf(to).encodePart?.(to, part);
      if (encoded === undefined) return;
      this.#publish(encoded).catch((error: unknown) =>
        log.debug('a part of an answer was not delivered', { err: error }),
      );
    } catch (error) {
      log.warn('a part of an answer cannot be written', { err: error });
    }
  }

  /** Never fails: who missed a reply asks for the operation. */
  async send(to: ReplyAddress, outcome: Outcome, trace?: TraceContext | null): Promise<void> {
    try {
      await this.deliver(to, outcome, trace);
    } catch (error) {
      this.options.log.warn('a reply was not delivered', { err: error });
    }
  }

  /**
   * Shows a caller that wants to see it that its request is alive, until the function that it answers is called or nobody is
   * there any more. Never fails.
   *
   * @param isNew the caller has just sent its request; any other is shown it at once
   */
  showLife(to: ReplyAddress, { isNew = false } = {}): () => void {
    const next = (): Heartbeat | undefined => this.#codecOf(to).encodeHeartbeat?.(to);
    const { clock, log } = this.options;
    let first: Heartbeat | undefined;
    try {
      first = next();
    } catch (error) {
      log.warn('a caller cannot be shown that its request is alive', { err: error });
    }
    if (first === undefined) return () => undefined;
    const { queue, everyMs } = first;
    const patienceMs = patienceFor(first);
    // Each is a message of its own: callers drop what they know.
    const send = async (): Promise<PublishOutcome> => this.#publish(next() ?? first);
    const life = new SignsOfLife({ queue, everyMs, patienceMs, send, clock, log });
    life.begin(isNew ? everyMs : 0);
    return () => life.end();
  }

  async #counted(reply: EncodedReply): Promise<PublishOutcome> {
    const { replies } = this.options.counts;
    try {
      const outcome = await this.#publish(reply);
      replies[outcome === 'confirmed' ? 'confirmed' : 'gone'] += 1;
      return outcome;
    } catch (error) {
      replies.unconfirmed += 1;
      throw error;
    }
  }

  #publish({ queue, content, properties }: EncodedReply): Promise<PublishOutcome> {
    // The broker returns a mandatory message to direct reply-to although it delivers it (DESIGN 4.1).
    const isDirect = isDirectReply(queue);
    const publisher = isDirect ? this.options.direct : this.options.named;
    return publisher.publish({
      exchange: '',
      routingKey: queue,
      content,
      messageId: `${this.#run}-${++this.#count}`,
      mandatory: !isDirect,
      properties: isDirect ? properties : { ...properties, persistent: true },
    });
  }

  #encode(to: ReplyAddress, outcome: Outcome): EncodedReply {
    const codec = this.#codecOf(to);
    if ('error' in outcome) return codec.encodeError(to, outcome.error);
    try {
      return codec.encodeResult(to, outcome.result);
    } catch (error) {
      this.options.log.error('a result cannot be written', { err: error });
      return codec.encodeError(to, toComputeError(error).toWire());
    }
  }

  #codecOf(to: ReplyAddress): EnvelopeCodec {
    const codec = this.#codecs.get(to.envelope);
    if (codec === undefined) throw new ComputeError('INTERNAL', `no codec for the envelope "${to.envelope}"`);
    return codec;
  }
}

/** The caller's tools find the rest of the trace by it. */
function withTrace(reply: EncodedReply, trace: TraceContext | null | undefined): EncodedReply {
  if (trace === null || trace === undefined) return reply;
  const { properties } = reply;
  return { ...reply, properties: { ...properties, headers: { ...properties.headers, ...trace } } };
}

function isDirectReply(queue: string): boolean {
  return queue.startsWith(DIRECT_REPLY_PREFIX);
}

/** Direct reply-to ends with its caller's channel and never comes back; a forged one would cost its connection each time. */
function patienceFor({ queue, patienceMs = 0 }: EncodedReply): number {
  return isDirectReply(queue) ? 0 : patienceMs;
}
