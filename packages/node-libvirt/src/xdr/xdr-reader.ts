import { XdrError } from './xdr-error.js';

const NONE = Buffer.alloc(0);

/**
 * Reads XDR (RFC 4506) from bytes that a peer sent. Nothing is believed: no read goes beyond the end, and no length is
 * acted upon before the bytes that it promises are known to be there.
 */
export class XdrReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  uint(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  hyper(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  unsignedHyper(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  bool(): boolean {
    const value = this.uint();
    if (value > 1) throw new XdrError(`${value} is neither true nor false`);
    return value === 1;
  }

  /** Bytes of a length that both sides know. They are not copied. */
  fixedOpaque(length: number): Buffer {
    if (length === 0) return NONE;
    const start = this.#advance(length);
    this.#skipPadding(length);
    return this.#bytes.subarray(start, start + length);
  }

  opaque(maxLength: number): Buffer {
    return this.fixedOpaque(this.length(maxLength));
  }

  string(maxLength: number): string {
    const length = this.length(maxLength);
    const start = this.#advance(length);
    this.#skipPadding(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /**
   * The count before something of variable length.
   *
   * @param bytesEach how much each takes at least: a count that the rest cannot hold is refused before anything is made of it
   */
  length(max: number, bytesEach = 1): number {
    const length = this.uint();
    if (length > max) throw new XdrError(`a length of ${length} is beyond ${max}`);
    if (length * bytesEach > this.left)
      throw new XdrError(`a length of ${length} is beyond the ${this.left} bytes that are left`);
    return length;
  }

  /** To be called after the last: what is longer than its layout is not what it is taken for. */
  end(): void {
    if (this.left > 0) throw new XdrError(`${this.left} bytes too many`);
  }

  #skipPadding(length: number): void {
    const padding = -length & 3;
    if (padding === 0) return;
    const start = this.#advance(padding);
    for (let at = start; at < this.#at; at++)
      if (this.#bytes[at] !== 0) throw new XdrError('padding is not made of zeros');
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start)
      throw new XdrError(`${length} bytes are wanted, and ${this.#bytes.length - start} are left`);
    this.#at = start + length;
    return start;
  }
}
