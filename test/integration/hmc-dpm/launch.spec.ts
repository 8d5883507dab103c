import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createdOf } from '../../../src/compute/contract/index.js';
import { failureOf } from './hmc-dpm-bench.js';
import { description, LaunchBench, NETWORK, volume, type Description } from './launch-bench.js';

let bench: LaunchBench;
beforeEach(async () => {
  bench = await LaunchBench.start();
});
afterEach(async () => {
  await bench.stop();
});

const IBM = 'hmc-dpm';

describe('a launch', () => {
  test('makes partition, storage and NIC, sets the boot device and starts, in so many requests', async () => {
    await bench.stop();
    bench = await LaunchBench.start({ inventory: { timing: { fulfilment_ms: 0, start_ms: 20, paused_ms: 0 } } });
    const ctx = bench.hmc.context();
    await bench.hmc.host.resolve(ctx, 'off');
    const since = bench.simulator.wireLog.last;
    await expect(bench.spawn(description('web'), ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(bench.hmc.requests(since)).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/cpcs',
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/cpcs/{id}',
      'GET /api/storage-groups',
      'GET /api/cpcs/{id}/virtual-switches',
      'GET /api/cpcs/{id}/adapters',
      'GET /api/console/operations/list-permitted-partitions',
      'POST /api/cpcs/{id}/partitions',
      'GET /api/storage-groups',
      'POST /api/storage-groups',
      'GET /api/storage-groups',
      'GET /api/storage-groups/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/attach-storage-group',
      'GET /api/storage-groups/{id}',
      'GET /api/storage-groups/{id}/storage-volumes/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/nics',
      'GET /api/partitions/{id}/nics/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/start',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
    ]);
    expect(ctx.begun).toEqual([
      'create-partition',
      'create-storage-group',
      'attach-storage-group',
      'create-nic',
      'set-boot-device',
      'start',
    ]);
    const partition = bench.simulator.properties('web');
    expect(partition).toMatchObject({
      'ifl-processors': 2,
      'initial-memory': 4096,
      'maximum-memory': 4096,
      'processor-mode': 'shared',
      'boot-device': 'storage-volume',
      description: `[zenova-group:web] [zenova:${ctx.operationId}]`,
    });
    expect(bench.simulator.nics('web')).toMatchObject([{ name: 'nic0', adapter: NETWORK, vlan: null }]);
    expect(bench.simulator.attachedGroups('web')).toMatchObject([
      { name: 'web', volumes: [{ usage: 'boot', sizeGib: 20 }] },
    ]);
    expect(createdOf(ctx.checkpoints)).toEqual(await bench.find('web'));
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  test('takes all that the description and the options say', async () => {
    await bench.spawn(
      description('db', {
        flavor: {
          vcpus: 3,
          memory_mib: 8192,
          root_gib: 30,
          extras: { max_memory_mib: 16_384, initial_weight: 200, maximum_weight: 300, reserve_resources: true },
        },
        networks: [{ name: `${NETWORK}/1`, vlan: 42, mac: '02:00:00:00:00:07' }, { name: 'IQD 07C0' }],
        volumes: [volume('disks/data')],
        start: false,
        driver_options: {
          [IBM]: {
            description: 'the database',
            partition_id: '7f',
            boot_timeout_s: 120,
            boot_load_parameters: 'LP1',
            boot_configuration_selector: 2,
            acceptable_status: ['active', 'stopped'],
            storage: { group: 'db root', data_gib: 70, connectivity: 4 },
          },
        },
      }),
    );
    expect(bench.simulator.properties('db')).toMatchObject({
      status: 'stopped',
      'ifl-processors': 3,
      'maximum-memory': 16_384,
      'initial-ifl-processing-weight': 200,
      'maximum-ifl-processing-weight': 300,
      'reserve-resources': true,
      'partition-id': '7F',
      'boot-timeout': 120,
      'boot-load-parameters': 'LP1',
      'boot-configuration-selector': 2,
      'acceptable-status': ['active', 'stopped'],
      description: expect.stringMatching(/^the database \[zenova-group:db root\] \[zenova:/),
    });
    expect(bench.simulator.nics('db')).toMatchObject([
      { name: 'nic0', adapter: NETWORK, vlan: 42, mac: '02:00:00:00:00:07' },
      { name: 'nic1', adapter: 'IQD 07C0', vlan: null },
    ]);
    expect(
      bench.simulator
        .attachedGroups('db')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['db root', 'disks']);
  });

  test.each<[string, Partial<Description>, Record<string, unknown>]>([
    ['the network', { boot: { from: 'network' } }, { 'boot-device': 'network-adapter' }],
    ['a volume', { volumes: [volume('disks', { boot: true })] }, { 'boot-device': 'storage-volume' }],
    [
      'an FTP server',
      {
        boot: { from: 'ftp' },
        driver_options: { [IBM]: { ftp: { host: 'ftp.example', user: 'u', password: 'canary', insfile: '/a.ins' } } },
      },
      { 'boot-device': 'ftp', 'boot-ftp-host': 'ftp.example', 'boot-ftp-insfile': '/a.ins' },
    ],
  ])('starts from %s', async (_what, more, expected) => {
    const flavor = { vcpus: 1, memory_mib: 2048 };
    await bench.spawn(description('one', { flavor, ...more }));
    expect(bench.simulator.properties('one')).toMatchObject({ status: 'active', ...expected });
  });

  test.each<[string, Partial<Description>, number]>([
    ['bare', { networks: [] }, 6],
    ['with a NIC', {}, 6 + 2 + 3],
    ['with two NICs', { networks: [{ name: NETWORK }, { name: 'IQD 07C0' }] }, 6 + 2 + 3 + 4],
    ['with a group', { networks: [], volumes: [volume('disks')] }, 6 + 6],
    ['with a volume of a group', { networks: [], volumes: [volume('disks/data')] }, 6 + 7],
  ])('that is %s and not started takes so many requests', async (_what, more, requests) => {
    const ctx = bench.hmc.context();
    await bench.hmc.host.resolve(ctx, 'off');
    const since = bench.simulator.wireLog.last;
    await bench.spawn(description('web', { flavor: { vcpus: 1, memory_mib: 1024 }, start: false, ...more }), ctx);
    expect(bench.hmc.requests(since)).toHaveLength(requests);
  });

  test('waits until the storage is there, and says for what', async () => {
    await bench.stop();
    bench = await LaunchBench.start({ inventory: { timing: { fulfilment_ms: 300 } } });
    const ctx = bench.hmc.context();
    await bench.spawn(description('web'), ctx);
    expect(ctx.messages.some((text) => text.includes('storage group web') && text.includes('pending'))).toBe(true);
  });

  test('whose storage is not given in time leaves nothing', async () => {
    await bench.stop();
    bench = await LaunchBench.start({ inventory: { timing: { fulfilment_ms: 3_600_000 } } });
    const storage = { fulfilment_timeout_ms: 5000 };
    const failure = await failureOf(bench.spawn(description('web', { driver_options: { [IBM]: { storage } } })));
    expect(failure).toMatchObject({ code: 'BACKEND_TIMEOUT', outcome: 'not-applied' });
    expect(failure.message).toMatch(/storage group web .*Nothing is left of partition web/);
    expect(bench.orphans()).toEqual([]);
  });

  test('that cannot be started leaves nothing', async () => {
    const rule = {
      kind: 'job-failed',
      method: 'POST',
      path: '*/operations/start',
      ends_as: 'reservation-error',
    } as const;
    bench.simulator.fault(rule);
    const failure = await failureOf(bench.spawn(description('web', { volumes: [volume('disks')] })));
    expect(failure).toMatchObject({ code: 'CAPACITY_EXHAUSTED', outcome: 'not-applied' });
    expect(bench.orphans()).toEqual([]);
    expect(bench.simulator.storageGroups().find(({ name }) => name === 'disks')?.attachedTo).toEqual([]);
  });

  test('that asks for more than the CPC has is refused before anything is sent', async () => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(
      bench.spawn(description('web', { flavor: { vcpus: 4000, memory_mib: 1024, root_gib: 1 } })),
    );
    expect(failure).toMatchObject({ code: 'CAPACITY_EXHAUSTED' });
    expect(bench.writes(since)).toEqual([]);
  });

  test.each<[string, Partial<Description>, string, RegExp]>([
    ['a network that is not there', { networks: [{ name: 'nowhere' }] }, 'RESOURCE_NOT_FOUND', /nowhere/],
    ['a volume that is not there', { volumes: [volume('nowhere')] }, 'RESOURCE_NOT_FOUND', /nowhere/],
    ['a volume that is not given yet', { volumes: [volume('slow')] }, 'STATE_CONFLICT', /not there yet/],
    ['a name that is taken', { name: 'on' }, 'ALREADY_EXISTS', /another partition on/],
    [
      'a group that is there',
      { driver_options: { [IBM]: { storage: { group: 'disks' } } } },
      'ALREADY_EXISTS',
      /storage group disks/,
    ],
    ['a boot volume for data', { volumes: [volume('disks/data', { boot: true })] }, 'REQUEST_INVALID', /usage boot/],
  ])('is refused for %s, and nothing is changed', async (_what, more, code, text) => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(bench.spawn(description('web', more)));
    expect(failure).toMatchObject({ code });
    expect(failure.message).toMatch(text);
    expect(bench.writes(since)).toEqual([]);
  });

  test.each<[string, Partial<Description>, string, RegExp]>([
    [
      'an option that is unknown',
      { driver_options: { [IBM]: { colour: 'red' } } },
      'REQUEST_INVALID',
      /driver_options\.hmc-dpm: unknown: colour/,
    ],
    [
      'an extra that is unknown',
      { flavor: { vcpus: 1, memory_mib: 1024, extras: { cpu: 1 } } },
      'REQUEST_INVALID',
      /flavor\.extras: unknown: cpu/,
    ],
    [
      'less than the memory at most',
      { flavor: { vcpus: 1, memory_mib: 1024, extras: { max_memory_mib: 512 } } },
      'REQUEST_INVALID',
      /max_memory_mib/,
    ],
    [
      'weights that contradict',
      { flavor: { vcpus: 1, memory_mib: 1024, extras: { minimum_weight: 9, maximum_weight: 3 } } },
      'REQUEST_INVALID',
      /maximum_weight/,
    ],
    [
      'storage without a root disk',
      { flavor: { vcpus: 1, memory_mib: 1024 }, driver_options: { [IBM]: { storage: {} } } },
      'REQUEST_INVALID',
      /hmc-dpm\.storage/,
    ],
    [
      'a volume over iSCSI',
      { volumes: [{ id: 'v', connection: { type: 'block', path: '/dev/v' } }] },
      'FEATURE_LIMITED',
      /fibre channel/,
    ],
    [
      'a network twice over',
      {
        networks: [
          { name: NETWORK, mac: '02:00:00:00:00:01' },
          { name: 'b', mac: '02:00:00:00:00:01' },
        ],
      },
      'REQUEST_INVALID',
      /there twice/,
    ],
    [
      'two networks to start from',
      { networks: [{ name: NETWORK }, { name: 'b' }], boot: { from: 'network' } },
      'REQUEST_INVALID',
      /boot\.network/,
    ],
    ['no volume to start from', { boot: { from: 'volume' } }, 'REQUEST_INVALID', /boot\.from/],
    ['an FTP server that is not named', { boot: { from: 'ftp' } }, 'REQUEST_INVALID', /hmc-dpm\.ftp/],
    ['a name that is too long', { name: 'x'.repeat(65) }, 'REQUEST_INVALID', /^name/],
  ])('is refused for %s before anything is asked', async (_what, more, code, text) => {
    const since = bench.simulator.wireLog.last;
    const failure = await failureOf(bench.spawn(description('web', more)));
    expect(failure).toMatchObject({ code, outcome: 'not-started' });
    expect(failure.message).toMatch(text);
    expect(bench.simulator.wireLog.last).toBe(since);
  });

  test('says what it would do, and does nothing', async () => {
    const since = bench.simulator.wireLog.last;
    const params = description('web', { volumes: [volume('disks')] });
    const steps = await bench.hmc.host.plan(bench.hmc.context(), { operation: 'spawn', params }, bench.targetOf('web'));
    expect(steps.map(({ action }) => action)).toEqual([
      'create-partition',
      'attach-storage-group',
      'create-storage-group',
      'attach-storage-group',
      'wait',
      'create-nic',
      'set-boot-device',
      'start',
    ]);
    expect(bench.writes(since)).toEqual([]);
  });
});

describe('the end of a partition', () => {
  test('takes its NICs and its own storage with it, and leaves other storage, in so many requests', async () => {
    await bench.spawn(description('web', { volumes: [volume('disks')] }));
    const target = await bench.find('web');
    const since = bench.simulator.wireLog.last;
    await expect(bench.destroy(target)).resolves.toEqual({ outcome: 'done', state: null });
    expect(bench.hmc.requests(since)).toEqual([
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/stop',
      'DELETE /api/jobs/{id}',
      'GET /api/partitions/{id}',
      'GET /api/storage-groups',
      'GET /api/storage-groups/{id}',
      'GET /api/partitions/{id}',
      'POST /api/partitions/{id}/operations/detach-storage-group',
      'GET /api/storage-groups/{id}/operations/get-partitions',
      'GET /api/storage-groups/{id}',
      'POST /api/storage-groups/{id}/operations/delete',
      'GET /api/partitions/{id}',
      'DELETE /api/partitions/{id}',
    ]);
    expect(bench.orphans()).toEqual([]);
    expect(bench.simulator.storageGroups().find(({ name }) => name === 'disks')).toMatchObject({ attachedTo: [] });
    await expect(bench.destroy(target)).resolves.toEqual({ outcome: 'already', state: null });
  });

  test('of one that others removed takes its storage all the same', async () => {
    await bench.spawn(description('web', { start: false }));
    const target = await bench.find('web');
    await bench.hmc.atHmc('DELETE', bench.simulator.partitions('web')[0]?.uri ?? '');
    expect(bench.orphans()).toEqual(['storage_groups: CPC1/web', 'storage_volumes: CPC1/web/boot']);
    await expect(bench.destroy(target)).resolves.toEqual({ outcome: 'already', state: null });
    expect(bench.orphans()).toEqual([]);
  });

  test('of one that was adopted is a stop', async () => {
    const target = await bench.find('on');
    const since = bench.simulator.wireLog.last;
    await expect(bench.destroy(target, bench.hmc.context(), 'adopted')).resolves.toEqual({
      outcome: 'done',
      state: null,
    });
    expect(bench.writes(since)).toEqual(['POST /api/partitions/{id}/operations/stop']);
    expect(bench.simulator.status('on', 'CPC1')).toBe('stopped');
  });

  test('of one that could not reserve its resources stops it first', async () => {
    const ctx = bench.hmc.context();
    await bench.spawn(description('web', { start: false }), ctx);
    bench.simulator.setStatus('web', 'reservation-error');
    await bench.destroy(await bench.find('web'));
    expect(bench.orphans()).toEqual([]);
  });

  test('is refused for one that is locked', async () => {
    const failure = await failureOf(bench.destroy(await bench.find('locked')));
    expect(failure).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(failure.message).toMatch(/locked/);
  });
});

test('a locked partition is not adopted, and adopting changes nothing', async () => {
  const since = bench.simulator.wireLog.last;
  await expect(bench.hmc.change('adopt', 'on')).resolves.toMatchObject({
    state: { powerState: 'running' },
  });
  const failure = await failureOf(bench.hmc.change('adopt', 'locked'));
  expect(failure).toMatchObject({ code: 'STATE_CONFLICT' });
  expect(bench.writes(since)).toEqual([]);
});

test('a partition that is released is no longer marked as ours', async () => {
  const driver_options = { [IBM]: { description: 'mine' } };
  await bench.spawn(description('web', { driver_options }));
  await bench.hmc.change('release', 'web');
  expect(bench.simulator.properties('web')['description']).toBe('mine');
  await expect(bench.hmc.change('release', 'web')).resolves.toMatchObject({
    outcome: 'already',
  });
});
