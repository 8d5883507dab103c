import { ProtocolError } from '../errors/connection-errors.js';
import { HEADER_BYTES, MAX_MESSAGE_BYTES, type Message, parsed } from './message.js';

const LENGTH_BYTES = 4;

/**
 * Makes messages of what arrives in pieces of any size. Once `next` finds no more, it holds no more than one message that is not
 * whole yet. A byte is copied three times at most, however small the pieces are.
 */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  #held = 0;
  /** How much of the first chunk is taken. */
  #at = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /** The next message that is whole. @throws ProtocolError when what comes is no message: there is no way to find the next one */
  next(): Message | undefined {
    if (this.#held < LENGTH_BYTES) return undefined;
    const begun = this.#merged(LENGTH_BYTES);
    const length = begun.readUInt32BE(this.#at);
    if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES)
      throw new ProtocolError(`a message of ${length} bytes, which is none of libvirt's`);
    if (this.#held < length) return undefined;
    const whole = this.#merged(length);
    const message = parsed(whole, this.#at, length);
    this.#held -= length;
    this.#at += length;
    if (this.#held === 0) {
      this.#chunks = [];
      this.#at = 0;
    }
    return message;
  }

  /** @returns the first chunk, with at least so many bytes in it that are not taken */
  #merged(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length - this.#at >= bytes) return first;
    if (first !== undefined) this.#chunks[0] = first.subarray(this.#at);
    const all = Buffer.concat(this.#chunks, this.#held);
    this.#chunks = [all];
    this.#at = 0;
    return all;
  }
}
