import { randomUUID } from 'node:crypto';
import type { ApiLevel } from '../api-level.js';
import { isDpm, isUsable } from '../cpc.js';
import { HmcError, refuse } from '../hmc-error.js';
import type { AdapterPort, Cpc } from '../model.js';
import { checkCreation, checkUpdate, type PropertyRules } from '../property-rules.js';
import type { Attachments } from './attachments.js';
import { ordinaryFulfilment, type Fulfilments } from './fulfilment.js';
import { addVolume, createGroup, isThere, type StorageGroup, type StorageVolume } from './storage-group.js';
import { promiseFor, type StorageGroups } from './storage-groups.js';
import { EMAIL_RULES, GROUP_RULES, VOLUME_RULES } from './storage-rules.js';
import type { StorageTracker } from './storage-tracker.js';
import { mostPartitions, type Fulfilment, type StorageType, type VolumeUsage } from './storage.schema.js';

/** A field that a rule has found to be a text, when it is given. */
const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

type Fields = Readonly<Record<string, unknown>>;

/** Who asks, and what the fault rules make of the fulfilment of a volume of this name. */
export interface Requester {
  readonly level: ApiLevel;
  readonly user: string;
  /** null: it comes as it should. */
  fulfilmentOf(group: string, volume: string): Fulfilment | null;
}

/** Requests that make, change and delete storage groups and their volumes. All of a request is checked before any of it is done. */
export class StorageRequests {
  constructor(
    private readonly groups: StorageGroups,
    private readonly attachments: Attachments,
    private readonly fulfilments: Fulfilments,
    private readonly tracker: StorageTracker,
    private readonly conflict: (message: string) => HmcError,
  ) {}

