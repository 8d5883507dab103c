import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Module, type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect, type Channel, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import { systemClock } from '../../src/common/clock.js';
import type { JsonValue } from '../../src/common/errors/index.js';
import { createLog, silentLog, type Log } from '../../src/common/log.js';
import { REQUEST_GATEWAY, type RequestGateway, type RequestMeta } from '../../src/compute/contract/index.js';
import { DEAD_QUEUE, groupQueue, serverQueue } from '../../src/transport/amqp/index.js';
import { RpcController, createTransport, type Transport, type TransportOptions } from '../../src/transport/index.js';

export const log: Log = process.env['TEST_LOG'] === undefined ? silentLog : createLog('debug');

export type Handle = (method: string, params: unknown, meta: RequestMeta) => Promise<JsonValue>;

/** The gateway's port, filled in by each test. */
export class ScriptedGateway implements RequestGateway {
  readonly calls: { method: string; params: unknown; meta: RequestMeta }[] = [];
  readonly events = new EventEmitter();
  script: Handle = (method, params) => Promise.resolve({ method, params: params as JsonValue });

  handle(method: string, params: unknown, meta: RequestMeta): Promise<JsonValue> {
    this.calls.push({ method, params, meta });
    this.events.emit('call');
    return this.script(method, params, meta);
  }

  async called(times: number): Promise<void> {
    while (this.calls.length < times) await once(this.events, 'call');
  }
}

@Module({})
class TransportTestModule {
  static with(gateway: RequestGateway): DynamicModule {
    return {
      module: TransportTestModule,
      controllers: [RpcController],
      providers: [{ provide: REQUEST_GATEWAY, useValue: gateway }],
    };
  }
}

export interface Service {
  readonly transport: Transport;
  readonly gateway: ScriptedGateway;
  readonly app: INestMicroservice;
  readonly groupQueue: string;
  readonly serverQueue: string;
  readonly deadQueue: string;
  readonly eventsExchange: string;
  close(): Promise<void>;
}

/** Names of queues and exchanges that nobody else uses. */
export function uniqueNames(): { group: string; server: string; deadQueue: string; eventsExchange: string } {
  const run = randomBytes(6).toString('hex');
  return {
    group: `test-${run}`,
    server: `test-${run}`,
    deadQueue: `${DEAD_QUEUE}.test-${run}`,
    eventsExchange: `zenova.events.test-${run}`,
  };
}

/** A service with its transport, consuming. */
export async function startService(
  url: string,
  options: Partial<TransportOptions> = {},
  {
    isReady = true,
    names = uniqueNames(),
    log: serviceLog = log,
  }: { isReady?: boolean; names?: ReturnType<typeof uniqueNames>; log?: Log } = {},
): Promise<Service> {
  const gateway = new ScriptedGateway();
  const transport = createTransport(
    { urls: [url], drainTimeoutMs: 2_000, ...names, ...options },
    { log: serviceLog, clock: systemClock },
  );
  const app = await NestFactory.createMicroservice(TransportTestModule.with(gateway), {
    strategy: transport.strategy,
    logger: false,
  });
  await app.listen();
  if (isReady) await ready(transport);
  return {
    transport,
    gateway,
    app,
    groupQueue: groupQueue(names.group),
    serverQueue: serverQueue(names.server),
    deadQueue: names.deadQueue,
    eventsExchange: names.eventsExchange,
    close: () => app.close(),
  };
}

export async function ready(transport: Transport, timeoutMs = 20_000): Promise<void> {
  await transport.health.until((s) => s.isConnected && s.isConsuming, AbortSignal.timeout(timeoutMs));
}

/** Waits for a condition that nobody announces. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 15_000,
): Promise<T> {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > endsAt) throw new Error(`waited in vain for ${what}`);
    await systemClock.sleep(20);
  }
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
      const timer = setTimeout(() => reject(new Error(`no reply to ${correlationId}`)), 25_000);
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

  async count(queue: string): Promise<{ ready: number; consumers: number }> {
    const { messageCount, consumerCount } = await this.channel.checkQueue(queue);
    return { ready: messageCount, consumers: consumerCount };
  }

  /** Takes the next message of a queue, which must come. */
  async take(queue: string): Promise<{ body: Record<string, unknown>; text: string; message: ConsumeMessage }> {
    const message = await eventually(`a message in ${queue}`, async () => {
      const got = await this.channel.get(queue, { noAck: true });
      return got === false ? undefined : got;
    });
    const text = message.content.toString();
    return { body: JSON.parse(text) as Record<string, unknown>, text, message: message as unknown as ConsumeMessage };
  }

  async remove(service: Service): Promise<void> {
    for (const queue of [service.groupQueue, service.serverQueue, service.deadQueue]) {
      await this.channel.deleteQueue(queue);
    }
    await this.channel.deleteExchange(service.eventsExchange);
  }

  async close(): Promise<void> {
    await this.model.close().catch(() => undefined);
  }
}
