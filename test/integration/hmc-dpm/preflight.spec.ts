import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import type { Requirement, VirtHost } from '../../../src/compute/contract/index.js';
import type { HmcInventoryInput } from '../../../src/simulators/hmc/index.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const nics = [
  { name: 'eth0', adapter: 'OSD 0100 Z22B-01' },
  { name: 'eth1', adapter: 'IQD 07C0' },
];
const volumes = [
  { name: 'boot', usage: 'boot' as const, size_gib: 16 },
  { name: 'data', size_gib: 100 },
];
const disk = { 'boot-device': 'storage-volume' };

const estate: Partial<HmcInventoryInput> = {
  users: [
    { name: 'zenova', password: 'secret-of-zenova' },
    { name: 'reader', password: 'secret-of-reader', tasks: ['partition-details'], max_sessions: 5 },
    { name: 'blind', password: 'secret-of-blind', sees_itself: false },
    {
      name: 'tenant',
      password: 'secret-of-tenant',
      sees: [{ cpc: 'CPC1', partitions: ['good', 'hidden'], adapters: [], storage_groups: ['good-disk'] }],
    },
    { name: 'other', password: 'secret-of-other', sees: [{ cpc: 'CPC2' }] },
  ],
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm',
      partitions: [
        { name: 'good', nics, properties: disk },
        { name: 'hidden', nics, properties: disk },
        { name: 'bare', properties: { 'boot-device': 'none' } },
        { name: 'pending', nics, properties: { 'boot-device': 'none' } },
      ],
    },
    { name: 'CPC2', mode: 'dpm', generate: [{ pattern: 'g{n:3}', count: 60, nics, properties: disk }] },
    { name: 'CPC3', mode: 'classic', logical_partitions: [{ name: 'PROD1' }] },
    {
      name: 'CPC4',
      mode: 'dpm',
      generation: 'z13',
      partitions: [{ name: 'old', properties: { 'boot-device': 'none' } }],
    },
  ],
  storage_groups: [
    { name: 'good-disk', cpc: 'CPC1', attached_to: ['good'], volumes },
    { name: 'hidden-disk', cpc: 'CPC1', attached_to: ['hidden'], volumes },
    {
      name: 'pending-disk',
      cpc: 'CPC1',
      attached_to: ['pending'],
      volumes: volumes.map((volume) => ({ ...volume, fulfilled: false, fulfilment: 'never' as const })),
    },
    { name: '{partition}-disk', cpc: 'CPC2', attached_to: ['*'], volumes },
  ],
};

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start({ inventory: estate });
});
afterEach(async () => {
  await bench.stop();
});

const as = (name: string) => ({ userid: name, password: new Secret(`secret-of-${name}`) });

async function preflight(host: VirtHost, instance?: string): Promise<Requirement[]> {
  const found = (await host.operations.preflight?.(bench.context(), { instance })) ?? [];
  for (const { evidence, remedy, status } of found) {
    expect(evidence).not.toBe('');
    expect(remedy === null).toBe(status === 'met' || status === 'information');
  }
  return found;
}

/** Statuses by requirement and what it is about. */
async function statuses(host: VirtHost, instance?: string): Promise<Record<string, string>> {
  const found = await preflight(host, instance);
  return Object.fromEntries(found.map(({ requirement, subject, status }) => [`${requirement} ${subject}`, status]));
}

