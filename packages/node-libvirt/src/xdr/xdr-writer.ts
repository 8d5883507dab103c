import { XdrError } from './xdr-error.js';

const FIRST_BYTES = 512;

/** Writes XDR (RFC 4506). A value that has no place in it is refused, never cut or wrapped around. */
export class XdrWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** What was written. Nothing may be written after that. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  int(value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff)
      throw new XdrError(`${value} is no 32-bit integer`);
    const at = this.#reserve(4);
    this.#bytes.writeInt32BE(value, at);
  }

  uint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw new XdrError(`${value} is no unsigned 32-bit integer`);
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  hyper(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new XdrError(`${value} is no 64-bit integer`);
    const at = this.#reserve(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  unsignedHyper(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) throw new XdrError(`${value} is no unsigned 64-bit integer`);
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0);
  }

  fixedOpaque(value: Uint8Array, length: number): void {
    if (value.length !== length) throw new XdrError(`${value.length} bytes are given where there are ${length}`);
    const padded = length + (-length & 3);
    const start = this.#reserve(padded);
    this.#bytes.set(value, start);
    this.#pad(start + length, start + padded);
  }

  opaque(value: Uint8Array, maxLength: number): void {
    this.length(value.length, maxLength);
    this.fixedOpaque(value, value.length);
  }

  string(value: string, maxLength: number): void {
    // libvirt's own ends at a zero byte: what is after it would be lost without a word.
    if (value.includes('\0')) throw new XdrError('a text holds a zero character');
    const length = Buffer.byteLength(value);
    this.length(length, maxLength);
    const padded = length + (-length & 3);
    const start = this.#reserve(padded);
    this.#bytes.write(value, start);
    this.#pad(start + length, start + padded);
  }

  /** Bytes as they are, without a length and without padding: XDR goes no further. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** The count before something of variable length. */
  length(length: number, max: number): void {
    if (length > max) throw new XdrError(`a length of ${length} is beyond ${max}`);
    this.uint(length);
  }

  #pad(from: number, to: number): void {
    for (let at = from; at < to; at++) this.#bytes[at] = 0;
  }

  /** To be called before `#bytes` is looked at: it may take another one. */
  #reserve(length: number): number {
    const start = this.#at;
    this.#at = start + length;
    if (this.#at > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    return start;
  }
}
