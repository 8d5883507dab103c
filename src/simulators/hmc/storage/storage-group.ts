import { canSeeChild, type Cpc, type Partition } from '../estate.js';
import type { UserEntry } from '../inventory.schema.js';
import type { Fulfilment, StorageType, VolumeUsage } from './storage.schema.js';

/** Statuses of fulfilment of a volume, of those the simulator shows (hmc-dpm.md section 12). */
export type VolumeState =
  'complete' | 'pending' | 'pending-with-mismatches' | 'incomplete' | 'configuration-error' | 'deleting';

export type GroupState = 'complete' | 'pending' | 'pending-with-mismatches' | 'incomplete';

export interface StorageVolume {
  readonly id: string;
  readonly uri: string;
  readonly group: StorageGroup;
  name: string;
  description: string;
  usage: VolumeUsage;
  sizeGib: number;
  /** What the storage subsystem has; null until fulfilled. */
  activeSizeGib: number | null;
  state: VolumeState;
  /** 32 hexadecimal digits, null until fulfilled. */
  uuid: string | null;
  /** What the volume is to be known by once it is there. */
  readonly promised: { readonly uuid: string; targetWwpn: string; lun: string };
  fulfilment: Fulfilment;
}

/** How an FCP group reaches its volumes from one partition over one adapter port; made when it is attached. */
export interface VirtualStorageResource {
  readonly id: string;
  readonly uri: string;
  readonly name: string;
  readonly deviceNumber: string;
  readonly adapterPortUri: string;
  readonly partition: Partition;
  readonly wwpn: string;
}

export interface StorageGroup {
  readonly id: string;
  readonly uri: string;
  readonly cpc: Cpc;
  readonly type: StorageType;
  name: string;
  description: string;
  shared: boolean;
  connectivity: number;
  maxPartitions: number;
  volumes: StorageVolume[];
  resources: VirtualStorageResource[];
  candidatePortUris: string[];
  readonly attachedTo: Set<Partition>;
}

/** Object access to a storage group. */
export function canSeeGroup(user: UserEntry, group: StorageGroup): boolean {
  return (
    user.sees === 'everything' ||
    user.sees.some(
      ({ cpc, storage_groups: names }) => cpc === group.cpc.name && (names === 'all' || names.includes(group.name)),
    )
  );
}

/** What the states of its volumes make of a group; the order of the questions is a guess. */
export function groupState({ volumes }: StorageGroup): GroupState {
  const has = (...states: VolumeState[]): boolean => volumes.some(({ state }) => states.includes(state));
  if (has('pending-with-mismatches')) return 'pending-with-mismatches';
  if (has('pending', 'deleting')) return 'pending';
  if (has('incomplete', 'configuration-error')) return 'incomplete';
  return 'complete';
}

/** The properties of a storage group as the HMC returns them. */
export function groupProperties(group: StorageGroup): Record<string, unknown> {
  return {
    'object-uri': group.uri,
    'object-id': group.id,
    parent: '/api/console',
    class: 'storage-group',
    name: group.name,
    description: group.description,
    type: group.type,
    shared: group.shared,
    'cpc-uri': group.cpc.uri,
    'fulfillment-state': groupState(group),
    connectivity: group.connectivity,
    'max-partitions': group.maxPartitions,
    'storage-volume-uris': group.volumes.map(({ uri }) => uri),
    'virtual-storage-resource-uris': group.resources.map(({ uri }) => uri),
    'candidate-adapter-port-uris': [...group.candidatePortUris],
  };
}

/** The properties of a storage volume as the HMC returns them. */
export function volumeProperties(volume: StorageVolume): Record<string, unknown> {
  const { group } = volume;
  return {
    'element-uri': volume.uri,
    'element-id': volume.id,
    parent: group.uri,
    class: 'storage-volume',
    name: volume.name,
    description: volume.description,
    usage: volume.usage,
    size: volume.sizeGib,
    'active-size': volume.activeSizeGib,
    'fulfillment-state': volume.state,
    ...(group.type === 'fcp' ? { uuid: volume.uuid, paths: pathsTo(volume) } : {}),
  };
}

/** An incomplete volume is reached by the first path of each partition only. */
function pathsTo({ uuid, state, group, promised }: StorageVolume): Record<string, unknown>[] {
  if (uuid === null) return [];
  const reached = new Set<Partition>();
  return group.resources
    .filter(({ partition }) => {
      const isFirst = !reached.has(partition);
      reached.add(partition);
      return isFirst || state !== 'incomplete';
    })
    .map(({ partition, deviceNumber }) => ({
      'partition-uri': partition.uri,
      'device-number': deviceNumber,
      'target-world-wide-port-name': promised.targetWwpn,
      'logical-unit-number': promised.lun,
    }));
}

/** The properties of a virtual storage resource as the HMC returns them. */
export function resourceProperties(resource: VirtualStorageResource, group: StorageGroup): Record<string, unknown> {
  const isValidated = group.volumes.some(({ uuid }) => uuid !== null);
  return {
    'element-uri': resource.uri,
    'element-id': resource.id,
    parent: group.uri,
    class: 'virtual-storage-resource',
    name: resource.name,
    description: '',
    'device-number': resource.deviceNumber,
    'adapter-port-uri': resource.adapterPortUri,
    'partition-uri': resource.partition.uri,
    'world-wide-port-name-info': {
      'world-wide-port-name': resource.wwpn,
      status: isValidated ? 'validated' : 'not-validated',
    },
  };
}

/** The partitions of a group that a user may see. */
export const visiblePartitionsOf = (group: StorageGroup, user: UserEntry): Partition[] =>
  [...group.attachedTo].filter((partition) => canSeeChild(user, partition));
