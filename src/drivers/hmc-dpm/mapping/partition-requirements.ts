import type { Requirement } from '../../../compute/contract/index.js';
import { QETH_TYPES } from './guest-nic.js';
import { met, notMet, cannotTell } from '../../kit/index.js';

/** What a partition has, as far as the HMC user sees it. Undefined: it could not be read. */
export interface PartitionParts {
  readonly name: string;
  readonly bootDevice: string | null | undefined;
  readonly bootVolumeUri: string | null | undefined;
  /** Undefined in place of a storage group or a NIC: it is hidden. */
  readonly groups: readonly (GroupParts | undefined)[] | undefined;
  readonly nics: readonly (NicParts | undefined)[] | undefined;
}

interface GroupParts {
  readonly name: string;
  readonly type?: string | null | undefined;
  readonly shared?: boolean | null | undefined;
  readonly 'fulfillment-state'?: string | null | undefined;
  readonly volumes: readonly (VolumeParts | undefined)[] | undefined;
}

interface VolumeParts {
  readonly 'element-uri': string;
  readonly name: string;
  readonly usage?: string | null | undefined;
  readonly 'fulfillment-state'?: string | null | undefined;
}

interface NicParts {
  readonly name: string;
  readonly type?: string | null | undefined;
}

const SEE_GROUP =
  'grant the HMC user object access permission to the storage group and its adapters, and the task Configure Storage';
const SEE_NIC = 'grant the HMC user object access permission to the partition and to the adapter of the NIC';
const CREATE_GROUP =
  'create a storage group of type FCP for this partition alone (dedicated, with a boot and a data volume) and attach it (HMC: Configure Storage)';

/** What the MAAS guide asks of the partition of a machine. */
export function partitionRequirements(parts: PartitionParts): Requirement[] {
  return [
    cannotTell(
      'io_auto_configuration',
      parts.name,
      'the API does not tell it',
      'look at the partition on the HMC (Partition Details), and switch the automatic configuration of I/O devices on',
    ),
    ...storageRequirements(parts),
    qethNics(parts),
    bootDevice(parts),
  ];
}

function storageRequirements({ name, groups }: PartitionParts): Requirement[] {
  const names = ['fcp_only', 'dedicated_storage_group', 'storage_fulfilled', 'boot_and_data_volume'] as const;
  const seen = groups?.filter((group) => group !== undefined) ?? [];
  if (groups === undefined || seen.length < groups.length) {
    const evidence =
      groups === undefined
        ? 'its storage groups could not be read'
        : `${groups.length - seen.length} of its ${groups.length} storage groups are hidden from the HMC user`;
    return names.map((requirement) => cannotTell(requirement, name, evidence, SEE_GROUP));
  }
  if (seen.length === 0) {
    return names.map((requirement) => notMet(requirement, name, 'it has no storage group', CREATE_GROUP));
  }
  return [fcpOnly(name, seen), dedicated(name, seen), fulfilled(name, seen), volumes(name, seen)];
}

function fcpOnly(name: string, groups: readonly GroupParts[]): Requirement {
  const others = groups.filter(({ type }) => type !== 'fcp');
  const list = groups.map((group) => `${group.name} (${group.type ?? 'unknown'})`).join(', ');
  if (others.length === 0) return met('fcp_only', name, list);
  return others.some(({ type }) => type === undefined || type === null)
    ? cannotTell('fcp_only', name, list, SEE_GROUP)
    : notMet(
        'fcp_only',
        name,
        list,
        'use FCP storage alone: MAAS does not know DASD (FICON) and NVMe; detach the others',
      );
}

function dedicated(name: string, groups: readonly GroupParts[]): Requirement {
  const what = 'dedicated_storage_group';
  const list = groups.map((group) => `${group.name} (${sharing(group)})`).join(', ');
  if (groups.some(({ shared }) => shared === true)) {
    return notMet(what, name, list, 'detach the shared storage group, and attach one that is for this partition alone');
  }
  if (groups.some(({ shared }) => shared !== false)) return cannotTell(what, name, list, SEE_GROUP);
  return groups.length === 1
    ? met(what, name, list)
    : notMet(
        what,
        name,
        `${groups.length} storage groups: ${list}`,
        'put all volumes into one storage group, and detach the others',
      );
}

function sharing({ shared }: GroupParts): string {
  if (shared === true) return 'shared';
  return shared === false ? 'dedicated' : 'shared or not, it is not told';
}

