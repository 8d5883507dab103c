import type { HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { HmcBench } from './hmc-bench.js';
import type { WireAnswer } from './hmc-client.js';

const disks = [
  { name: 'boot', usage: 'boot' as const, size_gib: 16 },
  { name: 'data', size_gib: 100 },
];

/** A small estate with storage: dedicated groups, a shared one, one not fulfilled, one on the other CPC. */
export function storageInventory(changes: Partial<HmcInventoryInput> = {}): HmcInventoryInput {
  return {
    timing: { start_ms: 2000, paused_ms: 500, stop_ms: 1000, fulfilment_ms: 5000 },
    users: [
      { name: 'zenova', password: 'secret-of-zenova' },
      { name: 'reader', password: 'secret-of-reader', tasks: [] },
      { name: 'tenant', password: 'secret-of-tenant', sees: [{ cpc: 'CPC1', storage_groups: ['shared'] }] },
    ],
    cpcs: [
      {
        name: 'CPC1',
        mode: 'dpm',
        partitions: [
          { name: 'off', properties: { 'boot-device': 'storage-volume' } },
          { name: 'on', status: 'active', properties: { 'boot-device': 'storage-volume' } },
          { name: 'bare' },
          { name: 'stuck', status: 'starting' },
        ],
      },
      { name: 'CPC2', mode: 'dpm', partitions: [{ name: 'off' }] },
      { name: 'CPC3', mode: 'classic' },
    ],
    storage_groups: [
      { name: '{partition}-disk', cpc: 'CPC1', attached_to: ['o*'], volumes: disks },
      { name: 'shared', cpc: 'CPC1', shared: true, max_partitions: 2, attached_to: ['on'], volumes: disks },
      {
        name: 'late',
        cpc: 'CPC1',
        volumes: [{ name: 'boot', usage: 'boot', size_gib: 16, fulfilled: false }],
      },
      { name: 'elsewhere', cpc: 'CPC2', volumes: disks },
    ],
    ...changes,
  };
}

export type Json = Record<string, unknown>;

/** The bench with the requests that are about storage. */
export class StorageBench {
  private constructor(
    readonly hmc: HmcBench,
    readonly session: string,
  ) {}

  static async start(changes: Partial<HmcInventoryInput> = {}): Promise<StorageBench> {
    const hmc = await HmcBench.start(storageInventory(changes));
    return new StorageBench(hmc, await hmc.client.logOn());
  }

  stop(): Promise<void> {
    return this.hmc.stop();
  }

  get(path: string, session = this.session): Promise<WireAnswer> {
    return this.hmc.client.send('GET', path, { session });
  }

  post(path: string, json?: unknown, session = this.session): Promise<WireAnswer> {
    return this.hmc.client.send('POST', path, { session, ...(json === undefined ? {} : { json }) });
  }

  /** The URI of a group, as seen by the user who sees everything. */
  async group(name: string): Promise<string> {
    const { json } = await this.get(`/api/storage-groups?name=${encodeURIComponent(name)}`);
    const [group] = items(json, 'storage-groups');
    if (group === undefined) throw new Error(`no storage group ${name}`);
    return String(group['object-uri']);
  }

  /** The full properties of a volume. */
  async volume(group: string, name: string): Promise<Json> {
    const { json } = await this.get(`${await this.group(group)}/storage-volumes?name=${name}`);
    const [volume] = items(json, 'storage-volumes');
    if (volume === undefined) throw new Error(`no volume ${name} in ${group}`);
    return (await this.get(String(volume['element-uri']))).json ?? {};
  }

  async attach(partition: string, group: string, operation = 'attach'): Promise<WireAnswer> {
    return this.post(`${this.hmc.uri(partition)}/operations/${operation}-storage-group`, {
      'storage-group-uri': await this.group(group),
    });
  }

  detach(partition: string, group: string): Promise<WireAnswer> {
    return this.attach(partition, group, 'detach');
  }

  async attachedTo(partition: string): Promise<unknown> {
    return (await this.get(this.hmc.uri(partition))).json?.['storage-group-uris'];
  }
}

export const items = (json: Json | undefined, field: string): Json[] => (json?.[field] ?? []) as Json[];
