import { createHash } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { Delivery, Publisher } from './amqp/index.js';
import { CLOUD_EVENT_CONTENT_TYPE, cloudEvent, type CloudEvent } from './cloud-event.js';
import type { Poison } from './codec.port.js';
import { scrub } from './scrub.js';
import type { TransportCounts } from './transport-counts.js';

export interface DeadLettersOptions {
  /** Declares the dead-letter queue on each of its channels. */
  readonly publisher: Publisher;
  readonly queue: string;
  readonly server: string;
  readonly counts: TransportCounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the attempts when the service closes. */
  readonly signal: AbortSignal;
}

/** Messages that nobody can carry out, kept for people: our own confirmed publish, whatever the queues' arguments are. */
export class DeadLetters {
  constructor(private readonly options: DeadLettersOptions) {}

  /**
   * Writes a dead letter and acknowledges the message. Tries until it is confirmed; while it is not, the message stays
   * unacknowledged, so that the broker has it in any case.
   */
  async bury(delivery: Delivery, poison: Poison): Promise<void> {
    const { publisher, queue, server, counts, clock, log, signal } = this.options;
    const letter = deadLetter(delivery.message, poison, server, clock.now());
    const backoff = new Backoff(clock, { initialMs: 500, maxMs: 30_000 });
    while (!delivery.isStale && !signal.aborted) {
      try {
        const outcome = await publisher.publish({
          exchange: '',
          routingKey: queue,
          content: Buffer.from(JSON.stringify(letter)),
          messageId: letter.id,
          mandatory: true,
          properties: { contentType: CLOUD_EVENT_CONTENT_TYPE, persistent: true, type: letter.type },
        });
        if (outcome === 'confirmed') {
          const { reason, correlationId } = poison;
          counts.deadLetters[reason] += 1;
          log.warn('a message became a dead letter', {
            reason,
            dead_letter: letter.id,
            queue,
            correlation_id: correlationId,
          });
          delivery.ack();
          return;
        }
        await publisher.renew(); // the queue is gone: a new channel declares it
      } catch (error) {
        log.error('cannot write a dead letter; its message stays in its queue', { queue, err: error });
      }
      await backoff.pause(signal);
    }
  }
}

/**
 * A body that could be parsed is kept as far as {@link scrub} lets it; of one that could not, nothing is, since nobody can
 * tell where in it a secret is. Its size and hash tell one from another.
 */
function deadLetter(message: ConsumeMessage, poison: Poison, server: string, at: number): CloudEvent {
  const { content, fields, properties } = message;
  const data = {
    reason: poison.reason,
    error: poison.error.toWire(),
    exchange: fields.exchange,
    routing_key: fields.routingKey,
    redelivered: fields.redelivered,
    properties: {
      message_id: textOf(properties.messageId),
      correlation_id: textOf(properties.correlationId),
      reply_to: textOf(properties.replyTo),
      user_id: textOf(properties.userId),
      app_id: textOf(properties.appId),
      content_type: textOf(properties.contentType),
      content_encoding: textOf(properties.contentEncoding),
      timestamp: typeof properties.timestamp === 'number' ? properties.timestamp : null,
    },
    headers: scrub(properties.headers ?? {}),
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    ...(poison.body === undefined ? {} : { body: scrub(poison.body) }),
  };
  return cloudEvent({ server, type: 'zenova.dead_letter', subject: fields.routingKey, at, data });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
