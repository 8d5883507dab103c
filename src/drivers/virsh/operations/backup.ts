import { basename } from 'node:path/posix';
import {
  domainAbortJob,
  domainBackupBegin,
  domainBackupGetXmlDesc,
  domainGetJobStats,
  DomainGetJobStatsFlags,
  DomainJobOperation,
  DomainJobType,
  DomainState,
  ErrorNumber,
  LibvirtError,
  valuesOf,
} from 'node-libvirt';
import type { ComputeError } from '../../../common/errors/index.js';
import { attributeOf, childAt, childrenOf, parseXml, serialiseXml } from '../../../connectors/xml/index.js';
import { isOfBackend, makeSo } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { backupXml } from '../mapping/backup-xml.js';
import { imageVolumeOf, unmarkedVolumes } from '../mapping/image-volume.js';
import type { StorageVolumeFacts } from '../mapping/storage-xml.js';
import type { DomainChange } from './domain-change.js';
import { clear, ensureRemoved } from './storage/ensure-volume.js';
import type { StoragePool } from './storage/storage-pool.js';

/** How often a copy is begun anew whose end nobody has seen, since the daemon died meanwhile. */
const MAX_COPIES = 3;

/** A disk of a running domain that is to be copied as it is at one moment. */
export interface DiskToCopy {
  /** `vda` */
  readonly target: string;
  /** Targets of the other disks. */
  readonly others: readonly string[];
  /** For people: "root disk of web01". */
  readonly what: string;
  /** Name of the new volume, which is qcow2; nobody else makes one of this name. */
  readonly volume: string;
  /** Begins the copy, with whatever has to be so at that moment. */
  readonly at: (begin: () => Promise<void>) => Promise<void>;
}

/**
 * Copies a disk of a running domain into a new volume, while the guest goes on: QEMU keeps what the guest overwrites until it is copied.
 * The domain's own disks stay what they are, whatever becomes of the copy.
 *
 * @returns what is known of the volume
 * @throws ComputeError OPERATION_FAILED when the copy has ended before it was whole; nothing is left of it. After an interruption
 *   {@link endCopy} sees to that
 */
export async function ensureBackedUp(
  change: DomainChange,
  pool: StoragePool,
  disk: DiskToCopy,
): Promise<StorageVolumeFacts> {
  const { ctx } = change;
  const file = `${pool.path}/${disk.volume}`;
  try {
    await pool.refresh({ signal: ctx.signal });
    for (let copies = 0; copies < MAX_COPIES; copies++) {
      await begin(change, pool, disk, file);
      await untilOver(change, disk.what);
      const end = await endOf(change);
      if (end.kind === 'whole') {
        await pool.refresh({ signal: ctx.signal });
        const made = await pool.find(disk.volume, { signal: ctx.signal });
        if (made !== undefined) return made;
      }
      if (end.kind === 'failed') throw brokenOff(change, disk, end.why);
    }
    throw brokenOff(change, disk, `libvirt forgot it ${MAX_COPIES} times`);
  } catch (error) {
    if (isOfBackend(change, error)) await endAfterFailure(change, pool);
    throw error;
  }
}

async function begin(change: DomainChange, pool: StoragePool, disk: DiskToCopy, file: string): Promise<void> {
  await disk.at(async () => {
    await makeSo(change, {
      step: 'begin-backup',
      noun: `copy of the ${disk.what}`,
      doing: `copying the ${disk.what} as it is now`,
      isSo: async () => (await fileNow(change)) === file,
      isOver: () => Promise.resolve(true),
      send: async (timeoutMs) => {
        await clear(change, pool, disk.volume, timeoutMs);
        const xml = serialiseXml(backupXml(disk.target, file, disk.others));
        const args = { domain: change.ref, backupXml: xml, checkpointXml: null };
        await change.caller.call(domainBackupBegin, args, { timeoutMs });
        return true;
      },
    });
  });
}

/** The file that a backup of the domain writes to now; undefined when none is under way. */
async function fileNow(change: DomainChange): Promise<string | undefined> {
  const xml = await backupNow(change);
  if (xml === undefined) return undefined;
  const disks = childrenOf(childAt(parseXml(xml), 'disks'), 'disk');
  return disks.map((disk) => attributeOf(childAt(disk, 'target'), 'file')).find((file) => file !== undefined);
}

async function backupNow({ caller, ref, ctx }: DomainChange): Promise<string | undefined> {
  try {
    return (await caller.call(domainBackupGetXmlDesc, { domain: ref }, { signal: ctx.signal })).xml;
  } catch (error) {
    if (error instanceof LibvirtError && NO_BACKUP.has(error.code)) return undefined;
    throw error;
  }
}

