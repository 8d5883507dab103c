import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeKeyFile } from '../../src/common/key-file.js';
import { Secret } from '../../src/common/secret.js';
import { targetKey } from '../../src/common/ids.js';
import { accepted, claimed } from '../journal/journal-places.js';
import { ComputeBench } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { InstanceDevice } from '../support/instance-device.js';
import { freshDatabase } from '../support/postgres.js';
import { gate } from '../support/scripted-driver.js';
import { EstateBench, inState } from './estate-bench.js';

let device: InstanceDevice;
let bench: ComputeBench;
const host = (manage?: string[]) => ({
  name: 'site',
  driver: 'device',
  settings: {},
  manage,
  protect: ['db-prod'],
  protectSelf: true,
});
beforeEach(async () => {
  device = new InstanceDevice();
  bench = await ComputeBench.start({ drivers: [device.driver], hosts: [host()] });
});
afterEach(() => bench.discard());

const old = { host: 'site', instance: 'old' };
const destroyed = (outcome: string) => ({ operation_id: expect.any(String), outcome });
const notOwned = { code: 'FORBIDDEN', outcome: 'not-started', details: { reason: 'not_owned', host: 'site' } };
const view = (key: string) => bench.call('operation.get', { idempotency_key: key });

describe('an instance that others made', () => {
  it('is not destroyed', async () => {
    device.add('old');
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject(notOwned);
    await expect(bench.call('compute.destroy', { ...old, plan: true })).rejects.toMatchObject(notOwned);
    expect([device.requests, device.asked]).toEqual([[], []]);
    expect((await bench.call('operation.list', {}))['operations']).toEqual([]);
  });

  it('is not rebuilt until it was adopted', async () => {
    device.add('old');
    const rebuild = { ...old, image: { source: 'a' } };
    await expect(bench.call('compute.rebuild', rebuild)).rejects.toMatchObject(notOwned);
    await expect(bench.call('compute.rebuild', { ...rebuild, plan: true })).rejects.toMatchObject(notOwned);
    expect(device.requests).toEqual([]);
    await bench.call('compute.adopt', old);
    expect(await bench.call('compute.rebuild', rebuild)).toMatchObject({ outcome: 'done' });
    expect(device.requests).toEqual(['rebuild old']);
  });

  it('is destroyed once it was adopted, and its driver knows that it was', async () => {
    const id = device.add('old');
    const plan = await bench.call('compute.adopt', { ...old, plan: true });
    expect(plan).toMatchObject({ steps: [{ action: 'adopt' }, { description: 'writing down that old is ours' }] });
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject(notOwned);
    expect(await bench.call('compute.adopt', old)).toMatchObject({ outcome: 'done', name: 'old', id });
    expect(await bench.call('compute.adopt', old)).toMatchObject({ outcome: 'already', name: 'old', id });
    await bench.stop();
    await bench.start();
    expect(await bench.call('compute.destroy', { host: 'site', instance: id })).toEqual(destroyed('done'));
    expect(device.asked.at(-1)).toMatchObject({ by: 'run', target: { origin: 'adopted', name: 'old' } });
    expect(device.names).toEqual([]);
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  });

  it('is not destroyed when it was adopted and released again', async () => {
    device.add('old');
    expect(await bench.call('compute.release', old)).toMatchObject({ outcome: 'already' });
    await bench.call('compute.adopt', old);
    expect(await bench.call('compute.release', { ...old, plan: true })).toMatchObject({
      steps: [{ action: 'release' }],
    });
    expect(await bench.call('compute.release', old)).toMatchObject({ outcome: 'done', name: 'old' });
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject(notOwned);
    expect(device.names).toEqual(['old']);
  });

  it('is not adopted when it is protected, and not destroyed when it has become so', async () => {
    device.add('db-prod');
    const instance = { host: 'site', instance: 'db-prod' };
    await expect(bench.call('compute.adopt', instance)).rejects.toMatchObject({ details: { reason: 'protected' } });
    const lease = await claimed(bench.opened, await accepted(bench.opened));
    const target = targetKey('device', 'box', 'id-1');
    const known = { target, host: 'site', id: 'id-1', name: 'db-prod', origin: 'spawned', ownedBy: 'x' } as const;
    await bench.opened.instances.own(known, lease, 1);
    await expect(bench.call('compute.destroy', instance)).rejects.toMatchObject({ details: { reason: 'protected' } });
  });

  it('is another one than the one of its name that was ours', async () => {
    device.add('old');
    await bench.call('compute.adopt', old);
    device.lose('old');
    device.add('old');
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject(notOwned);
    expect(device.names).toEqual(['old']);
  });
});

