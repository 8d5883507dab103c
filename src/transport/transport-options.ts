import { amqpAddressMistake } from '../common/amqp-address.js';
import { ComputeError } from '../common/errors/index.js';
import {
  DEAD_QUEUE,
  EVENTS_EXCHANGE,
  groupQueue,
  serverQueue,
  type AmqpConnectionOptions,
  type AmqpTlsOptions,
} from './amqp/index.js';
import { osloSettings, type OsloOptions, type OsloSettings } from './oslo/index.js';

/** What the transport is told by the configuration. */
export interface TransportOptions {
  /** Brokers, `amqp://` or `amqps://` with user and password percent-encoded; tried in turn. */
  readonly urls: readonly string[];
  /** For `amqps:`; PEM contents, not paths. Default: Node's own trust store, no client certificate. */
  readonly tls?: AmqpTlsOptions | undefined;
  /** This service's name; its own queue is `zenova.rpc.server.<server>`. */
  readonly server: string;
  /** Services of one group share `zenova.rpc.<group>`. Default: none, the queue is `zenova.rpc`. */
  readonly group?: string | undefined;
  /** The most requests of one queue that are in hand and not accepted. Default 256, at most 65,535. */
  readonly prefetch?: number | undefined;
  /** Default 10. */
  readonly heartbeatSeconds?: number | undefined;
  /** How long a shutdown waits for running requests. Default 30,000. */
  readonly drainTimeoutMs?: number | undefined;
  /** How long a reply waits for its confirmation, reconnection included. Default 60,000. */
  readonly replyTimeoutMs?: number | undefined;
  /** Default `zenova.rpc.dead`. */
  readonly deadQueue?: string | undefined;
  /** Default `zenova.events`. */
  readonly eventsExchange?: string | undefined;
  /** Serve oslo.messaging callers too. Default: not at all. */
  readonly oslo?: OsloOptions | undefined;
}

/** {@link TransportOptions} with every default filled in and every name checked. */
export interface TransportSettings {
  readonly connection: Pick<AmqpConnectionOptions, 'urls' | 'tls' | 'heartbeatSeconds'>;
  readonly server: string;
  /** Queues consumed: the group's, then our own. */
  readonly queues: readonly string[];
  readonly prefetch: number;
  readonly drainTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly deadQueue: string;
  readonly eventsExchange: string;
  readonly oslo: OsloSettings | null;
}

/** @throws ComputeError CONFIG_INVALID */
export function transportSettings(options: TransportOptions): TransportSettings {
  if (options.urls.length === 0) throw invalid('urls must name at least one broker');
  for (const url of options.urls) {
    const mistake = amqpAddressMistake(url);
    if (mistake !== undefined) throw invalid(`one of the urls ${mistake}`);
  }
  const deadQueue = named('deadQueue', options.deadQueue ?? DEAD_QUEUE);
  const eventsExchange = named('eventsExchange', options.eventsExchange ?? EVENTS_EXCHANGE);
  return {
    connection: {
      urls: options.urls,
      tls: options.tls,
      heartbeatSeconds: inRange('heartbeatSeconds', options.heartbeatSeconds ?? 10, 1, 600),
    },
    server: options.server,
    queues: [groupQueue(options.group), serverQueue(options.server)],
    prefetch: inRange('prefetch', options.prefetch ?? 256, 1, 65_535),
    drainTimeoutMs: inRange('drainTimeoutMs', options.drainTimeoutMs ?? 30_000, 0, 3_600_000),
    replyTimeoutMs: inRange('replyTimeoutMs', options.replyTimeoutMs ?? 60_000, 1, 3_600_000),
    deadQueue,
    eventsExchange,
    oslo: options.oslo === undefined ? null : osloSettings(options.oslo, options.server, [deadQueue, eventsExchange]),
  };
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalid(`${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function named(name: string, value: string): string {
  // RabbitMQ keeps amq.* for itself.
  if (!/^(?!amq\.)[A-Za-z0-9._-]{1,200}$/.test(value)) {
    throw invalid(`${name} must be 1 to 200 letters, digits, ".", "_" or "-", and not begin with "amq."`);
  }
  return value;
}

function invalid(message: string): ComputeError {
  return new ComputeError('CONFIG_INVALID', `transport: ${message}`);
}