/** Of a domain that runs, and of one that does not. */
const NO_BACKUP: ReadonlySet<number> = new Set([
  ErrorNumber.VIR_ERR_NO_DOMAIN_BACKUP,
  ErrorNumber.VIR_ERR_OPERATION_INVALID,
]);

async function untilOver(change: DomainChange, what: string): Promise<void> {
  await change.poll(`the copy of the ${what} to be whole`, change.backend.pacing.poll.initialMs, async () => {
    if ((await backupNow(change)) === undefined) return true;
    await tellProgress(change, what);
    return undefined;
  });
}

async function tellProgress({ plainCaller, ref, ctx }: DomainChange, what: string): Promise<void> {
  try {
    const { parameters } = await plainCaller.call(domainGetJobStats, { domain: ref }, { signal: ctx.signal });
    const values = valuesOf(parameters);
    const [total, done] = [Number(values.get('disk_total') ?? 0), Number(values.get('disk_processed') ?? 0)];
    if (total > 0) ctx.progress(`copying the ${what}`, Math.min(100, Math.floor((done / total) * 100)));
  } catch (error) {
    // How far it is matters less than whether it goes on.
    if (failureOf(error) === undefined) throw error;
  }
}

type CopyEnd =
  | { readonly kind: 'whole' }
  | { readonly kind: 'failed'; readonly why: string }
  /** The daemon has been another one since. */
  | { readonly kind: 'forgotten' };

async function endOf(change: DomainChange): Promise<CopyEnd> {
  const { state } = await change.look();
  if (state === DomainState.VIR_DOMAIN_SHUTOFF) return { kind: 'failed', why: 'the guest has stopped meanwhile' };
  const { VIR_DOMAIN_JOB_STATS_COMPLETED: ENDED, VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED: KEPT } = DomainGetJobStatsFlags;
  const { type, parameters } = await change.caller.call(
    domainGetJobStats,
    { domain: change.ref, flags: ENDED | KEPT },
    { signal: change.ctx.signal },
  );
  const values = valuesOf(parameters);
  if (values.get('operation') !== DomainJobOperation.VIR_DOMAIN_JOB_OPERATION_BACKUP) return { kind: 'forgotten' };
  if (type === DomainJobType.VIR_DOMAIN_JOB_COMPLETED) return { kind: 'whole' };
  return { kind: 'failed', why: String(values.get('errmsg') ?? 'somebody ended it') };
}

function brokenOff(change: DomainChange, { what }: DiskToCopy, why: string): ComputeError {
  return change.error(
    'OPERATION_FAILED',
    `the copy of the ${what} has ended before it was whole: ${why}; the disk itself is as it was`,
  );
}

/** What has failed matters more. */
async function endAfterFailure(failed: DomainChange, pool: StoragePool): Promise<void> {
  try {
    await endCopy(failed, pool);
    if (failed.underWay === undefined) failed.tookBack();
  } catch (err) {
    failed.ctx.log.warn(`a copy of a disk of ${failed.label} could not be ended`, { err });
  }
}

/**
 * No copy of this operation is under way any more, and nothing stays of one that was not marked as whole. It has a time of its own.
 */
export async function endCopy(copying: DomainChange, found: StoragePool): Promise<void> {
  const change = copying.afresh();
  const pool = found.askedBy(change.caller);
  const { ctx } = change;
  const isOwn = (volume: string): boolean => imageVolumeOf(volume)?.operationId === ctx.operationId;
  await makeSo(change, {
    step: 'end-backup',
    noun: 'end of the copy',
    doing: `ending the copy of a disk of ${change.label}`,
    isSo: async () => {
      const file = await fileNow(change);
      return file === undefined || !isOwn(basename(file));
    },
    send: async (timeoutMs) => {
      try {
        await change.caller.call(domainAbortJob, { domain: change.ref }, { timeoutMs });
      } catch (error) {
        // It has ended by itself meanwhile.
        if (failureOf(error)?.isWrongState !== true) throw error;
      }
      return undefined;
    },
  });
  // QEMU has made the file, and libvirt may not know it yet.
  await pool.refresh({ signal: ctx.signal });
  const left = unmarkedVolumes(await pool.volumeNames({ signal: ctx.signal })).filter(isOwn);
  for (const volume of left) await ensureRemoved(change, pool, `rest of ${volume}`, volume);
}
