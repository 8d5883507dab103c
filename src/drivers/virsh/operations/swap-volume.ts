import {
  DomainDeviceModifyFlags,
  domainSetBlockIoTune,
  domainUpdateDeviceFlags,
  type TypedParameter,
} from 'node-libvirt';
import type {
  ChangeParams,
  ChangeResult,
  OperationWork,
  OperationWorks,
  Volume,
} from '../../../compute/contract/index.js';
import {
  childAt,
  serialiseXml,
  textOf,
  withAttribute,
  withChildren,
  type XmlElement,
} from '../../../connectors/xml/index.js';
import { lastStepOf, makeSo, reconcileSequence } from '../../kit/index.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { diskXml, type Disk } from '../mapping/disk.js';
import { diskSourceKey, sourceKeyOf } from '../mapping/disk-source.js';
import { isVolumeAlias } from '../mapping/names.js';
import { invalid, limited } from '../mapping/refusal.js';
import { findVolume } from '../mapping/volume-ids.js';
import { diskNow, endJob, ensureCopying, finishJob, jobOf } from './block-job.js';
import { lookWhenPluggable, seeDevices, seeDevicesForPlan, type DeviceSight } from './device-sight.js';
import { DomainChange } from './domain-change.js';
import { refusing } from './plug.js';
import { cannotBeDone, planning } from './power.operations.js';
import type { HostPlace } from './virsh-place.js';
import { admitVolumeHere, attachableDisk, noVolume, refuseRoot } from './volumes.js';
import { refuseTaken, soughtAs } from './volume-lookup.js';
import { noteVolumeId } from './volume-notes.js';
import { ensureSecrets, removeSecrets } from './volume-secrets.js';

const { VIR_DOMAIN_DEVICE_MODIFY_LIVE: LIVE, VIR_DOMAIN_DEVICE_MODIFY_CONFIG: CONFIG } = DomainDeviceModifyFlags;
const NOT_RUNNING =
  'it does not run, and it is the hypervisor of a running guest that copies; power it on, paused at least, and repeat it';

/**
 * A running guest's volume is copied to another one, with which the guest goes on. The disk keeps its place, and its serial number: that
 * is what the guest knows it by.
 */
export function swapVolumeWorks(place: HostPlace): OperationWorks<'swapVolume'> {
  return { swapVolume: swapVolume(place) };
}

function swapVolume(place: HostPlace): OperationWork<ChangeParams<'swapVolume'>, ChangeResult> {
  return {
    async run(ctx, target, { volume: id, new_volume: volume }) {
      const change = new DomainChange(ctx, place, target);
      return await change.run('swapping a volume of domain', async () => {
        const status = await lookWhenPluggable(change);
        const sight = await seeDevices(change);
        admitNew(place, id, volume, sight);
        if (!isSwapped(sight, id, volume.id)) {
          if (sight.live === undefined) throw cannotBeDone(target, status, NOT_RUNNING);
          const old = diskToSwap(target.name, sight, id);
          const disk = await change.ask(() =>
            attachableDisk(ctx, place, target.id, 'new_volume', volume, sight, old.target),
          );
          try {
            await copy(change, id, old, volume, disk);
          } catch (error) {
            if (!ctx.signal.aborted) await endAfterFailure(change, id, volume, disk);
            throw error;
          }
          await noteVolumeId(change, old.alias ?? '', volume.id);
        }
        await removeSecrets(change, target.id, id);
        return change.ended(change.hasBegun, status);
      });
    },
    plan: (ctx, target, { volume: id, new_volume: volume }) =>
      planning(place, target, async () => {
        const sight = await seeDevicesForPlan(ctx, place, target);
        admitNew(place, id, volume, sight);
        if (isSwapped(sight, id, volume.id)) return [];
        if (sight.live === undefined) {
          throw cannotBeDone(target, await place.domains(ctx).status(target.id), NOT_RUNNING);
        }
        const old = diskToSwap(target.name, sight, id);
        await attachableDisk(ctx, place, target.id, 'new_volume', volume, sight, old.target);
        const description = `copy volume ${id} of domain ${target.name} to volume ${volume.id}, which takes its place`;
        return [{ action: 'copy-volume', description }];
      }),
    reconcile: (ctx, target, { volume: id }) =>
      reconcileSequence(new DomainChange(ctx, place, target), async (change) => {
        const { live, next } = await seeDevices(change);
        const old = live && findVolume(live.disks, next.volumeIds, id);
        // What is half copied is copied anew, or never: nothing writes to a volume that nobody looks after.
        if (old !== undefined) await endCopy(change, id, old.target);
        return undefined;
      }),
  };
}

