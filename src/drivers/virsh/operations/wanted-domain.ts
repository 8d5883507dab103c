import type { ChangeParams, Images } from '../../../compute/contract/index.js';
import { admitDescription, bootChoice, type BootChoice } from '../mapping/admit-description.js';
import { driverOptions, type DriverOptions } from '../mapping/driver-options.js';
import { admitRules } from '../mapping/filter-xml.js';
import { requireBelow, requireVolumeBelow } from '../mapping/host-folders.js';
import { invalid, optionPath } from '../mapping/refusal.js';
import { isTold } from './first-start.js';
import { admitImageSource, isAddress, requireImages } from './storage/obtain-image.js';
import type { HostPlace } from './virsh-place.js';

export type Description = ChangeParams<'spawn'>;

/** A description that this driver can honour, as far as that shows without the host. */
export interface WantedDomain {
  readonly description: Description;
  readonly options: DriverOptions;
  readonly boot: BootChoice;
  readonly hasRootDisk: boolean;
  readonly hasMedium: boolean;
  readonly hasConfigDrive: boolean;
  readonly isToRun: boolean;
}

/** @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED, FORBIDDEN */
export function admitLaunch(
  description: Description,
  { pool, host_folders: hostFolders }: Pick<HostPlace['settings'], 'pool' | 'host_folders'>,
  images: Images | undefined,
): WantedDomain {
  const options = driverOptions(description);
  admitDescription(description, options);
  const { image, flavor, volumes = [], firewall_rules: rules = [], security_groups: groups = [] } = description;
  admitRules(rules, groups);
  if ((rules.length > 0 || groups.length > 0) && (description.networks ?? []).length === 0) {
    throw invalid(
      rules.length > 0 ? 'firewall_rules' : 'security_groups',
      'are about interfaces, and the description has no networks',
    );
  }
  if (image !== undefined) {
    admitImageSource('image', image);
    if (isAddress(image.source)) requireImages(images);
  }
  const folders = [pool.path, ...hostFolders];
  for (const [at, volume] of volumes.entries()) requireVolumeBelow(`volumes.${at}`, volume, folders);
  if (options.kernel !== undefined) {
    requireBelow(optionPath('kernel.path'), options.kernel.path, folders);
    if (options.kernel.initrd !== undefined) requireBelow(optionPath('kernel.initrd'), options.kernel.initrd, folders);
  }
  const hasMedium = image?.format === 'iso';
  const hasRootDisk = (image !== undefined && !hasMedium) || flavor.root_gib !== undefined;
  if (!hasRootDisk && description.disk_limits !== undefined) {
    throw invalid('disk_limits', 'are those of the root disk, and there is none without an image or flavor.root_gib');
  }
  return {
    description,
    options,
    boot: bootChoice(description, options),
    hasRootDisk,
    hasMedium,
    hasConfigDrive: isTold(description),
    isToRun: description.start ?? true,
  };
}
