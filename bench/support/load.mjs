// A closed loop of requests over AMQP: so many in flight, each answered before the next is sent in its place.
// The guarantees are those of DESIGN 9: persistent requests, publisher confirms, a quorum queue, replies to a named queue.
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';
import { closedLoop } from './closed-loop.mjs';

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

  constructor(connection, channel, replyTo) {
    Object.assign(this, { connection, channel, replyTo });
  }

  /** One round trip; resolves with the parsed reply, once the request is confirmed too. */
  call(queue, body) {
    const id = randomUUID();
    const reply = new Promise((resolve) => {
      this.#waiting.set(id, resolve);
    });
    const confirmed = new Promise((resolve, reject) => {
      this.channel.sendToQueue(
        queue,
        Buffer.from(JSON.stringify({ ...body, id })),
        { persistent: true, replyTo: this.replyTo, correlationId: id, messageId: id },
        (error) => (error ? reject(error) : resolve()),
      );
    });
    return Promise.all([reply, confirmed]).then(([answer]) => answer);
  }

  /** Round trips per second with `inFlight` requests at a time, and their latencies in milliseconds. */
  run({ queue, body, ...options }) {
    return closedLoop(async () => {
      const answer = await this.call(queue, body());
      if (answer.err !== undefined && answer.err !== null) throw new Error(JSON.stringify(answer.err));
    }, options);
  }

  async close() {
    await this.connection.close();
  }

  #onReply(message) {
    const id = message.properties.correlationId;
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(JSON.parse(message.content.toString()));
  }
}