/** Steps that leave a disk being copied. */
const COPYING: ReadonlySet<string> = new Set(['copy-volume', 'pivot-disk']);

/** Breaks off what this operation copies. What others copy it leaves alone. */
async function endCopy(change: DomainChange, id: string, target: string): Promise<void> {
  if (COPYING.has(lastStepOf(change.ctx.checkpoints)?.step ?? '')) await endJob(change, target, copyOf(id));
}

function copyOf(id: string): string {
  return `copy of volume ${id}`;
}

function admitNew(place: HostPlace, id: string, volume: Volume, sight: DeviceSight): void {
  if (volume.id === id)
    throw invalid('new_volume.id', 'is that of the volume which is to be swapped; name another one');
  admitVolumeHere(place, 'new_volume', volume, sight);
  if (volume.tag !== undefined) {
    throw limited('new_volume.tag', 'the disk keeps the serial number that the guest knows it by; leave it out');
  }
  if (volume.multiattach === true) {
    throw limited('new_volume.multiattach', 'what others write to cannot take in what is copied; leave it out');
  }
}

function isSwapped({ live, next }: DeviceSight, id: string, newId: string): boolean {
  const { disks } = live ?? next;
  return findVolume(disks, next.volumeIds, newId) !== undefined && findVolume(disks, next.volumeIds, id) === undefined;
}

/** @throws ComputeError RESOURCE_NOT_FOUND, FEATURE_LIMITED */
function diskToSwap(domain: string, { live, next }: DeviceSight, id: string): DiskFacts {
  const disk = findVolume((live ?? next).disks, next.volumeIds, id);
  if (disk === undefined) throw noVolume(domain, id);
  refuseRoot(disk);
  if (disk.alias === undefined || !isVolumeAlias(disk.alias)) {
    throw limited('volume', `disk ${disk.target} was attached by somebody else; detach it, and attach the other one`);
  }
  if (disk.isShared) throw limited('volume', 'others write to it too, and what is copied would not be whole');
  return disk;
}

/** Each step looks whether it is done already: so an attempt goes on with what another one has begun. */
async function copy(change: DomainChange, id: string, old: DiskFacts, volume: Volume, disk: Disk): Promise<void> {
  const key = diskSourceKey(disk.source);
  const isNew = (found: DiskFacts): boolean => sourceKeyOf(found) === key;
  const noun = copyOf(id);
  await ensureSecrets(change, change.uuid, volume);
  await refusing(change, `copying volume ${id} of`, () =>
    ensureCopying(change, old.target, {
      step: 'copy-volume',
      noun,
      doing: `copying volume ${id} of ${change.label} to volume ${volume.id}`,
      to: diskXml(disk),
      isDone: isNew,
    }),
  );
  refuseOtherJob(change, await diskNow(change, old.target), disk);
  // Of two that were given the same volume at once each sees at the latest now that the other one has it.
  await change.ask(() => refuseTaken(change.ctx, change.place, change.uuid, soughtAs(volume, disk)));
  await finishJob(change, old.target, {
    noun,
    isDone: isNew,
    whenBroken:
      "the volumes are not of the same size, there was no room for it, somebody ended it, or the guest has stopped; the guest's disk is what it was",
  });
  await ensureDefined(change, old.target, isNew);
  if (volume.limits !== undefined) await ensureLimits(change, old.target, volume.limits);
}

