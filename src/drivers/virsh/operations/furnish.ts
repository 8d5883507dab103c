import type { Images, PlannedStep } from '../../../compute/contract/index.js';
import { makeSo } from '../../kit/index.js';
import { DISK_ALIASES } from '../mapping/domain-definition.js';
import { withDiskFile } from '../mapping/edit-domain.js';
import { instanceFiles } from '../mapping/names.js';
import type { DomainChange } from './domain-change.js';
import { configOf, firstTold, macsOf } from './first-start.js';
import { ensureFilter } from './instance-filter.js';
import { ensureVolumes } from './launch-volumes.js';
import { ensureConfigDrive } from './storage/config-drive.js';
import { ensureDisk, ensureMedium } from './storage/root-disk.js';
import type { StoragePool } from './storage/storage-pool.js';
import type { WantedDomain } from './wanted-domain.js';

/** Makes all that a defined domain is to have, so that it can be started. */
export async function furnish(
  change: DomainChange,
  pool: StoragePool,
  images: Images | undefined,
  { description, hasRootDisk, hasMedium, hasConfigDrive }: WantedDomain,
): Promise<void> {
  const { uuid, target, ctx } = change;
  const { image, flavor, volumes = [] } = description;
  const files = instanceFiles(uuid);
  await ensureVolumes(change, volumes);
  await ensureFilter(change, uuid, description);
  if (hasRootDisk) {
    await ensureDisk(change, pool, images, {
      volume: files.rootDisk,
      what: rootDiskOf(target),
      image: hasMedium ? undefined : image,
      rootGib: flavor.root_gib,
    });
  }
  if (hasMedium && image !== undefined) {
    const own = { volume: files.medium, what: mediumOf(target) };
    await ensureInDrive(change, await ensureMedium(change, pool, images, image, own));
  }
  if (hasConfigDrive) {
    const told = firstTold(description, uuid, ctx.operationId);
    const content = configOf(target.name, told, ctx.operationId, macsOf(description, uuid));
    await ensureConfigDrive(change, pool, files.configDrive, content);
  }
}

/** Within an operation it is called the same wherever it is spoken of. */
export function rootDiskOf({ name }: { readonly name: string }): string {
  return `root disk of ${name}`;
}

export function mediumOf({ name }: { readonly name: string }): string {
  return `medium of ${name}`;
}

/** Where its medium is shows only when it is there: images that the host keeps have places of their own. */
async function ensureInDrive(change: DomainChange, path: string): Promise<void> {
  await makeSo(change, {
    step: 'insert-medium',
    noun: 'insertion of the medium',
    doing: `putting the medium into the drive of ${change.label}`,
    isSo: async () => {
      const { disks } = await change.facts('next');
      return disks.some(({ alias, source }) => alias === DISK_ALIASES.iso && source === path);
    },
    isOver: () => Promise.resolve(true),
    send: async (timeoutMs) => {
      await change.redefine(timeoutMs, (own) => withDiskFile(own, DISK_ALIASES.iso, path));
      return true;
    },
  });
}

/** The steps of it, for people. */
export function furnishingSteps({ description, hasRootDisk, hasMedium, hasConfigDrive }: WantedDomain): PlannedStep[] {
  const { image, name, volumes = [], firewall_rules: rules = [], security_groups: groups = [] } = description;
  const secrets = volumes.filter(
    ({ connection, encryption }) =>
      encryption !== undefined || (connection.type === 'iscsi' && connection.auth !== undefined),
  );
  return [
    ...secrets.map(({ id }) => ({ action: 'keep-secret', description: `keep the secret of volume ${id} in libvirt` })),
    ...(rules.length + groups.length > 0
      ? [{ action: 'define-filter', description: `make the filter for the packets of ${name}` }]
      : []),
    ...(image === undefined ? [] : [{ action: 'obtain-image', description: 'bring the image to the host' }]),
    ...(hasRootDisk ? [{ action: 'create-volume', description: `make the root disk of ${name}` }] : []),
    ...(hasMedium ? [{ action: 'insert-medium', description: `put the medium into the drive of ${name}` }] : []),
    ...(hasConfigDrive ? [{ action: 'upload-volume', description: `make the config drive of ${name}` }] : []),
  ];
}
