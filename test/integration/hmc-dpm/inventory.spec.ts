import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/common/secret.js';
import type { HostCheck, VirtHost } from '../../../src/compute/contract/index.js';
import { failureOf, HmcDpmBench, inventory } from './hmc-dpm-bench.js';

let bench: HmcDpmBench;
beforeEach(async () => {
  const volumes = (['boot', 'data'] as const).map((usage) => ({ name: usage, usage, size_gib: 10 }));
  bench = await HmcDpmBench.start({
    inventory: { storage_groups: [{ name: 'disks', cpc: 'CPC1', shared: false, volumes }] },
  });
});
afterEach(async () => {
  await bench.stop();
});

/** An adapter that every CPC of the simulator has. */
const NETWORK = 'OSD 0100 Z22B-01';
const old = { inventory: { hmc: { version: '2.14.0', api_version: '2.23' } } };

describe('list', () => {
  test('gives every partition of the CPC with its state', async () => {
    const listed = await bench.host.operations.listInstances(bench.context());
    expect(listed).toHaveLength(22);
    expect(listed.find(({ name }) => name === 'paused')).toMatchObject({
      state: { powerState: 'shutdown', holdsResources: true, nativeState: 'paused' },
    });
    const other = await bench.open({ cpc: 'CPC2' }).operations.listInstances(bench.context());
    expect(other).toHaveLength(301);
  });

  test('of an empty CPC is empty, of a missing one an error, of a classic one that of its LPARs', async () => {
    const list = (cpc: string) => bench.open({ cpc }).operations.listInstances(bench.context());
    await expect(list('CPC4')).resolves.toEqual([]);
    await expect(failureOf(list('CPC5'))).resolves.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    await expect(list('CPC3')).resolves.toMatchObject([{ name: 'PROD1', state: { nativeState: 'not-activated' } }]);
  });
});

describe('info of an instance', () => {
  test('has its state and size', async () => {
    const info = await bench.host.operations.getInfo?.(bench.context(), 'on');
    expect(info).toMatchObject({
      name: 'on',
      state: { powerState: 'running' },
      cpuTimeNs: null,
      native: { cpc: 'CPC1', type: 'linux', boot_device: 'storage-volume', is_locked: false },
    });
    expect(info?.vcpus).toBeGreaterThan(0);
    expect(info?.memoryMib).toBeGreaterThan(0);
  });

  test('tells its devices when they are wanted, by every name that a request can mean them with', async () => {
    const { host, simulator } = bench;
    const mac = '02:00:00:00:00:0a';
    await bench.changeWith('attachInterface', 'off', { network: { name: NETWORK, vlan: 7, mac } });
    const shared = { id: 'disks/data', connection: { type: 'fibre_channel' as const } };
    await bench.changeWith('attachVolume', 'off', { volume: shared });
    const since = simulator.wireLog.last;
    const info = await host.operations.getInfo?.(bench.context(), 'off', { maxAgeMs: 0, devices: true });
    expect(bench.requests(since).toSorted()).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      'GET /api/cpcs/{id}/adapters',
      'GET /api/cpcs/{id}/virtual-switches',
      'GET /api/partitions/{id}/nics/{id}',
      'GET /api/storage-groups/{id}',
      'POST /api/services/aggregation/submit',
    ]);
    const { interfaces = [], volumes = [] } = info?.devices ?? {};
    expect(interfaces).toMatchObject([{ name: 'nic0', mac, vlan: 7 }]);
    const [{ network, networkAliases } = { network: null, networkAliases: [] }] = interfaces;
    expect([network, ...networkAliases]).toContain(NETWORK);
    for (const name of [network, ...networkAliases]) {
      const again = await host.plan(
        bench.context(),
        {
          operation: 'attachInterface',
          params: { network: { name: String(name) } },
        },
        await host.resolve(bench.context(), 'off'),
      );
      expect(again).toHaveLength(1);
    }
    const uuid = expect.stringMatching(/^[0-9a-f]{32}$/i);
    expect(volumes).toEqual([
      { id: 'disks', aliases: ['disks/boot', uuid, 'disks/data', uuid], isRoot: false, sizeGib: null },
    ]);

    const beforehand = simulator.wireLog.last;
    await expect(
      host.operations.getInfo?.(bench.context(), 'on', { maxAgeMs: 0, devices: true }),
    ).resolves.toMatchObject({ devices: { interfaces: [], volumes: [] } });
    expect(bench.requests(beforehand)).toHaveLength(1);
    const lpar = await bench
      .open({ cpc: 'CPC3' })
      .operations.getInfo?.(bench.context(), 'PROD1', { maxAgeMs: 0, devices: true });
    expect(lpar?.devices).toBeUndefined();
  });

  test('is the same from an old HMC, in one request once the name is known', async () => {
    const older = await HmcDpmBench.start(old);
    try {
      const first = await older.host.operations.getInfo?.(older.context(), 'on');
      const since = older.simulator.wireLog.last;
      const second = await older.host.operations.getInfo?.(older.context(), 'on');
      expect(older.requests(since)).toEqual(['GET /api/partitions/{id}']);
      expect({ ...second, state: null }).toEqual({ ...first, state: null });
      expect(second?.memoryMib).toBeGreaterThan(0);
    } finally {
      await older.stop();
    }
  });

  test('is of the partition that has the name now', async () => {
    const older = await HmcDpmBench.start(old);
    try {
      const { id } = (await older.host.operations.getInfo?.(older.context(), 'on')) ?? {};
      await older.rename('on', 'formerly-on');
      await older.rename('off', 'on');
      const now = await older.host.operations.getInfo?.(older.context(), 'on');
      expect(now).toMatchObject({ name: 'on', state: { nativeState: 'stopped' } });
      expect(now?.id).not.toBe(id);
    } finally {
      await older.stop();
    }
  });
});

