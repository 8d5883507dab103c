import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import { createHmcDpm, hmcDpmDriver } from '../../../src/drivers/hmc-dpm/index.js';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { ComputeBench } from '../../support/compute-bench.js';
import { eventually } from '../../support/eventually.js';
import { startGuest } from '../../support/seeded-guest.js';
import { failureOf } from './hmc-dpm-bench.js';
import { NETWORK } from './launch-bench.js';

/** Launches whose guests read their seed from the listener of the service. */

const USER = { name: 'zenova', password: 'secret-of-zenova' } as const;
const MOTD = { path: '/etc/motd', content: Buffer.from('hello').toString('base64') };

let simulator: HmcSimulator;
let bench: ComputeBench;
beforeAll(async () => {
  simulator = await HmcSimulator.start({
    inventory: {
      timing: { start_ms: 1500, paused_ms: 0, stop_ms: 20 },
      users: [USER],
      cpcs: [{ name: 'CPC1', mode: 'dpm' }],
    },
    port: 0,
  });
  const settings = {
    endpoint: simulator.url,
    userid: USER.name,
    password: new Secret(USER.password),
    cpc: 'CPC1',
    tls: { ca: simulator.certificatePem },
    poll: { initial_ms: 50, max_ms: 50 },
    notifications: { enabled: false },
  };
  bench = await ComputeBench.start({
    drivers: [createHmcDpm().virtDriver],
    hasSeeds: true,
    hosts: [{ name: 'here', driver: hmcDpmDriver.name, settings, manage: ['*'], protect: [], protectSelf: true }],
  });
});
afterAll(async () => {
  await bench.discard();
  await simulator.stop();
});
afterEach(() => simulator.faults.clear());

const wanted = (name: string) => ({
  host: 'here',
  name,
  flavor: { vcpus: 1, memory_mib: 1024 },
  networks: [{ name: NETWORK, addresses: [{ address: '192.0.2.7/24' }] }],
  files: [MOTD],
  boot: { from: 'network' },
});

/** Where the guest of a partition is sent to. */
function addressOf(name: string): string | undefined {
  const parameters =
    simulator.partitions(name).length === 0 ? '' : simulator.properties(name)['boot-os-specific-parameters'];
  return /ds=nocloud;s=([^;]+);/.exec(String(parameters))?.[1];
}

const statusOf = async (address = ''): Promise<number> => (await fetch(`${address}meta-data`)).status;

describe('a seed', () => {
  test('is read by the guest once', async () => {
    await bench.call('compute.spawn', wanted('web'));
    const address = addressOf('web');
    const booted = simulator.booted('web');
    const guest = booted === null ? undefined : await startGuest(booted);
    expect(guest).toMatchObject({ isOnMedium: false, files: [{ path: '/etc/motd', sizeBytes: 5 }] });
    expect(Object.values(guest?.addresses ?? {})).toEqual([['192.0.2.7/24']]);
    await eventually(async () => (await statusOf(address)) === 404, 'the seed to be gone');
    await bench.call('compute.destroy', { host: 'here', instance: 'web' });
  });

  test('that was not read goes with its partition', async () => {
    await bench.call('compute.spawn', wanted('web'));
    const address = addressOf('web');
    expect(await statusOf(address)).toBe(200);
    await bench.call('compute.destroy', { host: 'here', instance: 'web' });
    expect(await statusOf(address)).toBe(404);
  });

  test('goes with a launch that failed', async () => {
    simulator.fault({ kind: 'job-failed', method: 'POST', path: '*/operations/start', ends_as: 'terminated' });
    const failing = failureOf(bench.call('compute.spawn', wanted('web')));
    const address = await eventually(() => addressOf('web'), 'the seed to be offered');
    await expect(failing).resolves.toMatchObject({ outcome: 'not-applied' });
    expect(simulator.partitions('web')).toEqual([]);
    expect(await statusOf(address)).toBe(404);
  });
});
