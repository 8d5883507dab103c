import type { ConsumeMessage } from 'amqplib';
import { uuidv7 } from 'uuidv7';
import type { z } from 'zod';
import { amqpUserOf } from '../common/amqp-address.js';
import { isoTime, systemClock, type Clock } from '../common/clock.js';
import { silentLog, type Log } from '../common/log.js';
import type { Secret } from '../common/secret.js';
import {
  METHODS,
  OperationSchema,
  type MethodName,
  type MethodProgress,
  type MethodResult,
  type OperationView,
} from '../compute/contract/index.js';
import {
  AmqpConnection,
  EVENTS_EXCHANGE,
  describeUrl,
  groupQueue,
  serverQueue,
  type AmqpTlsOptions,
} from '../transport/amqp/index.js';
import { noBroker } from './client-errors.js';
import { EventSubscription, type ReceivedEvent } from './event-subscription.js';
import { readPart, readReply } from './reply.js';
import { RpcChannel } from './rpc-channel.js';
import { watchOperation, type OperationNews, type OperationReference, type WatchOptions } from './watch-operation.js';

export interface ZenovaClientOptions {
  /**
   * `amqp://user:password@host:port/vhost` or `amqps://…`; several are tried in turn. `amqps://user@host?auth_mechanism=external`
   * logs on by the certificate in `tls`.
   */
  readonly url: string | Secret | readonly (string | Secret)[];
  /** For `amqps:`; PEM contents, not paths. */
  readonly tls?: AmqpTlsOptions | undefined;
  /** Ask the services of this group, on `zenova.rpc.<group>`. Default: those without a group, on `zenova.rpc`. */
  readonly group?: string | undefined;
  /** Ask this one service, on `zenova.rpc.server.<server>`. */
  readonly server?: string | undefined;
  /** How long a call waits for its answer unless it says otherwise. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Default `zenova.events`. */
  readonly eventsExchange?: string | undefined;
  /** Shown in the broker's list of connections. Default `zenova client`. */
  readonly name?: string | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
}

export interface CallOptions<M extends MethodName = MethodName> {
  /** How long to wait for the answer, reconnection included. */
  readonly timeoutMs?: number | undefined;
  /** For methods that change something: told of the operation whenever a service has news of it. */
  readonly onOperation?: ((operation: OperationView) => void) | undefined;
  /** For methods that tell something before their result (`power.query_many`): told of it as it comes. It may miss some. */
  readonly onProgress?: ((progress: MethodProgress<M>) => void) | undefined;
}

/** What a caller writes for a method. */
export type MethodInput<M extends MethodName> = z.input<(typeof METHODS)[M]['params']>;

const DEFAULT_TIMEOUT_MS = 60_000;
const HEARTBEAT_SECONDS = 10;
/** A broker that is there needs a fraction of this to send events. */
const FOLLOWED_WITHIN_MS = 1_000;

/**
 * The typed client of the service: RPC over RabbitMQ in the Nest envelope.
 *
 * Requests are persistent, confirmed by the broker, and sent once. A request that changes something gets an
 * `idempotency_key` unless it brings one, so that after a lost connection its outcome can be asked for. A lost connection
 * is replaced; calls under way then fail with `outcome: unknown`, later ones wait for the new one.
 *
 * @example
 * const client = await ZenovaClient.connect({ url: 'amqp://127.0.0.1:5672' });
 * const { state } = await client.call('power.query', { host: 'cpc1', instance: 'web01' });
 * await client.close();
 */
export class ZenovaClient {
  readonly #options: ZenovaClientOptions;
  readonly #connection: AmqpConnection;
  readonly #rpc: RpcChannel;
  readonly #urls: readonly string[];
  readonly #brokers: string;
  readonly #queue: string;
  readonly #userId: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #subscriptions = new Set<EventSubscription>();

