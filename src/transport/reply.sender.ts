import { uuidv7 } from 'uuidv7';
import { ComputeError, toComputeError } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { Outcome, ReplyAddress, ReplySender } from '../compute/contract/index.js';
import type { Publisher } from './amqp/index.js';
import type { EncodedReply, EnvelopeCodec } from './codec.port.js';

const DIRECT_REPLY_PREFIX = 'amq.rabbitmq.reply-to';

export interface ReplyOutboxOptions {
  readonly codecs: readonly EnvelopeCodec[];
  /** For reply queues that have a name. */
  readonly named: Publisher;
  /** For direct reply-to; on a connection of its own, because a forged address costs it. */
  readonly direct: Publisher;
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
  async deliver(to: ReplyAddress, outcome: Outcome): Promise<void> {
    const reply = this.#encode(to, outcome);
    // The broker returns a mandatory message to direct reply-to although it delivers it (DESIGN 4.1).
    const isDirect = reply.queue.startsWith(DIRECT_REPLY_PREFIX);
    const publisher = isDirect ? this.options.direct : this.options.named;
    const published = await publisher.publish({
      exchange: '',
      routingKey: reply.queue,
      content: reply.content,
      messageId: `${this.#run}-${++this.#count}`,
      mandatory: !isDirect,
      properties: isDirect ? reply.properties : { ...reply.properties, persistent: true },
    });
    if (published === 'unroutable') this.options.log.info('the reply queue is gone', { queue: reply.queue });
  }

  /** Never fails: who missed a reply asks for the operation. */
  async send(to: ReplyAddress, outcome: Outcome): Promise<void> {
    try {
      await this.deliver(to, outcome);
    } catch (error) {
      this.options.log.warn('a reply was not delivered', { err: error });
    }
  }

  #encode(to: ReplyAddress, outcome: Outcome): EncodedReply {
    const codec = this.#codecs.get(to.envelope);
    if (codec === undefined) throw new ComputeError('INTERNAL', `no codec for the envelope "${to.envelope}"`);
    if ('error' in outcome) return codec.encodeError(to, outcome.error);
    try {
      return codec.encodeResult(to, outcome.result);
    } catch (error) {
      this.options.log.error('a result cannot be written', { err: error });
      return codec.encodeError(to, toComputeError(error).toWire());
    }
  }
}
