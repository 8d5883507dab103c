import type { Channel, ConsumeMessage } from 'amqplib';
import type { Log, LogFields } from '../../common/log.js';
import { Acknowledgements } from './acknowledgements.js';
import { within } from './within.js';

const CLOSE_TIMEOUT_MS = 5_000;

let lastNumber = 0;

/**
 * The lifetime of one channel. Delivery tags mean something inside it only: a tag of an earlier channel acknowledges
 * another message on the next one, or closes it.
 */
export class ChannelEpoch<C extends Channel = Channel> {
  readonly number = ++lastNumber;
  /** Resolves when the channel is gone, with the error that the broker gave for it, if any. */
  readonly closed: Promise<Error | undefined>;
  readonly acknowledgements: Acknowledgements;
  #isOpen = true;
  #gone: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(
    readonly channel: C,
    log: Log,
  ) {
    this.acknowledgements = new Acknowledgements(channel, () => logDropped(log, { epoch: this.number }));
    let failure: Error | undefined;
    channel.on('error', (error) => {
      this.#isOpen = false;
      failure = error;
      log.warn('the broker closed a channel', { epoch: this.number, err: error });
    });
    // Without a listener for it, an exception below an event would end in amqplib's frame loop and cost the connection.
    channel.on('handler-error', (error, event) => log.error('a channel event failed', { event, err: error }));
    this.closed = new Promise((resolve) => {
      this.#gone = () => {
        this.#isOpen = false;
        resolve(failure);
      };
      channel.once('close', this.#gone);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Closes the channel behind everything sent on it; what was delivered and not acknowledged goes back to its queue. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.acknowledgements.flush();
    // Nothing more is sent on it, though the broker has yet to agree.
    this.#isOpen = false;
    try {
      await within(CLOSE_TIMEOUT_MS, 'close a channel', () => this.channel.close());
    } catch {
      // It was lost in the same moment, or hangs; either way nothing more comes of it.
    }
    this.#gone();
  }
}

/** A message together with the channel that it came from and can be settled on. Settling twice, or too late, does nothing. */
export class Delivery {
  #isSettled = false;

  constructor(
    readonly message: ConsumeMessage,
    private readonly epoch: ChannelEpoch,
    private readonly log: Log,
  ) {
    epoch.acknowledgements.delivered(message.fields.deliveryTag);
  }

  /** Is its channel gone? Then the broker delivers the message again, whatever we do. */
  get isStale(): boolean {
    return !this.epoch.isOpen;
  }

  ack(): void {
    this.#settle('ack');
  }

  /** Gives the message back to its queue. */
  requeue(): void {
    this.#settle('requeue');
  }

  #settle(how: 'ack' | 'requeue'): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { deliveryTag } = this.message.fields;
    if (this.epoch.isOpen) {
      try {
        this.epoch.acknowledgements[how](deliveryTag);
        return;
      } catch {
        // The channel is closing; what follows is true of it too.
      }
    }
    logDropped(this.log, { epoch: this.epoch.number, delivery_tag: deliveryTag });
  }
}

function logDropped(log: Log, fields: LogFields): void {
  log.info('dropped the acknowledgement of a message whose channel is gone; the broker delivers it again', fields);
}
