import { isDeepStrictEqual } from 'node:util';
import { connect, type Channel, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import { eventually } from './eventually.js';

/** Names that a service under test goes by, to be removed with it. */
export interface ServiceNames {
  readonly groupQueue: string;
  readonly serverQueue: string;
  readonly deadQueue: string;
  readonly eventsExchange: string;
}

/** Those of a service whose group and server are called alike. */
export function namesOf(run: string): ServiceNames {
  return {
    groupQueue: `zenova.rpc.${run}`,
    serverQueue: `zenova.rpc.server.${run}`,
    deadQueue: `zenova.rpc.dead.${run}`,
    eventsExchange: `zenova.events.${run}`,
  };
}

/** A plain AMQP client with a reply queue of its own. */
export class PlainClient {
  readonly #replies = new Map<string, (message: ConsumeMessage) => void>();
  readonly returned: string[] = [];
  #count = 0;

  private constructor(
    readonly model: ChannelModel,
    readonly channel: Channel,
    readonly replyQueue: string,
  ) {}

  static async connect(url: string, replyQueue?: string): Promise<PlainClient> {
    const model = await connect(url, { noDelay: true });
    model.on('error', () => undefined);
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    const isDirect = replyQueue === 'amq.rabbitmq.reply-to';
    const queue = isDirect
      ? replyQueue
      : replyQueue === undefined
        ? (await channel.assertQueue('', { exclusive: true })).queue
        : (await channel.assertQueue(replyQueue, { durable: true })).queue;
    const client = new PlainClient(model, channel, queue);
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return;
        const id = String(message.properties.correlationId);
        client.#replies.get(id)?.(message);
        client.returned.push(id);
      },
      { noAck: true },
    );
    return client;
  }

  /** Sends a body as it is; resolves with the reply's body. */
  async send(queue: string, body: unknown, properties: Options.Publish = {}): Promise<Record<string, unknown>> {
    const { content } = await this.sendRaw(queue, Buffer.from(JSON.stringify(body)), properties);
    return JSON.parse(content.toString()) as Record<string, unknown>;
  }

  sendRaw(queue: string, content: Buffer, properties: Options.Publish = {}): Promise<ConsumeMessage> {
    const correlationId = properties.correlationId ?? `c-${++this.#count}`;
    const reply = new Promise<ConsumeMessage>((resolve, reject) => {
      this.#replies.set(correlationId, resolve);
      const timer = setTimeout(() => reject(new Error(`no reply to ${correlationId}`)), 60_000);
      timer.unref();
    });
    this.channel.sendToQueue(queue, content, {
      replyTo: this.replyQueue,
      persistent: true,
      ...properties,
      correlationId,
    });
    return reply;
  }

  call(
    queue: string,
    pattern: string,
    data: unknown,
    properties: Options.Publish = {},
  ): Promise<Record<string, unknown>> {
    return this.send(queue, { pattern, data }, properties);
  }

  async close(): Promise<void> {
    await this.model.close().catch(() => undefined);
  }
}

/** Messages that nobody has in hand, and consumers. */
export interface QueueCount {
  readonly ready: number;
  readonly consumers: number;
}

/** What `operator` sees: counts, deletions, dead letters. */
export class Operator {
  private constructor(
    readonly model: ChannelModel,
    readonly channel: Channel,
  ) {}

  static async connect(url: string): Promise<Operator> {
    const model = await connect(url);
    model.on('error', () => undefined);
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    return new Operator(model, channel);
  }

  async count(queue: string): Promise<QueueCount> {
    const { messageCount, consumerCount } = await this.channel.checkQueue(queue);
    return { ready: messageCount, consumers: consumerCount };
  }

  /** Waits for a count: RabbitMQ answers with zeros while the leader of a quorum queue is slow to tell. */
  async counted(queue: string, expected: Partial<QueueCount>): Promise<void> {
    let count: Partial<QueueCount> = {};
    await eventually(
      async () => {
        count = await this.count(queue);
        return isDeepStrictEqual({ ...count, ...expected }, count);
      },
      () => `${queue} to have ${JSON.stringify(expected)}; it has ${JSON.stringify(count)}`,
    );
  }

  /** Takes the next message of a queue, which must come. */
  async take(queue: string): Promise<{ body: Record<string, unknown>; text: string; message: ConsumeMessage }> {
    const message = await eventually(async () => {
      const got = await this.channel.get(queue, { noAck: true });
      return got === false ? undefined : got;
    }, `a message in ${queue}`);
    const text = message.content.toString();
    return { body: JSON.parse(text) as Record<string, unknown>, text, message: message as unknown as ConsumeMessage };
  }

  async remove(service: ServiceNames): Promise<void> {
    for (const queue of [service.groupQueue, service.serverQueue, service.deadQueue]) {
      await this.channel.deleteQueue(queue);
    }
    await this.channel.deleteExchange(service.eventsExchange);
  }

  async close(): Promise<void> {
    await this.model.close().catch(() => undefined);
  }
}
