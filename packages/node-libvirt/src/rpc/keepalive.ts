import { ConnectionLostError } from '../errors/connection-errors.js';
import type { RpcLink } from './link.js';

export interface KeepaliveOptions {
  /** How long the daemon may be silent before it is asked whether it is there. */
  readonly intervalMs: number;
  /** How many times it may fail to answer. */
  readonly count: number;
}

/**
 * Notices a daemon that is gone without a word, as a host that lost its power or its network. What is counted is questions, not
 * time: a process that was held up itself does not take that for silence.
 *
 * @returns ends it
 */
export function startKeepalive(link: RpcLink, { intervalMs, count }: KeepaliveOptions): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    // While a stream holds up the reading, nothing can be heard; the daemon still has to hear of us.
    const isAlive = link.takeHeard() || link.isHeld;
    if (isAlive) unanswered = 0;
    if (unanswered >= count) {
      link.end(new ConnectionLostError(`the daemon did not answer ${count} times, every ${intervalMs} ms`, true));
      return;
    }
    if (isAlive && !link.isHeld) return;
    unanswered++;
    link.ping();
  }, intervalMs);
  timer.unref();
  const stop = (): void => clearInterval(timer);
  void link.closed.then(stop);
  return stop;
}
