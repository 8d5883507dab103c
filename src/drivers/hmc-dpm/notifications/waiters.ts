/** Those who wait for news of something, by its URI. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when it is woken, or the signal aborts. */
  wait(uri: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end);
        const others = this.#waiting.get(uri);
        others?.delete(end);
        if (others?.size === 0) this.#waiting.delete(uri);
        resolve();
      };
      if (signal.aborted) {
        end();
        return;
      }
      signal.addEventListener('abort', end);
      const others = this.#waiting.get(uri) ?? new Set();
      others.add(end);
      this.#waiting.set(uri, others);
    });
  }

  wake(uri: string): void {
    for (const end of this.#waiting.get(uri) ?? []) end();
  }

  wakeAll(): void {
    for (const uri of this.#waiting.keys()) this.wake(uri);
  }
}
