import type { Message } from 'amqplib';
import { systemClock, type Clock } from '../common/clock.js';
import { ComputeError, toComputeError } from '../common/errors/index.js';
import { silentLog } from '../common/log.js';
import { AmqpConnection, DEAD_QUEUE, describeUrl, type AmqpTlsOptions } from '../transport/amqp/index.js';
import { ChannelEpoch } from '../transport/amqp/channel-epoch.js';
import { replyCodeOf } from '../transport/amqp/reply-code.js';
import { within } from '../transport/amqp/within.js';
import { noBroker } from './client-errors.js';
import { readDeadLetter, type DeadLetter } from './dead-letter.js';

export interface DeadLetterQueueOptions {
  readonly url: string;
  /** For `amqps:`; PEM contents, not paths. */
  readonly tls?: AmqpTlsOptions | undefined;
  /** Default `zenova.rpc.dead`. */
  readonly queue?: string | undefined;
  /** How long opening, and each reading, may take. */
  readonly timeoutMs: number;
  /** Shown in the broker's list of connections. */
  readonly name?: string | undefined;
}

/** A letter in our hands, until it is dropped or the queue is closed. */
export type HeldLetter = DeadLetter & { readonly deliveryTag: number };

export interface Reading {
  readonly count: number;
  /** False when the queue holds more than can be held at once. */
  readonly isWhole: boolean;
}

/** The most messages that a consumer can hold. */
const MAX_HELD = 65_535;
const HEARTBEAT_SECONDS = 10;
const POLL_MS = 20;
/** The broker announced more letters than came, and for so long none has come. */
const QUIET_MS = 2_000;
/** How long the broker may take to put letters back. */
const RETURN_TIMEOUT_MS = 5_000;
const QUEUE_LOCKED = 405;
const NOT_FOUND = 404;
const ACCESS_REFUSED = 403;

/**
 * The dead-letter queue, for people who look after it. A queue can only be read by taking its messages, so they are taken
 * without acknowledgement and held: what is not dropped goes back, in order, when the queue is closed or the connection
 * breaks. One reader at a time, since to another the queue would seem empty: the lock is an exclusive queue, which ends
 * with the connection.
 *
 * Letters go back by the end of the channel that holds them: given back by `basic.nack` they would come to the consumer
 * again at once, and out of order (tried on 3.10).
 */
export class DeadLetterQueue {
  readonly queue: string;
  readonly #options: DeadLetterQueueOptions;
  readonly #connection: AmqpConnection;
  readonly #clock: Clock = systemClock;
  #brokerVersion = '';
  #reader: ChannelEpoch | undefined;
  #heldCount = 0;

