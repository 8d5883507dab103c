import { EventEmitter, once } from 'node:events';
import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { uuidv7 } from 'uuidv7';
import { Backoff } from '../common/backoff.js';
import type { Clock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { AmqpConnection } from '../transport/amqp/index.js';
import type { ChannelEpoch } from '../transport/amqp/channel-epoch.js';
import { keepChannel } from '../transport/amqp/keep-channel.js';
import { aborted } from '../common/aborted.js';
import {
  clientClosed,
  connectionLost,
  noAnswer,
  noService,
  notConnected,
  notTaken,
  type SentRequest,
} from './client-errors.js';

export interface OutgoingRequest extends SentRequest {
  readonly messageId: string;
  readonly content: Buffer;
  /** Whom the broker vouches for; undefined when it is not known. */
  readonly userId: string | undefined;
  /** How long sending and answering may take together. */
  readonly timeoutMs: number;
  /** Takes what comes before the reply; answers false for the reply itself. Absent: the first message is the reply. */
  readonly takePart?: (message: ConsumeMessage) => boolean;
}

export interface RpcChannelOptions {
  readonly connection: AmqpConnection;
  /** For errors. */
  readonly brokers: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Pending {
  readonly request: OutgoingRequest;
  readonly resolve: (message: ConsumeMessage) => void;
  readonly reject: (error: Error) => void;
}

interface Session {
  readonly channel: ConfirmChannel;
  readonly replyQueue: string;
}

/**
 * Requests out, replies in, on one channel with a reply queue of its own. A new channel gets a queue of a new name:
 * the broker may still be busy removing the exclusive one of a lost connection.
 */
export class RpcChannel extends EventEmitter<{ ready: []; failed: [Error] }> {
  readonly #options: RpcChannelOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RpcChannelOptions) {
    super();
    this.setMaxListeners(0);
    this.#options = options;
  }

  start(): void {
    const { connection, clock, log } = this.#options;
    this.#running ??= keepChannel({
      connection,
      open: (model) => model.createConfirmChannel(),
      use: (epoch, settled) => this.#use(epoch, settled),
      onFailure: (error) => {
        log.warn('cannot open the reply queue', { err: error });
        this.emit('failed', error);
      },
      clock,
      log,
      signal: this.#stop.signal,
    });
  }

  /** Resolves when requests can be sent; rejects with the signal's reason. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#session === undefined) await once(this, 'ready', { signal });
  }

  /**
   * Sends a request and waits for its reply. What the broker has taken is never sent again.
   *
   * @throws ComputeError BACKEND_UNREACHABLE, BACKEND_TIMEOUT
   */
  async request(request: OutgoingRequest): Promise<ConsumeMessage> {
    const { clock } = this.#options;
    const timer = new AbortController();
    try {
      return await new Promise((resolve, reject) => {
        const pending: Pending = { request, resolve, reject };
        void this.#begin(pending, timer.signal);
        clock.sleep(request.timeoutMs, timer.signal).then(
          () => reject(this.#tooLate(request)),
          () => undefined,
        );
      });
    } finally {
      timer.abort();
      this.#pending.delete(request.messageId);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const { request, reject } of this.#pending.values()) reject(clientClosed(request));
    await this.#running;
  }

  /** Sends until the broker takes it: a queue that is just coming back from a restart refuses messages. */
  async #begin(pending: Pending, signal: AbortSignal): Promise<void> {
    const { request } = pending;
    const isOver = AbortSignal.any([signal, this.#stop.signal]);
    const backoff = new Backoff(this.#options.clock, { initialMs: 50, maxMs: 2_000 });
    try {
      do {
        await this.ready(isOver);
        if (isOver.aborted || this.#session === undefined) continue;
        this.#pending.set(request.messageId, pending);
        if (await this.#send(request, this.#session)) return;
        this.#pending.delete(request.messageId);
        await backoff.pause(isOver);
      } while (!isOver.aborted);
      throw isOver.reason;
    } catch (error) {
      pending.reject(this.#stop.signal.aborted ? clientClosed(request) : notTaken(request, error));
    }
  }

  /**
   * Resolves when the broker has answered: true when it took the request, or when its channel is gone (see `#lost`).
   *
   * @throws when it cannot be encoded
   */
  #send(request: OutgoingRequest, { channel, replyQueue }: Session): Promise<boolean> {
    const { messageId, userId } = request;
    return new Promise((resolve) => {
      channel.sendToQueue(
        request.queue,
        request.content,
        {
          messageId,
          correlationId: messageId,
          replyTo: replyQueue,
          timestamp: Math.floor(this.#options.clock.now() / 1000),
          contentType: 'application/json',
          persistent: true,
          mandatory: true,
          ...(userId === undefined ? {} : { userId }),
        },
        (error: unknown) => resolve(error === null || this.#session?.channel !== channel),
      );
    });
  }

  async #use(epoch: ChannelEpoch<ConfirmChannel>, settled: () => void): Promise<void> {
    const { channel } = epoch;
    const replyQueue = `zenova.reply.${uuidv7()}`;
    await channel.assertQueue(replyQueue, { exclusive: true, autoDelete: true, durable: false });
    channel.on('return', (message: Message) => {
      const pending = this.#pending.get(String(message.properties.messageId));
      pending?.reject(noService(pending.request));
    });
    await channel.consume(
      replyQueue,
      (message) => {
        // null: the broker cancelled us; without the queue the channel is of no use.
        if (message === null) void epoch.close();
        else this.#take(message);
      },
      { noAck: true },
    );
    if (!epoch.isOpen) return;
    this.#session = { channel, replyQueue };
    settled();
    this.emit('ready');
    const reason = await Promise.race([epoch.closed, aborted(this.#stop.signal)]);
    this.#session = undefined;
    this.#lost(reason);
  }

  #take(message: ConsumeMessage): void {
    const pending = this.#pending.get(String(message.properties.correlationId));
    if (pending?.request.takePart?.(message) === true) return;
    pending?.resolve(message);
  }

  #lost(reason: Error | undefined): void {
    for (const { request, reject } of this.#pending.values()) reject(connectionLost(request, reason));
    this.#pending.clear();
  }

  #tooLate(request: OutgoingRequest): Error {
    if (this.#pending.has(request.messageId)) return noAnswer(request, request.timeoutMs);
    if (this.#session !== undefined) return notTaken(request, undefined);
    return notConnected(this.#options.brokers, request, request.timeoutMs);
  }
}