describe('an old HMC', () => {
  test('that refuses the properties query is asked without it from then on', async () => {
    bench.simulator.fault({ kind: 'error', method: 'GET', path: '/api/partitions/*', status: 400, reason: 1 });
    await expect(bench.change('powerOn', 'off')).resolves.toMatchObject({ outcome: 'done' });
    const reads = bench.simulator.wireLog.entries({ method: 'GET', path: '/api/partitions/*' });
    expect(reads.map(({ query }) => query !== '')).toEqual([true, ...reads.slice(1).map(() => false)]);
  });

  test('without List Permitted Partitions is too old, which is said', async () => {
    const older = await HmcDpmBench.start({ inventory: { hmc: { version: '2.13.1', api_version: '1.8' } } });
    try {
      const failure = await failureOf(older.host.operations.listInstances(older.context()));
      expect(failure.code).toBe('BACKEND_VERSION_UNSUPPORTED');
      expect(failure.message).toMatch(/2\.14\.0/);
    } finally {
      await older.stop();
    }
  });
});

describe('info of the host', () => {
  test('counts what is there', async () => {
    const info = await bench.host.operations.getHostInfo?.(bench.context());
    expect(info).toMatchObject({ status: 'up', nativeStatus: 'active', instances: 22, native: { cpc: 'CPC1' } });
    expect(info?.running).toBe(5);
    expect(info?.hypervisor).toMatch(/Dynamic Partition Manager, SE 2\.16\.0/);
  });

  test('does without the properties of the CPC', async () => {
    bench.simulator.fault({ kind: 'error', path: '/api/cpcs/*', status: 409, reason: 272, times: 'always' });
    const info = await bench.host.operations.getHostInfo?.(bench.context());
    expect(info).toMatchObject({ instances: 22, vcpus: null, memoryMib: null });
  });
});

describe('test of the host', () => {
  const check = async (host: VirtHost): Promise<[string, boolean][]> =>
    (await tested(host)).map(({ name, ok }) => [name, ok]);
  const tested = async (host: VirtHost): Promise<HostCheck[]> => {
    const checks = await host.operations.testHost(bench.context());
    for (const { ok, remedy, detail } of checks) {
      expect(detail).not.toBe('');
      expect(remedy === null).toBe(ok);
    }
    return checks;
  };
  const wire: [string, boolean][] = [
    ['address', true],
    ['certificate', true],
    ['api', true],
  ];

  test('passes', async () => {
    await expect(check(bench.host)).resolves.toEqual([
      ...wire,
      ['logon', true],
      ['cpc', true],
      ['mode', true],
      ['status', true],
      ['partitions', true],
    ]);
  });

  test('stops at the certificate', async () => {
    const host = bench.open({ tls: { fingerprint_sha256: 'ab'.repeat(32) } });
    await expect(check(host)).resolves.toEqual([
      ['address', true],
      ['certificate', false],
    ]);
    expect(bench.simulator.wireLog.logons()).toBe(0);
  });

  test('stops at a refused logon, which is not repeated', async () => {
    const host = bench.open({ password: new Secret('wrong') });
    await expect(check(host)).resolves.toEqual([...wire, ['logon', false]]);
    await expect(check(host)).resolves.toEqual([...wire, ['logon', false]]);
    expect(bench.simulator.wireLog.logons()).toBe(1);
  });

  test('stops at a logon that fails for other reasons, which holds nothing back', async () => {
    bench.simulator.fault({ kind: 'unavailable', method: 'POST', path: '/api/sessions' });
    await expect(check(bench.host)).resolves.toEqual([...wire, ['logon', false]]);
    expect((await check(bench.host)).every(([, ok]) => ok)).toBe(true);
  });

  test('stops at a CPC that is not there', async () => {
    await expect(check(bench.open({ cpc: 'CPC9' }))).resolves.toEqual([...wire, ['logon', true], ['cpc', false]]);
  });

  test('of a CPC in classic mode passes, and says what it is', async () => {
    const checks = await tested(bench.open({ cpc: 'CPC3' }));
    expect(checks.every(({ ok }) => ok)).toBe(true);
    expect(checks.find(({ name }) => name === 'mode')?.detail).toMatch(/classic mode/);
  });

  test('misses partitions', async () => {
    const checks = await check(bench.open({ cpc: 'CPC4' }));
    expect(checks.at(-1)).toEqual(['partitions', false]);
  });

  test('says what to do when the API is switched off', async () => {
    bench.simulator.fault({ kind: 'html-error', times: 'always' });
    const checks = await tested(bench.host);
    expect(checks.at(-1)).toMatchObject({ name: 'api', ok: false });
    expect(checks.at(-1)?.detail).toMatch(/Customize API Settings/);
  });

  test('stops at the address', async () => {
    await bench.simulator.stop();
    await expect(check(bench.host)).resolves.toEqual([['address', false]]);
  });
});