  /** Makes a group; its volumes are pending. */
  create(cpc: Cpc, body: Fields, requester: Requester): { group: StorageGroup; created: StorageVolume[] } {
    checkCreation(GROUP_RULES, body, requester.level);
    for (const field of ['name', 'type']) if (body[field] === undefined) throw refuse.fieldMissing(field);
    checkEmails(body);
    if (!isDpm(cpc)) throw refuse.notDpm(cpc.name);
    if (!isUsable(cpc)) throw refuse.cpcNotUsable(cpc.name, cpc.status);
    const name = text(body['name'], '');
    this.#assertFree(name, cpc);
    const shared = body['shared'] !== false;
    const group = createGroup({
      id: randomUUID(),
      cpc,
      type: body['type'] as StorageType,
      name,
      description: text(body['description'], ''),
      shared,
      connectivity: Number(body['connectivity'] ?? 2),
      maxPartitions: Number(body['max-partitions'] ?? mostPartitions({ shared })),
      grantedAs: null,
      creator: requester.user,
    });
    const asked = volumeRequests(body);
    for (const request of asked) this.#check(request, group, requester.level, ['create']);
    const created = asked.map((request) => this.#createVolume(request, group));
    this.groups.add(group);
    this.tracker.added(group);
    this.#ask(created, requester);
    return { group, created };
  }

  /** Changes a group and its volumes; whatever has to be asked of the storage administrator is pending. */
  modify(group: StorageGroup, body: Fields, requester: Requester): StorageVolume[] {
    checkUpdate(GROUP_RULES, body, requester.level);
    checkEmails(body);
    const name = text(body['name'], group.name);
    if (name !== group.name) this.#assertFree(name, group.cpc);
    this.#checkSharing(group, body);
    const asked = volumeRequests(body);
    for (const request of asked) this.#check(request, group, requester.level, ['create', 'modify', 'delete']);
    assertDistinct(asked);
    const created: StorageVolume[] = [];
    this.tracker.track(group, () => {
      const changed = this.#changeGroup(group, body) ? group.volumes.filter(({ state }) => state === 'complete') : [];
      for (const request of asked) {
        if (request['operation'] === 'create') created.push(this.#createVolume(request, group));
        if (request['operation'] === 'modify') changed.push(...this.#changeVolume(volumeIn(group, request), request));
        if (request['operation'] === 'delete') changed.push(...this.#deleteVolume(volumeIn(group, request)));
      }
      this.#ask(new Set([...changed, ...created]), requester);
    });
    return created;
  }

  /** Deletes a group with its volumes. Throws 409 while it is attached to a partition. */
  delete(group: StorageGroup, body: Fields, level: ApiLevel): void {
    checkUpdate(EMAIL_RULES, body, level);
    checkEmails(body);
    const [partition] = group.attachedTo;
    if (partition !== undefined) {
      throw this.conflict(`The storage group '${group.name}' is attached to the partition '${partition.name}'`);
    }
    for (const volume of group.volumes) this.fulfilments.forget(volume);
    this.groups.remove(group);
    this.tracker.removed(group);
  }

  /** Asks the storage administrator once more for whatever is not there. */
  remind(group: StorageGroup, body: Fields, requester: Requester): void {
    checkUpdate(EMAIL_RULES, body, requester.level);
    checkEmails(body);
    this.tracker.track(group, () => {
      this.#ask(
        group.volumes.filter(({ state }) => state !== 'complete'),
        requester,
      );
    });
  }

  /** Throws 409,483 for a port that is a candidate already, and 409 when the paths of the group are found. */
  addPorts(group: StorageGroup, ports: readonly AdapterPort[]): void {
    const known = ports.find((port) => group.candidatePorts.includes(port));
    if (known !== undefined) throw new HmcError(409, 483, `${known.uri} is a candidate port already`);
    if (group.volumes.some(isThere)) throw this.conflict(`The ports of '${group.name}' have been found`);
    this.tracker.track(group, () => {
      group.candidatePorts.push(...new Set(ports));
    });
  }

  /** Throws 409,479 for a port that is no candidate, and 409 for one that is in use. */
  removePorts(group: StorageGroup, ports: readonly AdapterPort[]): void {
    const unknown = ports.find((port) => !group.candidatePorts.includes(port));
    if (unknown !== undefined) throw new HmcError(409, 479, `${unknown.uri} is not a candidate port`);
    const used = group.resources.find(({ port }) => ports.includes(port));
    if (used !== undefined) throw this.conflict(`${used.port.uri} is in use by the partition '${used.partition.name}'`);
    this.tracker.track(group, () => {
      group.candidatePorts = group.candidatePorts.filter((port) => !ports.includes(port));
    });
  }

  #ask(volumes: Iterable<StorageVolume>, requester: Requester): void {
    for (const volume of volumes) {
      volume.fulfilment =
        requester.fulfilmentOf(volume.group.name, volume.name) ??
        (volume.state === 'deleting' ? 'complete' : ordinaryFulfilment(volume.group));
      this.fulfilments.request(volume);
    }
  }

  #assertFree(name: string, cpc: Cpc): void {
    if (this.groups.named(name, cpc.name).length > 0) {
      throw refuse.notUnique('name', 'another storage group of the CPC');
    }
  }

  #checkSharing({ name, attachedTo, ...group }: StorageGroup, body: Fields): void {
    const most = body['shared'] === false ? 1 : Number(body['max-partitions'] ?? group.maxPartitions);
    if (attachedTo.size <= most) return;
    throw this.conflict(`The storage group '${name}' is attached to ${attachedTo.size} partitions`);
  }

