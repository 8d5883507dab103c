import { Duplex } from 'node:stream';
import { MessageStatus } from './message.js';

/** What every daemon takes as one part of a stream; newer ones would take more. */
const MAX_PART_BYTES = 262_120;
const NONE = Buffer.alloc(0);

/** How a stream reaches its connection. */
export interface StreamWire {
  send(status: number, bytes: Uint8Array, onSent?: (error?: Error | null) => void): void;
  /** Nothing more is read from the connection, until {@link StreamWire.release}. */
  hold(): void;
  release(): void;
  /** The daemon says nothing more of this stream. */
  over(): void;
}

/**
 * Data that flow after a call: a console in both directions, an upload, a download. Ending the writable side ends all of it,
 * and waits for the daemon to say that it went well. Destroying it before that tells the daemon to drop what there is.
 *
 * Who reads slowly slows the whole connection down, because libvirt knows no flow control for one stream: a connection of its
 * own is the place for long ones.
 *
 * An error that nobody listens for does not end the process: whoever reads or writes next meets it.
 */
export class LibvirtStream extends Duplex {
  readonly #wire: StreamWire;
  #onConfirmed: ((error?: Error | null) => void) | undefined;
  #hasEnded = false;
  #isOver = false;

  constructor(wire: StreamWire) {
    super({ allowHalfOpen: false }); // the daemon waits to hear that its data were the last
    this.#wire = wire;
    this.on('error', () => undefined); // it may come before the call that opened the stream has returned
  }

  /** Data have come; none at all mean that there are no more. */
  receive(bytes: Buffer): void {
    if (this.destroyed || this.#hasEnded) return;
    if (bytes.length === 0) this.#endReading();
    else if (!this.push(bytes)) this.#wire.hold();
  }

  /** The daemon agrees that this is the end. */
  confirm(): void {
    this.#leave();
    this.#onConfirmed?.();
    this.#endReading();
    if (!this.writableEnded) this.end();
  }

  fail(error: Error): void {
    this.#leave();
    this.destroy(error);
  }

  override _read(): void {
    this.#wire.release();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isOver) return done(new Error('the daemon has ended the stream'));
    for (let at = 0; at < chunk.length; at += MAX_PART_BYTES) {
      const isLast = at + MAX_PART_BYTES >= chunk.length;
      this.#wire.send(MessageStatus.CONTINUE, chunk.subarray(at, at + MAX_PART_BYTES), isLast ? done : undefined);
    }
    if (chunk.length === 0) done(); // to send it would say that nothing follows
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isOver) return done();
    this.#onConfirmed = done;
    this.#wire.send(MessageStatus.OK, NONE, (error) => {
      if (error) done(error);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // The daemon answers that too; until then the serial is in use.
    if (!this.#isOver) this.#wire.send(MessageStatus.ERROR, NONE);
    this.#wire.release();
    done(error);
  }

  #endReading(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.push(null);
    if (this.readableLength === 0) this.read(0); // tells of the end, also to those who only write
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wire.over();
  }
}
