import {
  Connection,
  ConnectionPool,
  connectGetCapabilities,
  connectGetHostname,
  type Call,
  type Caller,
  type CallOptions,
  type EventLayout,
  type LibvirtError,
  type LibvirtStream,
  type Listening,
  type SshCommands,
  type StreamCall,
  type WayToDaemon,
} from 'node-libvirt';
import pLimit from 'p-limit';
import { unlessAborted } from '../../../common/aborted.js';
import type { CallContext, DriverPorts } from '../../../compute/contract/index.js';
import { childAt, parseXml, textOf } from '../../../connectors/xml/index.js';
import { commandsAt, wayTo, type LibvirtAccess } from './libvirt-access.js';
import { failureOf, outcomeOf } from './libvirt-failure.js';
import { LinkError, NotConnectedError } from './link-error.js';
import { LogonGuard } from './logon-guard.js';
import { VirshProgram } from './virsh-program.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LONGEST_HOST_NAME = 255;
/** An ssh server lets ten of one connection run, when nobody says otherwise (`MaxSessions`). */
const MAX_COMMANDS = 8;

/** The call that is made for somebody. */
type Asking = Pick<CallContext, 'outgoing'>;

/** Reads what a daemon tells the same as long as it runs. */
export type LastingFact<T> = (caller: Caller) => Promise<T>;

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
  readonly #guard: LogonGuard;
  readonly #commandLimit = pLimit(MAX_COMMANDS);
  #way: WayToDaemon | undefined;
  #commands: SshCommands | undefined;
  #connections = 0;
  /** What was asked for, by what asks. */
  readonly #lasting = new Map<LastingFact<unknown>, Promise<unknown>>();
  #isClosed = false;
  #underWay = 0;
  #lastUsedAt = performance.now();

  constructor(access: LibvirtAccess, ports: Pick<DriverPorts, 'breakers' | 'log'>) {
    this.#access = access;
    this.#ports = ports;
    this.#guard = new LogonGuard(access, ports);
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

  /** The program `virsh` on the host, for hosts where that is the way; it throws what {@link failureOf} judges as well. */
  program(asking: Asking): VirshProgram {
    return new VirshProgram(this.#access, (command, options) =>
      this.#watched(asking, 'virsh', () =>
        this.#commandLimit(() =>
          this.#guard.through(() => {
            options.signal?.throwIfAborted();
            this.#refuseIfClosed();
            this.#commands ??= commandsAt(this.#access);
            return this.#commands.run(command, options);
          }),
        ),
      ),
    );
  }

  /** UUID of the host, which its guests' keys hold; of a driver that has none, libvirt's test driver, the name of the host. */
  hostUuid(signal?: AbortSignal): Promise<string> {
    return this.lasting(this.#readHostUuid, signal);
  }

  /** What a daemon tells the same as long as it runs: asked for once, until no connection is left. What fails is asked for again. */
  async lasting<T>(read: LastingFact<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const known = this.#lasting.get(read) as Promise<T> | undefined;
    if (known !== undefined) return await unlessAborted(known, signal);
    const asked: Promise<T> = read(this.caller({})).catch((error: unknown) => {
      if (this.#lasting.get(read) === asked) this.#lasting.delete(read);
      throw error;
    });
    this.#lasting.set(read, asked);
    return await unlessAborted(asked, signal);
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
    const onEnd = (reason: LibvirtError): void => {
      if (!watch.isOver) this.#watches.add(watch);
      listening.onEnd?.(reason);
    };
    const watch: Watch = {
      start: () => this.#pool.listen(layout, { ...listening, onEnd }),
      isOver: false,
      stop: undefined,
    };
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
    return await this.#guard.rearm();
  }

  /** Ends all connections, and takes no more calls. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.isOver = true;
    this.#watches.clear();
    this.#commands?.close();
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

  readonly #readHostUuid = async (): Promise<string> => {
    const uuid = textOf(childAt(parseXml(await this.#capabilities()), 'host', 'uuid'))?.trim();
    if (uuid !== undefined && UUID.test(uuid)) return uuid.toLowerCase();
    return (await this.#hostname()).trim().slice(0, LONGEST_HOST_NAME).toLowerCase();
  };

  async #capabilities(): Promise<string> {
    if (this.#access.by === 'rpc') return (await this.caller({}).call(connectGetCapabilities)).xml;
    const [xml = ''] = await this.program({}).run(['capabilities']);
    return xml;
  }

  async #hostname(): Promise<string> {
    if (this.#access.by === 'rpc') return (await this.caller({}).call(connectGetHostname)).hostname;
    const [hostname = ''] = await this.program({}).run(['hostname']);
    return hostname;
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    try {
      const connection = await this.#guard.through(async () => {
        signal.throwIfAborted();
        this.#way ??= wayTo(this.#access);
        return await Connection.open(this.#way, signal);
      });
      this.#opened(connection);
      return connection;
    } catch (error) {
      throw error instanceof Error && failureOf(error) !== undefined ? new NotConnectedError(error) : error;
    }
  }

  #opened(connection: Connection): void {
    this.#connections += 1;
    void this.#follow(connection);
    this.#startWatches();
  }

  async #follow(connection: Connection): Promise<void> {
    await connection.closed;
    this.#connections -= 1;
    // Another host may answer there the next time.
    if (this.#connections === 0) this.#lasting.clear();
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

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new LinkError('closed', 'the link to libvirt has been given back');
  }
}
