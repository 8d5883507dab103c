import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Died, dyingAt } from '../../support/dying.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const ADAPTER = 'OSD 0100 Z22B-01';
const volume = (name: string, usage: 'boot' | 'data', more = {}) => ({ name, usage, size_gib: 16, ...more });

const INVENTORY = {
  timing: { fulfilment_ms: 20 },
  users: [{ name: 'zenova', password: 'secret-of-zenova' }],
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm' as const,
      partitions: [
        { name: 'on', status: 'active' as const },
        { name: 'off' },
        { name: 'other' },
        { name: 'locked', properties: { 'is-locked': true } },
      ],
    },
  ],
  storage_groups: [
    { name: 'single', cpc: 'CPC1', shared: false, volumes: [volume('data', 'data')] },
    { name: 'pair', cpc: 'CPC1', shared: false, volumes: [volume('boot', 'boot'), volume('data', 'data')] },
    { name: 'taken', cpc: 'CPC1', shared: false, volumes: [volume('data', 'data')], attached_to: ['other'] },
    { name: 'shared', cpc: 'CPC1', shared: true, volumes: [volume('data', 'data')], attached_to: ['other'] },
    {
      name: 'asked-for',
      cpc: 'CPC1',
      shared: false,
      volumes: [volume('data', 'data', { fulfilled: false, fulfilment: 'incomplete' })],
    },
  ],
};

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start({ inventory: INVENTORY });
});
afterEach(async () => {
  await bench.stop();
});

const volumeOf = (id: string, more = {}) => ({
  volume: { id, connection: { type: 'fibre_channel' as const }, ...more },
});
const nics = (name: string): string[] => bench.simulator.nics(name).map((nic) => nic.name);
const groups = (name: string): string[] => bench.simulator.attachedGroups(name).map((group) => group.name);

describe('a NIC', () => {
  test.each(['on', 'off'])('is created in a VLAN and deleted again, of a partition that is %s', async (name) => {
    const network = { name: ADAPTER, vlan: 7, mac: '02:00:00:00:00:0A' };
    const attached = await bench.changeWith('attachInterface', name, { network });
    expect(attached).toMatchObject({ outcome: 'done', answer: { interface: { name: 'nic0' } } });
    expect(bench.simulator.nics(name)).toMatchObject([{ name: 'nic0', vlan: 7, mac: '02:00:00:00:00:0a' }]);
    await expect(bench.changeWith('attachInterface', name, { network })).resolves.toMatchObject({ outcome: 'already' });
    await expect(bench.changeWith('detachInterface', name, { interface: network.mac })).resolves.toMatchObject({
      outcome: 'done',
    });
    await expect(bench.changeWith('detachInterface', name, { interface: 'nic0' })).resolves.toMatchObject({
      outcome: 'already',
    });
    expect(nics(name)).toEqual([]);
  });

  test('is refused for a network that is not there, naming those that are', async () => {
    const failure = await failureOf(bench.changeWith('attachInterface', 'off', { network: { name: 'nowhere' } }));
    expect(failure).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(failure.message).toContain(ADAPTER);
    await expect(
      failureOf(bench.changeWith('attachInterface', 'locked', { network: { name: ADAPTER } })),
    ).resolves.toMatchObject({
      code: 'STATE_CONFLICT',
    });
  });

  test.each(['answer-lost', 'truncated-json'] as const)('whose answer is lost is not made twice: %s', async (kind) => {
    bench.simulator.fault({ kind, method: 'POST', path: '*/nics' });
    await expect(bench.changeWith('attachInterface', 'off', { network: { name: ADAPTER } })).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(nics('off')).toEqual(['nic0']);
  });

  test('that was made, and may not be looked at then, is not said to be absent', async () => {
    bench.simulator.fault({ kind: 'error', method: 'GET', path: '*/nics/*', status: 403, reason: 1 });
    const failure = await failureOf(bench.changeWith('attachInterface', 'off', { network: { name: ADAPTER } }));
    expect(failure).toMatchObject({ code: 'BACKEND_FORBIDDEN', outcome: 'unknown' });
    expect(failure.message).toMatch(/Carried out before: creation of NIC nic0/);
    expect(nics('off')).toEqual(['nic0']);
  });

  test.each(['before', 'after'] as const)('of a process that died %s it was noted is not made twice', async (when) => {
    const params = { network: { name: ADAPTER } };
    const ctx = dyingAt(bench.context(), 'answered', 1, when);
    await expect(bench.changeWith('attachInterface', 'off', params, ctx)).rejects.toThrow(Died);
    const next = bench.again(ctx);
    const target = await bench.host.resolve(next, 'off');
    await expect(bench.host.reconcile(next, { operation: 'attachInterface', params }, target)).resolves.toMatchObject({
      verdict: 'concluded',
      result: { outcome: 'done', answer: { interface: { name: 'nic0' } } },
    });
    await expect(bench.changeWith('attachInterface', 'off', params, next)).resolves.toMatchObject({ outcome: 'done' });
    expect(nics('off')).toEqual(['nic0']);
  });
});

