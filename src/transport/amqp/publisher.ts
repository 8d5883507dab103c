import { EventEmitter, once } from 'node:events';
import type { ConfirmChannel, Message, Options } from 'amqplib';
import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type { AmqpConnection } from './amqp-connection.js';
import type { ChannelEpoch } from './channel-epoch.js';
import { ANSWER_TIMEOUT_MS, keepChannel } from './keep-channel.js';
import { replyCodeOf } from './reply-code.js';
import { within } from './within.js';

export interface OutgoingMessage {
  /** `''` for the default exchange, where the routing key is a queue's name. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  /** Unique among what is under way; also the AMQP message id, by which the broker's return is known. */
  readonly messageId: string;
  /** Learn whether the message reached a queue. */
  readonly mandatory: boolean;
  readonly properties: Omit<Options.Publish, 'mandatory' | 'messageId'>;
}

/** `unroutable`: the broker took it and had no queue for it, or gives up the connection whenever it is sent. */
export type PublishOutcome = 'confirmed' | 'unroutable';

export interface PublisherOptions {
  readonly name: string;
  readonly connection: AmqpConnection;
  /** How long a message may wait for its confirmation, reconnection included. */
  readonly timeoutMs: number;
  /** Declares what the messages need; runs on every new channel. */
  readonly prepare?: (channel: ConfirmChannel) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Pending {
  readonly message: OutgoingMessage;
  readonly expiresAt: number;
  readonly resolve: (outcome: PublishOutcome) => void;
  readonly reject: (error: ComputeError) => void;
  isSent: boolean;
  isReturned: boolean;
  /** How often the broker gave up the channel with this message alone under way. */
  strikes: number;
}

interface PublisherEvents {
  open: [];
  failed: [Error];
  settled: [];
}

const SWEEP_EVERY_MS = 1_000;
/** Once may have another reason: an exchange that was deleted, and is declared again on the next channel. */
const MAX_STRIKES = 2;
/** Below are the codes of a broker that is being stopped. */
const FIRST_ERROR_CODE = 400;

/**
 * Publishes with confirms. A message stays here until the broker has confirmed it: it is sent again after the loss of
 * the channel or connection and after a nack, until its time is over.
 *
 * Some routing keys make the broker itself give up the connection (a forged `amq.rabbitmq.reply-to.…`: RabbitMQ 3.10
 * answers 541). So what was under way then is sent again one by one, and the one that does it again is dropped.
 */
export class Publisher extends EventEmitter<PublisherEvents> {
  readonly #pending = new Map<string, Pending>();
  readonly #stop = new AbortController();
  #suspects: Pending[] = [];
  #epoch: ChannelEpoch<ConfirmChannel> | undefined;
  #running: Promise<unknown> | undefined;

  constructor(private readonly options: PublisherOptions) {
    super();
    this.setMaxListeners(0);
  }

  get isOpen(): boolean {
    return this.#epoch !== undefined;
  }

