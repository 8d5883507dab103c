import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeEstate, createFakeDriver } from '../../src/drivers/fake/index.js';
import { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { HELD_MS, HeldClock } from '../support/held-clock.js';
import { inState } from './estate-bench.js';

let estate: FakeEstate;
let bench: ComputeBench;
beforeEach(() => {
  estate = new FakeEstate();
});
afterEach(() => bench.discard());

async function start(settings: object = {}, options: { clock?: HeldClock } = {}): Promise<void> {
  const its = { instances: 0, names: ['guest'], initial_state: 'running', ...settings };
  const host = { name: 'site', driver: 'fake', settings: its, manage: undefined, protect: [], protectSelf: true };
  bench = await ComputeBench.start({ drivers: [createFakeDriver(estate)], hosts: [host], ...options });
}

const guest = { host: 'site', instance: 'guest' };
const flavor = { vcpus: 8, memory_mib: 16_384 };
const volume = { id: 'data', connection: { type: 'block', path: '/dev/data' } };
const changes = {
  spawn: ['compute.spawn', { host: 'site', name: 'web01', flavor, volumes: [volume] }],
  resize: ['compute.resize', { ...guest, flavor }],
  attachVolume: ['compute.attach_volume', { ...guest, volume }],
} as const;
type Change = keyof typeof changes;
const CHANGES = Object.keys(changes) as Change[];

const site = () => {
  const found = estate.find('site');
  if (found === undefined) throw new Error('the host is not open');
  return found;
};
/** What the host has of it, whatever was answered. */
const seen = {
  spawn: () =>
    site()
      .all()
      .map(({ name, state: power }) => `${name} ${power}`),
  resize: () => site().find('guest').hardware.flavor.vcpus,
  attachVolume: () =>
    site()
      .find('guest')
      .hardware.volumes.map(({ id }) => id),
};
const asked = { spawn: ['guest running', 'web01 running'], resize: 8, attachVolume: ['data'] };

describe.each(CHANGES)('%s of the fake driver', (change) => {
  const [method, params] = changes[change];

  it('is done once, though its process ends while the host is at it', async () => {
    const clock = new HeldClock();
    await start({ change_delay_ms: HELD_MS }, { clock });
    bench.send(method, { ...params, idempotency_key: 'k' });
    await eventually(() => site().requestsOf(change) === 1, 'the request to reach the host');
    await bench.stop();
    clock.letGo();
    await bench.start();
    await inState(bench, 'k', 'done');
    expect(seen[change]()).toEqual(asked[change]);
    expect(site().requestsOf(change)).toBe(1);
    // A repeat is told the same.
    const answer = await bench.call(method, { ...params, idempotency_key: 'k' });
    expect(answer).toMatchObject({ outcome: 'done', power_state: 'running' });
    if (change === 'attachVolume') expect(answer).toMatchObject({ device: 'vdb' });
  });

  it('has its effect once, though its answer is lost', async () => {
    await start({ faults: [{ operation: change, error: 'BACKEND_TIMEOUT', after_effect: true, times: 1 }] });
    const lost = await bench.call(method, { ...params, idempotency_key: 'k' }).catch((error: unknown) => error);
    // What a spawn has made it finds by itself; of the others the caller is told that nobody knows.
    if (change === 'spawn') expect(lost).toMatchObject({ outcome: 'done', name: 'web01' });
    else expect(lost).toMatchObject({ code: 'BACKEND_TIMEOUT', outcome: 'unknown' });
    expect(seen[change]()).toEqual(asked[change]);
    if (change === 'spawn') return;
    expect(await bench.call(method, { ...params, idempotency_key: 'again' })).toMatchObject({ outcome: 'already' });
    expect(site().requestsOf(change)).toBe(1);
  });

  it('has no effect when it fails before', async () => {
    await start({ faults: [{ operation: change, error: 'BACKEND_REJECTED', times: 1 }] });
    const before = seen[change]();
    await expect(bench.call(method, params)).rejects.toMatchObject({
      code: 'BACKEND_REJECTED',
      outcome: 'not-applied',
    });
    expect(seen[change]()).toEqual(before);
    expect(await bench.call(method, params)).toMatchObject({ outcome: 'done' });
    expect(seen[change]()).toEqual(asked[change]);
  });
});

describe('what is refused', () => {
  const spawn = { host: 'site', name: 'web01', flavor };

  it.each([
    ['a console over RDP', 'compute.get_console', { ...guest, type: 'rdp' }, 'console.rdp'],
    ['memory that is encrypted', 'compute.spawn', { ...spawn, memory_encryption: true }, 'operation.boot-encrypted-vm'],
    [
      'bandwidth',
      'compute.spawn',
      { ...spawn, networks: [{ name: 'lan', resource_request: { egress_kbps: 1 } }] },
      'operation.port-with-resource-request',
    ],
  ])('as missing, %s, does not reach the host', async (_what, method, params, feature) => {
    await start();
    await expect(bench.call(method, params)).rejects.toMatchObject({
      code: 'FEATURE_UNSUPPORTED',
      details: { feature },
    });
    expect(site().requests).toBe(0);
  });

  it.each([
    ['bytes a second', { disk_limits: { total_bytes_sec: 1 } }, 'guest.disk.rate-limit'],
    ['a large file', { files: [{ path: '/x', content: 'A'.repeat(16_000) }] }, 'guest.setup.inject.file'],
  ])('by a limit, %s, does not reach the host', async (_what, more, feature) => {
    await start();
    await expect(bench.call('compute.spawn', { ...spawn, ...more })).rejects.toMatchObject({
      code: 'FEATURE_LIMITED',
      outcome: 'not-started',
      details: { feature },
    });
    expect(site().requests).toBe(0);
  });

  it('a new instance, by a host that is closed', async () => {
    await start();
    await bench.call('host.set_enabled', { host: 'site', enabled: false });
    expect(site().isEnabled).toBe(false);
    await expect(bench.call('compute.spawn', spawn)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await bench.call('compute.attach_volume', { ...guest, volume })).toMatchObject({ outcome: 'done' });
    await bench.call('host.set_enabled', { host: 'site', enabled: true });
    expect(await bench.call('compute.spawn', spawn)).toMatchObject({ outcome: 'done' });
  });
});

describe('an instance of the fake driver', () => {
  it('is spawned, destroyed and spawned again, each time another one', async () => {
    await start();
    const spawn = { host: 'site', name: 'web01', flavor };
    const first = await bench.call('compute.spawn', spawn);
    expect(await bench.call('compute.destroy', { host: 'site', instance: 'web01' })).toMatchObject({ outcome: 'done' });
    const second = await bench.call('compute.spawn', spawn);
    expect(second['id']).not.toBe(first['id']);
    expect(await bench.call('compute.adopt', guest)).toMatchObject({ outcome: 'done', name: 'guest' });
    expect(site().find('guest').isOurs).toBe(true);
    expect(await bench.call('compute.release', guest)).toMatchObject({ outcome: 'done' });
    expect(site().find('guest').isOurs).toBe(false);
  });
});