describe('a volume', () => {
  test.each(['on', 'off'])('comes and goes with its group, of a partition that is %s', async (name) => {
    await expect(bench.changeWith('attachVolume', name, volumeOf('single/data'))).resolves.toMatchObject({
      outcome: 'done',
    });
    await expect(bench.changeWith('attachVolume', name, volumeOf('single'))).resolves.toMatchObject({
      outcome: 'already',
    });
    expect(groups(name)).toEqual(['single']);
    await expect(bench.changeWith('detachVolume', name, { volume: 'single/data' })).resolves.toMatchObject({
      outcome: 'done',
    });
    await expect(bench.changeWith('detachVolume', name, { volume: 'single' })).resolves.toMatchObject({
      outcome: 'already',
    });
    expect(groups(name)).toEqual([]);
  });

  test('takes no other volume along when it goes', async () => {
    await bench.changeWith('attachVolume', 'off', volumeOf('pair/data'));
    const failure = await failureOf(bench.changeWith('detachVolume', 'off', { volume: 'pair/data' }));
    expect(failure).toMatchObject({ code: 'FEATURE_LIMITED' });
    expect(failure.message).toContain('pair/boot');
    await expect(bench.changeWith('detachVolume', 'off', { volume: 'pair' })).resolves.toMatchObject({
      outcome: 'done',
    });
  });

  test.each([
    ['that is not there', volumeOf('nothing'), 'RESOURCE_NOT_FOUND'],
    ['of another partition', volumeOf('taken'), 'STATE_CONFLICT'],
    ['of another partition, to be shared', volumeOf('taken', { multiattach: true }), 'STATE_CONFLICT'],
    ['that is shared, unless that is meant', volumeOf('shared'), 'STATE_CONFLICT'],
    ['that is not fulfilled', volumeOf('asked-for'), 'STATE_CONFLICT'],
  ] as const)('%s is refused, and nothing is sent', async (_, params, code) => {
    await expect(failureOf(bench.changeWith('attachVolume', 'off', params))).resolves.toMatchObject({ code });
    expect(groups('off')).toEqual([]);
  });

  test('that is shared is attached to another partition when that is meant', async () => {
    await expect(
      bench.changeWith('attachVolume', 'off', volumeOf('shared', { multiattach: true })),
    ).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(groups('off')).toEqual(['shared']);
  });

  test('grows, and is waited for until the storage system has it', async () => {
    await bench.changeWith('attachVolume', 'off', volumeOf('single'));
    await expect(
      bench.changeWith('extendVolume', 'off', { volume: 'single/data', size_gib: 32 }),
    ).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(bench.simulator.storageGroups('single')[0]?.volumes[0]).toMatchObject({ sizeGib: 32, state: 'complete' });
    await expect(
      bench.changeWith('extendVolume', 'off', { volume: 'single/data', size_gib: 20 }),
    ).resolves.toMatchObject({
      outcome: 'already',
    });
  });

  test('whose answer is lost is not attached twice', async () => {
    bench.simulator.fault({ kind: 'answer-lost', method: 'POST', path: '*/attach-storage-group' });
    await expect(bench.changeWith('attachVolume', 'off', volumeOf('single'))).resolves.toMatchObject({
      outcome: 'done',
    });
    expect(bench.simulator.wireLog.count({ method: 'POST', path: '*/attach-storage-group' })).toBe(1);
  });
});
