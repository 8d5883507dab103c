import type { Channel, Message } from 'amqplib';

/**
 * The acknowledgements of one channel. What is acknowledged in one turn of the event loop is sent together, and in one frame
 * as far as nothing older is unsettled: a quorum queue writes to its log for every frame.
 */
export class Acknowledgements {
  /** Delivered and not settled, oldest first: tags only grow. */
  readonly #unsettled = new Set<number>();
  /** Acknowledged in this turn. */
  readonly #due = new Set<number>();

  /** @param onLost called when some could not be sent, since the channel is going; the broker delivers them again */
  constructor(
    private readonly channel: Pick<Channel, 'ack' | 'nack'>,
    private readonly onLost: () => void,
  ) {}

  /** Has to be told of every delivery: one that is not known would be acknowledged together with a later one. */
  delivered(tag: number): void {
    this.#unsettled.add(tag);
  }

  ack(tag: number): void {
    if (this.#due.size === 0) process.nextTick(() => this.flush());
    this.#due.add(tag);
  }

  /** @throws Error when the channel is closing */
  requeue(tag: number): void {
    this.#unsettled.delete(tag);
    this.channel.nack(messageOf(tag), false, true);
  }

  /** Sends what is due, which cannot be done on a channel that is closed. */
  flush(): void {
    const oldest = this.#settleOldest();
    try {
      if (oldest !== undefined) this.channel.ack(messageOf(oldest), true);
      for (const tag of this.#due) {
        this.channel.ack(messageOf(tag));
        this.#unsettled.delete(tag);
      }
    } catch {
      this.onLost();
    }
    this.#due.clear();
  }

  /** Settles what is due up to the first delivery that is not; tells the last of it. */
  #settleOldest(): number | undefined {
    let last: number | undefined;
    for (const tag of this.#unsettled) {
      if (!this.#due.delete(tag)) break;
      this.#unsettled.delete(tag);
      last = tag;
    }
    return last;
  }
}

/** All that amqplib reads of a message to settle it. */
function messageOf(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as Message;
}
