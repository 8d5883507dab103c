import { Duplex } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/** The socket below a connection. amqplib has no public way to it; undefined should it ever be somewhere else. */
export function streamOf(model: ChannelModel): Duplex | undefined {
  const { stream } = model.connection as typeof model.connection & { stream?: unknown };
  return stream instanceof Duplex ? stream : undefined;
}

/**
 * Sends what is written in one turn of the event loop at once. amqplib writes frame by frame, and each would be a system
 * call and, with TCP_NODELAY, a packet: a third of a busy service's time.
 */
export function batchWrites(stream: Duplex): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    stream.uncork();
  };
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(chunk, ...rest);
  };
}
