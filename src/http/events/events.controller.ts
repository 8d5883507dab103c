import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Headers, Inject, Res, type OnModuleDestroy } from '@nestjs/common';
import type { Response } from 'express';
import type { Clock } from '../../common/clock.js';
import { ComputeError } from '../../common/errors/index.js';
import type { EventSight } from '../../compute/contract/index.js';
import { Access } from '../access.js';
import { HttpRequests } from '../http-requests.js';
import type { EventFeed } from './event-feed.js';
import { EventStream, type EventStreamLimits } from './event-stream.js';

/** Injection token of {@link EventSource}. */
export const EVENT_SOURCE = Symbol('EventSource');

/** What is followed, and by whom it may be. */
export interface EventSource extends EventSight {
  readonly feed: EventFeed;
  readonly clock: Clock;
  /** Clients at the same time (default 64). */
  readonly maxStreams?: number;
  readonly limits?: Partial<EventStreamLimits>;
}

const MAX_STREAMS = 64;
/** How much of the past a client is told: so many of the newest operations, and so many of those that are unfinished. */
const NEWEST = 100;
const UNFINISHED = 200;

/** `GET /v1/events`: what happens, as it happens (docs/operators-page.md). */
@Controller('v1/events')
export class EventsController implements OnModuleDestroy {
  readonly #streams = new Set<EventStream>();
  #isEnding = false;

  constructor(
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    @Inject(HttpRequests) private readonly requests: HttpRequests,
    @Inject(Access) private readonly access: Access,
  ) {}

  /**
   * `hello` says who the caller is taken for; `snapshot` how things stand, unless what came after `Last-Event-ID` is still
   * known and is told instead; then `operation` and `power` follow as they happen.
   */
  @Get()
  async follow(
    @Res() response: Response,
    @Headers() headers: IncomingHttpHeaders,
    @Headers('last-event-id') lastEventId?: string,
  ): Promise<void> {
    const { feed, clock, limits, maxStreams = MAX_STREAMS } = this.source;
    if (this.#isEnding) throw stopping(response);
    if (this.#streams.size >= maxStreams) {
      throw new ComputeError('CAPACITY_EXHAUSTED', `${maxStreams} clients follow events already; try again later`);
    }
    const holder = this.access.holderOf(headers.authorization);
    const caller = this.access.callerOf(headers.authorization);
    const stream = new EventStream(response, clock, limits);
    this.#streams.add(stream);
    const missed = feed.since(lastEventId);
    const id = feed.lastId;
    // From here on nothing is missed: what comes while the snapshot is taken waits for it.
    const unfollow = feed.follow((fed) => {
      if (this.source.sees(caller, fed.event)) stream.push(fed);
    });
    const forget = (): void => {
      unfollow();
      this.#streams.delete(stream);
    };
    response.on('close', forget);
    try {
      // Before the head, so that a refusal has a status of its own.
      const snapshot = missed === undefined ? await this.#snapshot(headers) : undefined;
      if (!stream.isOpen) return;
      if (this.#isEnding) throw stopping(response);
      stream.open();
      stream.tell('hello', { caller: holder === undefined ? null : { name: holder.name, may_act: holder.mayAct } });
      if (snapshot !== undefined) stream.tell('snapshot', snapshot, id);
      await stream.goLive((missed ?? []).filter(({ event }) => this.source.sees(caller, event)));
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Streams have no end of their own, and a server that closes waits for the end of every answer. */
  onModuleDestroy(): void {
    this.#isEnding = true;
    for (const stream of this.#streams) stream.end();
  }

  async #snapshot(headers: IncomingHttpHeaders): Promise<object> {
    const [newest, unfinished] = await Promise.all([
      this.requests.ask('operation.list', { limit: NEWEST }, headers),
      this.requests.ask('operation.list', { state: 'unfinished', limit: UNFINISHED }, headers),
    ]);
    return { newest, unfinished };
  }
}

/** A stream that begins now would never end; nor may its client come back by the same connection, which is waited for too. */
function stopping(response: Response): ComputeError {
  response.setHeader('Connection', 'close');
  return new ComputeError('SHUTTING_DOWN', 'the service stops; follow events after its restart');
}
