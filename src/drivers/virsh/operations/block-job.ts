import {
  domainBlockCopy,
  DomainBlockCopyFlags,
  domainBlockJobAbort,
  DomainBlockJobAbortFlags,
  domainGetBlockJobInfo,
} from 'node-libvirt';
import { attributeOf, childAt, serialiseXml, type XmlElement } from '../../../connectors/xml/index.js';
import { makeSo } from '../../kit/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { mirrorSource } from '../mapping/disk-source.js';
import type { DomainChange } from './domain-change.js';

const { VIR_DOMAIN_BLOCK_COPY_REUSE_EXT: INTO_WHAT_IS_THERE, VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB: WHILE_IT_RUNS } =
  DomainBlockCopyFlags;

/** What a disk of a running domain is being copied to, or merged into. */
export interface BlockJob {
  readonly disk: DiskFacts;
  readonly isReady: boolean;
  /** Where it copies to: its path, or its name at a server. */
  readonly to: string | undefined;
}

/** @param target of the disk: `vda`. Undefined when the domain has no such disk now */
export async function diskNow(change: DomainChange, target: string): Promise<DiskFacts | undefined> {
  return (await change.facts()).disks.find((disk) => disk.target === target);
}

export function jobOf(disk: DiskFacts): BlockJob | undefined {
  const mirror = childAt(disk.xml, 'mirror');
  if (mirror === undefined) return undefined;
  return { disk, isReady: attributeOf(mirror, 'ready') === 'yes', to: mirrorSource(mirror) };
}

/** A copy as it is to be begun. */
export interface CopyToBegin {
  readonly step: string;
  /** "copy of volume data" */
  readonly noun: string;
  /** "copying volume data of domain web01" */
  readonly doing: string;
  /** The disk that it is copied to, which is there already. */
  readonly to: XmlElement;
  /** Does the disk show that the guest has gone on with that? */
  readonly isDone: (disk: DiskFacts) => boolean;
}

/** A disk of a running domain is being copied, or the guest has gone on with the copy already. It ends by {@link finishJob}. */
export async function ensureCopying(change: DomainChange, target: string, copy: CopyToBegin): Promise<void> {
  const { step, noun, doing, to, isDone } = copy;
  await makeSo(change, {
    step,
    noun,
    doing,
    isSo: async () => {
      const disk = await diskNow(change, target);
      return disk !== undefined && (isDone(disk) || jobOf(disk) !== undefined);
    },
    send: async (timeoutMs) => {
      const args = {
        domain: change.ref,
        path: target,
        destinationXml: serialiseXml(to),
        parameters: [],
        flags: INTO_WHAT_IS_THERE | WHILE_IT_RUNS,
      };
      await change.caller.call(domainBlockCopy, args, { timeoutMs });
      // One that has ended at once is told of as one that has ended.
      return true;
    },
  });
}

/** A job as it is to come to its end. */
export interface JobToFinish {
  /** "copy of volume data" */
  readonly noun: string;
  /** Does the disk show that the guest has gone on with what it has made? */
  readonly isDone: (disk: DiskFacts) => boolean;
  /** For people: why it may have ended without that, and what is so then. */
  readonly whenBroken: string;
}

/**
 * Waits until a job has caught up with what the guest writes, and lets the guest go on with what it has made.
 *
 * @throws ComputeError OPERATION_FAILED when the job has ended without that
 */
export async function finishJob(change: DomainChange, target: string, job: JobToFinish): Promise<void> {
  const { noun, isDone } = job;
  await change.poll(`the ${noun} to be whole`, change.backend.pacing.poll.initialMs, async () => {
    const disk = await diskNow(change, target);
    if (disk !== undefined && isDone(disk)) return true;
    const seen = disk && jobOf(disk);
    if (seen === undefined) throw brokenOff(change, job);
    if (seen.isReady) return true;
    await tellProgress(change, target, noun);
    return undefined;
  });
  await makeSo(change, {
    step: 'pivot-disk',
    noun: `end of the ${noun}`,
    doing: `letting ${change.label} go on with the ${noun}`,
    isSo: async () => {
      const disk = await diskNow(change, target);
      if (disk === undefined) throw brokenOff(change, job);
      return isDone(disk);
    },
    send: async (timeoutMs) => {
      const flags = DomainBlockJobAbortFlags.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT;
      await change.caller.call(domainBlockJobAbort, { domain: change.ref, path: target, flags }, { timeoutMs });
      return undefined;
    },
  });
}

/** A disk is not copied any more, and the guest has what it had. */
export async function endJob(change: DomainChange, target: string, noun: string): Promise<void> {
  await makeSo(change, {
    step: 'end-copy',
    noun: `breaking off of the ${noun}`,
    doing: `breaking off the ${noun} of ${change.label}`,
    isSo: async () => {
      const disk = await diskNow(change, target);
      return disk === undefined || jobOf(disk) === undefined;
    },
    send: async (timeoutMs) => {
      await change.caller.call(domainBlockJobAbort, { domain: change.ref, path: target }, { timeoutMs });
      return undefined;
    },
  });
}

function brokenOff(change: DomainChange, { noun, whenBroken }: JobToFinish): Error {
  return change.error(
    'OPERATION_FAILED',
    `the ${noun} of ${change.label} has ended before it was whole: ${whenBroken}`,
  );
}

async function tellProgress(change: DomainChange, target: string, noun: string): Promise<void> {
  try {
    const args = { domain: change.ref, path: target };
    const { found, current, end } = await change.plainCaller.call(domainGetBlockJobInfo, args, {
      signal: change.ctx.signal,
    });
    if (found === 1 && end > 0n) change.ctx.progress(`making the ${noun}`, Number((current * 100n) / end));
  } catch (error) {
    // How far it is matters less than that it goes on; that is looked at by the definition.
    if (failureOf(error) === undefined) throw error;
  }
}
