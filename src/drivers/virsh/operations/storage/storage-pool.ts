import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CallTimeoutError,
  storagePoolGetXmlDesc,
  storagePoolListAllVolumes,
  storagePoolRefresh,
  storageVolCreateXml,
  storageVolCreateXmlFrom,
  storageVolDelete,
  storageVolDownload,
  storageVolGetXmlDesc,
  storageVolResize,
  storageVolUpload,
  type Caller,
  type CallOptions,
  type StoragePoolRef,
  type StorageVolumeRef,
} from 'node-libvirt';
import { parseXml, serialiseXml } from '../../../../connectors/xml/index.js';
import { Errno, failureOf } from '../../client/libvirt-failure.js';
import {
  storagePoolFacts,
  storageVolumeFacts,
  storageVolumeXml,
  type NewStorageVolume,
  type StoragePoolFacts,
  type StorageVolumeFacts,
} from '../../mapping/storage-xml.js';

/** The slowest way to a host, and the slowest disk there, that are waited for, bytes in a millisecond: 4 MiB/s. */
const LEAST_SPEED = (4 * 1024 * 1024) / 1000;

/** A file on its way to or from a volume. */
export interface Transfer {
  readonly file: string;
  readonly bytes: number;
  /** For the answer to a request, and for a stream that stands still in the end. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told of each piece. */
  readonly onBytes?: ((done: number) => void) | undefined;
}

/**
 * A storage pool of a host whose volumes are files in a directory. Every method throws what `failureOf` judges.
 *
 * A volume that is being made can be seen, and not be removed; one that is written to can be both.
 */
export class StoragePool {
  readonly #caller: Caller;
  readonly #ref: StoragePoolRef;

  constructor(
    caller: Caller,
    ref: StoragePoolRef,
    /** Where on the host its volumes are. */
    readonly path: string,
  ) {
    this.#caller = caller;
    this.#ref = ref;
  }

  get name(): string {
    return this.#ref.name;
  }

