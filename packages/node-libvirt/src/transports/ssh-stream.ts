import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

const MAX_COMPLAINT_BYTES = 2048;

/** How a channel ended. */
export interface ChannelEnd {
  /** Exit status of the command; undefined when there was none. */
  readonly status: number | undefined;
  /** The end of what it wrote to its standard error. */
  readonly complaint: string;
  readonly hasAnswered: boolean;
}

/**
 * A channel of an ssh connection as an ordinary stream: it ends when either side ends, it can be destroyed at once, and it
 * always says `close`. The library's own does none of the three.
 *
 * An error that nobody listens for does not end the process: whoever gets the stream finds it broken.
 */
export class SshStream extends Duplex {
  readonly #channel: ClientChannel;
  #hasAnswered = false;
  #complaint = Buffer.alloc(0);

  /**
   * @param isCommand a command's end is told with its status, after the end of what it says
   * @param failureOf the error to end with; undefined for an end in good order
   */
  constructor(channel: ClientChannel, isCommand: boolean, failureOf: (end: ChannelEnd) => Error | undefined) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    this.on('error', () => undefined); // a command may have failed before anybody has the stream
    channel.on('data', (chunk: Buffer) => {
      this.#hasAnswered = true;
      if (!this.push(chunk)) channel.pause();
    });
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = Buffer.concat([this.#complaint, chunk]).subarray(-MAX_COMPLAINT_BYTES);
    });
    const end = (status?: number | null): void => {
      const complaint = this.#complaint.toString();
      const failure = failureOf({ status: status ?? undefined, complaint, hasAnswered: this.#hasAnswered });
      if (failure === undefined && !this.destroyed) this.push(null);
      else this.destroy(failure);
    };
    channel.on('end', () => {
      if (!isCommand) end();
    });
    channel.on('close', end);
    channel.on('error', (error: Error) => this.destroy(error));
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel.destroy();
    // Nobody reads any more; the rest must not stop the channel from closing.
    this.#channel.resume();
    done(error);
  }
}
