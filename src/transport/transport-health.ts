import type { Clock } from '../common/clock.js';
import type { AmqpConnection, Publisher, QueueConsumer } from './amqp/index.js';

export interface QueueStatus {
  readonly queue: string;
  readonly isAttached: boolean;
  /** Why not, as far as known. */
  readonly error: string | null;
}

export interface TransportStatus {
  /** Every connection to the broker stands. */
  readonly isConnected: boolean;
  /** Every queue has its consumer. */
  readonly isConsuming: boolean;
  /** Back-pressure has stopped consuming, on purpose. */
  readonly isPaused: boolean;
  /** The broker takes no messages from us (memory or disk alarm). */
  readonly isBlocked: boolean;
  /** When one of the above last changed, milliseconds since the epoch. */
  readonly since: number;
  readonly queues: readonly QueueStatus[];
  readonly lastError: { readonly at: number; readonly message: string } | null;
}

export interface HealthSources {
  readonly connections: readonly AmqpConnection[];
  readonly consumers: readonly QueueConsumer[];
  readonly publishers: readonly Publisher[];
}

type Flags = Pick<TransportStatus, 'isConnected' | 'isConsuming' | 'isPaused' | 'isBlocked'>;

/** What is true of the transport now, known the moment it changes. */
export class TransportHealth {
  readonly #blocked = new Set<AmqpConnection>();
  readonly #listeners = new Set<(status: TransportStatus) => void>();
  #isPaused = false;
  #flags: Flags;
  #since: number;
  #lastError: TransportStatus['lastError'] = null;

  constructor(
    private readonly sources: HealthSources,
    private readonly clock: Clock,
  ) {
    this.#flags = this.#read();
    this.#since = clock.now();
    this.#watch();
  }

  status(): TransportStatus {
    return {
      ...this.#flags,
      since: this.#since,
      queues: this.sources.consumers.map(({ queue, isAttached, error }) => ({
        queue,
        isAttached,
        error: error?.message ?? null,
      })),
      lastError: this.#lastError,
    };
  }

  /** Calls `listener` at every change; returns what ends that. */
  onChange(listener: (status: TransportStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves as soon as the status is as wanted; rejects with the signal's reason. */
  until(isWanted: (status: TransportStatus) => boolean, signal: AbortSignal): Promise<TransportStatus> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const status = this.status();
        if (!isWanted(status) && !signal.aborted) return;
        end();
        signal.removeEventListener('abort', check);
        if (isWanted(status)) resolve(status);
        else reject(signal.reason as Error);
      };
      const end = this.onChange(check);
      signal.addEventListener('abort', check);
      check();
    });
  }

  /** Told by back-pressure. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#update();
  }

  #watch(): void {
    for (const connection of this.sources.connections) {
      const unblock = (): void => {
        this.#blocked.delete(connection);
        this.#update();
      };
      connection.on('open', () => this.#update());
      connection.on('failed', (error) => this.#failed(error));
      connection.on('lost', (error) => {
        this.#failed(error);
        unblock();
      });
      connection.on('unblocked', unblock);
      connection.on('blocked', () => {
        this.#blocked.add(connection);
        this.#update();
      });
    }
    for (const consumer of this.sources.consumers) {
      consumer.on('change', () => {
        if (consumer.error === undefined) this.#update();
        else this.#failed(consumer.error);
      });
    }
    for (const publisher of this.sources.publishers) publisher.on('failed', (error) => this.#failed(error));
  }

  #failed(error: Error): void {
    this.#lastError = { at: this.clock.now(), message: error.message };
    this.#update();
  }

  #read(): Flags {
    const { connections, consumers } = this.sources;
    return {
      isConnected: connections.every(({ isOpen }) => isOpen),
      isConsuming: consumers.every(({ isAttached }) => isAttached),
      isPaused: this.#isPaused,
      isBlocked: this.#blocked.size > 0,
    };
  }

  #update(): void {
    const before = this.#flags;
    this.#flags = this.#read();
    const hasChanged = (Object.keys(before) as (keyof Flags)[]).some((name) => before[name] !== this.#flags[name]);
    if (hasChanged) this.#since = this.clock.now();
    const status = this.status();
    for (const listener of this.#listeners) listener(status);
  }
}
