/** Where a call is while the daemon works on it. */
export interface Place {
  enter(): void;
  leave(): void;
}

interface Waiting<P> {
  take(place: P): void;
  giveUp(reason: unknown): void;
}

/** Hands out places in the order in which they are asked for. */
export class Places<P extends Place> {
  readonly #find: () => P | undefined;
  readonly #waiting: Waiting<P>[] = [];

  /** @param find a place that has room, if there is one */
  constructor(find: () => P | undefined) {
    this.#find = find;
  }

  /** A place that has room, when nobody waits for one. */
  get free(): P | undefined {
    return this.#waiting.length === 0 ? this.#find() : undefined;
  }

  /** A place that was entered. @throws the signal's reason */
  async take(signal: AbortSignal): Promise<P> {
    const { free } = this;
    if (free === undefined) return this.#turn(signal);
    free.enter();
    return free;
  }

  /** There may be room now. */
  admit(): void {
    while (this.#waiting.length > 0) {
      const place = this.#find();
      if (place === undefined) return;
      place.enter();
      this.#waiting.shift()?.take(place);
    }
  }

  /** Sends all away who wait. */
  end(reason: Error): void {
    for (const waiting of this.#waiting.splice(0)) waiting.giveUp(reason);
  }

  #turn(signal: AbortSignal): Promise<P> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const leaving =
        <T>(end: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', onAbort);
          end(value);
        };
      const waiting: Waiting<P> = { take: leaving(resolve), giveUp: leaving(reject) };
      signal.addEventListener('abort', onAbort);
      this.#waiting.push(waiting);
    });
  }
}
