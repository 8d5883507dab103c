// A closed loop of requests over AMQP: so many in flight, each answered before the next is sent in its place.
// The guarantees are those of DESIGN 9: persistent requests, publisher confirms, a quorum queue, replies to a named queue.
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { closedLoop } from './closed-loop.mjs';
import { nest } from './envelopes.mjs';

export class Load {
  static async connect(url) {
    const connection = await amqp.connect(url, { noDelay: true });
    const channel = await connection.createConfirmChannel();
    const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
    const load = new Load(connection, channel, replyTo);
    await channel.consume(replyTo, (message) => load.#onReply(message), { noAck: true });
    return load;
  }

  #waiting = new Map();
  /** Of what is under way: one at a time. */
  #envelope = nest;

  constructor(connection, channel, replyTo) {
    Object.assign(this, { connection, channel, replyTo });
  }

  /** One round trip; resolves once there is a reply and the request is confirmed too. */
  async #call(queue, body, envelope) {
    const id = randomUUID().replaceAll('-', '');
    const { content, properties } = envelope.request(body, { id, replyTo: this.replyTo });
    const reply = new Promise((resolve) => {
      this.#waiting.set(id, resolve);
    });
    const confirmed = new Promise((resolve, reject) => {
      this.channel.sendToQueue(
        queue,
        Buffer.from(JSON.stringify(content)),
        { ...properties, persistent: true },
        (error) => (error ? reject(error) : resolve()),
      );
    });
    const [error] = await Promise.all([reply, confirmed]);
    if (error !== undefined && error !== null) throw new Error(JSON.stringify(error));
  }

  /** Round trips per second with `inFlight` requests at a time, and their latencies in milliseconds. */
  async run({ queue, body, envelope = nest, ...options }) {
    this.#envelope = envelope;
    return closedLoop(() => this.#call(queue, body(), envelope), options);
  }

  async close() {
    await this.connection.close();
  }

  #onReply(message) {
    const { id, error } = this.#envelope.reply(message);
    this.#waiting.get(id)?.(error);
    this.#waiting.delete(id);
  }
}
