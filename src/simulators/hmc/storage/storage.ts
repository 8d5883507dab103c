import type { Clock } from '../../kit/clock.js';
import type { ApiLevel } from '../api-level.js';
import type { Changes } from '../changes.js';
import type { PartitionDevices } from '../devices.js';
import type { Estate } from '../estate.js';
import { HmcError } from '../hmc-error.js';
import type { HmcInventory } from '../inventory.schema.js';
import { Attachments } from './attachments.js';
import { Discoveries } from './discovery.js';
import { Fulfilments } from './fulfilment.js';
import { groupState, type GroupState, type StorageGroup, type StorageVolume } from './storage-group.js';
import { groupsFromInventory, StorageGroups } from './storage-groups.js';
import { StorageRequests } from './storage-requests.js';
import { StorageTracker } from './storage-tracker.js';
import type { Fulfilment } from './storage.schema.js';

/** A storage group as seen from outside the API. */
export interface StorageGroupView {
  readonly name: string;
  readonly cpc: string;
  readonly uri: string;
  readonly state: GroupState;
  /** Names of the partitions. */
  readonly attachedTo: readonly string[];
  readonly description: string;
  readonly volumes: readonly Pick<StorageVolume, 'name' | 'uri' | 'usage' | 'state' | 'uuid' | 'sizeGib'>[];
}

/** The parts of the HMC that storage works with. */
interface Surroundings {
  readonly estate: Estate;
  readonly devices: PartitionDevices;
  readonly changes: Changes;
  readonly level: ApiLevel;
}

/** Storage as DPM manages it: groups of volumes, where they are attached, and who fulfils them (hmc-dpm.md section 12). */
export class Storage {
  readonly groups = new StorageGroups();
  readonly attachments: Attachments;
  readonly fulfilments: Fulfilments;
  readonly requests: StorageRequests;
  readonly discoveries: Discoveries;

  constructor(inventory: HmcInventory, { estate, devices, changes, level }: Surroundings, clock: Clock) {
    const { fulfilment_ms: fulfilmentMs, discovery_ms: discoveryMs } = inventory.timing;
    const { storage_conflict_reason: reason } = inventory.hmc;
    const conflict = (message: string): HmcError => new HmcError(409, reason, message);
    const tracker = new StorageTracker(changes, estate);
    this.attachments = new Attachments(this.groups, estate, devices, level, tracker, conflict);
    devices.register(this.attachments);
    changes.subscribe((change) => {
      if (change.kind === 'inventory' && change.action === 'remove') this.attachments.forget(change.object);
    });
    this.fulfilments = new Fulfilments(clock, tracker, fulfilmentMs);
    this.requests = new StorageRequests(this.groups, this.attachments, this.fulfilments, tracker, conflict);
    this.discoveries = new Discoveries(clock, this.fulfilments, discoveryMs);
    for (const { group, attachTo } of groupsFromInventory(inventory, estate)) {
      this.groups.add(group);
      for (const volume of group.volumes) {
        if (volume.state === 'pending') this.fulfilments.request(volume);
      }
      for (const partition of attachTo) this.attachments.attach(partition, group);
    }
    for (const partition of estate.partitions()) this.attachments.chooseBootVolume(partition);
  }

  /** Groups by name and CPC, or all. */
  views(name?: string, cpc?: string): StorageGroupView[] {
    const groups = name === undefined ? this.groups.list() : this.groups.named(name, cpc);
    return groups.map((group) => ({
      name: group.name,
      cpc: group.cpc.name,
      uri: group.uri,
      state: groupState(group),
      attachedTo: [...group.attachedTo].map((partition) => partition.name),
      description: group.description,
      volumes: group.volumes.map(({ name: volume, uri, usage, state, uuid, sizeGib }) => ({
        name: volume,
        uri,
        usage,
        state,
        uuid,
        sizeGib,
      })),
    }));
  }

  /** The storage administrator acts now on all volumes of a group, or on that of this name. */
  fulfil(group: StorageGroup, volume: string | undefined, fulfilment: Fulfilment): void {
    const volumes = group.volumes.filter(({ name }) => volume === undefined || name === volume);
    if (volumes.length === 0) throw new RangeError(`the storage group "${group.name}" has no volume "${volume ?? ''}"`);
    for (const each of volumes) this.fulfilments.settle(each, fulfilment);
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.fulfilments.dispose();
    this.discoveries.dispose();
  }
}
