import { randomUUID } from 'node:crypto';
import { redact } from '../../common/secret.js';
import type { EventPublisher, ServiceEvent } from '../../compute/contract/index.js';

/** An event in its place in the feed. */
export interface FedEvent {
  /** Names it while this process lives. */
  readonly id: string;
  readonly event: ServiceEvent;
  /** What is told of it, as JSON without secrets. */
  readonly text: string;
}

export type FeedListener = (event: FedEvent) => void;

/** Events that whoever lost its connection for a moment can still get. */
const KEPT = 500;

/** Hands the events of this process on to whoever follows them over HTTP, and keeps the newest for those who come back. */
export class EventFeed implements EventPublisher {
  /** Of this process: another one counts from the beginning. */
  readonly #life = randomUUID().slice(0, 8);
  readonly #kept: FedEvent[] = [];
  readonly #listeners = new Set<FeedListener>();
  #count = 0;

  publish(event: ServiceEvent): void {
    this.#count += 1;
    const fed = new LazyEvent(this.lastId, event);
    this.#kept.push(fed);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(fed);
  }

  /** Id of the newest event; of none when there was none yet. */
  get lastId(): string {
    return `${this.#life}.${this.#count}`;
  }

  /** What came after an event; undefined when that is not known any more. */
  since(id: string | undefined): readonly FedEvent[] | undefined {
    const [, life, number] = /^([0-9a-f]{8})\.(\d{1,15})$/.exec(id ?? '') ?? [];
    if (life !== this.#life) return undefined;
    const missed = this.#count - Number(number);
    if (missed < 0 || missed > this.#kept.length) return undefined;
    return missed === 0 ? [] : this.#kept.slice(-missed);
  }

  /** Calls the listener for every event from now on, until the function that it answers is called. */
  follow(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Written down when somebody wants to read it, and once only. */
class LazyEvent implements FedEvent {
  #text: string | undefined;

  constructor(
    readonly id: string,
    readonly event: ServiceEvent,
  ) {}

  get text(): string {
    this.#text ??= JSON.stringify(redact(told(this.event)));
    return this.#text;
  }
}

function told(event: ServiceEvent): object {
  if (event.kind === 'operation') return event.operation;
  const { host, name, state, data } = event;
  return { host, name, state, ...data };
}
