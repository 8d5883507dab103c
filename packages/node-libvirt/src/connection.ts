import type { Caller, CallOptions, CountedCallOptions } from './caller.js';
import { AuthenticationError, ConnectionLostError, ProtocolError } from './errors/connection-errors.js';
import { programs } from './generated/procedures.js';
import type { Call, EventLayout, StreamCall } from './layouts/call.js';
import type { DomainRef } from './layouts/common.js';
import {
  authList,
  authPolkit,
  AuthType,
  connectClose,
  connectDomainEventCallbackDeregisterAny,
  connectDomainEventCallbackRegisterAny,
  connectOpen,
  connectSupportsFeature,
  Feature,
} from './layouts/connect-calls.js';
import { type KeepaliveOptions, startKeepalive } from './rpc/keepalive.js';
import { RpcLink } from './rpc/link.js';
import type { Message } from './rpc/message.js';
import type { LibvirtStream } from './rpc/stream.js';
import type { Transport } from './transport.js';
import { decode } from './xdr/codec.js';
import { XdrError } from './xdr/xdr-error.js';

const READ_ONLY = 1;
/** A daemon looks at every emulator when a hypervisor's first connection is opened, for up to half a minute. */
const OPEN_TIMEOUT_MS = 60_000;
/** A little longer than libvirt itself waits for a domain that is busy. */
const CALL_TIMEOUT_MS = 40_000;
const CLOSE_TIMEOUT_MS = 1000;
const KEEPALIVE: KeepaliveOptions = { intervalMs: 5000, count: 5 };
/** Events may come before the answer that tells for whom they are. */
const MAX_EARLY_EVENTS = 10_000;

export interface ConnectionOptions {
  readonly transport: Transport;
  /** The driver's, as `qemu:///system`, without a word on how it is reached. Left out: the daemon's own. */
  readonly uri?: string;
  /** Nothing can be changed then. */
  readonly readOnly?: boolean;
  /** Of calls that name none. 40 s when not given. */
  readonly callTimeoutMs?: number;
  /** For all that it takes to be connected. 60 s when not given. */
  readonly openTimeoutMs?: number;
  /** Every 5 s, five times, when not given. */
  readonly keepalive?: KeepaliveOptions | false;
}

/** Those who listen to the same: one kind of event, of one domain or of all. A daemon takes that once on a connection. */
interface Hearing {
  readonly listeners: Set<{ readonly tell: (event: never) => void }>;
  /** The daemon's number of it. */
  readonly callbackId: Promise<number>;
}

/** Those who listen to one kind of event. */
interface Audience {
  readonly layout: EventLayout<{ readonly callbackId: number }>;
  /** By the UUID of the domain; that of all is empty. */
  readonly hearings: Map<string, Hearing>;
  readonly byCallbackId: Map<number, Hearing>;
  /** What is being ended at the daemon, by the same UUID. */
  readonly ending: Map<string, Promise<void>>;
  /** How many have asked, and do not know their number yet. */
  awaited: number;
  early: { readonly callbackId: number }[];
}

/** One connection to a libvirt daemon. It does not come back when it is lost. */
export class Connection implements Caller {
  readonly #link: RpcLink;
  readonly #callTimeoutMs: number;
  /** By procedure. */
  readonly #audiences = new Map<number, Audience>();

  private constructor(link: RpcLink, callTimeoutMs: number) {
    this.#link = link;
    this.#callTimeoutMs = callTimeoutMs;
    link.onMessage = (message) => this.#hear(message);
  }

