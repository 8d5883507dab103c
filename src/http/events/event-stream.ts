import type { ServerResponse } from 'node:http';
import type { Clock } from '../../common/clock.js';
import type { FedEvent } from './event-feed.js';

/** What a client may cost. */
export interface EventStreamLimits {
  /** How often a sign of life is sent. A client that has read nothing between two of them is dropped. */
  readonly heartbeatMs: number;
  /** Events kept while the client is told how things stand. */
  readonly maxWaiting: number;
  /** Bytes kept that the client does not read. */
  readonly maxUnreadBytes: number;
}

const DEFAULT_LIMITS: EventStreamLimits = { heartbeatMs: 15_000, maxWaiting: 1_000, maxUnreadBytes: 1024 * 1024 };

/** After how long a client whose connection is lost should come back. */
const COME_BACK_MS = 2_000;

/** One client that follows events, as `text/event-stream`. One that does not read is dropped, and may come back. */
export class EventStream {
  readonly #limits: EventStreamLimits;
  /** What came before the client had read how things stand; undefined since then. */
  #waiting: FedEvent[] | undefined = [];
  #stopHeartbeat = (): void => undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Clock,
    limits: Partial<EventStreamLimits> = {},
  ) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    response.on('close', () => this.#stopHeartbeat());
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  /** Sends the head, and with it the promise that events follow. */
  open(): void {
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no', // nginx would keep events back until it has some kilobytes of them
      'X-Content-Type-Options': 'nosniff',
    });
    this.#write(`retry: ${COME_BACK_MS}\n\n`);
    this.#beatLater(false);
  }

  /** Tells the client something that is no event of the feed. */
  tell(kind: string, data: object, id?: string): void {
    this.#write(message(kind, JSON.stringify(data), id));
  }

  /** Once the client has read what it was told: sends what it missed, then what has come since, and then all as it comes. */
  async goLive(missed: readonly FedEvent[]): Promise<void> {
    for (const event of missed) this.#send(event);
    if (this.isOpen && this.response.writableNeedDrain) await drained(this.response);
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.push(event);
  }

  push(event: FedEvent): void {
    if (!this.isOpen) return;
    if (this.#waiting === undefined) {
      this.#send(event);
      if (this.response.writableLength > this.#limits.maxUnreadBytes) this.#drop();
    } else if (this.#waiting.length < this.#limits.maxWaiting) this.#waiting.push(event);
    else this.#drop();
  }

  /** Ends it in good order; the client will come back. */
  end(): void {
    if (this.isOpen && this.response.headersSent) this.response.end();
  }

  #send({ event, text, id }: FedEvent): void {
    this.#write(message(event.kind, text, id));
  }

  #write(text: string): void {
    if (this.isOpen) this.response.write(text);
  }

  #beatLater(wasFull: boolean): void {
    this.#stopHeartbeat = this.clock.after(this.#limits.heartbeatMs, () => {
      const isFull = this.response.writableNeedDrain;
      if (isFull && wasFull) return this.#drop();
      if (!isFull) this.#write(': alive\n\n');
      this.#beatLater(isFull);
    });
  }

  #drop(): void {
    this.response.destroy();
  }
}

function message(kind: string, text: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${kind}\ndata: ${text}\n\n`;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
