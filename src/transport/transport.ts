import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { EventPublisher, ReplySender } from '../compute/contract/index.js';
import {
  AmqpConnection,
  Publisher,
  QueueConsumer,
  declareQueue,
  declareTopicExchange,
  type Delivery,
} from './amqp/index.js';
import type { EnvelopeCodec } from './codec.port.js';
import { DeadLetters } from './dead-letters.js';
import { AmqpEventPublisher } from './event.publisher.js';
import { Intake } from './intake.js';
import { MissingQueues } from './missing-queues.js';
import { NestCodec } from './nest-rmq/index.js';
import { OsloCodec, osloQueues } from './oslo/index.js';
import { ReplyOutbox } from './reply.sender.js';
import { TransportCounts } from './transport-counts.js';
import { TransportHealth } from './transport-health.js';
import { transportSettings, type TransportOptions } from './transport-options.js';
import { ZenovaServer, type ServerLine } from './zenova-server.js';

/** Back-pressure (DESIGN 5.7): stops and resumes the intake of requests. Both resolve when it is so. */
export interface IntakeGate {
  pause(): Promise<void>;
  resume(): void;
}

export interface Transport {
  /** For `connectMicroservice({ strategy })`, with `RpcController` among the controllers. Its `close` drains. */
  readonly strategy: ZenovaServer;
  readonly events: EventPublisher;
  readonly replies: ReplySender;
  readonly health: TransportHealth;
  readonly intake: IntakeGate;
  readonly counts: TransportCounts;
  /** Events that were lost since the start. */
  droppedEvents(): number;
}

/** How long the last confirms are awaited when a shutdown has no time left. */
const MIN_FLUSH_MS = 1_000;

/**
 * Wires the transport together. Nothing happens before the strategy listens.
 *
 * @throws ComputeError CONFIG_INVALID
 */
export function createTransport(options: TransportOptions, { log, clock }: { log: Log; clock: Clock }): Transport {
  const settings = transportSettings(options);
  const { server, queues, prefetch, replyTimeoutMs: timeoutMs, deadQueue, eventsExchange } = settings;
  const stop = new AbortController();
  const counts = new TransportCounts();

  const connection = (purpose: string): AmqpConnection =>
    new AmqpConnection({ name: `zenova ${server} ${purpose}`, ...settings.connection, clock, log });
  // Flow control of a publishing connection must not hold up acknowledgements, and a forged direct reply address costs
  // the connection that it is used on (see Publisher).
  const consuming = connection('consuming');
  const publishing = connection('publishing');
  const direct = connection('direct replies');
  const connections = [consuming, publishing, direct];

  const base = { timeoutMs, clock, log };
  const namedReplies = new Publisher({ name: 'replies', connection: publishing, ...base });
  const directReplies = new Publisher({ name: 'direct replies', connection: direct, ...base });
  const letters = new Publisher({
    name: 'dead letters',
    connection: publishing,
    prepare: (channel) => declareQueue(channel, deadQueue),
    ...base,
  });
  const news = new Publisher({
    name: 'events',
    connection: publishing,
    prepare: (channel) => declareTopicExchange(channel, eventsExchange),
    ...base,
  });
  const publishers = [namedReplies, directReplies, letters, news];

  const nest = new NestCodec(clock);
  // Also without oslo callers: an outcome of before a change of the configuration is still owed to one.
  const oslo = new OsloCodec({ clock, rpcPingEnabled: settings.oslo?.rpcPingEnabled ?? false });
  const missing = new MissingQueues({ clock, log, signal: stop.signal });
  const replies = new ReplyOutbox({
    codecs: [nest, oslo],
    named: namedReplies,
    direct: directReplies,
    missing,
    counts,
    clock,
    log,
  });
  const deadLetters = new DeadLetters({
    publisher: letters,
    queue: deadQueue,
    server,
    counts,
    clock,
    log,
    signal: stop.signal,
  });
  const intake = new Intake({ replies, deadLetters, counts, log });
  const taking =
    (codec: EnvelopeCodec) =>
    (delivery: Delivery): void =>
      intake.take(delivery, codec);
  const common = { connection: consuming, prefetch, clock, log };
  const consumers = [
    ...queues.map((queue) => new QueueConsumer({ ...common, queue, onDelivery: taking(nest) })),
    ...(settings.oslo === null ? [] : osloQueues(settings.oslo)).map(
      (queue) => new QueueConsumer({ ...common, ...queue, onDelivery: taking(oslo) }),
    ),
  ];
  const health = new TransportHealth({ connections, consumers, publishers }, clock);

  const line: ServerLine = {
    open(handlerOf) {
      intake.connect(handlerOf);
      for (const part of [...publishers, ...consumers, ...connections]) part.start();
    },
    async close() {
      const endsAt = clock.now() + settings.drainTimeoutMs;
      const leftMs = (): number => Math.max(endsAt - clock.now(), MIN_FLUSH_MS);
      const drained = intake.drain(settings.drainTimeoutMs);
      await Promise.all(consumers.map((consumer) => consumer.pause()));
      await drained;
      stop.abort();
      await Promise.all(publishers.map((publisher) => publisher.flush(leftMs())));
      // Channels before connections: amqplib lets a connection's close overtake what its channels have still to send.
      await Promise.all([...consumers, ...publishers].map((part) => part.close()));
      await Promise.all(connections.map((part) => part.close()));
      log.info('the transport is closed');
    },
  };

  const events = new AmqpEventPublisher({ publisher: news, exchange: eventsExchange, server, log });
  return {
    strategy: new ZenovaServer(line),
    events,
    counts,
    droppedEvents: () => events.droppedCount,
    replies,
    health,
    intake: {
      async pause() {
        health.setPaused(true);
        await Promise.all(consumers.map((consumer) => consumer.pause()));
      },
      resume() {
        for (const consumer of consumers) consumer.resume();
        health.setPaused(false);
      },
    },
  };
}