  /**
   * Connects, says who we are, and opens the driver.
   *
   * @throws ConnectionLostError; AuthenticationError; LibvirtError when the daemon has no such driver; ProtocolError; the
   *   signal's reason
   */
  static async open(options: ConnectionOptions, signal?: AbortSignal): Promise<Connection> {
    const within = AbortSignal.timeout(options.openTimeoutMs ?? OPEN_TIMEOUT_MS);
    const limit = signal === undefined ? within : AbortSignal.any([signal, within]);
    let link: RpcLink | undefined;
    try {
      link = new RpcLink(await options.transport(limit));
      await authenticate(link, limit);
      const flags = options.readOnly === true ? READ_ONLY : 0;
      const { keepalive = KEEPALIVE } = options;
      await link.call(connectOpen, { uri: options.uri, flags }, { signal: limit });
      if (keepalive !== false) {
        const { supported } = await link.call(
          connectSupportsFeature,
          { feature: Feature.KEEPALIVE },
          { signal: limit },
        );
        if (supported) startKeepalive(link, keepalive);
      }
      return new Connection(link, options.callTimeoutMs ?? CALL_TIMEOUT_MS);
    } catch (error) {
      link?.end(new ConnectionLostError('the connection was given up while it was opened', true));
      if (within.aborted && signal?.aborted !== true)
        throw new ConnectionLostError('the daemon did not open the connection in time', false, { cause: error });
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#link.isOpen;
  }

  /** Resolves with the reason when the connection is over. */
  get closed(): Promise<ConnectionLostError | ProtocolError> {
    return this.#link.closed;
  }

  /** Calls that the daemon has not answered, those among them that nobody waits for any more. */
  get inFlight(): number {
    return this.#link.inFlight;
  }

  get openStreams(): number {
    return this.#link.openStreams;
  }

  call<Reply>(call: Call<void, Reply>, args?: undefined, options?: CountedCallOptions): Promise<Reply>;
  call<Args, Reply>(call: Call<Args, Reply>, args: Args, options?: CountedCallOptions): Promise<Reply>;
  call<Args, Reply>(call: Call<Args, Reply>, args: Args, options: CountedCallOptions = {}): Promise<Reply> {
    return this.#link.call(call, args, { timeoutMs: this.#callTimeoutMs, ...options });
  }

  openStream<Args, Reply>(
    call: StreamCall<Args, Reply>,
    args: Args,
    options: CallOptions = {},
  ): Promise<{ reply: Reply; stream: LibvirtStream }> {
    return this.#link.openStream(call, args, { timeoutMs: this.#callTimeoutMs, ...options });
  }

  /**
   * Asks to be told of events, from the answer on and perhaps from a little before it.
   *
   * @param listener must not throw
   * @param domain only its events; otherwise those of all
   * @returns ends it
   */
  async listen<Event extends { readonly callbackId: number }>(
    layout: EventLayout<Event>,
    listener: (event: Event) => void,
    domain?: DomainRef,
  ): Promise<() => Promise<void>> {
    const audience = this.#audienceOf(layout);
    const key = domain?.uuid ?? '';
    const hearing = audience.hearings.get(key) ?? this.#hearing(audience, key, domain);
    const own = { tell: listener };
    hearing.listeners.add(own);
    const callbackId = await hearing.callbackId;
    return async () => {
      if (!hearing.listeners.delete(own) || hearing.listeners.size > 0) return;
      audience.hearings.delete(key);
      audience.byCallbackId.delete(callbackId);
      if (!this.isOpen) return;
      const ending = this.call(connectDomainEventCallbackDeregisterAny, { callbackId });
      audience.ending.set(
        key,
        ending.catch(() => undefined),
      );
      await ending;
    };
  }

  #hearing(audience: Audience, key: string, domain: DomainRef | undefined): Hearing {
    const listeners: Hearing['listeners'] = new Set();
    const hearing: Hearing = {
      listeners,
      callbackId: this.#register(audience, key, domain, (callbackId) => {
        audience.byCallbackId.set(callbackId, hearing);
        for (const event of audience.early) if (event.callbackId === callbackId) tellAll(hearing, event);
      }),
    };
    audience.hearings.set(key, hearing);
    hearing.callbackId.catch(() => audience.hearings.delete(key));
    return hearing;
  }

  /** @param isHeard called with the daemon's number, before any event that comes after it is looked at */
  async #register(
    audience: Audience,
    key: string,
    domain: DomainRef | undefined,
    isHeard: (callbackId: number) => void,
  ): Promise<number> {
    audience.awaited++;
    try {
      await audience.ending.get(key);
      audience.ending.delete(key);
      const { eventId } = audience.layout;
      const { callbackId } = await this.call(connectDomainEventCallbackRegisterAny, { eventId, domain });
      isHeard(callbackId);
      return callbackId;
    } finally {
      audience.awaited--;
      if (audience.awaited === 0) audience.early = [];
    }
  }

  /** Takes leave, and does not wait long for an answer. Calls that are under way end as with a lost connection. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    await this.#link.call(connectClose, undefined, { timeoutMs: CLOSE_TIMEOUT_MS }).catch(() => undefined);
    this.#link.end(new ConnectionLostError('the connection was closed by its owner', true));
  }

  #audienceOf(layout: EventLayout<{ readonly callbackId: number }>): Audience {
    let audience = this.#audiences.get(layout.procedure);
    if (audience === undefined) {
      audience = {
        layout,
        hearings: new Map(),
        byCallbackId: new Map(),
        ending: new Map(),
        awaited: 0,
        early: [],
      };
      this.#audiences.set(layout.procedure, audience);
    }
    return audience;
  }

  #hear({ program, procedure, payload }: Message): void {
    const audience = program === programs.remote.number ? this.#audiences.get(procedure) : undefined;
    if (audience === undefined) return; // nobody asked for it, or does any more
    const event = eventOf(audience.layout, payload);
    const hearing = audience.byCallbackId.get(event.callbackId);
    if (hearing !== undefined) tellAll(hearing, event);
    else if (audience.awaited > 0 && audience.early.length < MAX_EARLY_EVENTS) audience.early.push(event);
  }
}

function tellAll({ listeners }: Hearing, event: { readonly callbackId: number }): void {
  for (const { tell } of listeners) tell(event as never);
}

async function authenticate(link: RpcLink, signal: AbortSignal): Promise<void> {
  const { types } = await link.call(authList, undefined, { signal });
  if (types.length === 0 || types.includes(AuthType.NONE)) return;
  if (!types.includes(AuthType.POLKIT))
    throw new AuthenticationError(
      types.includes(AuthType.SASL)
        ? 'the daemon asks for a user by SASL, which this client does not speak: let it ask for none on this way (auth_unix_rw, auth_tls in libvirtd.conf)'
        : `the daemon asks for a proof of identity of an unknown kind (${types.join(', ')})`,
    );
  const { complete } = await link.call(authPolkit, undefined, { signal });
  if (!complete) throw new AuthenticationError('polkit on the host does not let this user in');
}

function eventOf<Event extends { readonly callbackId: number }>(layout: EventLayout<Event>, payload: Buffer): Event {
  try {
    return decode(layout.payload, payload);
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    throw new ProtocolError(`an event ${layout.name} that is none: ${error.message}`, { cause: error });
  }
}
