import { EventEmitter, once } from 'node:events';
import type { Channel } from 'amqplib';
import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type { AmqpConnection } from './amqp-connection.js';
import { Delivery, type ChannelEpoch } from './channel-epoch.js';
import { ANSWER_TIMEOUT_MS, keepChannel } from './keep-channel.js';
import { declareQueue } from './topology.js';
import { within } from './within.js';

export interface QueueConsumerOptions {
  readonly connection: AmqpConnection;
  readonly queue: string;
  /** Declares the queue, and what lies before it, on each new channel. Default: as a queue of ours. */
  readonly declare?: (channel: Channel) => Promise<void>;
  /** The queue goes with this consumer. Default false. */
  readonly isTransient?: boolean;
  /** The most messages delivered and not acknowledged. */
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface ConsumerEvents {
  /** Attached or not, or another error. */
  change: [];
  wake: [];
}

/**
 * Consumes one queue for ever: declares it and attaches to it again after the loss of the connection or the channel,
 * after the broker cancelled it, and after the queue was deleted.
 */
export class QueueConsumer extends EventEmitter<ConsumerEvents> {
  readonly #stop = new AbortController();
  #isWanted = true;
  #tag: string | undefined;
  #error: Error | undefined;
  #epoch: ChannelEpoch | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: QueueConsumerOptions) {
    super();
  }

  get queue(): string {
    return this.options.queue;
  }

  /** Does the broker send us this queue's messages now? */
  get isAttached(): boolean {
    return this.#tag !== undefined;
  }

  /** Why it is not attached, as far as known. */
  get error(): Error | undefined {
    return this.#error;
  }

  start(): void {
    const { connection, clock, log } = this.options;
    this.#running ??= keepChannel({
      connection,
      open: (model) => model.createChannel(),
      use: (epoch, settled) => this.#use(epoch, settled),
      onFailure: (error) => {
        // What only a person can mend is an alarm; a broker that is away is not.
        const isMistake = error instanceof ComputeError && error.code === 'CONFIG_INVALID';
        log[isMistake ? 'error' : 'warn']('cannot consume a queue', { queue: this.queue, err: error });
        this.#set(undefined, error);
      },
      clock,
      log,
      signal: this.#stop.signal,
    });
  }

  /** Stops consuming; resolves when the broker has confirmed it. What was delivered stays with us and can be settled. */
  async pause(): Promise<void> {
    this.#isWanted = false;
    this.emit('wake');
    while (this.#tag !== undefined) await once(this, 'change');
  }

  resume(): void {
    this.#isWanted = true;
    this.emit('wake');
  }

  /** Closes the channel; what was delivered and is not settled goes back to the queue, unless that goes too. */
  async close(): Promise<void> {
    if (this.options.isTransient === true) await this.#remove();
    this.#stop.abort();
    this.emit('wake');
    await this.#running;
  }

  async #use(epoch: ChannelEpoch, settled: () => void): Promise<void> {
    const { channel } = epoch;
    this.#epoch = epoch;
    void this.#awaitEnd(epoch);
    await channel.prefetch(this.options.prefetch);
    while (epoch.isOpen && !this.#stop.signal.aborted) {
      if (this.#isWanted && this.#tag === undefined) {
        await within(ANSWER_TIMEOUT_MS, `let us consume "${this.queue}"`, () => this.#attach(epoch));
        settled();
      } else if (!this.#isWanted && this.#tag !== undefined) {
        const tag = this.#tag;
        await within(ANSWER_TIMEOUT_MS, `end our consumption of "${this.queue}"`, () => channel.cancel(tag));
        this.#set(undefined, undefined);
      } else {
        await once(this, 'wake');
      }
    }
    const failure = epoch.isOpen ? undefined : await epoch.closed;
    if (failure !== undefined) throw failure;
  }

  async #awaitEnd(epoch: ChannelEpoch): Promise<void> {
    await epoch.closed;
    this.#set(undefined, this.#error);
    this.emit('wake');
  }

  async #attach(epoch: ChannelEpoch): Promise<void> {
    const { log, onDelivery, declare } = this.options;
    await (declare === undefined ? declareQueue(epoch.channel, this.queue) : declare(epoch.channel));
    let isCancelled = false;
    const { consumerTag } = await epoch.channel.consume(this.queue, (message) => {
      if (message !== null) {
        onDelivery(new Delivery(message, epoch, log));
        return;
      }
      // basic.cancel: the queue was deleted, or its leader moved.
      isCancelled = true;
      log.warn('the broker cancelled our consumer', { queue: this.queue });
      this.#set(undefined, new Error('the broker cancelled our consumer'));
      this.emit('wake');
    });
    if (!epoch.isOpen || isCancelled) return;
    log.info('consuming', { queue: this.queue, epoch: epoch.number });
    this.#set(consumerTag, undefined);
  }

  async #remove(): Promise<void> {
    const channel = this.#epoch?.isOpen === true ? this.#epoch.channel : undefined;
    if (channel === undefined) return;
    try {
      await within(ANSWER_TIMEOUT_MS, `delete "${this.queue}"`, () => channel.deleteQueue(this.queue));
    } catch {
      // It expires by itself.
    }
  }

  #set(tag: string | undefined, error: Error | undefined): void {
    this.#tag = tag;
    this.#error = error;
    this.emit('change');
  }
}
