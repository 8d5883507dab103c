import { HmcSimulator, VirtualClock, type HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { WireClient } from './hmc-client.js';

/** A small estate: bootable partitions, so that a start ends active. */
export function smallInventory(changes: Partial<HmcInventoryInput> = {}): HmcInventoryInput {
  const properties = {
    'boot-device': 'storage-volume',
    'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
  };
  return {
    timing: { start_ms: 2000, paused_ms: 500, stop_ms: 1000, psw_restart_ms: 300, cancel_ms: 100 },
    users: [
      { name: 'zenova', password: 'secret-of-zenova', max_sessions: 3, session_idle_ms: 60_000 },
      { name: 'reader', password: 'secret-of-reader', tasks: [] },
      { name: 'desktop', password: 'secret-of-desktop', allow_management_interfaces: false },
      {
        name: 'tenant',
        password: 'secret-of-tenant',
        sees: [{ cpc: 'CPC1', cpc_itself: false, partitions: ['LPAR1'] }],
      },
    ],
    cpcs: [
      {
        name: 'CPC1',
        mode: 'dpm',
        partitions: [
          { name: 'LPAR1', properties },
          { name: 'LPAR2', status: 'active', properties },
          { name: 'db.prod', status: 'active', properties },
          { name: 'db-prod', properties },
          { name: 'app @ test', properties },
          { name: 'empty' },
          { name: 'halted', status: 'paused', properties },
          { name: 'crashed', status: 'terminated', properties },
          { name: 'starved', status: 'reservation-error', starts_as: 'reservation-error', properties },
          { name: 'limping', starts_as: 'degraded', properties },
          { name: 'stuck', status: 'starting', properties },
        ],
      },
      {
        name: 'CPC2',
        mode: 'dpm',
        partitions: [{ name: 'LPAR1', type: 'zvm' }],
        generate: [{ pattern: 'lpar{n:3}', count: 300 }],
      },
      { name: 'CPC3', mode: 'classic', logical_partitions: [{ name: 'PROD1', status: 'operating' }] },
    ],
    ...changes,
  };
}

/** A simulator on a free port whose time stands still until told, with a client of its own. */
export class HmcBench {
  private constructor(
    readonly simulator: HmcSimulator,
    readonly client: WireClient,
    readonly clock: VirtualClock,
  ) {}

  static async start(inventory: HmcInventoryInput = smallInventory()): Promise<HmcBench> {
    const clock = new VirtualClock();
    const simulator = await HmcSimulator.start({ inventory, port: 0, clock });
    return new HmcBench(simulator, new WireClient(simulator), clock);
  }

  uri(name: string, cpc = 'CPC1'): string {
    const [partition] = this.simulator.partitions(name, cpc);
    if (partition === undefined) throw new Error(`no partition ${name} on ${cpc}`);
    return partition.uri;
  }

  /** Accepts the operation and returns the job's URI. */
  async begin(operation: string, name: string, session: string): Promise<string> {
    const { status, json } = await this.client.send('POST', `${this.uri(name)}/operations/${operation}`, { session });
    if (status !== 202) throw new Error(`${operation} of ${name} answered ${status},${String(json?.['reason'])}`);
    return String(json?.['job-uri']);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.simulator.stop();
  }
}
