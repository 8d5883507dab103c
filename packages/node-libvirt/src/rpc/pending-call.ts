import type { CountedCallOptions } from '../caller.js';
import type { Call } from '../layouts/call.js';
import type { Message } from './message.js';
import type { LibvirtStream } from './stream.js';

export interface Answer {
  readonly reply: Buffer;
  /** With a call that opens one. */
  readonly stream: LibvirtStream | undefined;
}

/** A call that waits for its answer, or did: an answer that nobody wants any more still comes. */
export class PendingCall {
  /** On the clock of `performance.now()`: nobody waits for longer. */
  dueAt: number;
  /** What came for its stream before the answer did: a daemon's data and its answers are sent by different threads. */
  early: Message[] | undefined;
  readonly timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAnswered: (() => void) | undefined;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (reason: unknown) => void;
  #isAwaited = true;

  constructor(
    readonly call: Call<never, unknown>,
    { signal, timeoutMs = Infinity, onAnswered }: CountedCallOptions,
    resolve: (answer: Answer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.dueAt = timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs;
    this.timeoutMs = timeoutMs;
    this.#signal = signal;
    this.#onAnswered = onAnswered;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener('abort', this);
  }

  /** Does anybody wait for the answer? */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.giveUp(this.#signal?.reason);
  }

  /** It went wrong, or is not waited for any more: then the daemon may still answer. */
  giveUp(reason: unknown): void {
    if (this.#end()) this.#reject(reason);
  }

  /** The daemon works on it no more: it has answered, or never will. To be told once, before how it went. */
  over(): void {
    this.#onAnswered?.();
  }

  /** How it went, for whoever still waits. */
  succeed(answer: Answer): void {
    if (this.#end()) this.#resolve(answer);
  }

  #end(): boolean {
    const wasAwaited = this.#isAwaited;
    this.#isAwaited = false;
    this.dueAt = Infinity;
    this.#signal?.removeEventListener('abort', this);
    return wasAwaited;
  }
}
