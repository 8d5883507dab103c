import { DomainCreateFlags, domainCreateXml, domainGetBlockInfo } from 'node-libvirt';
import { serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import { makeSo, settle } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { unlessMissing } from '../client/unless-missing.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { diskXml } from '../mapping/disk.js';
import { sourceKeyOf } from '../mapping/disk-source.js';
import type { DomainFacts } from '../mapping/domain-facts.js';
import { writerOf } from '../mapping/names.js';
import { hasBackingStore, WRITER_DISK, writerDiskXml, writerXml } from '../mapping/writer-xml.js';
import { diskNow, ensureCopying, finishJob } from './block-job.js';
import { DomainChange } from './domain-change.js';
import { refusing } from './plug.js';
import { slowestMs } from './storage/storage-pool.js';

/**
 * Volumes are read and written by QEMU, since libvirt itself reaches none but those of its pools: by a domain beside the instance whose
 * processors never run, and that is gone once it ends. Its UUID comes of the instance, so that there is never more than one, and
 * whoever comes after a process that has died finds it. While it is there, the instance must not run; its definition stays as it is.
 */
class Writer extends DomainChange {
  constructor(private readonly of: DomainChange) {
    const { uuid, name } = writerOf(of.uuid);
    super(of.ctx, of.place, { ...of.target, id: uuid, name });
  }

  override get label(): string {
    return `the writer of ${this.of.label}`;
  }

  /** Runs while the writer is there, with this disk, and ends it whatever comes of that. */
  async with<T>(what: string, disk: XmlElement, isIt: (disk: DiskFacts) => boolean, use: () => Promise<T>): Promise<T> {
    const { of, ctx } = this;
    return await this.run(`${what} of domain ${of.target.name} by`, async () => {
      try {
        await refusing(this, `${what} by`, () => this.#ensureThere(disk, isIt));
        const used = await use();
        await this.ensureGone();
        return used;
      } catch (error) {
        if (!ctx.signal.aborted) await this.#endAfterFailure();
        throw failureOf(error)?.missing === 'domain' ? this.#ended(what) : error;
      }
    });
  }

  async ensureGone(): Promise<void> {
    await makeSo(this, {
      step: 'end-writer',
      noun: 'end of the writer',
      doing: `ending ${this.label}`,
      isSo: async () => (await this.#seen()) === undefined,
      send: async (timeoutMs) => {
        await unlessMissing('domain', () => this.domains.destroy(this.uuid, timeoutMs));
        return undefined;
      },
    });
  }

  /** One that an earlier attempt has left for something else goes first. */
  async #ensureThere(disk: XmlElement, isIt: (disk: DiskFacts) => boolean): Promise<void> {
    const { ctx, of, caller, label } = this;
    const instance = await of.definition('next');
    const look = async (): Promise<DomainFacts | undefined> => {
      const seen = await this.#seen();
      return seen?.mark?.operation === ctx.operationId && seen.disks.some(isIt) ? seen : undefined;
    };
    if ((await look()) === undefined) await this.ensureGone();
    const xml = serialiseXml(writerXml(instance, await of.facts('next'), ctx.operationId, disk));
    await settle<DomainFacts>(this, {
      step: 'start-writer',
      noun: 'start of the writer',
      doing: `starting ${label}`,
      look,
      send: async (timeoutMs) => {
        await caller.call(domainCreateXml, { xml, flags: DomainCreateFlags.VIR_DOMAIN_START_PAUSED }, { timeoutMs });
        return undefined;
      },
    });
  }

  async #seen(): Promise<DomainFacts | undefined> {
    return await unlessMissing('domain', () => this.facts());
  }

  #ended(what: string): Error {
    return this.error(
      'OPERATION_FAILED',
      `${this.label} has ended by itself in the middle of ${what}; the log of QEMU may say why`,
    );
  }

  /** What has failed matters more. Its own time may be over. */
  async #endAfterFailure(): Promise<void> {
    try {
      await endWriter(this.of);
    } catch (err) {
      this.ctx.log.warn(`${this.label} could not be ended; whatever rebuilds or destroys the instance next ends it`, {
        err,
      });
    }
  }
}

/** What QEMU finds when it opens a volume. */
export interface OpenedVolume {
  readonly bytes: number;
  /** Does it show only what differs from another file? */
  readonly hasBackingStore: boolean;
}

/** Opens a disk of an instance that does not run, as its next start would. */
export async function openVolume(change: DomainChange, disk: DiskFacts, what: string): Promise<OpenedVolume> {
  const writer = new Writer(change);
  const readonly = writerDiskXml(disk, { isReadonly: true });
  return await writer.with(
    `opening ${what}`,
    readonly,
    (seen) => seen.isReadonly,
    () => seeVolume(writer, WRITER_DISK),
  );
}

/** The same of a disk of a domain that runs. */
export async function seeVolume(change: DomainChange, target: string): Promise<OpenedVolume> {
  const { caller, ref, ctx } = change;
  const disk = await diskNow(change, target);
  const info = await caller.call(domainGetBlockInfo, { domain: ref, path: target }, { signal: ctx.signal });
  return { bytes: Number(info.capacity), hasBackingStore: disk !== undefined && hasBackingStore(disk) };
}

/**
 * Writes all of an image to a disk of an instance that does not run.
 *
 * @param image a qcow2 file of exactly the size of the disk
 * @param what for people: "volume data"
 */
export async function writeVolume(
  change: DomainChange,
  {
    disk,
    image,
    what,
    bytes,
  }: { readonly disk: DiskFacts; readonly image: string; readonly what: string; readonly bytes: number },
): Promise<void> {
  const key = sourceKeyOf(disk);
  const isWritten = (seen: DiskFacts): boolean => sourceKeyOf(seen) === key;
  const writer = new Writer(change);
  const beganAt = change.ctx.clock.now();
  writer.notCounting(slowestMs(bytes));
  // Not every file system can be gone past its cache; QEMU flushes it at the end.
  const from = diskXml({
    source: { type: 'file', path: image, format: 'qcow2' },
    device: 'disk',
    bus: 'virtio',
    target: WRITER_DISK,
    cache: 'writeback',
  });
  const isIt = (seen: DiskFacts): boolean => !seen.isReadonly;
  await writer.with(`writing ${what}`, from, isIt, async () => {
    await ensureCopying(writer, WRITER_DISK, {
      step: 'write-volume',
      noun: `writing of ${what}`,
      doing: `writing the image to ${what} of ${change.label}`,
      to: writerDiskXml(disk),
      isDone: isWritten,
    });
    await finishJob(writer, WRITER_DISK, {
      noun: `copy of the image to ${what}`,
      isDone: isWritten,
      whenBroken: `somebody ended it, or QEMU cannot write there; ${what} may hold a part of the image, so repeat it before ${change.label} is started`,
    });
  });
  change.notCounting(change.ctx.clock.now() - beganAt);
  for (const noun of writer.carriedOut) change.carriedOut.add(noun);
}

/** No writer of an instance is there, that an attempt of any operation has left. */
export async function endWriter(change: DomainChange): Promise<void> {
  await new Writer(change).ensureGone();
}
