import { domainGetBlockInfo } from 'node-libvirt';
import { ComputeError } from '../../../common/errors/index.js';
import type { Volume } from '../../../compute/contract/index.js';
import { Errno, failureOf } from '../client/libvirt-failure.js';
import { deviceRefusal } from '../mapping/device-refusals.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { volumeAlias } from '../mapping/names.js';
import { DRIVER_NAME } from '../mapping/refusal.js';
import { nativeOf } from '../virsh.errors.js';
import type { DomainChange } from './domain-change.js';
import { noteVolumeId } from './volume-notes.js';
import { ensureSecrets } from './volume-secrets.js';

/** Volumes of a domain that is defined, and has not been started. */

/**
 * What their disks refer to is there: the secrets, and what only metadata tell of them.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND for one that the host does not have
 */
export async function ensureVolumes(change: DomainChange, volumes: readonly Volume[]): Promise<void> {
  if (volumes.length === 0) return;
  const { disks } = await change.facts('next');
  for (const [at, volume] of volumes.entries()) {
    const disk = disks.find(({ alias }) => alias === volumeAlias(volume.id));
    if (disk === undefined) continue;
    await requireThere(change, `volumes.${at}`, volume, disk);
    await ensureSecrets(change, change.uuid, volume);
    if (disk.serial !== volume.id) await noteVolumeId(change, volumeAlias(volume.id), volume.id);
  }
}

/** libvirt looks at a file or a device as soon as it is asked; at what is behind iSCSI, QEMU does at the start. */
async function requireThere(
  change: DomainChange,
  field: string,
  { id, connection }: Volume,
  { target, source }: DiskFacts,
): Promise<void> {
  if (connection.type === 'iscsi') return;
  const { caller, ctx, ref, place } = change;
  try {
    await change.ask(() => caller.call(domainGetBlockInfo, { domain: ref, path: target }, { signal: ctx.signal }));
  } catch (error) {
    if (failureOf(error)?.errno !== Errno.ENOENT) throw error;
    throw new ComputeError(
      'RESOURCE_NOT_FOUND',
      `${field}: volume ${id} is not there: ${place.label} has no ${source ?? 'such file'}`,
      { driver: DRIVER_NAME, details: { path: field, volume: id } },
    );
  }
}

/** What only a start shows of volumes, in words of ours; any other failure as it is. */
export function startFailure(volumes: readonly Volume[], error: unknown): unknown {
  const failure = failureOf(error);
  const refusal = failure === undefined || volumes.length === 0 ? undefined : deviceRefusal(failure.text);
  if (failure === undefined || refusal === undefined) return error;
  // Of an account at a target, whoever may change it should hear.
  const isLogon = /authorization failure|authentication fail/i.test(failure.text);
  return new ComputeError(
    isLogon ? 'BACKEND_AUTH_FAILED' : refusal.code,
    `a volume cannot be used: ${refusal.advice} (libvirt: ${failure.text})`,
    { driver: DRIVER_NAME, native: nativeOf(failure), details: { path: 'volumes' }, cause: error },
  );
}
