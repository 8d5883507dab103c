import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationContext } from '../../../src/compute/contract/index.js';
import { Died, dyingAt } from '../../support/dying.js';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const ADAPTER = 'OSD 0100 Z22B-01';
const MAC = '02:00:00:00:00:01';
const nic = (name: string, mac: string) => ({ name, adapter: ADAPTER, mac });
const boot = { name: 'boot', usage: 'boot' as const, size_gib: 16 };

const INVENTORY = {
  timing: { start_ms: 20, paused_ms: 0, stop_ms: 20 },
  users: [{ name: 'zenova', password: 'secret-of-zenova' }],
  cpcs: [
    {
      name: 'CPC1',
      mode: 'dpm' as const,
      partitions: [
        { name: 'one', nics: [nic('first', MAC)] },
        { name: 'running', status: 'active' as const, nics: [nic('first', '02:00:00:00:00:02')] },
        { name: 'two', nics: [nic('first', '02:00:00:00:00:03'), nic('second', '02:00:00:00:00:04')] },
        { name: 'none' },
        { name: 'pending' },
        { name: 'locked', nics: [nic('first', '02:00:00:00:00:05')], properties: { 'is-locked': true } },
      ],
    },
  ],
  storage_groups: [
    { name: 'disk', cpc: 'CPC1', shared: false, volumes: [boot], attached_to: ['one'] },
    {
      name: 'asked-for',
      cpc: 'CPC1',
      shared: false,
      volumes: [{ ...boot, fulfilled: false }],
      attached_to: ['pending'],
    },
  ],
};

type Device = { type: 'network'; mac?: string } | { type: 'disk'; disk?: string };

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start({ inventory: INVENTORY });
});
afterEach(async () => {
  await bench.stop();
});

const set = (name: string, device: Device, restart = false, ctx?: OperationContext) =>
  bench.changeWith('setBootDevice', name, { boot_device: device, restart }, ctx);

const startsFrom = (name: string): unknown => bench.simulator.properties(name)['boot-device'];

describe('a boot device', () => {
  test('is a NIC that is found by its MAC address, set and confirmed in so many requests', async () => {
    const ctx = bench.context();
    await bench.host.resolve(ctx, 'one');
    const since = bench.simulator.wireLog.last;
    await expect(set('one', { type: 'network', mac: MAC.toUpperCase() }, false, ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'shutdown' },
    });
    expect(startsFrom('one')).toBe('network-adapter');
    expect(bench.requests(since).filter((line) => line.startsWith('POST'))).toEqual(['POST /api/partitions/{id}']);
    await expect(set('one', { type: 'network' })).resolves.toMatchObject({ outcome: 'already' });
  });

  test('is the boot volume, or one by its UUID', async () => {
    const { uuid } = bench.simulator.attachedGroups('one')[0]?.volumes[0] ?? {};
    await expect(set('one', { type: 'disk' })).resolves.toMatchObject({ outcome: 'done' });
    expect(startsFrom('one')).toBe('storage-volume');
    await expect(set('one', { type: 'disk', disk: String(uuid).toLowerCase() })).resolves.toMatchObject({
      outcome: 'already',
    });
  });

  test('is set while the partition runs, or with an off before and an on afterwards', async () => {
    const ctx = bench.context();
    await expect(set('running', { type: 'network' }, true, ctx)).resolves.toMatchObject({
      outcome: 'done',
      state: { powerState: 'running' },
    });
    expect(ctx.begun).toEqual(['stop', 'set-boot-device', 'start']);
    expect(bench.simulator.booted('running')).toMatchObject({ device: 'network-adapter', nic: { name: 'first' } });
  });

  test.each([
    [
      'a MAC address that no NIC has',
      'one',
      { type: 'network', mac: MAC.replace('01', '99') },
      'RESOURCE_NOT_FOUND',
      /first/,
    ],
    ['one of two NICs', 'two', { type: 'network' }, 'AMBIGUOUS', /first .*second/],
    ['a volume that is not there', 'one', { type: 'disk', disk: 'F'.repeat(32) }, 'RESOURCE_NOT_FOUND', /disk\/boot/],
    ['a partition without storage', 'none', { type: 'disk' }, 'RESOURCE_NOT_FOUND', /none at all/],
    ['a volume that is not fulfilled', 'pending', { type: 'disk' }, 'STATE_CONFLICT', /not complete/],
    ['a locked partition', 'locked', { type: 'network' }, 'STATE_CONFLICT', /locked/],
  ] as const)('is refused for %s, and nothing is sent', async (_, name, device, code, text) => {
    const failure = await failureOf(set(name, device));
    expect(failure).toMatchObject({ code, outcome: expect.not.stringMatching('unknown') as unknown });
    expect(failure.message).toMatch(text);
    expect(startsFrom(name)).toBe('none');
  });

  test('whose answer was lost is not set twice', async () => {
    bench.simulator.fault({ kind: 'answer-lost', method: 'POST', partition: 'one' });
    await expect(set('one', { type: 'network' })).resolves.toMatchObject({ outcome: 'done' });
    expect(bench.simulator.wireLog.count({ method: 'POST', subject: 'one' })).toBe(1);
  });
});

describe('a change of the boot device whose process died', () => {
  test.each([1, 2, 3])('at its step %i goes on from there, and the partition runs', async (step) => {
    const ctx = dyingAt(bench.context(), 'step', step);
    await expect(set('running', { type: 'network' }, true, ctx)).rejects.toThrow(Died);
    const asked = { operation: 'setBootDevice', params: { boot_device: { type: 'network' }, restart: true } } as const;
    await expect(bench.reconcile(asked, 'running', ctx.checkpoints)).resolves.toMatchObject({ verdict: 'continue' });
    await set('running', { type: 'network' }, true, bench.context(ctx.checkpoints));
    expect(bench.simulator.status('running')).toBe('active');
    expect(startsFrom('running')).toBe('network-adapter');
    expect(bench.simulator.wireLog.starts('running')).toBe(1);
  });

  test('after its stop was sent, whose job was not yet written down, runs afterwards too', async () => {
    const ctx = dyingAt(bench.context(), 'job', 1, 'before');
    await expect(set('running', { type: 'network' }, true, ctx)).rejects.toThrow(Died);
    const asked = { operation: 'setBootDevice', params: { boot_device: { type: 'network' }, restart: true } } as const;
    const next = bench.again(ctx);
    const target = await bench.host.resolve(next, 'running');
    await expect(bench.host.reconcile(next, asked, target)).resolves.toEqual({ verdict: 'continue' });
    await set('running', { type: 'network' }, true, bench.again(next));
    expect(bench.simulator.status('running')).toBe('active');
    expect(startsFrom('running')).toBe('network-adapter');
    expect(bench.simulator.wireLog.stops('running')).toBe(1);
  });
});