  /** The same, asked by another change, which has a time of its own. */
  askedBy(caller: Caller): StoragePool {
    return new StoragePool(caller, this.#ref, this.path);
  }

  async facts(options: CallOptions): Promise<StoragePoolFacts> {
    const { xml } = await this.#caller.call(storagePoolGetXmlDesc, { pool: this.#ref }, options);
    return storagePoolFacts(parseXml(xml));
  }

  /**
   * Makes libvirt look at the directory again; while volumes are being made, it does not.
   *
   * @returns whether it has looked
   */
  async refresh(options: CallOptions): Promise<boolean> {
    try {
      await this.#caller.call(storagePoolRefresh, { pool: this.#ref }, options);
      return true;
    } catch (error) {
      // It says so as an internal error.
      if (failureOf(error)?.native !== 'VIR_ERR_INTERNAL_ERROR') throw error;
      return false;
    }
  }

  async volumeNames(options: CallOptions): Promise<string[]> {
    const { volumes } = await this.#caller.call(storagePoolListAllVolumes, { pool: this.#ref }, options);
    return volumes.map(({ name }) => name);
  }

  /** What is known of a volume; undefined when there is none of this name. */
  async find(volume: string, options: CallOptions): Promise<StorageVolumeFacts | undefined> {
    try {
      const { xml } = await this.#caller.call(storageVolGetXmlDesc, { volume: this.#volume(volume) }, options);
      return storageVolumeFacts(parseXml(xml));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  async create(volume: NewStorageVolume, timeoutMs: number): Promise<void> {
    const xml = serialiseXml(storageVolumeXml(volume));
    await this.#caller.call(storageVolCreateXml, { pool: this.#ref, xml }, { timeoutMs });
  }

  /**
   * Makes a volume of all that another one and what is behind that hold. libvirt takes the other one for what it looks like: it must be
   * one of which guests cannot write the beginning.
   *
   * @param fromBytes what it holds, by which the time is reckoned that this may take
   */
  async copy(volume: NewStorageVolume, from: string, fromBytes: number, timeoutMs: number): Promise<void> {
    await this.#caller.call(
      storageVolCreateXmlFrom,
      { pool: this.#ref, xml: serialiseXml(storageVolumeXml(volume)), from: this.#volume(from) },
      { timeoutMs: timeoutMs + slowestMs(fromBytes) },
    );
  }

  /** Never makes it smaller. */
  async grow(volume: string, bytes: number, timeoutMs: number): Promise<void> {
    const args = { volume: this.#volume(volume), capacity: BigInt(bytes) };
    await this.#caller.call(storageVolResize, args, { timeoutMs });
  }

  /** One that is not there is removed. @throws what `failureOf` calls a wrong state, while it is being made */
  async remove(volume: string, timeoutMs: number): Promise<void> {
    try {
      await this.#caller.call(storageVolDelete, { volume: this.#volume(volume) }, { timeoutMs });
    } catch (error) {
      if (!isGone(error)) throw error;
      // Its file, when somebody else has removed it; libvirt has to learn of that.
      if (failureOf(error)?.missing === undefined) await this.refresh({ timeoutMs });
    }
  }

  /** Writes a file into a volume from its beginning on, so that it grows by each piece that has come. */
  async upload(volume: string, transfer: Transfer): Promise<void> {
    const { file, bytes, timeoutMs } = transfer;
    const part = { volume: this.#volume(volume), offset: 0n, length: BigInt(bytes) };
    const { stream } = await this.#caller.openStream(storageVolUpload, part, { timeoutMs });
    await flow(transfer, 'upload', (counted, signal) => pipeline(createReadStream(file), counted, stream, { signal }));
  }

  /** Reads all of a volume into a file, which must not be there. */
  async download(volume: string, transfer: Transfer): Promise<void> {
    const { file, timeoutMs } = transfer;
    const part = { volume: this.#volume(volume), offset: 0n, length: 0n };
    const { stream } = await this.#caller.openStream(storageVolDownload, part, { timeoutMs });
    const to = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    await flow(transfer, 'download', (counted, signal) => pipeline(stream, counted, to, { signal }));
  }

  /** Writes all of a volume into one of another host, which is there and empty. */
  async sendTo(other: StoragePool, volume: string, into: string, transfer: Omit<Transfer, 'file'>): Promise<void> {
    const { timeoutMs, bytes } = transfer;
    const part = { volume: this.#volume(volume), offset: 0n, length: BigInt(bytes) };
    const { stream: from } = await this.#caller.openStream(storageVolDownload, part, { timeoutMs });
    try {
      const { stream: to } = await other.#caller.openStream(
        storageVolUpload,
        { ...part, volume: other.#volume(into) },
        { timeoutMs },
      );
      await flow(transfer, 'copy', (counted, signal) => pipeline(from, counted, to, { signal }));
    } finally {
      from.destroy();
    }
  }

  /** By pool and name libvirt finds it; the key is for people. */
  #volume(name: string): StorageVolumeRef {
    return { pool: this.#ref.name, name, key: `${this.path}/${name}` };
  }
}

/** How long so much may take. */
export function slowestMs(bytes: number): number {
  return Math.ceil(bytes / LEAST_SPEED);
}

/** There is no such volume, or no file of it any more. */
function isGone(error: unknown): boolean {
  const failure = failureOf(error);
  return failure?.missing === 'volume' || failure?.errno === Errno.ENOENT;
}

/**
 * Lets bytes flow, as many as were announced, in a time in which they must have come.
 *
 * @throws CallTimeoutError; the signal's reason; an error when there were more or less
 */
async function flow(
  { bytes, timeoutMs, signal, onBytes }: Omit<Transfer, 'file'>,
  what: string,
  run: (counted: Transform, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const limitMs = timeoutMs + slowestMs(bytes);
  const inTime = AbortSignal.timeout(limitMs);
  let done = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, next) {
      done += piece.length;
      if (done > bytes) return next(new Error(`the ${what} has more than the ${bytes} bytes that it should have`));
      onBytes?.(done);
      next(null, piece);
    },
  });
  try {
    await run(counted, AbortSignal.any([signal, inTime]));
  } catch (error) {
    signal.throwIfAborted();
    if (inTime.aborted) throw new CallTimeoutError(`the ${what} did not end within ${limitMs} ms`, true);
    throw error;
  }
  if (done !== bytes) throw new Error(`the ${what} has ${done} bytes, not the ${bytes} that it should have`);
}
