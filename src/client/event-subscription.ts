import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';
import type { Clock } from '../common/clock.js';
import { ComputeError } from '../common/errors/index.js';
import type { Log } from '../common/log.js';
import type { AmqpConnection } from '../transport/amqp/index.js';
import type { ChannelEpoch } from '../transport/amqp/channel-epoch.js';
import { keepChannel } from '../transport/amqp/keep-channel.js';
import { parseBoundedJson } from '../common/bounded-json.js';
import { aborted } from '../common/aborted.js';

const EventSchema = z.object({
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string(),
  time: z.iso.datetime({ offset: true }),
  data: z.record(z.string(), z.json()),
});

/** News from a service: a CloudEvent and the routing key it came with. */
export type ReceivedEvent = z.infer<typeof EventSchema> & { readonly key: string };

export interface EventSubscriptionOptions {
  readonly connection: AmqpConnection;
  readonly exchange: string;
  /** Topic patterns such as `operation.compute.#`. */
  readonly bindings: readonly string[];
  readonly onEvent: (event: ReceivedEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of a topic exchange through a private queue. Events sent while the connection is away are missed. */
export class EventSubscription {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(
    private readonly options: EventSubscriptionOptions,
    begun: () => void,
    failed: (error: Error) => void,
  ) {
    const { connection, clock, log } = options;
    this.#running = keepChannel({
      connection,
      open: (model) => model.createChannel(),
      use: async (epoch, settled) => {
        await this.#attach(epoch);
        settled();
        begun();
        await Promise.race([epoch.closed, aborted(this.#stop.signal)]);
      },
      onFailure: (error) => {
        log.debug('cannot subscribe to events', { err: error });
        failed(error);
      },
      clock,
      log,
      signal: this.#stop.signal,
    });
  }

  /**
   * Resolves when the events come.
   *
   * @throws ComputeError RESOURCE_NOT_FOUND when the exchange is not there (no service has ever run on this broker); the
   *   signal's reason
   */
  static async start(options: EventSubscriptionOptions, signal?: AbortSignal): Promise<EventSubscription> {
    signal?.throwIfAborted();
    let subscription: EventSubscription | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        subscription = new EventSubscription(options, resolve, reject);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    } catch (error) {
      await subscription?.close();
      signal?.throwIfAborted();
      throw new ComputeError('RESOURCE_NOT_FOUND', `there is no exchange ${options.exchange} to take events from`, {
        cause: error,
      });
    }
    if (subscription === undefined) throw new Error('a promise was kept before it was given');
    return subscription;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #attach({ channel }: ChannelEpoch): Promise<void> {
    const { exchange, bindings } = this.options;
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
    for (const binding of bindings) await channel.bindQueue(queue, exchange, binding);
    await channel.consume(queue, (message) => this.#take(message), { noAck: true });
  }

  #take(message: ConsumeMessage | null): void {
    if (message === null) return;
    const json = parseBoundedJson(message.content);
    const event = json.kind === 'value' ? EventSchema.safeParse(json.value) : undefined;
    const { log, onEvent } = this.options;
    if (event?.success !== true) {
      log.debug('an event is not as agreed', { key: message.fields.routingKey });
      return;
    }
    try {
      onEvent({ ...event.data, key: message.fields.routingKey });
    } catch (error) {
      log.error('a handler of events failed', { err: error });
    }
  }
}