/** Nothing stays of a copy that the guest has not gone on with. What has failed matters more than that. */
async function endAfterFailure(failed: DomainChange, id: string, volume: Volume, disk: Disk): Promise<void> {
  const { ctx, target } = failed;
  const change = failed.afresh();
  try {
    await endCopy(change, id, disk.target);
    const found = await diskNow(change, disk.target);
    if (found !== undefined && sourceKeyOf(found) === diskSourceKey(disk.source)) return;
    await removeSecrets(change, target.id, volume.id);
    if (failed.underWay === undefined) failed.tookBack();
  } catch (err) {
    ctx.log.warn(`what was made for the swap of volume ${id} could not be taken back`, { err });
  }
}

/** @throws ComputeError STATE_CONFLICT when somebody else has it copied to somewhere else */
function refuseOtherJob(change: DomainChange, found: DiskFacts | undefined, { source }: Disk): void {
  const job = found && jobOf(found);
  const to = source.type === 'iscsi' ? `${source.target}/${source.lun}` : source.path;
  if (job === undefined || job.to === undefined || job.to === to) return;
  throw change.error(
    'STATE_CONFLICT',
    `disk ${job.disk.target} of ${change.label} is being copied to ${job.to} already; wait for that, or end it (virsh blockjob --abort)`,
  );
}

/** libvirt notes it for the next start too; but it may have died in between. */
async function ensureDefined(change: DomainChange, target: string, isNew: (disk: DiskFacts) => boolean): Promise<void> {
  const defined = async (): Promise<DiskFacts | undefined> =>
    (await change.facts('next')).disks.find((disk) => disk.target === target);
  await makeSo(change, {
    step: 'define-volume',
    noun: `definition of disk ${target}`,
    doing: `defining disk ${target} of ${change.label}`,
    isSo: async () => {
      const disk = await defined();
      return disk === undefined || isNew(disk);
    },
    send: async (timeoutMs) => {
      const [now, next] = [await diskNow(change, target), await defined()];
      if (now === undefined || next === undefined) return undefined;
      const args = { domain: change.ref, xml: serialiseXml(withSourceOf(next.xml, now.xml)), flags: CONFIG };
      await change.caller.call(domainUpdateDeviceFlags, args, { timeoutMs });
      return undefined;
    },
  });
}

function withSourceOf(disk: XmlElement, other: XmlElement): XmlElement {
  const parts = ['driver', 'source'] as const;
  const children = disk.children.map((child) => {
    const part = typeof child === 'string' ? undefined : parts.find((name) => name === child.name);
    return (part && childAt(other, part)) ?? child;
  });
  return withAttribute(withChildren(disk, children), 'type', other.attributes.get('type'));
}

async function ensureLimits(
  change: DomainChange,
  target: string,
  limits: NonNullable<Volume['limits']>,
): Promise<void> {
  const wanted = Object.entries(limits).flatMap(([field, value]) => (value === undefined ? [] : [{ field, value }]));
  await makeSo(change, {
    step: 'limit-volume',
    noun: `limits of disk ${target}`,
    doing: `limiting disk ${target} of ${change.label}`,
    isSo: async () => {
      const tune = childAt((await diskNow(change, target))?.xml, 'iotune');
      return wanted.every(({ field, value }) => Number(textOf(childAt(tune, field))) === value);
    },
    send: async (timeoutMs) => {
      const parameters = wanted.map(({ field, value }): TypedParameter => ({
        field,
        type: 'ullong',
        value: BigInt(value),
      }));
      const args = { domain: change.ref, disk: target, parameters, flags: LIVE | CONFIG };
      await change.caller.call(domainSetBlockIoTune, args, { timeoutMs });
      return undefined;
    },
  });
}
