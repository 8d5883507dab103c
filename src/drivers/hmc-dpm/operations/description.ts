import type { JsonValue } from '../../../common/errors/index.js';
import { definedOnly } from '../../../common/defined-only.js';
import type { ChangeParams, Network, Volume } from '../../../compute/contract/index.js';
import type { PartitionProperties } from '../client/hmc-partitions.js';
import { flavorExtras } from '../mapping/flavor-extras.js';
import { newSize, type SizeProperties } from '../mapping/partition-size.js';
import { admitVolume } from './attachable-volume.js';
import { bootChoiceOf, type BootChoice } from './boot-choice.js';
import { guestSetupOf, requireSources, type GuestSetup, type StartSources } from './first-start.js';
import { groupName, launchOptionsOf, LONGEST_NAME, type LaunchOptions } from './launch-options.js';
import { invalid, limited, optionPath } from './refusal.js';

export type Description = ChangeParams<'spawn'>;

/** Storage is given by people and their tools, which take their time. */
const FULFILMENT_TIMEOUT_MS = 3_600_000;

/** The storage group that is made for a partition and goes with it. */
export interface RootStorage {
  readonly group: string;
  readonly rootGib: number;
  readonly dataGib: number | undefined;
  readonly connectivity: number | undefined;
  readonly fulfilmentTimeoutMs: number;
}

/** A description in the words of the HMC. */
export interface WantedPartition {
  readonly name: string;
  readonly description: string;
  readonly size: SizeProperties;
  /** What a new partition is given beside its name, its description and its size. */
  readonly properties: PartitionProperties;
  readonly networks: readonly Network[];
  readonly volumes: readonly Volume[];
  readonly root: RootStorage | undefined;
  readonly boot: BootChoice;
  /** What the guest is told at its first start; undefined when that is nothing. */
  readonly guest: GuestSetup | undefined;
  /** What the caller gives the kernel of the guest. */
  readonly osParameters: string;
  readonly isSecureBoot: boolean;
  readonly start: boolean;
}

/**
 * Reads a description, and refuses what this driver can never honour, and what it has nothing for.
 *
 * @throws ComputeError REQUEST_INVALID, FEATURE_LIMITED, RESOURCE_NOT_FOUND
 */
export function admitDescription(description: Description, sources: StartSources): WantedPartition {
  const { name, flavor, networks = [], volumes = [], start = true } = description;
  if (name.length > LONGEST_NAME) throw invalid('name', `must be ${LONGEST_NAME} characters at most`);
  if (description.firmware === 'bios') throw limited('firmware', 'IBM Z firmware boots by IPL, and has no other way');
  const extras = flavorExtras(flavor);
  const options = launchOptionsOf(description);
  refuseTwice(
    'volumes',
    volumes.map(({ id }) => id.toUpperCase()),
  );
  refuseTwice(
    'networks',
    networks.flatMap(({ mac }) => (mac === undefined ? [] : [mac.toUpperCase()])),
  );
  for (const volume of volumes) admitVolume(volume);
  const root = rootOf(description, options);
  const boot = bootChoiceOf(description, options, root !== undefined);
  refuseOptions(options, boot);
  const guest = guestSetupOf(description, options, boot);
  const osParameters = options.boot_os_parameters ?? '';
  requireSources(sources, boot, guest, osParameters);
  return {
    name,
    description: options.description ?? '',
    size: newSize(flavor, extras),
    properties: propertiesOf(options, boot),
    networks,
    volumes,
    root,
    boot,
    guest,
    osParameters,
    isSecureBoot: options.secure_boot ?? false,
    start,
  };
}

/** @throws ComputeError REQUEST_INVALID when it is to be started, and there is nothing to start from */
export function requireBootable({ boot, start }: WantedPartition): void {
  if (!start || boot.from !== 'nothing') return;
  throw invalid(
    'boot',
    'there is nothing to start from: give an image, flavor.root_gib, a volume with boot true, or boot.from (network, ftp), or start false',
  );
}

function rootOf({ name, flavor }: Description, { storage }: LaunchOptions): RootStorage | undefined {
  const path = optionPath('storage');
  if (flavor.root_gib === undefined) {
    if (storage === undefined) return undefined;
    throw invalid(path, 'is about the root disk, so that it goes with flavor.root_gib');
  }
  const group = storage?.group ?? name;
  if (!groupName.safeParse(group).success) {
    throw invalid(`${path}.group`, `"${group}" cannot be the name of a storage group made here; give another one`);
  }
  return {
    group,
    rootGib: flavor.root_gib,
    dataGib: storage?.data_gib,
    connectivity: storage?.connectivity,
    fulfilmentTimeoutMs: storage?.fulfilment_timeout_ms ?? FULFILMENT_TIMEOUT_MS,
  };
}

/** Options that contradict each other, or what the partition starts from. */
function refuseOptions(options: LaunchOptions, boot: BootChoice): void {
  const { type, ssc, ftp, secure_boot: secureBoot } = options;
  if (type === 'ssc' && ssc === undefined) {
    throw invalid(optionPath('ssc'), 'is needed for the type ssc: host_name, userid, password');
  }
  if (type !== 'ssc' && ssc !== undefined) throw invalid(optionPath('ssc'), 'only for the type ssc');
  if (ftp !== undefined && boot.from !== 'ftp') throw invalid(optionPath('ftp'), 'only with boot.from ftp');
  if (secureBoot === true && (type !== 'linux' || (boot.from !== 'volume' && boot.from !== 'root'))) {
    throw invalid(optionPath('secure_boot'), 'only for the type linux that starts from a volume');
  }
}

function propertiesOf(options: LaunchOptions, boot: BootChoice): PartitionProperties {
  const { partition_id: id, ftp, ssc } = options;
  return definedOnly<Record<string, JsonValue | undefined>>({
    type: options.type,
    ...(id === undefined ? {} : { 'partition-id': id, 'autogenerate-partition-id': false }),
    'boot-load-parameters': options.boot_load_parameters,
    // Those for an image stand in it, and the system that it installs has others.
    'boot-os-specific-parameters': boot.from === 'image' ? undefined : options.boot_os_parameters,
    'boot-configuration-selector': options.boot_configuration_selector,
    'boot-timeout': options.boot_timeout_s,
    'acceptable-status': options.acceptable_status,
    ...(ftp === undefined || boot.from !== 'ftp'
      ? {}
      : {
          'boot-device': 'ftp',
          'boot-ftp-host': ftp.host,
          'boot-ftp-username': ftp.user,
          'boot-ftp-password': ftp.password,
          'boot-ftp-insfile': ftp.insfile,
        }),
    ...(ssc === undefined
      ? {}
      : {
          'ssc-host-name': ssc.host_name,
          'ssc-master-userid': ssc.userid,
          'ssc-master-pw': ssc.password,
        }),
  });
}

function refuseTwice(field: string, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(field, `${twice} is there twice`);
}
