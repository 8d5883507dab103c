import type { Log } from '../common/log.js';
import { redact } from '../common/secret.js';
import type { EventPublisher, ServiceEvent } from '../compute/contract/index.js';
import type { OutgoingMessage, Publisher } from './amqp/index.js';
import { CLOUD_EVENT_CONTENT_TYPE, cloudEvent } from './cloud-event.js';
import { eventKey } from './event-key.js';

export interface AmqpEventPublisherOptions {
  readonly publisher: Publisher;
  readonly exchange: string;
  readonly server: string;
  readonly log: Log;
  /** Events kept while the broker is away; then the oldest goes. */
  readonly maxWaiting?: number;
}

const MAX_WAITING = 1_000;
/** Events sent and not confirmed; what the publisher keeps for sending again. */
const MAX_UNDER_WAY = 256;

/** Publishes events as CloudEvents on a topic exchange, in order, and rather loses some than memory or time. */
export class AmqpEventPublisher implements EventPublisher {
  readonly #waiting: OutgoingMessage[] = [];
  #droppedCount = 0;

  constructor(private readonly options: AmqpEventPublisherOptions) {
    options.publisher.on('open', () => this.#sendWaiting());
    options.publisher.on('settled', () => this.#sendWaiting());
  }

  /** Events lost since the start. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  publish(event: ServiceEvent): void {
    const { log, maxWaiting = MAX_WAITING } = this.options;
    try {
      this.#waiting.push(this.#message(event));
    } catch (error) {
      log.error('dropped an event that cannot be written', { err: error });
      return;
    }
    this.#sendWaiting();
    if (this.#waiting.length <= maxWaiting) return;
    this.#waiting.shift();
    this.#drop();
  }

  #sendWaiting(): void {
    const { publisher, log } = this.options;
    while (publisher.isOpen && publisher.pendingCount < MAX_UNDER_WAY) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      publisher.publish(message).catch((error: unknown) => {
        log.debug('an event was not confirmed', { err: error });
        this.#drop();
      });
    }
  }

  #drop(): void {
    this.#droppedCount++;
    // At 1, 10, 100 … and then every thousand: a broker that is away must not fill the log.
    const isWorthSaying = this.#droppedCount % 1_000 === 0 || /^10*$/.test(String(this.#droppedCount));
    if (isWorthSaying) this.options.log.warn('dropped events', { dropped: this.#droppedCount });
  }

  #message(event: ServiceEvent): OutgoingMessage {
    const { exchange, server } = this.options;
    const parts =
      event.kind === 'operation'
        ? { type: 'zenova.operation', subject: event.operation.name, data: event.operation }
        : {
            type: 'zenova.power',
            subject: event.name,
            data: { host: event.host, name: event.name, state: event.state, ...event.data },
          };
    const envelope = cloudEvent({
      server,
      type: parts.type,
      subject: parts.subject,
      at: event.at,
      trace: event.trace,
      data: redact(parts.data) as object,
    });
    return {
      exchange,
      routingKey: eventKey(event),
      content: Buffer.from(JSON.stringify(envelope)),
      messageId: envelope.id,
      mandatory: false,
      properties: { contentType: CLOUD_EVENT_CONTENT_TYPE, persistent: true, type: parts.type },
    };
  }
}
