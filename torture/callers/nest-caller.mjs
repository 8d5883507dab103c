// A caller that uses Nest's own RabbitMQ client. Its requests are named by an idempotency key, since it sends no message id.
import { Logger } from '@nestjs/common';
import { ClientRMQ } from '@nestjs/microservices';
import { RPC_QUEUE } from './plain-caller.mjs';

// It tells of every lost connection, and losing them is what we are here for.
Logger.overrideLogger(false);

const reconnectSeconds = 1;
const forgetsAfterMs = 60_000;

/**
 * Nest gives its channel no listener for errors. One that is lost while it is being set up, with its connection, would
 * end the process; the next connection sets it up anew.
 */
class LastingClient extends ClientRMQ {
  createChannel() {
    const opened = super.createChannel();
    this.channel.on('error', () => undefined);
    return opened;
  }
}

export class NestCaller {
  confirms = false;
  keepsReplies = false;
  epoch = 0;
  /** Its client does not tell in every case when replies may have been lost. */
  isForgetful = true;

  constructor(url, name) {
    this.name = name;
    this.client = new LastingClient({
      urls: [url],
      queue: RPC_QUEUE,
      noAssert: true,
      persistent: true,
      socketOptions: {
        heartbeatIntervalInSeconds: 5,
        reconnectTimeInSeconds: reconnectSeconds,
      },
    });
    this.client.on('error', () => undefined);
  }

  /** Resolves when the request is on its way, which Nest does not tell from one that is lost. */
  async send({ method, data }, onReply) {
    const subscription = this.client.send(method, data).subscribe({
      next: (result) => onReply({ result }),
      error: (error) => {
        // What the client itself throws is no reply of the service.
        if (typeof error === 'object' && error !== null && typeof error.code === 'string' && 'retry' in error)
          onReply({ error });
      },
    });
    setTimeout(() => subscription.unsubscribe(), forgetsAfterMs).unref();
  }

  async close() {
    await this.client.close();
  }
}