describe('destroying', () => {
  beforeEach(async () => {
    device.add('old');
    await bench.call('compute.adopt', old);
  });

  it('tidies up what went away by itself', async () => {
    device.lose('old');
    expect(await bench.call('compute.destroy', old)).toEqual(destroyed('already'));
    await expect(bench.call('compute.destroy', old)).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  });

  it.each([
    ['before it was sent', 'before'],
    ['before the answer came', 'after'],
  ] as const)('comes to its end when its process dies %s', async (_, when) => {
    const held = device.holdUp('remove old', when);
    bench.send('compute.destroy', { ...old, idempotency_key: 'k' });
    await held.reached();
    await bench.stop();
    device[when] = () => Promise.resolve();
    await bench.start();
    await inState(bench, 'k', 'done');
    expect(await view('k')).toMatchObject({ result: { outcome: 'done' } });
    expect(device.names).toEqual([]);
    expect(device.requests).toEqual(['remove old']);
    expect(await bench.opened.instances.findByReference('site', 'old')).toBeUndefined();
  });

  it('is refused when it was given away while this waited', async () => {
    const { passed, open } = gate();
    device.before = () => passed;
    bench.send('compute.power_off', { ...old, idempotency_key: 'runs' });
    await inState(bench, 'runs', 'running');
    const released = bench.call('compute.release', { ...old, idempotency_key: 'released' });
    await inState(bench, 'released', 'accepted');
    const refused = expect(bench.call('compute.destroy', old)).rejects.toMatchObject(notOwned);
    await eventually(() => bench.service.load === 3, 'the last one waits');
    open();
    expect(await released).toMatchObject({ outcome: 'done' });
    await refused;
    expect(device.names).toEqual(['old']);
  });

  it('waits for the making of the name, and the making for it', async () => {
    const { passed, open } = gate();
    device.before = () => passed;
    bench.send('compute.destroy', { ...old, idempotency_key: 'destroyed' });
    await inState(bench, 'destroyed', 'running');
    const flavor = { vcpus: 1, memory_mib: 1 };
    const spawned = bench.call('compute.spawn', { host: 'site', name: 'old', flavor, idempotency_key: 'spawned' });
    await inState(bench, 'spawned', 'accepted');
    open();
    expect(await spawned).toMatchObject({ outcome: 'done', name: 'old' });
    expect(device.requests).toEqual(['remove old', 'create old', 'start old']);
  });
});

describe('an instance that is ours', () => {
  it('stays so where it is moved to', async () => {
    const estate = await EstateBench.make();
    const worker = await estate.worker({ names: ['mover'] });
    const { id } = await worker.call('compute.get_info', { host: 'one', instance: 'mover' });
    const key = (at: string) => targetKey('fake', at, String(id));
    const record = await accepted(worker.opened, { host: 'nowhere', target: targetKey('x', 'y', 'z') });
    const lease = await claimed(worker.opened, record);
    const known = { target: key('one'), host: 'one', id: String(id), name: 'mover' };
    await worker.opened.instances.own({ ...known, origin: 'spawned', ownedBy: 'x' }, lease, 1);
    await worker.opened.journal.conclude(record, lease.fence, { state: 'done', result: {} }, 2);
    await worker.call('compute.live_migrate', { host: 'one', instance: 'mover', destination: 'two' });
    expect(await worker.opened.instances.find(key('one'))).toBeUndefined();
    expect(await worker.opened.instances.find(key('two'))).toMatchObject({ host: 'two', origin: 'spawned' });
    await estate.clear();
    await estate.remove();
  });
});

describe('several workers', () => {
  it('make one instance of a name, whoever is asked', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zenova-spawners-'));
    makeKeyFile(join(directory, 'key'));
    const database = await freshDatabase();
    const worker = () =>
      ComputeBench.start({
        drivers: [device.driver],
        hosts: [host()],
        database: { url: new Secret(database.url), maxConnections: 4 },
        keyFile: join(directory, 'key'),
      });
    const workers = [await worker(), await worker()];
    const request = { host: 'site', name: 'web01', flavor: { vcpus: 1, memory_mib: 1 } };
    const asked = Array.from({ length: 3 }).flatMap((_each, i) =>
      workers.map((one, j) => one.call('compute.spawn', { ...request, idempotency_key: `k${i}${j}` })),
    );
    const ended = await Promise.allSettled(asked);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ended)
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(device.requests).toEqual(['create web01', 'start web01']);
    await workers[0]?.call('compute.destroy', { host: 'site', instance: 'web01' });
    expect(device.names).toEqual([]);
    for (const one of workers) await one.discard();
    await database.drop();
    rmSync(directory, { recursive: true });
  });
});
