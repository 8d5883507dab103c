import type { Duplex } from 'node:stream';
import type { CountedCallOptions } from '../caller.js';
import { CallTimeoutError, ConnectionLostError, ProtocolError } from '../errors/connection-errors.js';
import { LibvirtError } from '../errors/libvirt-error.js';
import { programs } from '../generated/procedures.js';
import type { Call, StreamCall } from '../layouts/call.js';
import { remoteError } from '../layouts/remote-error.js';
import { decode } from '../xdr/codec.js';
import { XdrError } from '../xdr/xdr-error.js';
import { Deadlines } from './deadlines.js';
import { frame, type Message, MessageStatus, MessageType } from './message.js';
import { MessageSplitter } from './message-splitter.js';
import { type Answer, PendingCall } from './pending-call.js';
import { LibvirtStream, type StreamWire } from './stream.js';

const KEEPALIVE = programs.keepalive;
const MAX_SERIAL = 0xffff_ffff;
/** Of one stream, before its answer, which is about to come then. */
const MAX_EARLY = 64;

/**
 * libvirt's RPC protocol on one connection: any number of calls at once, whose answers come in any order and are matched by
 * serial; streams; messages that come by themselves.
 */
export class RpcLink {
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<ConnectionLostError | ProtocolError>;
  /** Takes messages that come by themselves, keepalive's apart. Must not throw. */
  onMessage: (message: Message) => void = () => undefined;
  readonly #duplex: Duplex;
  readonly #splitter = new MessageSplitter();
  readonly #pending = new Map<number, PendingCall>();
  readonly #deadlines = new Deadlines<PendingCall>(
    () => this.#pending.values(),
    (late) => late.giveUp(new CallTimeoutError(`${late.call.name} was not answered within ${late.timeoutMs} ms`, true)),
  );
  readonly #streams = new Map<number, LibvirtStream>();
  readonly #full = new Set<LibvirtStream>();
  #resolveClosed: (reason: ConnectionLostError | ProtocolError) => void = () => undefined;
  #over: ConnectionLostError | ProtocolError | undefined;
  #serial = 0;
  #hasHeard = false;

  /** @param duplex connected, and nobody else's from now on; it may have broken already */
  constructor(duplex: Duplex) {
    this.#duplex = duplex;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    duplex.on('data', (chunk: Buffer) => this.#receive(chunk));
    duplex.on('error', (cause) => this.#lose(cause));
    duplex.on('end', () => this.end(new ConnectionLostError('the daemon closed the connection', true)));
    duplex.on('close', () => this.#lose(null));
    if (duplex.destroyed) this.#lose(duplex.errored);
  }

  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** Calls that the daemon has not answered yet, those among them that nobody waits for any more. */
  get inFlight(): number {
    return this.#pending.size;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether nothing is read for now, because a stream has more than its reader takes. */
  get isHeld(): boolean {
    return this.#full.size > 0;
  }

  /** Whether anything has come since this was last asked. */
  takeHeard(): boolean {
    const hasHeard = this.#hasHeard;
    this.#hasHeard = false;
    return hasHeard;
  }

  /** Asks the daemon to show that it is there. */
  ping(): void {
    this.#keepalive(KEEPALIVE.procedures.ping);
  }

  /**
   * @throws LibvirtError what the daemon answered; ConnectionLostError; CallTimeoutError; ProtocolError; XdrError when the
   *   arguments have no place in the layout; the signal's reason
   */
  async call<Args, Reply>(call: Call<Args, Reply>, args: Args, options: CountedCallOptions = {}): Promise<Reply> {
    const { reply } = await this.#send(call, args, options);
    return replyOf(call, reply);
  }

  /** As {@link RpcLink.call}, for what is followed by data. */
  async openStream<Args, Reply>(
    call: StreamCall<Args, Reply>,
    args: Args,
    options: CountedCallOptions = {},
  ): Promise<{ reply: Reply; stream: LibvirtStream }> {
    const { reply, stream } = await this.#send(call, args, options);
    if (stream === undefined) throw new TypeError(`${call.name} opens no stream`);
    try {
      return { reply: replyOf(call, reply), stream };
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  /** Ends the connection, and all that waits on it. */
  end(reason: ConnectionLostError | ProtocolError): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    this.#duplex.destroy();
    const pending = [...this.#pending.values()];
    const streams = [...this.#streams.values()];
    this.#pending.clear();
    this.#streams.clear();
    this.#full.clear();
    this.#deadlines.stop();
    for (const call of pending) {
      call.over();
      call.giveUp(reason);
    }
    for (const stream of streams) stream.fail(reason);
    this.#resolveClosed(reason);
  }

  #lose(cause: Error | null): void {
    if (cause === null) this.end(new ConnectionLostError('the connection was closed', true));
    else this.end(new ConnectionLostError(`the connection was lost: ${cause.message}`, true, { cause }));
  }

  #send<Args>(call: Call<Args, unknown>, args: Args, options: CountedCallOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let serial: number;
      let bytes: Buffer;
      try {
        if (this.#over !== undefined) {
          const { message, cause = this.#over } = this.#over;
          throw new ConnectionLostError(message, false, { cause });
        }
        options.signal?.throwIfAborted();
        serial = this.#nextSerial();
        bytes = this.#framed(call, args, serial);
      } catch (error) {
        options.onAnswered?.();
        throw error;
      }
      const pending = new PendingCall(call, options, resolve, reject);
      this.#pending.set(serial, pending);
      this.#deadlines.heed(pending);
      this.#duplex.write(bytes);
    });
  }

  #framed<Args>({ program, procedure, args: layout }: Call<Args, unknown>, args: Args, serial: number): Buffer {
    const { number, version } = program;
    const header = { program: number, version, procedure, type: MessageType.CALL, serial, status: MessageStatus.OK };
    return frame(header, (writer) => layout.write(writer, args));
  }

  #nextSerial(): number {
    do this.#serial = this.#serial === MAX_SERIAL ? 1 : this.#serial + 1;
    while (this.#pending.has(this.#serial) || this.#streams.has(this.#serial));
    return this.#serial;
  }

  #receive(chunk: Buffer): void {
    this.#hasHeard = true;
    try {
      this.#splitter.push(chunk);
      for (let message = this.#splitter.next(); message !== undefined; message = this.#splitter.next()) {
        if (this.#over !== undefined) return;
        this.#take(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof XdrError)) throw error;
      this.end(
        new ProtocolError(`what the daemon sends is not libvirt's protocol: ${error.message}`, { cause: error }),
      );
    }
  }

  #take(message: Message): void {
    if (message.program === KEEPALIVE.number) {
      if (message.procedure === KEEPALIVE.procedures.ping) this.#keepalive(KEEPALIVE.procedures.pong);
      return;
    }
    switch (message.type) {
      case MessageType.REPLY:
        return this.#takeReply(message);
      case MessageType.STREAM:
      case MessageType.STREAM_HOLE:
        return this.#takeStream(message);
      case MessageType.MESSAGE:
        return this.onMessage(message);
      default:
        throw new ProtocolError(`a message of type ${message.type}`);
    }
  }

  #takeReply({ serial, program, procedure, status, payload }: Message): void {
    const pending = this.#pending.get(serial);
    if (pending?.call.procedure !== procedure || pending.call.program.number !== program)
      throw new ProtocolError(`an answer to call ${serial} of procedure ${procedure}, which was not made`);
    // Before the call is struck off: an error that is none ends the connection, and with it all that waits.
    const error = status === MessageStatus.OK ? undefined : new LibvirtError(decode(remoteError, payload));
    this.#pending.delete(serial);
    pending.over();
    if (error !== undefined) return pending.giveUp(error);
    const stream = 'opensStream' in pending.call ? this.#newStream(serial, pending.call) : undefined;
    for (const message of pending.early ?? []) this.#takeStream(message);
    if (pending.isAwaited) pending.succeed({ reply: payload, stream });
    else stream?.destroy();
  }

  /** To be there before anybody hears of the reply: data may follow it in the same bytes. */
  #newStream(serial: number, call: Call<never, unknown>): LibvirtStream {
    const wire: StreamWire = {
      send: (status, bytes, onSent) => this.#sendStream(serial, call, status, bytes, onSent),
      hold: () => {
        this.#full.add(stream);
        this.#duplex.pause();
      },
      release: () => {
        if (this.#full.delete(stream) && this.#full.size === 0) this.#duplex.resume();
      },
      over: () => {
        this.#streams.delete(serial);
        wire.release();
      },
    };
    const stream = new LibvirtStream(wire);
    this.#streams.set(serial, stream);
    return stream;
  }

  #takeStream(message: Message): void {
    const { type, serial, status, payload } = message;
    const stream = this.#streams.get(serial);
    if (stream === undefined) return this.#keepEarly(message);
    if (type === MessageType.STREAM_HOLE)
      return stream.fail(new ProtocolError('a hole in a stream, which was not asked for'));
    switch (status) {
      case MessageStatus.CONTINUE:
        return stream.receive(payload);
      case MessageStatus.OK:
        return stream.confirm();
      default:
        return stream.fail(new LibvirtError(decode(remoteError, payload)));
    }
  }

  #keepEarly(message: Message): void {
    const pending = this.#pending.get(message.serial);
    const early = pending !== undefined && 'opensStream' in pending.call ? (pending.early ??= []) : undefined;
    if (early === undefined || early.length >= MAX_EARLY)
      throw new ProtocolError(`data of stream ${message.serial}, which is not open`);
    early.push(message);
  }

  #sendStream(
    serial: number,
    { program, procedure }: Call<never, unknown>,
    status: number,
    bytes: Uint8Array,
    onSent?: (error?: Error | null) => void,
  ): void {
    if (this.#over !== undefined) return onSent?.(this.#over);
    const header = {
      program: program.number,
      version: program.version,
      procedure,
      type: MessageType.STREAM,
      serial,
      status,
    };
    const head = frame(header, (writer) => writer.raw(bytes));
    this.#duplex.write(head, (error) => {
      if (error === null || error === undefined) onSent?.();
      else
        onSent?.(
          this.#over ?? new ConnectionLostError(`the connection was lost: ${error.message}`, true, { cause: error }),
        );
    });
  }

  #keepalive(procedure: number): void {
    if (this.#over !== undefined) return;
    const { number: program, version } = KEEPALIVE;
    const header = { program, version, procedure, type: MessageType.MESSAGE, serial: 0, status: MessageStatus.OK };
    this.#duplex.write(frame(header, () => undefined));
  }
}

function replyOf<Reply>({ name, reply }: Call<never, Reply>, payload: Buffer): Reply {
  try {
    return decode(reply, payload);
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    throw new ProtocolError(`the answer to ${name} is none: ${error.message}`, { cause: error });
  }
}
