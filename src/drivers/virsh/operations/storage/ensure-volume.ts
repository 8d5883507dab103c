import { makeSo, settle } from '../../../kit/index.js';
import { failureOf } from '../../client/libvirt-failure.js';
import type { NewStorageVolume, StorageVolumeFacts } from '../../mapping/storage-xml.js';
import type { VirshChange } from '../domain-change.js';
import type { StoragePool } from './storage-pool.js';

/**
 * Volumes that an operation makes. A volume can be there and hold nothing yet, or half of what it should: so what is there
 * counts only when this operation has seen its making end (`change.carriedOut`), or when its size proves that all has come. Everything else
 * of that name is what an attempt has left that broke off, or what another operation had there, and is made anew.
 */

/** A file that becomes a volume. */
export interface UploadedVolume {
  readonly volume: string;
  readonly file: string;
  readonly bytes: number;
  /** For people: "image noble". */
  readonly what: string;
  /** No other operation makes one of this name, so its size alone tells that it is whole: it grows with what comes. */
  readonly isNamedByOperation?: boolean;
}

/** @returns what is known of it */
export async function ensureUploaded(
  change: VirshChange,
  pool: StoragePool,
  { volume, file, bytes, what, isNamedByOperation = false }: UploadedVolume,
): Promise<StorageVolumeFacts> {
  const { ctx } = change;
  const noun = uploadNoun(what);
  const { found } = await settle<StorageVolumeFacts>(change, {
    step: 'upload-volume',
    noun,
    doing: `writing ${what} to the host`,
    look: async () => {
      if (!isNamedByOperation && !change.carriedOut.has(noun)) return undefined;
      const seen = await pool.find(volume, { signal: ctx.signal });
      return seen?.fileBytes === bytes ? seen : undefined;
    },
    // Nobody has to wait for its end who comes after us: a volume that is removed takes with it what is still on its way there.
    send: async (timeoutMs) => {
      await clear(change, pool, volume, timeoutMs);
      await pool.create({ name: volume, format: 'raw', capacityBytes: 0 }, timeoutMs);
      const onBytes = telling(change, `writing ${what} to the host`, bytes);
      await pool.upload(volume, { file, bytes, timeoutMs, signal: ctx.signal, onBytes });
      const seen = await pool.find(volume, { timeoutMs });
      if (seen?.fileBytes === bytes) return seen;
      throw change.error(
        'OPERATION_FAILED',
        `${what} was written to the host, and its volume ${volume} has ${seen?.fileBytes ?? 'no'} of ${bytes} bytes; somebody else works on it`,
      );
    },
  });
  return found;
}

/** Has this operation written it already, so that nobody has to obtain it again? */
export async function findUploaded(
  change: VirshChange,
  pool: StoragePool,
  { volume, what }: Pick<UploadedVolume, 'volume' | 'what'>,
): Promise<StorageVolumeFacts | undefined> {
  return change.carriedOut.has(uploadNoun(what)) ? await pool.find(volume, { signal: change.ctx.signal }) : undefined;
}

/** A volume that holds nothing, or what is behind it. @param what for people: "root disk of web01" */
export async function ensureCreated(
  change: VirshChange,
  pool: StoragePool,
  what: string,
  wanted: NewStorageVolume,
): Promise<StorageVolumeFacts> {
  const noun = creationNoun(what);
  const { found } = await settle<StorageVolumeFacts>(change, {
    step: 'create-volume',
    noun,
    doing: `making the ${what}`,
    look: () => findCreated(change, pool, what, wanted.name),
    send: async (timeoutMs) => {
      await clear(change, pool, wanted.name, timeoutMs);
      await pool.create(wanted, timeoutMs);
      return await pool.find(wanted.name, { timeoutMs });
    },
  });
  return found;
}

/** One that this operation has made already. */
export async function findCreated(
  change: VirshChange,
  pool: StoragePool,
  what: string,
  volume: string,
): Promise<StorageVolumeFacts | undefined> {
  return change.carriedOut.has(creationNoun(what)) ? await pool.find(volume, { signal: change.ctx.signal }) : undefined;
}

/** A volume of all that another one and what is behind that hold: it is whole by itself. */
export async function ensureCopied(
  change: VirshChange,
  pool: StoragePool,
  what: string,
  wanted: NewStorageVolume,
  from: StorageVolumeFacts,
): Promise<StorageVolumeFacts> {
  const noun = `copy of ${what}`;
  const { ctx } = change;
  const { found } = await settle<StorageVolumeFacts>(change, {
    step: 'copy-volume',
    noun,
    doing: `copying the ${what}`,
    look: async () => (change.carriedOut.has(noun) ? await pool.find(wanted.name, { signal: ctx.signal }) : undefined),
    send: async (timeoutMs) => {
      await clear(change, pool, wanted.name, timeoutMs);
      ctx.progress(`copying the ${what}`);
      await pool.copy(wanted, from.name, from.capacityBytes, timeoutMs);
      return await pool.find(wanted.name, { timeoutMs });
    },
  });
  return found;
}

/** An empty volume that says something by its name alone: it is there, or it is not. */
export async function ensureMarked(change: VirshChange, pool: StoragePool, mark: string): Promise<void> {
  await makeSo(change, {
    step: 'mark-volume',
    noun: `mark ${mark}`,
    doing: 'writing down that all is there',
    isSo: async () => (await pool.find(mark, { signal: change.ctx.signal })) !== undefined,
    send: async (timeoutMs) => {
      await pool.create({ name: mark, format: 'raw', capacityBytes: 0 }, timeoutMs);
      return true;
    },
  });
}

/** @param what for people: "root disk of web01". @returns whether there was anything to remove */
export async function ensureRemoved(
  change: VirshChange,
  pool: StoragePool,
  what: string,
  volume: string,
): Promise<boolean> {
  return await makeSo(change, {
    step: 'remove-volume',
    noun: `removal of the ${what}`,
    doing: `removing the ${what}`,
    isSo: async () => (await pool.find(volume, { signal: change.ctx.signal })) === undefined,
    send: async (timeoutMs) => {
      await clear(change, pool, volume, timeoutMs);
      return true;
    },
  });
}

/** Removes what is there of a name, once nobody makes it any more. */
export async function clear(change: VirshChange, pool: StoragePool, volume: string, timeoutMs: number): Promise<void> {
  await change.poll(`libvirt to be done with volume ${volume}`, change.backend.pacing.poll.initialMs, async () => {
    try {
      await pool.remove(volume, timeoutMs);
      return true;
    } catch (error) {
      if (failureOf(error)?.isWrongState === true) return undefined;
      throw error;
    }
  });
}

/** Tells callers how far it is, a percent at a time. */
export function telling({ ctx }: VirshChange, doing: string, bytes: number): (done: number) => void {
  let told = -1;
  return (done) => {
    const percent = bytes === 0 ? 100 : Math.floor((done / bytes) * 100);
    if (percent === told) return;
    told = percent;
    ctx.progress(doing, percent);
  };
}

function uploadNoun(what: string): string {
  return `upload of ${what}`;
}

function creationNoun(what: string): string {
  return `making of the ${what}`;
}
