import type { Changes } from '../changes.js';
import type { Estate } from '../estate.js';
import type { HmcObject, Partition } from '../model.js';
import { groupProperties, resourceProperties, volumeProperties, type StorageGroup } from './storage-group.js';

type Properties = Readonly<Record<string, unknown>>;

/** Tells of what becomes of storage groups, of what they consist of, and of the partitions that have them. */
export class StorageTracker {
  constructor(
    private readonly changes: Changes,
    private readonly estate: Estate,
  ) {}

  /** Carries out a change of a group and tells of everything in it that is different afterwards. */
  track(group: StorageGroup, change: () => void): void {
    const before = snapshot(group);
    change();
    const after = snapshot(group);
    for (const [object] of before) {
      if (!after.has(object)) this.changes.emit({ kind: 'inventory', object, action: 'remove' });
    }
    for (const [object, properties] of after) {
      const old = before.get(object);
      if (old === undefined) this.changes.emit({ kind: 'inventory', object, action: 'add' });
      else this.changes.emitDifferences(object, old, properties);
    }
  }

  /** Carries out a change of an attachment and tells of the partition, too. */
  trackAttachment(partition: Partition, group: StorageGroup, change: () => void): void {
    const before = this.estate.properties(partition);
    this.track(group, change);
    this.changes.emitDifferences(partition, before, this.estate.properties(partition));
  }

  added(group: StorageGroup): void {
    for (const object of snapshot(group).keys()) this.changes.emit({ kind: 'inventory', object, action: 'add' });
  }

  removed(group: StorageGroup): void {
    for (const object of snapshot(group).keys()) this.changes.emit({ kind: 'inventory', object, action: 'remove' });
  }
}

function snapshot(group: StorageGroup): Map<HmcObject, Properties> {
  return new Map<HmcObject, Properties>([
    [group, groupProperties(group)],
    ...group.volumes.map((volume): [HmcObject, Properties] => [volume, volumeProperties(volume)]),
    ...group.resources.map((resource): [HmcObject, Properties] => [resource, resourceProperties(resource, group)]),
  ]);
}