  private constructor(options: ZenovaClientOptions) {
    const { url, tls, clock = systemClock, log = silentLog } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#urls = [url].flat().map((item) => (typeof item === 'string' ? item : item.reveal()));
    this.#brokers = this.#urls.map(describeUrl).join(', ');
    this.#queue = options.server === undefined ? groupQueue(options.group) : serverQueue(options.server);
    this.#userId = commonUser(this.#urls);
    this.#connection = new AmqpConnection({
      name: options.name ?? 'zenova client',
      urls: this.#urls,
      tls,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      clock,
      log,
    });
    this.#rpc = new RpcChannel({ connection: this.#connection, brokers: this.#brokers, clock, log });
  }

  /**
   * Resolves when the broker is reached.
   *
   * @throws ComputeError BACKEND_UNREACHABLE or BACKEND_AUTH_FAILED when none of the addresses answers;
   *   CONFIG_INVALID when group or server cannot be part of a queue name
   */
  static async connect(options: ZenovaClientOptions): Promise<ZenovaClient> {
    const client = new ZenovaClient(options);
    try {
      await client.#open();
    } catch (error) {
      await client.close();
      throw noBroker(client.#brokers, error);
    }
    return client;
  }

  /**
   * Calls a method and waits for its result.
   *
   * @throws ComputeError the service's, or the client's own (see `clientFailureOf`): BACKEND_UNREACHABLE when there is no
   *   broker, no service or no connection any more; BACKEND_TIMEOUT; BACKEND_PROTOCOL
   */
  async call<M extends MethodName>(
    method: M,
    params: MethodInput<M>,
    options: CallOptions<M> = {},
  ): Promise<MethodResult<M>> {
    const messageId = uuidv7();
    const isChange = METHODS[method].kind === 'change';
    const { onProgress } = options;
    const data: Record<string, unknown> = isChange
      ? withChangeDefaults(params, messageId, this.#clock)
      : { ...params, ...(onProgress === undefined ? {} : { stream: true }) };
    const idempotencyKey = isChange ? String(data['idempotency_key']) : null;
    const { onOperation, timeoutMs = this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS } = options;
    const endsAt = this.#clock.now() + timeoutMs;
    const isOver = new AbortController();
    const following =
      idempotencyKey === null || onOperation === undefined
        ? undefined
        : this.#followByKey(method, idempotencyKey, onOperation, isOver.signal);
    try {
      // Or the first news would be missed. But it is the request that matters, so a broker that is away holds up nothing.
      if (following !== undefined)
        await Promise.race([following, this.#pause(Math.min(timeoutMs, FOLLOWED_WITHIN_MS), isOver.signal)]);
      const message = await this.#rpc.request({
        method,
        queue: this.#queue,
        idempotencyKey,
        messageId,
        content: Buffer.from(JSON.stringify({ pattern: method, data, id: messageId })),
        userId: this.#userId,
        timeoutMs: Math.max(1, endsAt - this.#clock.now()),
        ...(onProgress === undefined ? {} : { takePart: (part) => takePart(method, part, onProgress) }),
      });
      return readReply(method, message);
    } finally {
      isOver.abort();
      await (
        await following
      )?.();
    }
  }

  /**
   * Receives events until the function it answers is called.
   *
   * @param bindings topic patterns: `operation.compute.#`, `power.cpc1.*.*`
   * @param signal ends the wait for a broker that is away
   * @throws ComputeError RESOURCE_NOT_FOUND when no service has ever run on this broker; the signal's reason
   */
  async events(
    bindings: readonly string[],
    onEvent: (event: ReceivedEvent) => void,
    signal?: AbortSignal,
  ): Promise<() => Promise<void>> {
    const subscription = await EventSubscription.start(
      {
        connection: this.#connection,
        exchange: this.#options.eventsExchange ?? EVENTS_EXCHANGE,
        bindings,
        onEvent,
        clock: this.#clock,
        log: this.#log,
      },
      signal,
    );
    this.#subscriptions.add(subscription);
    return () => this.#end(subscription);
  }

  /**
   * Follows an operation until it is over; `onChange` is told of its state now and of every change.
   *
   * @returns the operation as it ended
   * @throws ComputeError RESOURCE_NOT_FOUND when there is no such operation; the signal's reason
   */
  async watch(
    reference: OperationReference,
    onChange: (operation: OperationView) => void,
    options: WatchOptions = {},
  ): Promise<OperationView> {
    const news: OperationNews = {
      get: (asked) => this.call('operation.get', asked),
      events: (bindings, onEvent) => this.events(bindings, onEvent, options.signal),
    };
    return watchOperation(news, reference, onChange, options);
  }

  /** Gives the connection up; calls under way fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => this.#end(subscription)));
    await this.#rpc.close();
    await this.#connection.close();
  }

  /** Resolves when requests can be sent; rejects with the last failure when every address failed once. */
  async #open(): Promise<void> {
    const stop = new AbortController();
    let failures = 0;
    const onFailed = (error: Error): void => {
      if (++failures >= this.#urls.length) stop.abort(error);
    };
    const onRefused = (error: Error): void => stop.abort(error);
    this.#connection.on('failed', onFailed);
    this.#rpc.on('failed', onRefused);
    this.#connection.start();
    this.#rpc.start();
    try {
      await this.#rpc.ready(stop.signal);
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      this.#connection.off('failed', onFailed);
      this.#rpc.off('failed', onRefused);
    }
  }

  /** Progress is news, not truth: who cannot have it goes on without. */
  async #followByKey(
    method: MethodName,
    key: string,
    onOperation: (operation: OperationView) => void,
    signal: AbortSignal,
  ): Promise<() => Promise<void>> {
    const take = ({ data }: ReceivedEvent): void => {
      const operation = OperationSchema.safeParse(data);
      if (operation.success && operation.data.idempotency_key === key) onOperation(operation.data);
    };
    try {
      return await this.events([`operation.${method}.*`], take, signal);
    } catch (error) {
      this.#log.debug('no progress will be shown', { err: error });
      return () => Promise.resolve();
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => undefined);
  }

  async #end(subscription: EventSubscription): Promise<void> {
    this.#subscriptions.delete(subscription);
    await subscription.close();
  }
}

/** Hands out what a message tells; false for the reply. */
function takePart<M extends MethodName>(
  method: M,
  message: ConsumeMessage,
  onProgress: (progress: MethodProgress<M>) => void,
): boolean {
  const part = readPart(method, message);
  if (part?.progress !== undefined) onProgress(part.progress);
  return part !== undefined;
}

/** AMQP's timestamps are whole seconds, too coarse for a deadline, so a request with one says when it was asked. */
function withChangeDefaults(params: Record<string, unknown>, key: string, clock: Clock): Record<string, unknown> {
  return {
    idempotency_key: key,
    ...(params['deadline_ms'] === undefined ? {} : { requested_at: isoTime(clock.now()) }),
    ...Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)),
  };
}

/** The user whom the broker will vouch for, when it is the same at every address. */
function commonUser(urls: readonly string[]): string | undefined {
  const users = new Set(urls.map((url) => (URL.canParse(url) ? amqpUserOf(url) : undefined)));
  const [user] = users;
  return users.size === 1 ? user : undefined;
}
