import type { TLSSocket } from 'node:tls';
import { StompSocketState, type IStompSocket } from '@stomp/stompjs';

/** A TLS socket as the STOMP library wants one: in the shape of a websocket. It is open when it is made. */
export class StompSocket implements IStompSocket {
  readonly url = 'stomp+tls';
  binaryType = 'arraybuffer';
  onopen: IStompSocket['onopen'];
  onmessage: IStompSocket['onmessage'];
  onclose: IStompSocket['onclose'];
  onerror: IStompSocket['onerror'];
  /** When the last byte came, by the steady clock. */
  heardAt = performance.now();
  readonly #socket: TLSSocket;
  readonly #maxFrameBytes: number;
  /** Bytes since the last whole frame, at most: the library's parser keeps them. */
  #unfinished = 0;
  #state: StompSocketState = StompSocketState.OPEN;

  /** @param maxFrameBytes a frame that is longer ends the connection */
  constructor(socket: TLSSocket, maxFrameBytes: number) {
    this.#socket = socket;
    this.#maxFrameBytes = maxFrameBytes;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // A close follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
    if (socket.destroyed) queueMicrotask(() => this.#end());
  }

  get readyState(): StompSocketState {
    return this.#state;
  }

  send(data: string | ArrayBuffer): void {
    if (this.#socket.writable) this.#socket.write(typeof data === 'string' ? data : new Uint8Array(data));
  }

  /** What has been written still goes out. */
  close(): void {
    if (this.#state !== StompSocketState.OPEN) return;
    this.#state = StompSocketState.CLOSING;
    this.#socket.end();
  }

  terminate(): void {
    this.#socket.destroy();
    this.#end();
  }

  /** A whole frame was read. */
  frameRead(): void {
    this.#unfinished = 0;
  }

  #receive(chunk: Buffer): void {
    if (this.#state !== StompSocketState.OPEN) return;
    this.heardAt = performance.now();
    this.#unfinished += chunk.length;
    if (this.#unfinished > this.#maxFrameBytes) {
      this.terminate();
      return;
    }
    // The library copies what it is given.
    this.onmessage?.({ data: chunk });
  }

  #end(): void {
    if (this.#state === StompSocketState.CLOSED) return;
    this.#state = StompSocketState.CLOSED;
    this.onclose?.({ code: 1006, reason: '', wasClean: false });
  }
}
