import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../connection.js';
import { LibvirtError } from '../errors/libvirt-error.js';
import type { EventLayout } from '../layouts/call.js';
import type { DomainRef } from '../layouts/common.js';
import type { Lane } from './lane.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export interface Listening<Event> {
  /** Must not throw. */
  readonly onEvent: (event: Event) => void;
  /** The connection was lost and is there again: what happened in between was not told. Must not throw. */
  readonly onGap?: () => void;
  /** The daemon does not tell any more, as when the domain is gone at that moment. Must not throw. */
  readonly onEnd?: (reason: LibvirtError) => void;
  /** Only its events; otherwise those of all. */
  readonly domain?: DomainRef;
}

interface Watch {
  readonly layout: EventLayout<{ readonly callbackId: number }>;
  readonly listening: Listening<never>;
  /** Where it is asked for. */
  connection: Connection | undefined;
  stop: () => Promise<void>;
}

/** Those who listen to events, over one connection after the other. */
export class Watches {
  readonly #lane: Lane;
  readonly #all = new Set<Watch>();
  readonly #over: AbortSignal;
  #isReviving = false;

  /** @param over nobody listens any more */
  constructor(lane: Lane, over: AbortSignal) {
    this.#lane = lane;
    this.#over = over;
  }

  async add<Event extends { readonly callbackId: number }>(
    layout: EventLayout<Event>,
    listening: Listening<Event>,
  ): Promise<() => Promise<void>> {
    const watch: Watch = { layout, listening, connection: undefined, stop: () => Promise.resolve() };
    this.#all.add(watch); // from here on it moves to another connection when the one that it gets is lost
    try {
      const connection = await this.#lane.connect();
      if (watch.connection !== connection) await this.#ask(watch, connection);
    } catch (error) {
      this.#all.delete(watch);
      throw error;
    }
    return async () => {
      this.#all.delete(watch);
      await watch.stop();
    };
  }

  /** Asks anew for all, on a connection that takes the place of a lost one. */
  async moveTo(connection: Connection): Promise<void> {
    for (const watch of this.#all) {
      const isFirst = watch.connection === undefined;
      try {
        await this.#ask(watch, connection);
        if (!isFirst) watch.listening.onGap?.();
      } catch (error) {
        if (isFirst || !(error instanceof LibvirtError)) throw error;
        this.#all.delete(watch);
        watch.listening.onEnd?.(error);
      }
    }
    void connection.closed.then(() => this.#revive());
  }

  async #ask(watch: Watch, connection: Connection): Promise<void> {
    const { layout, listening } = watch;
    watch.connection = connection;
    watch.stop = await connection.listen(
      layout,
      listening.onEvent as (event: { callbackId: number }) => void,
      listening.domain,
    );
  }

  /** Nobody may make a call for long: events are worth a connection of their own accord. */
  async #revive(): Promise<void> {
    if (this.#isReviving) return;
    this.#isReviving = true;
    try {
      for (let pauseMs = FIRST_PAUSE_MS; this.#all.size > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
        await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: this.#over });
        if (await this.#lane.connect().then(Boolean, () => false)) return;
      }
    } catch (error) {
      if (!this.#over.aborted) throw error;
    } finally {
      this.#isReviving = false;
    }
  }
}
