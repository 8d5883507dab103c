// A closed loop of requests over AMQP: so many in flight, each answered before the next is sent in its place.
// The guarantees are those of DESIGN 9: persistent requests, publisher confirms, a quorum queue, replies to a named queue.
import { randomUUID } from 'node:crypto';
import amqp from 'amqplib';

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
  async run({ queue, body, inFlight, warmUpMs, measureMs }) {
    const latencies = [];
    const begin = performance.now() + warmUpMs;
    const end = begin + measureMs;
    const worker = async () => {
      for (;;) {
        const sentAt = performance.now();
        if (sentAt >= end) return;
        const answer = await this.call(queue, body());
        if (answer.err !== undefined && answer.err !== null) throw new Error(JSON.stringify(answer.err));
        const now = performance.now();
        if (sentAt >= begin && now <= end) latencies.push(now - sentAt);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    latencies.sort((a, b) => a - b);
    const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
    return { rate: latencies.length / (measureMs / 1000), p50: at(0.5), p99: at(0.99) };
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