  /** Messages not confirmed yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  start(): void {
    const { connection, clock, log, name } = this.options;
    this.#running ??= Promise.all([
      keepChannel({
        connection,
        open: (model) => model.createConfirmChannel(),
        use: (epoch, settled) => this.#use(epoch, settled),
        onFailure: (error) => {
          log.warn('cannot publish', { publisher: name, err: error });
          this.emit('failed', error);
        },
        clock,
        log,
        signal: this.#stop.signal,
      }),
      this.#sweep(),
    ]);
  }

  /**
   * Resolves when the broker has the message, or has no queue for it.
   *
   * @throws ComputeError BACKEND_UNREACHABLE when that did not happen in time (the message may still arrive)
   */
  publish(message: OutgoingMessage): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#stop.signal.aborted) {
        reject(this.#notConfirmed(message, 'this service is closing'));
        return;
      }
      const pending: Pending = {
        message,
        expiresAt: this.options.clock.now() + this.options.timeoutMs,
        resolve,
        reject,
        isSent: false,
        isReturned: false,
        strikes: 0,
      };
      this.#pending.set(message.messageId, pending);
      if (this.#suspects.length === 0) this.#send(pending);
    });
  }

  /** Takes a new channel, so that what the messages need is declared anew. */
  async renew(): Promise<void> {
    await this.#epoch?.close();
  }

  /** Resolves when everything is confirmed, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (this.#pending.size > 0 && !signal.aborted) {
      await once(this, 'settled', { signal }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const pending of this.#pending.values()) {
      pending.reject(this.#notConfirmed(pending.message, 'this service is closing'));
    }
    this.#pending.clear();
    await this.#running;
  }

  async #use(epoch: ChannelEpoch<ConfirmChannel>, settled: () => void): Promise<void> {
    const { channel } = epoch;
    await within(ANSWER_TIMEOUT_MS, `make ${this.options.name} ready`, async () => this.options.prepare?.(channel));
    channel.on('return', (message: Message) => {
      const pending = this.#pending.get(String(message.properties.messageId));
      if (pending !== undefined) pending.isReturned = true;
    });
    this.#epoch = epoch;
    settled();
    this.emit('open');
    this.#sendWaiting();
    const error = await epoch.closed;
    this.#epoch = undefined;
    const code = replyCodeOf(error) ?? this.options.connection.closeCode;
    this.#takeBack(code !== undefined && code >= FIRST_ERROR_CODE);
    if (error !== undefined) throw error;
  }

  /** What was under way when the channel went is sent again; it is suspected when the broker gave the channel up. */
  #takeBack(isBrokersDoing: boolean): void {
    const lost = [...this.#pending.values()].filter(({ isSent }) => isSent);
    for (const pending of lost) {
      pending.isSent = false;
      pending.isReturned = false;
    }
    const [first] = lost;
    if (!isBrokersDoing || first === undefined) return;
    if (lost.length > 1) {
      this.#suspects = lost;
      return;
    }
    if (!this.#suspects.includes(first)) this.#suspects = [first];
    if (++first.strikes < MAX_STRIKES) return;
    this.options.log.warn('dropped a message that the broker chokes on', {
      publisher: this.options.name,
      exchange: first.message.exchange,
      routing_key: first.message.routingKey,
    });
    this.#settle(first, 'unroutable');
  }

  /** Suspects one by one, each confirmed before the next; when there are none, everything that waits. */
  #sendWaiting(): void {
    const [suspect] = this.#suspects;
    if (suspect !== undefined) {
      if (!suspect.isSent) this.#send(suspect);
      return;
    }
    for (const pending of this.#pending.values()) if (!pending.isSent) this.#send(pending);
  }

  #send(pending: Pending): void {
    const epoch = this.#epoch;
    if (epoch?.isOpen !== true) return;
    const { exchange, routingKey, content, messageId, mandatory, properties } = pending.message;
    pending.isSent = true;
    try {
      epoch.channel.publish(
        exchange,
        routingKey,
        content,
        { ...properties, messageId, mandatory },
        (error: unknown) => {
          if (error === null) this.#settle(pending, pending.isReturned ? 'unroutable' : 'confirmed');
          else queueMicrotask(() => this.#notTaken(pending, epoch));
        },
      );
    } catch (error) {
      if (epoch.isOpen) {
        // It cannot be encoded: a routing key over 255 bytes, for one.
        this.options.log.warn('dropped a message that cannot be sent', { publisher: this.options.name, err: error });
        this.#settle(pending, 'unroutable');
      }
    }
  }

  /** A nack is tried again by the sweep. amqplib tells the loss of the channel in the same way, which is seen to elsewhere. */
  #notTaken(pending: Pending, epoch: ChannelEpoch<ConfirmChannel>): void {
    if (epoch.isOpen) pending.isSent = false;
  }

  #settle(pending: Pending, outcome: PublishOutcome): void {
    if (!this.#pending.delete(pending.message.messageId)) return;
    pending.resolve(outcome);
    this.#forget(pending);
  }

  #forget(pending: Pending): void {
    if (this.#suspects.length > 0) {
      this.#suspects = this.#suspects.filter((suspect) => suspect !== pending);
      this.#sendWaiting();
    }
    this.emit('settled');
  }

  async #sweep(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(SWEEP_EVERY_MS, signal).catch(() => undefined);
      const now = clock.now();
      for (const pending of this.#pending.values()) {
        if (pending.expiresAt > now) break; // in order of publishing, hence of expiry
        this.#pending.delete(pending.message.messageId);
        pending.reject(this.#notConfirmed(pending.message, `within ${this.options.timeoutMs} ms`));
        this.#forget(pending);
      }
      this.#sendWaiting();
    }
  }

  #notConfirmed({ exchange, routingKey }: OutgoingMessage, why: string): ComputeError {
    const to = exchange === '' ? `queue "${routingKey}"` : `exchange "${exchange}"`;
    return new ComputeError('BACKEND_UNREACHABLE', `the broker did not confirm a message to ${to}: ${why}`, {
      outcome: 'unknown',
    });
  }
}
