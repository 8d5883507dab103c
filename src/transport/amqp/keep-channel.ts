import type { Channel, ChannelModel } from 'amqplib';
import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import { messageOf } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type { AmqpConnection } from './amqp-connection.js';
import { ChannelEpoch } from './channel-epoch.js';
import { within } from './within.js';

/** How long the broker may take to open a channel, or to declare or consume a queue. */
export const ANSWER_TIMEOUT_MS = 10_000;

export interface KeepChannelOptions<C extends Channel> {
  readonly connection: AmqpConnection;
  readonly open: (model: ChannelModel) => Promise<C>;
  /**
   * Works with one channel until it is gone; resolves or rejects then. Calls `settled` once it does what it is there for,
   * so that a later loss is answered at once.
   */
  readonly use: (epoch: ChannelEpoch<C>, settled: () => void) => Promise<void>;
  readonly onFailure: (error: Error) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Keeps one channel open for ever: whenever it or its connection is gone, another one. When the signal aborts, it closes the
 * channel and resolves.
 */
export async function keepChannel<C extends Channel>(options: KeepChannelOptions<C>): Promise<void> {
  const { connection, open, use, onFailure, clock, log, signal } = options;
  const backoff = new Backoff(clock, { initialMs: 100, maxMs: 30_000 });
  while (!signal.aborted) {
    let epoch: ChannelEpoch<C> | undefined;
    const close = (): void => void epoch?.close();
    try {
      const model = await connection.opened(signal);
      epoch = new ChannelEpoch(await within(ANSWER_TIMEOUT_MS, 'open a channel', () => open(model)), log);
      // A connection that is lost in the moment in which its channel opens has told nobody that the channel is gone.
      if (!connection.isOpen) throw new Error('the connection was lost while a channel was opened');
      signal.addEventListener('abort', close);
      if (!signal.aborted) await use(epoch, () => backoff.reset());
    } catch (error) {
      if (!signal.aborted) onFailure(error instanceof Error ? error : new Error(messageOf(error)));
    }
    signal.removeEventListener('abort', close);
    await epoch?.close();
    if (!signal.aborted && connection.isOpen) await backoff.pause(signal);
  }
}
