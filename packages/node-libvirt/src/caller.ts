import type { Call, StreamCall } from './layouts/call.js';
import type { LibvirtStream } from './rpc/stream.js';

export interface CallOptions {
  /** Ends the waiting, not what the daemon does. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the answer; `Infinity` for as long as the connection lasts. */
  readonly timeoutMs?: number | undefined;
}

/** Also for whoever keeps count of what a daemon works on. */
export interface CountedCallOptions extends CallOptions {
  /**
   * Told once, whatever happens, when the daemon does not work on the call any more: it has answered, also when nobody waits
   * for that any more; it will not; it never got it. Must not throw.
   */
  readonly onAnswered?: () => void;
}

/** What calls can be made on: one connection, or a pool of them. */
export interface Caller {
  /**
   * @throws LibvirtError what the daemon answered; ConnectionLostError and CallTimeoutError, whose `wasSent` says whether the
   *   daemon may have got the call; ProtocolError; XdrError when the arguments have no place in a message; the signal's reason
   */
  call<Reply>(call: Call<void, Reply>, args?: undefined, options?: CallOptions): Promise<Reply>;
  call<Args, Reply>(call: Call<Args, Reply>, args: Args, options?: CallOptions): Promise<Reply>;

  /** Makes a call after which data flow. The options are about the call; the stream lasts until it is ended. */
  openStream<Args, Reply>(
    call: StreamCall<Args, Reply>,
    args: Args,
    options?: CallOptions,
  ): Promise<{ reply: Reply; stream: LibvirtStream }>;
}
