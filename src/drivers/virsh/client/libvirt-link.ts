import {
  AuthenticationError,
  Connection,
  ConnectionPool,
  connectGetCapabilities,
  connectGetHostname,
  TransportError,
  type Call,
  type Caller,
  type CallOptions,
  type EventLayout,
  type LibvirtStream,
  type Listening,
  type StreamCall,
  type WayToDaemon,
} from 'node-libvirt';
import type { CallContext, DriverPorts } from '../../../compute/contract/index.js';
import { childAt, parseXml, textOf } from '../../../connectors/xml/index.js';
import { breakerKey, wayTo, type LibvirtAccess } from './libvirt-access.js';
import { outcomeOf } from './libvirt-failure.js';
import { LinkError } from './link-error.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LONGEST_HOST_NAME = 255;

/** The call that is made for somebody. */
type Asking = Pick<CallContext, 'outgoing'>;

/** What is listened to from the first connection on. */
interface Watch {
  start(): Promise<() => Promise<void>>;
  isOver: boolean;
  stop: (() => Promise<void>) | undefined;
}

/**
 * One libvirt daemon as one user, shared by everything that talks to it as this user. It connects when the first call comes, and again
 * after connections were lost. A refused logon is never repeated until {@link rearm}, since servers lock users out.
 */
export class LibvirtLink {
  readonly #access: LibvirtAccess;
  readonly #ports: Pick<DriverPorts, 'breakers' | 'log'>;
  readonly #pool: ConnectionPool;
  readonly #watches = new Set<Watch>();
  #way: WayToDaemon | undefined;
  /** The last logon of those that are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Was one let in, and none refused since? */
  #isLetIn = false;
  #connections = 0;
  #hostUuid: Promise<string> | undefined;
  /** Holds logons back when the breaker could not be written down. */
  #refusal: string | undefined;
  #isClosed = false;
  #underWay = 0;
  #lastUsedAt = performance.now();