describe('preflight of a CPC', () => {
  test('looks at the HMC, the user, the machine and all partitions', async () => {
    const found = await statuses(bench.host);
    expect(found).toMatchObject({
      'management_interfaces zenova': 'met',
      'sessions zenova': 'met',
      'task_permission Start Partition': 'met',
      'further_tasks zenova': 'information',
      'cpc_access CPC1': 'met',
      'machine CPC1': 'met',
      'se_level CPC1': 'met',
      'cpc_status CPC1': 'met',
      'dpm_mode CPC1': 'met',
      'storage_management CPC1': 'met',
      'adapter_access CPC1': 'met',
      'partition_access CPC1': 'met',
      'controller the LPAR of a MAAS controller': 'information',
      'io_auto_configuration good': 'unknown',
      'fcp_only good': 'met',
      'dedicated_storage_group good': 'met',
      'storage_fulfilled good': 'met',
      'boot_and_data_volume good': 'met',
      'qeth_nics good': 'met',
      'boot_device good': 'met',
      'fcp_only bare': 'not_met',
      'qeth_nics bare': 'not_met',
      'boot_device bare': 'not_met',
      'storage_fulfilled pending': 'not_met',
    });
    expect(bench.simulator.wireLog.count({ method: 'DELETE' })).toBe(0);
  });

  test('is of one partition when that is named, by name or object-id', async () => {
    for (const reference of ['good', bench.idOf('good')]) {
      const subjects = new Set((await preflight(bench.host, reference)).map(({ subject }) => subject));
      expect(subjects).toContain('good');
      expect(subjects).not.toContain('bare');
    }
  });

  test('tells what the user may not do', async () => {
    const found = await statuses(bench.open(as('reader')));
    expect(found).toMatchObject({
      'task_permission Partition Details': 'met',
      'task_permission Start Partition': 'not_met',
      'task_permission Stop Partition': 'not_met',
      'sessions reader': 'not_met',
    });
  });

  test('takes nothing for met that the user may not see', async () => {
    expect(await statuses(bench.open(as('blind')))).toMatchObject({
      'sessions blind': 'unknown',
      'task_permission Start Partition': 'unknown',
    });
    const tenant = bench.open(as('tenant'));
    const found = await statuses(tenant);
    expect(found).toMatchObject({ 'adapter_access CPC1': 'unknown', 'fcp_only good': 'met' });
    for (const requirement of ['fcp_only', 'dedicated_storage_group', 'storage_fulfilled', 'boot_and_data_volume']) {
      expect(found[`${requirement} hidden`]).toBe('unknown');
    }
    expect(found['boot_device hidden']).toBe('unknown');
    expect(await statuses(tenant, 'bare')).toMatchObject({ 'partition_access bare': 'unknown' });
    expect(await statuses(bench.open(as('other')))).toMatchObject({ 'cpc_access CPC1': 'not_met' });
  });

  test('of one in classic mode ends there, of one that is too old says so', async () => {
    const classic = await statuses(bench.open({ cpc: 'CPC3' }));
    expect(classic).toMatchObject({ 'dpm_mode CPC3': 'not_met' });
    expect(classic).not.toHaveProperty(['partition_access CPC3']);
    expect(await statuses(bench.open({ cpc: 'CPC4' }))).toMatchObject({
      'machine CPC4': 'not_met',
      'storage_management CPC4': 'not_met',
      'partition_access CPC4': 'met',
      'boot_device old': 'not_met',
      'fcp_only old': 'unknown',
    });
    // Nothing was asked for that this CPC does not know.
    expect(bench.simulator.wireLog.count({ status: 400 })).toBe(0);
  });

  test('goes on without what the HMC cannot tell', async () => {
    bench.simulator.fault({
      kind: 'error',
      path: '/api/cpcs/????????-*',
      method: 'GET',
      status: 409,
      reason: 272,
      times: 'always',
    });
    bench.simulator.fault({
      kind: 'error',
      path: '/api/storage-groups/*/storage-volumes/*',
      status: 500,
      reason: 1,
      times: 'always',
    });
    bench.simulator.fault({ kind: 'error', path: '*/aggregation/submit', status: 500, reason: 1, times: 'always' });
    const found = await statuses(bench.host, 'good');
    expect(found).toMatchObject({
      'storage_fulfilled good': 'unknown',
      'boot_device good': 'unknown',
      'fcp_only good': 'met',
      'qeth_nics good': 'met',
    });
  });

  test('fails when there is no HMC to ask', async () => {
    const host = bench.open({ endpoint: '127.0.0.1:1' });
    const failure = await failureOf(preflight(host));
    expect(failure.code).toBe('BACKEND_UNREACHABLE');
  });

  test('of sixty partitions takes few requests', async () => {
    const host = bench.open({ cpc: 'CPC2' });
    await host.operations.listInstances(bench.context());
    const since = bench.simulator.wireLog.last;
    const found = await preflight(host);
    expect(found.filter(({ requirement }) => requirement === 'qeth_nics')).toHaveLength(60);
    expect(found.filter(({ status, requirement }) => status !== 'met' && requirement.startsWith('storage_'))).toEqual(
      [],
    );
    expect(bench.requests(since)).toEqual([
      'GET /api/version',
      'GET /api/cpcs',
      'GET /api/console/users',
      'GET /api/users/{id}',
      'GET /api/user-roles/{id}',
      'GET /api/console/tasks',
      'GET /api/cpcs/{id}',
      'GET /api/cpcs/{id}',
      'GET /api/cpcs/{id}/adapters',
      'GET /api/cpcs/{id}/partitions',
      'POST /api/services/aggregation/submit',
      'POST /api/services/aggregation/submit',
      'POST /api/services/aggregation/submit',
    ]);
  });
});

describe('what a host lacks', () => {
  const lacking = async (changes: Record<string, unknown> = {}, of = bench): Promise<Map<string, string>> =>
    new Map(await of.open(changes).lacking?.(of.context()));

  test('is nothing on a machine of today', async () => {
    await expect(lacking()).resolves.toEqual(new Map());
  });

  test('is storage on a machine without storage groups', async () => {
    const found = await lacking({ cpc: 'CPC4' });
    expect(found.get('storage.block')).toMatch(/dpm-storage-management/);
    expect(found.has('operation.reboot')).toBe(false);
  });

  test('is everything but power in classic mode', async () => {
    const found = await lacking({ cpc: 'CPC3' });
    expect(found.get('operation.launch')).toMatch(/CPC3 is in classic mode/);
    for (const feature of ['operation.reboot', 'operation.get-guest-info', 'operation.maintenance-mode']) {
      expect(found.has(feature)).toBe(false);
    }
  });

  test('is what the API of an old HMC does not have', async () => {
    const older = await HmcDpmBench.start({
      inventory: { ...estate, hmc: { version: '2.14.0', api_version: '2.21' } },
    });
    try {
      const found = await lacking({}, older);
      expect(found.get('console.serial.interactive')).toMatch(/2\.22.*2\.21/);
      expect(found.has('console.serial.log')).toBe(false);
      expect(found.has('storage.block')).toBe(true);
    } finally {
      await older.stop();
    }
  });

  test('is told by a host that answers, and by no other', async () => {
    const host = bench.open({ cpc: 'CPC9' });
    expect((await failureOf(Promise.resolve(host.lacking?.(bench.context())))).code).toBe('RESOURCE_NOT_FOUND');
  });
});
