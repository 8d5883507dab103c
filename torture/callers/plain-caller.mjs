// A caller that speaks AMQP by itself: confirmed requests, repeated with the same message id until they are confirmed.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';

export const RPC_QUEUE = 'zenova.rpc';

/** Where replies go: a durable queue keeps them over restarts of the broker, the others lose them. */
const replyQueues = {
  durable: (name) => ({
    queue: `zenova.reply.${name}`,
    options: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
  }),
  exclusive: () => ({ queue: '', options: { exclusive: true } }),
  direct: () => ({ queue: 'amq.rabbitmq.reply-to', options: undefined }),
};

export class PlainCaller {
  #url;
  #kind;
  #connection;
  #channel;
  #replyTo;
  #connecting;
  #isClosed = false;
  /** By correlation id: what to do with a reply. */
  #expected = new Map();
  /** Goes up whenever replies may have been lost. */
  epoch = 0;
  /** Does it know that the broker has its requests? */
  confirms = true;

  /** @param {keyof typeof replyQueues} kind */
  constructor(url, name, kind) {
    this.#url = url;
    this.name = name;
    this.#kind = kind;
  }

  get keepsReplies() {
    return this.#kind === 'durable';
  }

  /** Publishes a request until the broker has confirmed it. The reply, whenever it comes, goes to `onReply`. */
  async send(request, onReply) {
    const correlationId = randomUUID();
    this.#expected.set(correlationId, onReply);
    for (;;) {
      if (this.#isClosed) throw new Error(`${this.name} is closed`);
      try {
        await this.#connected();
        await this.#publish(request, correlationId);
        return;
      } catch {
        await delay(100);
      }
    }
  }

  /** Publishes what is no request, once; resolves when the broker has confirmed it. */
  async sendText(text, queue = RPC_QUEUE) {
    await this.#connected();
    await this.#confirmed(queue, Buffer.from(text), { persistent: true });
  }

  /** Messages in a queue that nobody has in hand. */
  async countReady(queue) {
    await this.#connected();
    return (await this.#channel.checkQueue(queue)).messageCount;
  }

  async purge(queue) {
    await this.#connected();
    await this.#channel.purgeQueue(queue);
  }

  /** A request that changes nothing. @returns its reply, undefined when none came in time */
  async ask(method, data, { timeoutMs = 5000, queue = RPC_QUEUE } = {}) {
    let timer;
    const reply = new Promise((resolve) => {
      timer = setTimeout(resolve, timeoutMs, undefined);
      this.send({ method, data, messageId: randomUUID(), queue }, resolve).catch(() => resolve(undefined));
    });
    try {
      return await reply;
    } finally {
      clearTimeout(timer);
    }
  }

  #publish({ method, data, messageId, queue = RPC_QUEUE }, correlationId) {
    const content = Buffer.from(JSON.stringify({ pattern: method, data, id: messageId }));
    const properties = {
      persistent: true,
      replyTo: this.#replyTo,
      correlationId,
      messageId,
      timestamp: Math.floor(Date.now() / 1000),
    };
    return this.#confirmed(queue, content, properties);
  }

  #confirmed(queue, content, properties) {
    const channel = this.#channel;
    return new Promise((resolve, reject) => {
      channel.once('close', () => reject(new Error('the channel was closed')));
      channel.sendToQueue(queue, content, properties, (error) => (error ? reject(error) : resolve()));
    });
  }

  #connected() {
    if (this.#channel !== undefined) return undefined;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect() {
    const connection = await connect(this.#url, { noDelay: true, timeout: 5000 });
    connection.on('error', () => undefined);
    let isLost = false;
    connection.once('close', () => {
      isLost = true;
      // Before it had a channel: whoever connects tries again, and no reply was on its way here.
      if (this.#connection !== connection) return;
      if (!this.keepsReplies) this.epoch += 1;
      this.#channel = undefined;
      if (!this.#isClosed) void this.#reconnect();
    });
    const channel = await connection.createConfirmChannel();
    channel.setMaxListeners(0);
    channel.on('error', () => undefined);
    const { queue, options } = replyQueues[this.#kind](this.name);
    const replyTo = options === undefined ? queue : (await channel.assertQueue(queue, options)).queue;
    await channel.consume(replyTo, (message) => this.#take(message), { noAck: true });
    if (isLost) throw new Error('the connection was lost while its channel was set up');
    this.#connection = connection;
    this.#replyTo = replyTo;
    this.#channel = channel;
  }

  /** Replies wait in a durable queue: somebody has to fetch them. */
  async #reconnect() {
    while (!this.#isClosed && this.#channel === undefined) {
      await delay(100);
      await this.#connected()?.catch(() => undefined);
    }
  }

  #take(message) {
    if (message === null) return;
    const { err, response } = JSON.parse(message.content.toString());
    this.#expected.get(message.properties.correlationId)?.(err === undefined ? { result: response } : { error: err });
  }

  /** Nobody is left to fetch what still comes: the queue goes too. */
  async close() {
    this.#isClosed = true;
    try {
      if (this.keepsReplies) await this.#channel?.deleteQueue(this.#replyTo);
      await this.#connection?.close();
    } catch {
      // The broker is away, and everything with it.
    }
  }
}
