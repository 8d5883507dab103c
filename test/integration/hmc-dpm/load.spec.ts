import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/common/clock.js';
import type { VirtHost } from '../../../src/compute/contract/index.js';
import { createHmcDpm } from '../../../src/drivers/hmc-dpm/index.js';
import { HmcSimulator, type HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { silentLog } from '../../../src/common/log.js';
import { Secret } from '../../../src/common/secret.js';
import { eventually } from '../../support/eventually.js';
import { MemoryBreakers } from '../../support/memory-breakers.js';
import { RecordingContext } from '../../support/operation-context.js';

const PARTITIONS = 500;
const CALLERS = 200;
/** Of the partitions, those that are started and stopped too: every so many. */
const CHANGED_EVERY = 5;
/** Enough of them that all of their partitions may run at the same time. */
const CPCS = Array.from({ length: 10 }, (_, i) => `CPC${i}`);
const clock = systemClock;

const inventory: HmcInventoryInput = {
  timing: { start_ms: 30, paused_ms: 10, stop_ms: 20 },
  users: [{ name: 'zenova', password: 'secret-of-zenova' }],
  cpcs: CPCS.map((name) => ({
    name,
    mode: 'dpm' as const,
    generate: [
      {
        pattern: 'p{n:3}',
        count: PARTITIONS / CPCS.length,
        properties: {
          'boot-device': 'storage-volume',
          'boot-storage-volume': '/api/storage-groups/g/storage-volumes/v',
        },
      },
    ],
  })),
};

/** What a process of the service has: sessions of its own. */
class Worker {
  readonly hosts: ReadonlyMap<string, VirtHost>;

  constructor(simulator: HmcSimulator) {
    const { virtDriver } = createHmcDpm();
    const ports = { clock, log: silentLog, breakers: new MemoryBreakers() };
    const settings = {
      endpoint: simulator.url,
      userid: 'zenova',
      password: new Secret('secret-of-zenova'),
      tls: { ca: simulator.certificatePem },
      notifications: { port: simulator.stompPort },
      poll: { initial_ms: 50, max_ms: 1000 },
    };
    this.hosts = new Map(CPCS.map((cpc) => [cpc, virtDriver.open(cpc, { ...settings, cpc }, ports)]));
  }

  host(cpc: string): VirtHost {
    const host = this.hosts.get(cpc);
    if (host === undefined) throw new Error(`no host ${cpc}`);
    return host;
  }

  async close(): Promise<void> {
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
  }
}

let simulator: HmcSimulator;
let workers: Worker[];
beforeEach(async () => {
  simulator = await HmcSimulator.start({ inventory, port: 0 });
  workers = [new Worker(simulator), new Worker(simulator)];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await simulator.stop();
});

/** Lets so many callers take what there is to do, each one thing after the other. */
async function shared<T>(callers: number, todo: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = todo.values();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (const item of left) await act(item);
    }),
  );
}

const everything = CPCS.flatMap((cpc) =>
  Array.from({ length: PARTITIONS / CPCS.length }, (_, i) => ({
    cpc,
    name: `p${String(i + 1).padStart(3, '0')}`,
    isChanged: i % CHANGED_EVERY === 0,
  })),
);

describe('two workers with 200 concurrent callers on 500 partitions', () => {
  test('have one session each, none at the end, and keep the order of each partition', async () => {
    simulator.fault({ kind: 'unavailable', path: '/api/partitions/*', times: 50 });
    let turn = 0;
    await shared(CALLERS, everything, async ({ cpc, name, isChanged }) => {
      const host = workers[turn++ % workers.length]?.host(cpc);
      if (host === undefined) throw new Error('no worker');
      const ctx = new RecordingContext(clock);
      await host.operations.queryPower(ctx, name);
      if (!isChanged) return;
      const target = await host.resolve(ctx, name);
      await expect(host.operations.powerOn(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
      await expect(host.operations.powerOff(ctx, target, {})).resolves.toMatchObject({ outcome: 'done' });
    });
    const { wireLog } = simulator;
    expect(wireLog.logons()).toBe(2);
    expect(simulator.sessionCount()).toBe(2);
    expect(simulator.stompConnections()).toBe(2);
    // Each start before its stop, and neither twice.
    const steps = new Map<string, string[]>();
    for (const { method, path } of wireLog.entries({ executed: true })) {
      const [, id, step] = /^\/api\/partitions\/([^/]+)\/operations\/(start|stop)$/.exec(path) ?? [];
      if (method === 'POST' && id !== undefined && step !== undefined) steps.set(id, [...(steps.get(id) ?? []), step]);
    }
    expect(steps.size).toBe(PARTITIONS / CHANGED_EVERY);
    expect([...new Set([...steps.values()].map((order) => order.join(' ')))]).toEqual(['start stop']);
    expect(simulator.jobs()).toHaveLength(0);
    // As many refusals as there were reasons for one, and a few that were under way: nobody storms.
    expect(wireLog.count({ status: 503 })).toBe(50);
    expect(wireLog.count({ status: 409 })).toBe(0);

    await Promise.all(workers.map((worker) => worker.close()));
    expect(simulator.sessionCount()).toBe(0);
    await eventually(() => simulator.stompConnections() + simulator.connections === 0, 'the connections to end');
  }, 240_000);

  test('ask for no state that the HMC tells them by itself', async () => {
    const ask = async ({ cpc, name }: { cpc: string; name: string }) => {
      for (const worker of workers) {
        const freshness = { maxAgeMs: 60_000 };
        const state = await worker.host(cpc).operations.queryPower(new RecordingContext(clock), name, freshness);
        expect(state.powerState).toBe('shutdown');
      }
    };
    const [first] = everything;
    if (first === undefined) throw new Error('nothing to ask for');
    await eventually(async () => {
      const since = simulator.wireLog.last;
      await ask(first);
      return simulator.wireLog.last === since;
    }, 'what the HMC tells to be relied upon');
    const since = simulator.wireLog.last;
    await shared(CALLERS, everything, ask);
    expect(simulator.wireLog.last).toBe(since);
  });
});
