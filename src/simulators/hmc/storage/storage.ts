import type { Clock } from '../../kit/clock.js';
import type { Changes } from '../changes.js';
import type { PartitionDevices } from '../devices.js';
import type { Estate } from '../estate.js';
import { HmcError } from '../hmc-error.js';
import type { HmcInventory } from '../inventory.schema.js';
import type { Partition } from '../model.js';
import { Attachments } from './attachments.js';
import { Discoveries } from './discovery.js';
import { Fulfilments } from './fulfilment.js';
import type { StorageGroup } from './storage-group.js';
import { groupsFromInventory, StorageGroups } from './storage-groups.js';
import { StorageRequests } from './storage-requests.js';
import { StorageTracker } from './storage-tracker.js';

/** What there is of storage that was not there at the start, by names. */
export interface StorageLeftovers {
  readonly groups: readonly { readonly name: string; readonly cpc: string }[];
  readonly attachments: readonly { readonly group: string; readonly partition: string; readonly cpc: string }[];
}

/** The parts of the HMC that storage works with. */
interface Surroundings {
  readonly estate: Estate;
  readonly devices: PartitionDevices;
  readonly changes: Changes;
}

/** Storage as DPM manages it: groups of volumes, where they are attached, and who fulfils them (hmc-dpm.md section 12). */
export class Storage {
  readonly groups = new StorageGroups();
  readonly attachments: Attachments;
  readonly fulfilments: Fulfilments;
  readonly requests: StorageRequests;
  readonly discoveries: Discoveries;
  readonly #atStart: ReadonlySet<string>;

  constructor(inventory: HmcInventory, { estate, devices, changes }: Surroundings, clock: Clock) {
    const { fulfilment_ms: fulfilmentMs, discovery_ms: discoveryMs } = inventory.timing;
    const { storage_conflict_reason: reason } = inventory.hmc;
    const conflict = (message: string): HmcError => new HmcError(409, reason, message);
    const tracker = new StorageTracker(changes, estate);
    this.attachments = new Attachments(this.groups, estate, devices, tracker, conflict);
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
    this.#atStart = new Set(this.groups.list().flatMap((group) => [group.uri, ...attachmentKeys(group)]));
  }

  leftovers(): StorageLeftovers {
    const groups = this.groups.list();
    return {
      groups: groups.filter(({ uri }) => !this.#atStart.has(uri)).map(({ name, cpc }) => ({ name, cpc: cpc.name })),
      attachments: groups.flatMap((group) =>
        [...group.attachedTo]
          .filter((partition) => !this.#atStart.has(attachmentKey(group, partition)))
          .map(({ name, cpc }) => ({ group: group.name, partition: name, cpc: cpc.name })),
      ),
    };
  }

  /** Stops all timers; for shutdown. */
  dispose(): void {
    this.fulfilments.dispose();
    this.discoveries.dispose();
  }
}

const attachmentKey = (group: StorageGroup, partition: Partition): string => `${group.uri} ${partition.uri}`;

const attachmentKeys = (group: StorageGroup): string[] =>
  [...group.attachedTo].map((partition) => attachmentKey(group, partition));
