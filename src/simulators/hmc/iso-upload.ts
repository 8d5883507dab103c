import { createHash, randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { BodySink } from '../kit/https-listener.js';

/** The bytes of an ISO image as they come in: counted and hashed, and written to a file when there is a folder for it. */
export class IsoUpload implements BodySink {
  readonly #hash = createHash('sha256');
  readonly file: string | null;
  #handle: FileHandle | null = null;
  #sizeBytes = 0;
  #sha256 = '';
  #isKept = false;

  /** `folder` null: the bytes are not kept. What is beyond `mostBytes` is read, and forgotten. */
  constructor(
    folder: string | null,
    private readonly mostBytes: number,
  ) {
    this.file = folder === null ? null : join(folder, `${randomUUID()}.iso`);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Of the complete image. */
  get sha256(): string {
    return this.#sha256;
  }

  get isTooLarge(): boolean {
    return this.#sizeBytes > this.mostBytes;
  }

  async write(piece: Buffer): Promise<void> {
    this.#sizeBytes += piece.length;
    if (this.isTooLarge) return;
    this.#hash.update(piece);
    if (this.file === null) return;
    this.#handle ??= await open(this.file, 'wx', 0o600);
    await this.#handle.write(piece);
  }

  async end(): Promise<void> {
    this.#sha256 = this.#hash.digest('hex');
    await this.#close();
  }

  async abort(): Promise<void> {
    await this.#close();
    await this.discard();
  }

  /** The image is mounted: its bytes stay until somebody removes the file. */
  keep(): void {
    this.#isKept = true;
  }

  /** Removes the bytes of an upload that came to nothing. */
  async discard(): Promise<void> {
    if (!this.#isKept && this.file !== null) await rm(this.file, { force: true });
  }

  async #close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }
}