  /** True when the storage administrator has to do something about it. */
  #changeGroup(group: StorageGroup, body: Fields): boolean {
    const before = [group.shared, group.connectivity, group.maxPartitions];
    group.name = text(body['name'], group.name);
    group.description = text(body['description'], group.description);
    group.shared = typeof body['shared'] === 'boolean' ? body['shared'] : group.shared;
    group.maxPartitions = Number(body['max-partitions'] ?? group.maxPartitions);
    group.connectivity = Number(body['connectivity'] ?? group.connectivity);
    for (const partition of group.attachedTo) this.attachments.connect(partition, group);
    const after = [group.shared, group.connectivity, group.maxPartitions];
    return after.some((value, index) => value !== before[index]);
  }

  #check(request: Fields, group: StorageGroup, level: ApiLevel, allowed: readonly string[]): void {
    checkCreation(VOLUME_RULES, request, level);
    const operation = request['operation'];
    if (operation === undefined) throw refuse.fieldMissing('operation');
    if (!allowed.includes(text(operation, ''))) throw refuse.badValue('operation', `it must be ${allowed.join(', ')}`);
    if (operation === 'create') {
      if (request['element-uri'] !== undefined) throw refuse.badValue('element-uri', 'not for a volume to be created');
      if (group.type === 'fcp' && request['size'] === undefined) throw refuse.fieldMissing('size');
      return;
    }
    const volume = volumeIn(group, request);
    if (volume.state === 'deleting') throw this.conflict(`The storage volume '${volume.name}' is being deleted`);
    if (isThere(volume) && Number(request['size'] ?? volume.sizeGib) < volume.sizeGib) {
      throw refuse.badValue('size', 'a volume does not shrink');
    }
    const isUsageChanged = request['usage'] !== undefined && request['usage'] !== volume.usage;
    if (operation === 'modify' && !isUsageChanged) return;
    for (const partition of group.attachedTo) this.attachments.assertNotInUse(partition, [volume]);
  }

  #createVolume(request: Fields, group: StorageGroup): StorageVolume {
    const id = randomUUID();
    return addVolume(
      {
        id,
        name: text(request['name'], 'Storage Volume'),
        description: text(request['description'], ''),
        usage: (request['usage'] ?? 'data') as VolumeUsage,
        sizeGib: Number(request['size'] ?? 0),
        promised: promiseFor(id),
        fulfilment: ordinaryFulfilment(group),
      },
      group,
    );
  }

  /** The volume when the storage administrator has to do something about it. */
  #changeVolume(volume: StorageVolume, request: Fields): StorageVolume[] {
    const size = Number(request['size'] ?? volume.sizeGib);
    const isResized = size !== volume.sizeGib;
    volume.name = text(request['name'], volume.name);
    volume.description = text(request['description'], volume.description);
    volume.usage = (request['usage'] ?? volume.usage) as VolumeUsage;
    volume.sizeGib = size;
    if (volume.usage !== 'boot') this.#forgetBootVolume(volume);
    return isResized ? [volume] : [];
  }

  #forgetBootVolume(volume: StorageVolume): void {
    for (const partition of volume.group.attachedTo) this.attachments.forgetBootVolume(partition, [volume]);
  }

  /** What is not there yet is gone at once; what is there is when the storage administrator has removed it. */
  #deleteVolume(volume: StorageVolume): StorageVolume[] {
    const { group } = volume;
    this.#forgetBootVolume(volume);
    if (isThere(volume)) {
      volume.state = 'deleting';
      return [volume];
    }
    this.fulfilments.forget(volume);
    group.volumes = group.volumes.filter((other) => other !== volume);
    return [];
  }
}

function volumeIn({ volumes }: StorageGroup, request: Fields): StorageVolume {
  if (request['element-uri'] === undefined) throw refuse.fieldMissing('element-uri');
  const uri = text(request['element-uri'], '');
  const volume = volumes.find((candidate) => candidate.uri === uri);
  if (volume === undefined) throw refuse.namedObjectUnknown(uri);
  return volume;
}

/** One request for a volume is enough. Throws 400,7. */
function assertDistinct(asked: readonly Fields[]): void {
  const uris = asked.flatMap((request) => request['element-uri'] ?? []);
  if (new Set(uris).size < uris.length) throw refuse.badValue('storage-volumes', 'a volume is named twice');
}

const volumeRequests = (body: Fields): Fields[] => (body['storage-volumes'] ?? []) as Fields[];

/** Copies and a text of one's own go only with a mail. */
function checkEmails(body: Fields): void {
  const hasAddressee = Array.isArray(body['email-to-addresses']) && body['email-to-addresses'].length > 0;
  const hasMore = body['email-cc-addresses'] !== undefined || body['email-insert'] !== undefined;
  if (hasMore && !hasAddressee) throw refuse.fieldMissing('email-to-addresses');
}

/** Checks the fields of a small request, all of which are required. Throws 400. */
export function checkRequired(rules: PropertyRules, body: Fields, level: ApiLevel): void {
  checkUpdate(rules, body, level);
  for (const field of Object.keys(rules)) if (body[field] === undefined) throw refuse.fieldMissing(field);
}