  private constructor(options: DeadLetterQueueOptions) {
    const { url, tls, queue = DEAD_QUEUE, name = 'zenova dead letters' } = options;
    this.#options = options;
    this.queue = queue;
    this.#connection = new AmqpConnection({
      name,
      urls: [url],
      tls,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      clock: this.#clock,
      log: silentLog,
    });
  }

  /**
   * Connects, and keeps other readers out.
   *
   * @throws ComputeError REQUEST_INVALID for a queue of requests; BACKEND_UNREACHABLE, BACKEND_AUTH_FAILED,
   *   BACKEND_FORBIDDEN; BACKEND_BUSY while another one reads
   */
  static async open(options: DeadLetterQueueOptions): Promise<DeadLetterQueue> {
    const letters = new DeadLetterQueue(options);
    refuseRequests(letters.queue);
    try {
      await letters.#connect();
      await letters.#lock();
      return letters;
    } catch (error) {
      await letters.close();
      throw error;
    }
  }

  /** The broker's version, for hints. */
  get brokerVersion(): string {
    return this.#brokerVersion;
  }

  /**
   * Takes every letter that is there now, oldest first. Once.
   *
   * @throws ComputeError REQUEST_INVALID for a queue that a service takes requests from; BACKEND_UNREACHABLE when no
   *   service has ever had this queue, or the connection breaks; BACKEND_FORBIDDEN; BACKEND_TIMEOUT
   */
  async read(take: (letter: HeldLetter) => void): Promise<Reading> {
    const endsAt = this.#clock.now() + this.#options.timeoutMs;
    const reader = await this.#openChannel();
    this.#reader = reader;
    const { channel } = reader;
    try {
      const announced = await this.#unconsumed(reader);
      await channel.prefetch(MAX_HELD);
      const { consumerTag } = await channel.consume(this.queue, (message) => {
        if (message === null) return;
        this.#heldCount += 1;
        take({ ...readDeadLetter(message), deliveryTag: message.fields.deliveryTag });
      });
      const isWhole = await this.#untilTaken(reader, announced, endsAt);
      await channel.cancel(consumerTag);
      return { count: this.#heldCount, isWhole };
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Removes a letter from the queue for good. */
  drop({ deliveryTag }: HeldLetter): void {
    if (this.#reader?.isOpen !== true) throw this.#lost(undefined);
    // Of the message nothing else matters, and whoever drops many need not keep their contents.
    this.#reader.channel.ack({ fields: { deliveryTag } } as Message);
    this.#heldCount -= 1;
  }

  /** Puts back what was not dropped. Resolves when it is there again. */
  async close(): Promise<void> {
    const kept = this.#heldCount;
    this.#heldCount = 0;
    await this.#reader?.close();
    if (kept > 0 && this.#connection.isOpen) await this.#untilBack(kept).catch(() => undefined);
    await this.#connection.close();
  }

  async #connect(): Promise<void> {
    const failed = new AbortController();
    this.#connection.once('failed', (error) => failed.abort(error));
    this.#connection.start();
    try {
      const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
      const { serverProperties } = (await this.#connection.opened(signal)).connection;
      this.#brokerVersion = serverProperties.version;
    } catch (error) {
      throw noBroker(describeUrl(this.#options.url), failed.signal.aborted ? failed.signal.reason : error);
    }
  }

  async #lock(): Promise<void> {
    const endsAt = this.#clock.now() + this.#options.timeoutMs;
    for (;;) {
      const { channel } = await this.#openChannel();
      try {
        await channel.assertQueue(`zenova.reply.reader-of.${this.queue}`, { exclusive: true, durable: false });
        return;
      } catch (error) {
        if (replyCodeOf(error) !== QUEUE_LOCKED) throw this.#failure(error);
        if (this.#clock.now() > endsAt) {
          throw new ComputeError('BACKEND_BUSY', `another one reads ${this.queue} now; try again when it is done`, {
            outcome: 'not-started',
          });
        }
        await this.#clock.sleep(10 * POLL_MS);
      }
    }
  }

  async #openChannel(): Promise<ChannelEpoch> {
    const { timeoutMs } = this.#options;
    try {
      const model = await this.#connection.opened(AbortSignal.timeout(timeoutMs));
      return new ChannelEpoch(await within(timeoutMs, 'open a channel', () => model.createChannel()), silentLog);
    } catch (error) {
      throw this.#lost(error);
    }
  }

  /** How many letters are there, in a queue that nobody else takes from. */
  async #unconsumed({ channel }: ChannelEpoch): Promise<number> {
    const endsAt = this.#clock.now() + QUIET_MS;
    for (;;) {
      const { messageCount, consumerCount } = await channel.checkQueue(this.queue);
      if (consumerCount === 0) return messageCount;
      // A reader that was killed may still be counted.
      if (this.#clock.now() > endsAt) throw holdsRequests(this.queue);
      await this.#clock.sleep(10 * POLL_MS);
    }
  }

  /** Resolves when the queue has nothing more for us: true, or when we can hold no more: false. */
  async #untilTaken(reader: ChannelEpoch, announced: number, endsAt: number): Promise<boolean> {
    let seen = 0;
    let seenAt = this.#clock.now();
    for (;;) {
      const { messageCount: left, consumerCount } = await reader.channel.checkQueue(this.queue);
      const now = this.#clock.now();
      // RabbitMQ tells a quorum queue whose leader is slow to answer as empty and without consumers, and we are one.
      const isEmpty = left === 0 && consumerCount > 0;
      if (this.#heldCount >= MAX_HELD) return isEmpty;
      if (this.#heldCount > seen) [seen, seenAt] = [this.#heldCount, now];
      // What the broker has assigned to us may still be on its way.
      if (isEmpty && (this.#heldCount >= announced || now - seenAt > QUIET_MS)) return true;
      if (now > endsAt) {
        const text = `${this.queue} could not be read to its end within ${this.#options.timeoutMs} ms; give --timeout more`;
        throw new ComputeError('BACKEND_TIMEOUT', text, { outcome: 'not-applied', retry: 'safe' });
      }
      await this.#clock.sleep(POLL_MS);
    }
  }

  async #untilBack(count: number): Promise<void> {
    const { channel } = await this.#openChannel();
    const endsAt = this.#clock.now() + RETURN_TIMEOUT_MS;
    while ((await channel.checkQueue(this.queue)).messageCount < count && this.#clock.now() < endsAt) {
      await this.#clock.sleep(POLL_MS);
    }
  }

  #failure(error: unknown): ComputeError {
    if (error instanceof ComputeError) return error;
    switch (replyCodeOf(error)) {
      case NOT_FOUND:
        return new ComputeError(
          'BACKEND_UNREACHABLE',
          `there is no queue ${this.queue} on this broker: no service has ever kept dead letters there; give --queue if amqp.dead_queue has another name`,
          { details: { reason: 'no_service', queue: this.queue } },
        );
      case ACCESS_REFUSED:
        return new ComputeError(
          'BACKEND_FORBIDDEN',
          `the broker does not let this user read ${this.queue}: it needs the right to read that queue, and to configure and read zenova.reply.*`,
          { cause: error },
        );
      default:
        return this.#lost(error);
    }
  }

  #lost(cause: unknown): ComputeError {
    const error = toComputeError(cause);
    if (error.code === 'BACKEND_TIMEOUT') return error;
    return new ComputeError(
      'BACKEND_UNREACHABLE',
      `lost the broker while ${this.queue} was read; what was not dropped is back in it`,
      { details: { reason: 'connection_lost' }, cause },
    );
  }
}

/** Requests that wait for a service must not be taken from it, nor dropped. */
function refuseRequests(queue: string): void {
  const isOfRequests = /^zenova(\.rpc(\.|$)|$)/.test(queue) && !/^zenova\.rpc\.dead(\.|$)/.test(queue);
  if (isOfRequests) throw holdsRequests(queue);
}

function holdsRequests(queue: string): ComputeError {
  const text = `${queue} holds requests that wait for a service, not dead letters; it was left as it is`;
  return new ComputeError('REQUEST_INVALID', text, { outcome: 'not-started' });
}
