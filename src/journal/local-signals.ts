import { EventEmitter } from 'node:events';
import type { Signal, SignalLine } from './journal.port.js';

interface SignalEvents {
  signal: [Signal];
}

/** Hints of the only worker to itself. */
export class LocalSignals implements SignalLine {
  readonly #events = new EventEmitter<SignalEvents>();

  send(signal: Signal): void {
    // Later, as from elsewhere: whoever sends is not called back in the middle of it.
    setImmediate(() => this.#events.emit('signal', signal));
  }

  onSignal(listener: (signal: Signal) => void): void {
    this.#events.on('signal', listener);
  }
}
