import type { Caller, CallOptions } from '../caller.js';
import type { Connection } from '../connection.js';
import { CallTimeoutError, ConnectionLostError } from '../errors/connection-errors.js';
import type { Call, EventLayout, StreamCall } from '../layouts/call.js';
import { LONGEST_MS } from '../rpc/deadlines.js';
import type { LibvirtStream } from '../rpc/stream.js';
import { type CallKind, kindOf } from './call-kind.js';
import { DomainTurns } from './domain-turns.js';
import { Lane } from './lane.js';
import { type Place, Places } from './places.js';
import { unlessAborted } from './unless-aborted.js';
import { type Listening, Watches } from './watches.js';

const MAX_SLOW_CONNECTIONS = 4;
const CALL_TIMEOUT_MS = 40_000;

export interface PoolOptions {
  /** Makes one more connection to the same daemon. The signal tells that it is not needed any more. */
  readonly open: (signal: AbortSignal) => Promise<Connection>;
  /** How many connections there may be for calls that can take long. 4 when not given, each for four calls at once. */
  readonly maxSlowConnections?: number;
  /** Of calls that name none, from when they are made: 40 s when not given. */
  readonly callTimeoutMs?: number;
}

/**
 * One daemon, by as many connections as it takes: one for quick calls and events, one for calls that end what hangs, a few for all
 * others, and one for each stream. They are opened when they are first needed, and again after they were lost. A guest that is
 * frozen holds up its own calls only.
 */
export class ConnectionPool implements Caller {
  readonly #options: PoolOptions;
  readonly #quickLane = new Lane(
    () => this.#openWatching(),
    () => this.#places.quick.admit(),
  );
  readonly #endingLane = new Lane(
    () => this.#open(),
    () => this.#places.ending.admit(),
  );
  readonly #slowLanes: Lane[] = [];
  readonly #places: Readonly<Record<CallKind, Places<Lane>>> = {
    quick: new Places(() => (this.#quickLane.hasRoom ? this.#quickLane : undefined)),
    ending: new Places(() => (this.#endingLane.hasRoom ? this.#endingLane : undefined)),
    slow: new Places(() => this.#slowLane()),
  };
  readonly #turns = new DomainTurns();
  readonly #streaming = new Set<Connection>();
  readonly #over = new AbortController();
  readonly #watches = new Watches(this.#quickLane, this.#over.signal);

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  call<Reply>(call: Call<void, Reply>, args?: undefined, options?: CallOptions): Promise<Reply>;
  call<Args, Reply>(call: Call<Args, Reply>, args: Args, options?: CallOptions): Promise<Reply>;
  async call<Args, Reply>(call: Call<Args, Reply>, args: Args, options: CallOptions = {}): Promise<Reply> {
    const { signal, timeoutMs = this.#options.callTimeoutMs ?? CALL_TIMEOUT_MS } = options;
    const kind = kindOf(call);
    const lanes = this.#places[kind];
    const turns = kind === 'slow' ? this.#turns.of(args) : undefined;
    const free = atOnce(turns, lanes);
    if (free !== undefined) return free.connection.call(call, args, { signal, timeoutMs, onAnswered: free.leave });
    const endsAt = performance.now() + timeoutMs;
    const { connection, leave } = await within(timeoutMs, signal, call.name, (limit) => ready(turns, lanes, limit));
    const restMs = Math.max(1, endsAt - performance.now());
    return connection.call(call, args, { signal, timeoutMs: restMs, onAnswered: leave });
  }

  /** On a connection of its own, which ends with the stream. */
  async openStream<Args, Reply>(
    call: StreamCall<Args, Reply>,
    args: Args,
    options: CallOptions = {},
  ): Promise<{ reply: Reply; stream: LibvirtStream }> {
    options.signal?.throwIfAborted();
    const connection = await this.#open();
    this.#streaming.add(connection);
    const leave = (): void => {
      this.#streaming.delete(connection);
      void connection.close();
    };
    try {
      const opened = await connection.openStream(call, args, options);
      opened.stream.once('close', leave);
      return opened;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /**
   * Asks to be told of events until that is ended, over lost connections too.
   *
   * @returns ends it
   */
  listen<Event extends { readonly callbackId: number }>(
    layout: EventLayout<Event>,
    listening: Listening<Event>,
  ): Promise<() => Promise<void>> {
    return this.#watches.add(layout, listening);
  }

  /** Ends all connections. Calls that are under way end as with a lost one. */
  async close(): Promise<void> {
    this.#over.abort(closed());
    for (const waiting of [...Object.values(this.#places), this.#turns]) waiting.end(closed());
    const lanes = [this.#quickLane, this.#endingLane, ...this.#slowLanes];
    await Promise.all([...lanes, ...this.#streaming].map((each) => each.close()));
  }

  async #open(): Promise<Connection> {
    const { signal } = this.#over;
    signal.throwIfAborted();
    return this.#options.open(signal);
  }

  async #openWatching(): Promise<Connection> {
    const connection = await this.#open();
    try {
      await this.#watches.moveTo(connection);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** The one with the fewest calls, and one more when none has room. */
  #slowLane(): Lane | undefined {
    const [lane] = this.#slowLanes.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.calls - b.calls);
    if (lane !== undefined) return lane;
    if (this.#slowLanes.length >= (this.#options.maxSlowConnections ?? MAX_SLOW_CONNECTIONS)) return undefined;
    const another = new Lane(
      () => this.#open(),
      () => this.#places.slow.admit(),
    );
    this.#slowLanes.push(another);
    return another;
  }
}

/** Where a call is made, once it has its places there. */
interface Ready {
  readonly connection: Connection;
  readonly leave: () => void;
}

/** What a call that has to wait for nothing is given without a limit, which costs more than a quick answer. */
function atOnce(turns: Places<Place> | undefined, lanes: Places<Lane>): Ready | undefined {
  const turn = turns?.free;
  const lane = lanes.free;
  const connection = lane?.connection;
  if (lane === undefined || connection === undefined || (turns !== undefined && turn === undefined)) return undefined;
  turn?.enter();
  lane.enter();
  return {
    connection,
    leave: () => {
      turn?.leave();
      lane.leave();
    },
  };
}

/** Waits for the domain's turn, for a place on a lane, and for its connection. Nothing is sent yet. */
async function ready(turns: Places<Place> | undefined, lanes: Places<Lane>, limit: AbortSignal): Promise<Ready> {
  const taken: Place[] = [];
  const leave = (): void => {
    for (const place of taken) place.leave();
  };
  try {
    if (turns !== undefined) taken.push(await turns.take(limit));
    const lane = await lanes.take(limit);
    taken.push(lane);
    return { connection: await unlessAborted(lane.connect(), limit), leave };
  } catch (error) {
    leave();
    throw error;
  }
}

/** Gives what is done in it a limit, which is a time-out before anything was sent. */
async function within<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  name: string,
  body: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const limit = signal === undefined ? own.signal : AbortSignal.any([signal, own.signal]);
  const giveUp = (): void =>
    own.abort(new CallTimeoutError(`there was no place for ${name} within ${timeoutMs} ms`, false));
  const timer = timeoutMs === Infinity ? undefined : setTimeout(giveUp, Math.min(LONGEST_MS, timeoutMs));
  try {
    return await body(limit);
  } finally {
    clearTimeout(timer);
  }
}

function closed(): ConnectionLostError {
  return new ConnectionLostError('the pool of connections was closed', false);
}