function fulfilled(name: string, groups: readonly GroupParts[]): Requirement {
  const what = 'storage_fulfilled';
  const parts = groups.flatMap((group) => [
    { label: `group ${group.name}`, state: group['fulfillment-state'] },
    ...(group.volumes ?? [undefined]).map((volume) => ({
      label: `volume ${volume?.name ?? 'of it'}`,
      state: volume?.['fulfillment-state'],
    })),
  ]);
  const open = parts.filter(({ state }) => state !== 'complete');
  const list = open.map(({ label, state }) => `${label}: ${state ?? 'not told'}`).join(', ');
  if (open.length === 0) return met(what, name, 'the group and all its volumes are complete');
  return open.every(({ state }) => state === undefined || state === null)
    ? cannotTell(what, name, list, SEE_GROUP)
    : notMet(
        what,
        name,
        list,
        'let the storage administrator fulfil the storage request, and wait until all is complete',
      );
}

function volumes(name: string, groups: readonly GroupParts[]): Requirement {
  const what = 'boot_and_data_volume';
  const all = groups.flatMap((group) => group.volumes ?? [undefined]);
  const missing = ['boot', 'data'].filter((usage) => !all.some((volume) => volume?.usage === usage));
  const list = all.map((volume) =>
    volume === undefined ? 'one that is hidden' : `${volume.name} (${volume.usage ?? 'usage not told'})`,
  );
  const evidence = list.length === 0 ? 'no volume' : list.join(', ');
  if (missing.length === 0) return met(what, name, evidence);
  return all.some((volume) => volume?.usage === undefined || volume.usage === null)
    ? cannotTell(what, name, evidence, SEE_GROUP)
    : notMet(what, name, evidence, `add a volume of usage ${missing.join(' and one of usage ')} to the storage group`);
}

/** Those that are certainly none. */
const OTHER_TYPES: ReadonlySet<string> = new Set(['roce', 'cna']);

function qethNics({ name, nics }: PartitionParts): Requirement {
  const what = 'qeth_nics';
  if (nics === undefined) return cannotTell(what, name, 'its NICs could not be read', SEE_NIC);
  const qeth = nics.filter((nic) => QETH_TYPES.has(nic?.type ?? ''));
  const list = nics.map((nic) =>
    nic === undefined ? 'one that is hidden' : `${nic.name} (${nic.type ?? 'type not told'})`,
  );
  const evidence = list.length === 0 ? 'no NIC' : list.join(', ');
  const [only, ...more] = qeth;
  if (only !== undefined) return met(what, name, more.length > 0 ? evidence : `${evidence}; two are recommended`);
  return nics.every((nic) => OTHER_TYPES.has(nic?.type ?? ''))
    ? notMet(what, name, evidence, 'add a NIC of an OSA or HiperSockets adapter; two are recommended')
    : cannotTell(what, name, evidence, `${SEE_NIC}; whether Linux drives it with qeth must be known`);
}

function bootDevice({ name, bootDevice: device, bootVolumeUri, groups }: PartitionParts): Requirement {
  const what = 'boot_device';
  if (device === undefined || device === null) {
    return cannotTell(
      what,
      name,
      'its boot device could not be read',
      'grant the HMC user object access permission to the partition',
    );
  }
  if (device === 'none') {
    return notMet(
      what,
      name,
      'none',
      'set a boot device: the boot volume, or a NIC for network boot (HMC: Partition Details, Boot)',
    );
  }
  if (device !== 'storage-volume') return met(what, name, device);
  const all = groups?.flatMap((group) => (group === undefined ? [undefined] : (group.volumes ?? [undefined])));
  const volume = all?.find((candidate) => candidate !== undefined && candidate['element-uri'] === bootVolumeUri);
  if (volume === undefined) {
    return all === undefined || all.includes(undefined)
      ? cannotTell(what, name, 'a storage volume that the HMC user does not see', SEE_GROUP)
      : notMet(
          what,
          name,
          'a storage volume that no attached storage group has',
          'set the boot volume of the attached storage group',
        );
  }
  const state = volume['fulfillment-state'];
  return state === 'complete'
    ? met(what, name, `storage volume ${volume.name}`)
    : notMet(
        what,
        name,
        `storage volume ${volume.name}, which is ${state ?? 'in no known state'}`,
        'wait until the volume is complete',
      );
}