  constructor(access: LibvirtAccess, ports: Pick<DriverPorts, 'breakers' | 'log'>) {
    this.#access = access;
    this.#ports = ports;
    this.#pool = new ConnectionPool({
      open: (signal) => this.#open(signal),
      callTimeoutMs: access.requestTimeoutMs,
    });
  }

  /** The daemon for people. */
  get label(): string {
    return this.#access.label;
  }

  /** Where the daemon is, for keys. */
  get endpoint(): string {
    return this.#access.endpoint;
  }

  /** Milliseconds since the last call was answered, or the last stream ended. */
  get idleMs(): number {
    return this.#underWay > 0 ? 0 : performance.now() - this.#lastUsedAt;
  }

  /**
   * Makes calls, each with the time that the access gives it unless it names another. They throw what node-libvirt throws, {@link LinkError},
   * and the signal's reason.
   *
   * @param asking told of each
   */
  caller(asking: Asking): Caller {
    const call = <Args, Reply>(what: Call<Args, Reply>, args: Args, options: CallOptions = {}): Promise<Reply> =>
      this.#watched(asking, what.name, () => this.#pool.call(what, args, this.#timed(options)));
    return {
      call,
      openStream: (what, args, options = {}) => this.#openStream(asking, what, args, options),
    };
  }

  /** UUID of the host, which its guests' keys hold; of a driver that has none, libvirt's test driver, the name of the host. */
  async hostUuid(signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    this.#hostUuid ??= this.#readHostUuid().catch((error: unknown) => {
      this.#hostUuid = undefined;
      throw error;
    });
    return await unlessAborted(this.#hostUuid, signal);
  }

  /**
   * Asks to be told of events, until that is ended, over lost connections too.
   *
   * @returns ends it
   * @throws as calls do, when it cannot be asked for now
   */
  async listen<Event extends { readonly callbackId: number }>(
    layout: EventLayout<Event>,
    listening: Listening<Event>,
  ): Promise<() => Promise<void>> {
    this.#refuseIfClosed();
    return await this.#pool.listen(layout, listening);
  }

  /**
   * The same from the first connection on that somebody else needs: it makes none by itself, and never fails.
   *
   * @returns ends it
   */
  watch<Event extends { readonly callbackId: number }>(
    layout: EventLayout<Event>,
    listening: Listening<Event>,
  ): () => Promise<void> {
    const watch: Watch = { start: () => this.#pool.listen(layout, listening), isOver: false, stop: undefined };
    this.#watches.add(watch);
    if (this.#connections > 0) this.#startWatches();
    return async () => {
      watch.isOver = true;
      this.#watches.delete(watch);
      await watch.stop?.().catch(() => undefined);
    };
  }

  /** Allows the next logon after a refused one; tells whether one was held back. */
  async rearm(): Promise<boolean> {
    const wasRefused = this.#refusal !== undefined;
    this.#refusal = undefined;
    const { endpoint, user } = this.#access;
    return (await this.#ports.breakers.close({ endpoint, user })) || wasRefused;
  }

  /** Ends all connections, and takes no more calls. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.isOver = true;
    this.#watches.clear();
    await this.#pool.close();
  }

  #timed({ signal, timeoutMs = this.#access.requestTimeoutMs }: CallOptions): CallOptions {
    return { signal, timeoutMs };
  }

  async #watched<T>({ outgoing }: Asking, method: string, send: () => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    const { host, port } = this.#access;
    const told = outgoing?.begin({ method, host, port });
    this.#underWay += 1;
    try {
      const answer = await send();
      told?.end(0);
      return answer;
    } catch (error) {
      told?.end(outcomeOf(error));
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#lastUsedAt = performance.now();
    }
  }

  async #openStream<Args, Reply>(
    asking: Asking,
    what: StreamCall<Args, Reply>,
    args: Args,
    options: CallOptions,
  ): Promise<{ reply: Reply; stream: LibvirtStream }> {
    const opened = await this.#watched(asking, what.name, () =>
      this.#pool.openStream(what, args, this.#timed(options)),
    );
    this.#underWay += 1;
    opened.stream.once('close', () => {
      this.#underWay -= 1;
      this.#lastUsedAt = performance.now();
    });
    return opened;
  }

  async #readHostUuid(): Promise<string> {
    const caller = this.caller({});
    const { xml } = await caller.call(connectGetCapabilities);
    const uuid = textOf(childAt(parseXml(xml), 'host', 'uuid'))?.trim();
    if (uuid !== undefined && UUID.test(uuid)) return uuid.toLowerCase();
    const { hostname } = await caller.call(connectGetHostname);
    return hostname.slice(0, LONGEST_HOST_NAME).toLowerCase();
  }

  /** Until one was let in, one after the other: of several with a wrong password, only one is to be refused. */
  async #open(signal: AbortSignal): Promise<Connection> {
    if (this.#isLetIn) return await this.#logOn(signal);
    const before = this.#turn;
    const mine = (async () => {
      await before;
      return await this.#logOn(signal);
    })();
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  async #logOn(signal: AbortSignal): Promise<Connection> {
    const key = await breakerKey(this.#access);
    const reason = (await this.#ports.breakers.find(key))?.reason ?? this.#refusal;
    if (reason !== undefined) throw new LinkError('held-back', reason);
    signal.throwIfAborted();
    try {
      this.#way ??= wayTo(this.#access);
      const connection = await Connection.open(this.#way, signal);
      this.#opened(connection);
      return connection;
    } catch (error) {
      if (isRefusedLogon(error)) {
        this.#isLetIn = false;
        await this.#holdBack(key, error.message);
      }
      throw error;
    }
  }

  #opened(connection: Connection): void {
    if (!this.#isLetIn) this.#ports.log.info('connected to libvirt', { libvirt: this.label });
    this.#isLetIn = true;
    this.#connections += 1;
    void this.#follow(connection);
    this.#startWatches();
  }

  async #follow(connection: Connection): Promise<void> {
    await connection.closed;
    this.#connections -= 1;
    // Another host may answer there the next time.
    if (this.#connections === 0) this.#hostUuid = undefined;
  }

  #startWatches(): void {
    for (const watch of this.#watches) {
      this.#watches.delete(watch);
      void this.#start(watch);
    }
  }

  async #start(watch: Watch): Promise<void> {
    try {
      const stop = await watch.start();
      watch.stop = stop;
      if (watch.isOver) await stop().catch(() => undefined);
    } catch (error) {
      if (watch.isOver) return;
      // With the next connection.
      this.#watches.add(watch);
      this.#ports.log.debug('the events of libvirt are not listened to yet', { libvirt: this.label, err: error });
    }
  }

  async #holdBack(key: Awaited<ReturnType<typeof breakerKey>>, reason: string): Promise<void> {
    const { log, breakers } = this.#ports;
    log.warn('the logon to libvirt was refused; no more is tried', { libvirt: this.label, reason });
    try {
      await breakers.open(key, reason);
    } catch (error) {
      this.#refusal = reason;
      log.error('the refused logon could not be written down', { err: error });
    }
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new LinkError('closed', 'the link to libvirt has been given back');
  }
}

/** Did the server look at who we are, and say no? */
function isRefusedLogon(error: unknown): error is Error {
  return error instanceof AuthenticationError || (error instanceof TransportError && error.kind === 'refused');
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  let onAbort: (() => void) | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        onAbort = () => reject(signal.reason as Error);
        signal.addEventListener('abort', onAbort);
      }),
    ]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