describe('a broken answer', () => {
  test.each([
    [{ kind: 'html-error' }, 'BACKEND_PROTOCOL', /Customize API Settings/],
    [{ kind: 'truncated-json' }, 'BACKEND_PROTOCOL', /cut off/],
    [{ kind: 'wrong-types' }, 'BACKEND_PROTOCOL', /not what was asked for/],
    [{ kind: 'endless-body' }, 'BACKEND_PROTOCOL', /larger than allowed/],
    [{ kind: 'unavailable' }, 'BACKEND_BUSY', /503/],
    [{ kind: 'error', status: 500, reason: 5 }, 'BACKEND_REJECTED', /500,5/],
    [{ kind: 'answer-lost', times: 'always' }, 'BACKEND_UNREACHABLE', /connection broke/],
  ] as const)('to a read is a typed error that is safe to retry: %j', async (fault, code, message) => {
    // An answer without an end takes its time to be too large.
    const host = bench.open({ request_timeout_ms: 20_000 });
    await host.operations.queryPower(bench.context(), 'on');
    bench.simulator.fault({ ...fault, path: '*list-permitted-partitions' });
    const failure = await failureOf(host.operations.listInstances(bench.context()));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    if (code !== 'BACKEND_REJECTED') expect(failure.retry).toBe('safe');
    expect(failure.outcome).not.toBe('unknown');
  });

  test('to a read on a kept connection that was cut is asked for again, once', async () => {
    await bench.host.operations.queryPower(bench.context(), 'on');
    bench.simulator.fault({ kind: 'connection-reset', method: 'GET' });
    await expect(bench.host.operations.listInstances(bench.context())).resolves.toHaveLength(22);
  });
});

test('requests are counted: what the README promises', async () => {
  // As the shipped estate takes its time: a start is paused for half a second before it is active.
  const real = await HmcDpmBench.start({
    inventory: { timing: { ...inventory.timing, paused_ms: 5 } },
  });
  try {
    const count = async (work: () => Promise<unknown> | undefined): Promise<string[]> => {
      const since = real.simulator.wireLog.last;
      await work();
      return real.requests(since);
    };
    const { operations } = real.host;
    const list = 'GET /api/console/operations/list-permitted-partitions';
    const partition = 'GET /api/partitions/{id}';
    await operations.queryPower(real.context(), 'on');

    expect(await count(() => operations.queryPower(real.context(), 'on'))).toEqual([list]);
    expect(await count(() => operations.getInfo?.(real.context(), 'db.prod'))).toEqual([list]);
    expect(await count(() => operations.listInstances(real.context()))).toEqual([list]);
    expect(await count(() => operations.getHostInfo?.(real.context()))).toEqual([
      'GET /api/cpcs',
      list,
      'GET /api/cpcs/{id}',
    ]);

    const on = await count(() => real.change('powerOn', 'off'));
    expect(on.slice(0, 4)).toEqual([
      list,
      partition,
      'POST /api/partitions/{id}/operations/start',
      'DELETE /api/jobs/{id}',
    ]);
    expect(on.slice(4).every((line) => line === partition)).toBe(true);
    expect(on.length).toBeLessThanOrEqual(6);

    expect(await count(() => real.change('powerOff', 'on'))).toEqual([
      list,
      partition,
      'POST /api/partitions/{id}/operations/stop',
      'DELETE /api/jobs/{id}',
      partition,
    ]);
    expect(await count(() => real.change('powerOff', 'terminated'))).toHaveLength(5);
    expect(await count(() => real.change('powerOn', 'degraded'))).toEqual([list, partition]);
    expect(real.simulator.wireLog.logons()).toBe(1);
  } finally {
    await real.stop();
  }
  expect(real.simulator.sessionCount()).toBe(0);
});
