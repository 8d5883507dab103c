import { ComputeError } from '../../../common/errors/index.js';
import type { Volume } from '../../../compute/contract/index.js';
import { failureOf } from '../client/libvirt-failure.js';
import { deviceRefusal } from '../mapping/device-refusals.js';
import type { DiskFacts } from '../mapping/device-facts.js';
import { volumeAlias } from '../mapping/names.js';
import { DRIVER_NAME, optionPath } from '../mapping/refusal.js';
import { nativeOf } from '../virsh.errors.js';
import type { DomainChange } from './domain-change.js';
import { lookAtFile } from './volume-lookup.js';
import { noteVolumeId } from './volume-notes.js';
import { ensureSecrets } from './volume-secrets.js';
import type { WantedDomain } from './wanted-domain.js';

/** Volumes of a domain that is defined, and has not been started. */

/**
 * What their disks refer to is there: the secrets, and what only metadata tell of them.
 *
 * @throws ComputeError RESOURCE_NOT_FOUND for one that the host does not have, REQUEST_INVALID for a folder
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
  disk: DiskFacts,
): Promise<void> {
  if (connection.type === 'iscsi') return;
  const refusal = await lookAtFile(change, `${field}: volume ${id}`, disk);
  if (refusal !== undefined) throw refusal.within({ details: { path: field, volume: id } });
}

/** What only a start shows of volumes and kernels, in words of ours; any other failure as it is. */
export function startFailure({ description, options }: WantedDomain, error: unknown): unknown {
  const failure = failureOf(error);
  if (failure === undefined) return error;
  const { volumes = [] } = description;
  const kernel = [options.kernel?.path, options.kernel?.initrd].filter((file) => file !== undefined);
  const isKernel = kernel.some((file) => failure.text.includes(file));
  const refusal = isKernel || volumes.length > 0 ? deviceRefusal(failure.text) : undefined;
  if (refusal === undefined) return error;
  const path = isKernel ? optionPath('kernel') : 'volumes';
  // Of an account at a target, whoever may change it should hear.
  const isLogon = /authorization failure|authentication fail/i.test(failure.text);
  return new ComputeError(
    isLogon ? 'BACKEND_AUTH_FAILED' : refusal.code,
    `${isKernel ? `${path}:` : 'a volume'} cannot be used: ${refusal.advice} (libvirt: ${failure.text})`,
    { driver: DRIVER_NAME, native: nativeOf(failure), details: { path }, cause: error },
  );
}
