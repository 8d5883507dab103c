import { ProtocolError } from '../errors/connection-errors.js';
import { HEADER_BYTES, MAX_MESSAGE_BYTES, type Message, parsed } from './message.js';

const LENGTH_BYTES = 4;

/**
 * Makes messages of what arrives in pieces of any size. It holds no more than one message that is not whole yet, and copies
 * a byte once at most.
 */
export class MessageSplitter {
  #chunks: Buffer[] = [];
  #held = 0;

  /** @throws ProtocolError when what comes is no message: there is no way to find the next one */
  *push(chunk: Buffer): Generator<Message> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    for (;;) {
      if (this.#held < LENGTH_BYTES) return;
      const length = this.#merged(LENGTH_BYTES).readUInt32BE(0);
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES)
        throw new ProtocolError(`a message of ${length} bytes, which is none of libvirt's`);
      if (this.#held < length) return;
      const all = this.#merged(length);
      this.#chunks[0] = all.subarray(length);
      this.#held -= length;
      yield parsed(all.subarray(0, length));
    }
  }

  /** @returns the first chunk, with at least so many bytes in it */
  #merged(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const all = Buffer.concat(this.#chunks, this.#held);
    this.#chunks = [all];
    return all;
  }
}
