import type { Metrics } from './metrics.js';

/** What is read when metrics are asked for, since nobody tells of its changes. */
export interface ScrapeSources {
  readonly transport: {
    status(): {
      readonly isConnected: boolean;
      readonly isPaused: boolean;
      readonly isBlocked: boolean;
      readonly queues: readonly { readonly isAttached: boolean }[];
    };
    readonly counts: {
      readonly replies: Readonly<Record<string, number>>;
      readonly deadLetters: Readonly<Record<string, number>>;
      readonly redelivered: number;
    };
    droppedEvents(): number;
  };
  /** Undefined while the service starts, and waits for its journal. */
  started(): StartedService | undefined;
}

export interface StartedService {
  /** Unfinished operations of this process. */
  load(): number;
  /** Requests to the listener for seeds, by how they ended; none where there is none. */
  seedRequests(): Readonly<Record<string, number>>;
  /** Of all workers; from the database. */
  openBreakers(): Promise<number>;
}

/** The database may be away, and the rest of the metrics is wanted then most of all. */
const DATABASE_TIMEOUT_MS = 1000;

/** All metrics as they are now, in the OpenMetrics text format. */
export class Scrape {
  constructor(
    private readonly metrics: Metrics,
    private readonly sources: ScrapeSources,
  ) {}

  get contentType(): string {
    return this.metrics.registry.contentType;
  }

  async text(): Promise<string> {
    const { metrics, sources } = this;
    const { isConnected, isBlocked, isPaused, queues } = sources.transport.status();
    metrics.brokerConnected.set(Number(isConnected));
    metrics.brokerBlocked.set(Number(isBlocked));
    metrics.consumingPaused.set(Number(isPaused));
    metrics.consumers.set(queues.length);
    metrics.consumersAttached.set(queues.filter(({ isAttached }) => isAttached).length);
    const started = sources.started();
    metrics.started.set(Number(started !== undefined));
    metrics.unfinished.set(started?.load() ?? 0);
    this.#takeCounts();
    metrics.seedRequests.reset();
    for (const [outcome, count] of Object.entries(started?.seedRequests() ?? {})) {
      metrics.seedRequests.inc({ outcome }, count);
    }
    // A number of before would be no better than none.
    metrics.breakersOpen.set((await inTime(started?.openBreakers())) ?? Number.NaN);
    return metrics.registry.metrics();
  }

  #takeCounts(): void {
    const { metrics, sources } = this;
    const { replies, deadLetters, redelivered } = sources.transport.counts;
    for (const counter of [metrics.replies, metrics.deadLetters, metrics.redelivered, metrics.eventsDropped]) {
      counter.reset();
    }
    for (const [outcome, count] of Object.entries(replies)) metrics.replies.inc({ outcome }, count);
    for (const [reason, count] of Object.entries(deadLetters)) metrics.deadLetters.inc({ reason }, count);
    metrics.redelivered.inc(redelivered);
    metrics.eventsDropped.inc(sources.transport.droppedEvents());
  }
}

async function inTime(asked: Promise<number> | undefined): Promise<number | undefined> {
  if (asked === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DATABASE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([asked.catch(() => undefined), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
