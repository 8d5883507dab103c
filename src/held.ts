import type { Log } from './common/log.js';

/** What the service has opened. It is given back in reverse order, and what cannot be closed keeps nothing else open. */
export class Held {
  readonly #log: Log;
  readonly #closers: { readonly what: string; readonly close: () => Promise<unknown> }[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(what: string, close: () => Promise<unknown>): void {
    this.#closers.push({ what, close });
  }

  /** Never rejects; a second call finds nothing left. */
  async giveBack(): Promise<void> {
    for (let last = this.#closers.pop(); last !== undefined; last = this.#closers.pop()) {
      try {
        await last.close();
      } catch (error) {
        this.#log.error(`${last.what} could not be closed`, { err: error });
      }
    }
  }
}
