// What goes wrong, and when, drawn from the seed. Two hands work beside each other: one on processes, one on wires.
import { setTimeout as delay } from 'node:timers/promises';
import { processEvents } from './processes.mjs';
import { wireEvents } from './wires.mjs';

/** Events follow the load, not the clock: so many requests lie between two of them, more in a long run. */
const pauseRequests = (operations) => ({ least: 8, most: Math.max(40, Math.floor(operations / 25)) });
const lookEveryMs = 50;

export class Chaos {
  #stage;
  #load;
  #onEvent;
  #pause;
  counts = {};

  constructor(stage, load, { operations, onEvent = () => undefined }) {
    this.#stage = stage;
    this.#load = load;
    this.#pause = pauseRequests(operations);
    this.#onEvent = onEvent;
  }

  /** @param {AbortSignal} signal ends it, once the event under way is over */
  async run(random, signal) {
    await Promise.all([
      this.#hand(random.stream('processes'), processEvents(this.#stage), signal),
      this.#hand(random.stream('wires'), wireEvents(this.#stage), signal),
    ]);
  }

  async #hand(random, events, signal) {
    let deck = [];
    while (!signal.aborted) {
      // Every kind has its turn before one comes again, so that a short run meets many.
      if (deck.length === 0)
        deck = shuffled(
          Object.entries(events).flatMap(([name, event]) => Array(event.weight).fill(name)),
          random,
        );
      const name = deck.pop();
      const next = this.#load.sent + random.int(this.#pause.least, this.#pause.most);
      while (this.#load.sent < next && !signal.aborted) await delay(lookEveryMs);
      if (signal.aborted) return;
      this.counts[name] = (this.counts[name] ?? 0) + 1;
      this.#onEvent(name);
      await events[name].happen(random);
    }
  }
}

function shuffled(items, random) {
  const left = [...items];
  return items.map(() => left.splice(random.int(0, left.length - 1), 1)[0]);
}
