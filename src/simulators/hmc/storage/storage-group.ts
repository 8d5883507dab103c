import type { AdapterPort, Cpc, Granted, HmcObject, Partition } from '../model.js';
import { canSeeCreated } from '../object-access.js';
import type { Fulfilment, StorageType, VolumeUsage } from './storage.schema.js';

/** States of fulfilment of a volume, of those that the simulator shows (hmc-dpm.md section 12). */
export type VolumeState =
  'complete' | 'pending' | 'pending-with-mismatches' | 'incomplete' | 'configuration-error' | 'deleting';

export type GroupState = 'complete' | 'pending' | 'pending-with-mismatches' | 'incomplete';

export interface StorageVolume extends HmcObject {
  readonly id: string;
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
  /** By what an FCP volume is to be known once it is there. */
  readonly promised: { readonly uuid: string; targetWwpn: string; lun: string };
  /** What comes of the request for it. */
  fulfilment: Fulfilment;
}

/** How an FCP group reaches its volumes from one partition over one adapter port; made when it is attached. */
export interface VirtualStorageResource extends HmcObject {
  readonly id: string;
  readonly deviceNumber: string;
  readonly port: AdapterPort;
  readonly partition: Partition;
  readonly wwpn: string;
}

export interface StorageGroup extends HmcObject, Granted {
  readonly id: string;
  readonly cpc: Cpc;
  readonly type: StorageType;
  name: string;
  description: string;
  shared: boolean;
  connectivity: number;
  maxPartitions: number;
  volumes: StorageVolume[];
  resources: VirtualStorageResource[];
  candidatePorts: AdapterPort[];
  readonly attachedTo: Set<Partition>;
}

/** What a storage group is made of; the rest is the same for each that is new. */
export type NewGroup = Pick<
  StorageGroup,
  'id' | 'cpc' | 'type' | 'name' | 'description' | 'shared' | 'connectivity' | 'maxPartitions' | 'grantedAs' | 'creator'
>;

/** A group without volumes, attached nowhere. */
export function createGroup(given: NewGroup): StorageGroup {
  const group: StorageGroup = {
    ...given,
    uri: `/api/storage-groups/${given.id}`,
    class: 'storage-group',
    parent: null,
    isSeenBy: (user) => canSeeCreated(user, group, 'storage_groups'),
    volumes: [],
    resources: [],
    candidatePorts: [],
    attachedTo: new Set(),
  };
  return group;
}

export type NewVolume = Pick<
  StorageVolume,
  'id' | 'name' | 'description' | 'usage' | 'sizeGib' | 'promised' | 'fulfilment'
>;

/** A volume that nobody has asked for yet, in its group. */
export function addVolume(given: NewVolume, group: StorageGroup): StorageVolume {
  const volume: StorageVolume = {
    ...given,
    uri: `${group.uri}/storage-volumes/${given.id}`,
    class: 'storage-volume',
    parent: group,
    isSeenBy: (user) => group.isSeenBy(user),
    group,
    activeSizeGib: null,
    state: 'pending',
    uuid: null,
  };
  group.volumes.push(volume);
  return volume;
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
    'candidate-adapter-port-uris': group.candidatePorts.map(({ uri }) => uri),
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
  const isValidated = group.volumes.some(isThere);
  return {
    'element-uri': resource.uri,
    'element-id': resource.id,
    parent: group.uri,
    class: 'virtual-storage-resource',
    name: resource.name,
    description: '',
    'device-number': resource.deviceNumber,
    'adapter-port-uri': resource.port.uri,
    'partition-uri': resource.partition.uri,
    'world-wide-port-name-info': {
      'world-wide-port-name': resource.wwpn,
      status: isValidated ? 'validated' : 'not-validated',
    },
  };
}

/** Whether the storage subsystem has the volume, in whatever state it is for the HMC. */
export const isThere = ({ activeSizeGib }: StorageVolume): boolean => activeSizeGib !== null;
