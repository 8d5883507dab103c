import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { eventually } from '../support/eventually.js';
import { InstanceDevice } from '../support/instance-device.js';
import { gate } from '../support/scripted-driver.js';
import { inState } from './estate-bench.js';

let device: InstanceDevice;
let bench: ComputeBench;
beforeEach(() => {
  device = new InstanceDevice();
});
afterEach(() => bench.discard());

async function start(options: Partial<ComputeBenchOptions> & { manage?: string[]; protect?: string[] } = {}) {
  const { manage, protect = [] } = options;
  const host = { name: 'site', driver: 'device', settings: {}, manage, protect, protectSelf: true };
  bench = await ComputeBench.start({ drivers: [device.driver], hosts: [host], ...options });
}

const flavor = { vcpus: 2, memory_mib: 1024 };
const web01 = { host: 'site', name: 'web01', flavor };
const one = { host: 'site', instance: 'web01' };
const view = (key: string) => bench.call('operation.get', { idempotency_key: key });
const operations = async () => (await bench.call('operation.list', {}))['operations'];

describe('spawning', () => {
  it('makes an instance, which is ours', async () => {
    await start();
    const answer = await bench.call('compute.spawn', web01);
    expect(answer).toMatchObject({ outcome: 'done', name: 'web01', id: 'id-1', power_state: 'running' });
    expect(device.requests).toEqual(['create web01', 'start web01']);
    expect(await bench.opened.instances.findByReference('site', 'web01')).toMatchObject({
      id: 'id-1',
      origin: 'spawned',
      ownedBy: 'tester',
    });
  });

  it('says what it would do, with plan, and does nothing', async () => {
    await start();
    expect(await bench.call('compute.spawn', { ...web01, plan: true })).toEqual({
      operation_id: null,
      outcome: 'planned',
      steps: [{ action: 'spawn', description: 'spawn web01' }],
    });
    expect(device.requests).toEqual([]);
  });

  it('says of a name that is taken whose it is, and in what it was made otherwise', async () => {
    await start();
    const made = {
      ...web01,
      image: {
        source: 'https://images.example/a?signature=1',
        checksum: `sha256:${'0'.repeat(64)}`,
        token: 'secret-1',
      },
      networks: [{ name: 'lan', tag: 'front' }, { name: 'lan' }],
      user_data: 'secret-2',
      config_drive: false,
    };
    await bench.call('compute.spawn', made);
    const changedIn = async (more: object, code = 'ALREADY_EXISTS'): Promise<unknown> => {
      const failure = await bench
        .call('compute.spawn', { ...made, ...more, plan: true })
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code, details: { id: 'id-1', origin: 'spawned' } });
      return (failure as ComputeError).details['changed'];
    };
    expect(await changedIn({})).toEqual([]);
    // Where an image comes from is no matter when its content is known; what is compared otherwise is none here.
    const elsewhere = { ...made.image, source: 'https://images.example/a?signature=2', token: 'secret-3' };
    expect(
      await changedIn({ image: elsewhere, flavor: { vcpus: 4, memory_mib: 2048 }, start: false, ssh_keys: [] }),
    ).toEqual([]);
    expect(await changedIn({ user_data: 'secret-3', metadata: { role: 'web' } })).toEqual(['user_data', 'metadata']);
    expect(await changedIn({ networks: [{ name: 'dmz', tag: 'new' }, { name: 'lan' }] })).toEqual(['networks[1].tag']);
    expect(await changedIn({ driver_options: { other: { lamp: 'red' } } })).toEqual([]);
    expect(await changedIn({ driver_options: { device: { lamp: 'red' } } })).toEqual(['driver_options.device.lamp']);
    // Not only with plan, and also where nothing new is taken.
    await expect(bench.call('compute.spawn', made)).rejects.toMatchObject({
      details: { origin: 'spawned', changed: [] },
    });
    await bench.call('host.set_enabled', { host: 'site', enabled: false });
    expect(await changedIn({ user_data: 'secret-3' }, 'STATE_CONFLICT')).toEqual(['user_data']);
    const kept = JSON.stringify(await bench.opened.instances.findByReference('site', 'web01'));
    expect(kept).not.toContain('secret');
    expect(kept).not.toContain('images.example');
  });

  it('says of a name that is taken by what is not ours, or adopted, that nothing is known of its making', async () => {
    await start();
    device.add('web01', 'id-9');
    const plan = { ...web01, plan: true };
    await expect(bench.call('compute.spawn', plan)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      details: { id: 'id-9', origin: null, changed: null },
    });
    await bench.call('compute.adopt', one);
    await expect(bench.call('compute.spawn', plan)).rejects.toMatchObject({
      details: { origin: 'adopted', changed: null },
    });
  });

  it('gives the driver the fields of the request, without those that say where and when', async () => {
    await start();
    const request = { ...web01, metadata: { role: 'web' }, driver_options: { device: { lamp: 'green' } } };
    await bench.call('compute.spawn', { ...request, plan: true });
    await bench.call('compute.spawn', { ...request, deadline_ms: 60_000, idempotency_key: 'k' });
    const { host: _host, ...params } = request;
    const change = { operation: 'spawn', params };
    expect(device.asked).toMatchObject([
      { by: 'plan', change, target: { id: 'web01', name: 'web01' } },
      { by: 'run', change, target: { id: 'web01', name: 'web01' } },
    ]);
    for (const { change: asked } of device.asked) expect(asked.params).toEqual(params);
  });

  it('makes one instance of a name, and of one request', async () => {
    await start();
    const created = device.holdUp('create web01', 'before');
    const first = bench.call('compute.spawn', { ...web01, idempotency_key: 'first' });
    await created.reached();
    const second = bench.call('compute.spawn', { ...web01, idempotency_key: 'second' });
    const refused = expect(second).rejects.toMatchObject({ code: 'ALREADY_EXISTS', outcome: 'not-started' });
    await inState(bench, 'second', 'accepted');
    // Another name waits for nobody.
    await bench.call('compute.spawn', { ...web01, name: 'web02' });
    created.open();
    expect(await bench.call('compute.spawn', { ...web01, idempotency_key: 'first' })).toEqual(await first);
    await refused;
    expect(device.names).toEqual(['web01', 'web02']);
    expect(device.requests.filter((request) => request === 'create web01')).toHaveLength(1);
  });

  it.each([
    ['before its making was sent', 'create web01', 'before'],
    ['before the answer to its making came', 'create web01', 'after'],
    ['between its making and its start', 'start web01', 'before'],
    ['before the answer to its start came', 'start web01', 'after'],
  ] as const)('makes no second one when its process dies %s', async (_, request, when) => {
    await start();
    const held = device.holdUp(request, when);
    bench.send('compute.spawn', { ...web01, idempotency_key: 'k' });
    await held.reached();
    await bench.stop();
    // What a dead process had not sent never arrives.
    device[when] = () => Promise.resolve();
    await bench.start();
    await inState(bench, 'k', 'done');
    expect(await view('k')).toMatchObject({ result: { outcome: 'done', name: 'web01', power_state: 'running' } });
    expect(device.names).toEqual(['web01']);
    expect(device.requests.filter((asked) => asked === 'create web01')).toHaveLength(1);
    await bench.call('compute.destroy', one);
    expect(device.names).toEqual([]);
  });

  it('is not interfered with: nothing else begins on what is being made', async () => {
    await start();
    const starting = device.holdUp('start web01', 'before');
    const made = bench.call('compute.spawn', { ...web01, idempotency_key: 'k' });
    await starting.reached();
    const { operation_id: id } = await view('k');
    await expect(bench.call('compute.power_off', one)).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      outcome: 'not-started',
      retry: 'safe',
      details: { reason: 'being_made', operation_id: id },
    });
    starting.open();
    expect(await made).toMatchObject({ power_state: 'running' });
    expect(await bench.call('compute.power_off', one)).toMatchObject({ power_state: 'shutdown' });
    expect(device.requests).toEqual(['create web01', 'start web01', 'stop web01']);
  });

  it('leaves what did not come to its end in our hands', async () => {
    await start();
    device.fail('start web01', new ComputeError('BACKEND_TIMEOUT', 'lost'));
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ outcome: 'unknown' });
    await bench.call('compute.destroy', one);
    expect(device.requests).toEqual(['create web01', 'remove web01']);
  });

  it('leaves nothing in our hands that its driver has undone', async () => {
    await start();
    device.fail('start web01', new ComputeError('CAPACITY_EXHAUSTED', 'no memory left'), () => device.lose('web01'));
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ outcome: 'not-applied' });
    // Somebody else gets the same id.
    device.add('web01', 'id-1');
    await expect(bench.call('compute.destroy', one)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('leaves what was made before a cancel in our hands', async () => {
    await start();
    const { passed, open } = gate();
    let isUnderWay = false;
    device.before = async (request) => {
      if (request !== 'start web01') return;
      isUnderWay = true;
      await passed;
      throw new ComputeError('BACKEND_UNREACHABLE', 'it never arrived');
    };
    const spawned = bench.call('compute.spawn', { ...web01, idempotency_key: 'k' });
    const ended = expect(spawned).rejects.toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'unknown' });
    await eventually(() => isUnderWay, 'the start to be under way');
    const cancelled = bench.call('operation.cancel', { idempotency_key: 'k' });
    await eventually(async () => (await bench.opened.journal.controlsOf(await owner())).length > 0, 'the cancel');
    open();
    await cancelled;
    await ended;
    expect(await bench.call('compute.destroy', one)).toMatchObject({ outcome: 'done' });

    async function owner() {
      const [worker] = await bench.opened.workers.list();
      if (worker === undefined) throw new Error('no worker');
      return worker.id;
    }
  });

  it('is for names that may be managed', async () => {
    await start({ manage: ['web*'], protect: ['web-prod'] });
    const spawn = (name: string) => bench.call('compute.spawn', { ...web01, name });
    await expect(spawn('db01')).rejects.toMatchObject({ code: 'FORBIDDEN', details: { reason: 'not_managed' } });
    await expect(spawn('web-prod')).rejects.toMatchObject({ code: 'FORBIDDEN', details: { reason: 'protected' } });
    expect(await operations()).toEqual([]);
    await spawn('web01');
  });

  it('keeps secrets out of its files', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zenova-spawn-'));
    await start({ database: { file: join(directory, 'journal.db') } });
    const content = Buffer.from('canary-file').toString('base64');
    const request = {
      ...web01,
      admin_password: 'canary-password',
      user_data: 'canary-data',
      files: [{ path: '/etc/x', content }],
      image: { source: 'https://images.example/a?signature=canary-signature', token: 'canary-token' },
      volumes: [
        {
          id: 'v',
          connection: {
            type: 'iscsi',
            portal: 'h:3260',
            target: 'iqn',
            lun: 0,
            auth: { user: 'u', password: 'canary-chap' },
          },
          encryption: { format: 'luks', key: 'canary-key' },
        },
      ],
      driver_options: { device: { pin: 'canary-option' } },
    };
    await bench.call('compute.spawn', request);
    await bench.stop();
    const files = readdirSync(directory).map((file) => readFileSync(join(directory, file)).toString('latin1'));
    expect(files.join('')).toContain('web01');
    expect(files.join('')).not.toMatch(new RegExp(`canary|${content}`));
    rmSync(directory, { recursive: true });
  });
});

describe('what a spawn that fails has made', () => {
  const ours = () => bench.opened.instances.findByReference('site', 'web01');

  it('is ours while it is there, whatever its driver says of the outcome', async () => {
    await start();
    device.fail('start web01', new ComputeError('BACKEND_REJECTED', 'no', { outcome: 'not-applied' }));
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ code: 'BACKEND_REJECTED' });
    expect(await ours()).toMatchObject({ id: 'id-1', origin: 'spawned' });
    await bench.call('compute.destroy', one);
    expect([device.names, await ours()]).toEqual([[], undefined]);
  });

  it('stays ours while nobody can be asked whether anything is left of it', async () => {
    await start();
    device.fail('start web01', new ComputeError('BACKEND_UNREACHABLE', 'gone', { outcome: 'not-applied' }), () => {
      device.duringResolve = () => Promise.reject(new ComputeError('BACKEND_UNREACHABLE', 'gone'));
    });
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ code: 'BACKEND_UNREACHABLE' });
    expect(await ours()).toMatchObject({ id: 'id-1', origin: 'spawned' });
  });

  it('is not ours when nothing is left of it', async () => {
    await start();
    const undone = new ComputeError('OPERATION_FAILED', 'undone', { outcome: 'not-applied' });
    device.fail('start web01', undone, () => device.lose('web01'));
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ code: 'OPERATION_FAILED' });
    expect(await ours()).toBeUndefined();
  });

  it('is ours as soon as it is looked after, also when its backend answers no more', async () => {
    await start();
    const held = device.holdUp('start web01', 'before');
    bench.send('compute.spawn', { ...web01, idempotency_key: 'k' });
    await held.reached();
    await bench.stop();
    device.duringReconcile = () => Promise.reject(new ComputeError('BACKEND_REJECTED', 'no more'));
    await bench.start();
    await inState(bench, 'k', 'failed');
    expect(await view('k')).toMatchObject({ error: { code: 'OUTCOME_UNKNOWN' } });
    expect(await ours()).toMatchObject({ id: 'id-1', origin: 'spawned' });
  });
});

describe('what a driver does not have', () => {
  beforeEach(() => {
    device = new InstanceDevice({
      lacks: ['guest.setup.configdrive', 'console.vnc', 'operation.rebuild', 'operation.quiesce'],
    });
  });

  it.each([
    ['a field', 'compute.spawn', { ...web01, config_drive: true }, 'guest.setup.configdrive'],
    ['a method', 'compute.rebuild', { ...one, image: { source: 'a' } }, 'operation.rebuild'],
    ['a type of console', 'compute.get_console', { ...one, type: 'vnc' }, 'console.vnc'],
    ['a method that no feature governs', 'compute.send_console_command', { ...one, command: 'x' }, null],
    ['a field of another method', 'compute.snapshot', { ...one, name: 'a', quiesce: true }, 'operation.quiesce'],
    ['an image method', 'image.remove', { host: 'site', image: 'a' }, null],
  ])('%s is refused before anything is asked or written down', async (_, method, request, feature) => {
    await start();
    await expect(bench.call(method, request)).rejects.toMatchObject({
      code: 'FEATURE_UNSUPPORTED',
      outcome: 'not-started',
      details: { feature, method, host: 'site' },
    });
    expect([device.requests, device.reads, device.asked]).toEqual([[], [], []]);
    expect(await operations()).toEqual([]);
  });

  it('says nothing about a field that uses nothing', async () => {
    await start();
    await bench.call('compute.spawn', { ...web01, config_drive: false });
    expect(await bench.call('compute.get_console', { ...one, type: 'serial' })).toMatchObject({ type: 'serial' });
  });
});

describe('operations with parameters', () => {
  beforeEach(async () => {
    await start();
    device.add('web01');
  });

  it('have them over a restart', async () => {
    const held = device.holdUp('resize web01 to 4', 'before');
    bench.send('compute.resize', { ...one, flavor: { vcpus: 4, memory_mib: 1 }, idempotency_key: 'k' });
    await held.reached();
    await bench.stop();
    device.before = () => Promise.resolve();
    await bench.start();
    await inState(bench, 'k', 'done');
    expect(device.asked.at(-1)).toMatchObject({
      by: 'run',
      change: { params: { flavor: { vcpus: 4, memory_mib: 1 } } },
    });
    expect(device.asked.find(({ by }) => by === 'reconcile')).toMatchObject({
      change: { operation: 'resize', params: { flavor: { vcpus: 4, memory_mib: 1 } } },
    });
  });

  it('tell what they answer beside the state', async () => {
    const volume = { id: 'data', connection: { type: 'block', path: '/dev/x' } };
    const attached = await bench.call('compute.attach_volume', { ...one, volume });
    expect(attached).toMatchObject({ outcome: 'done', device: 'vdb', power_state: 'running' });
    const imported = await bench.call('image.import', { host: 'site', image: 'debian', from: { source: 'file:///x' } });
    expect(imported).toMatchObject({ outcome: 'done', image: { name: 'debian' } });
    expect(await bench.call('host.preflight', { host: 'site' })).toMatchObject({ ok: false });
  });

  it('are not taken for one another when they only read', async () => {
    const { passed, open } = gate();
    device.duringRead = () => passed;
    const log = (lines?: number) =>
      bench.call('compute.get_console_log', { ...one, ...(lines === undefined ? {} : { tail_lines: lines }) });
    const logs = [log(5), log(7), log(), log(5)];
    await eventually(() => device.reads.length === 3, 'three reads');
    open();
    expect((await Promise.all(logs)).map((answer) => answer['log'])).toEqual([
      'the last 5',
      'the last 7',
      'the last all',
      'the last 5',
    ]);
  });
});

describe('a console', () => {
  const console = { ...one, type: 'serial' };

  it('is for each who asks, waits for nobody, and is told to the audit log and to no journal', async () => {
    await start();
    await bench.call('compute.spawn', { ...web01, start: false });
    const held = device.holdUp('start web01', 'before');
    bench.send('compute.power_on', { ...one, idempotency_key: 'k' });
    await held.reached();
    const both = [bench.call('compute.get_console', console), bench.call('compute.get_console', console)];
    const addresses = (await Promise.all(both)).map(({ url }) => url);
    expect(new Set(addresses).size).toBe(2);
    held.open();
    const facts = bench.audited.filter(({ method }) => method === 'compute.get_console');
    expect(facts).toMatchObject(Array.from({ length: 2 }, () => ({ event: 'control', requestedBy: 'tester' })));
    expect(await operations()).toHaveLength(2);
  });

  it('gives the guest into the hands of who has it, so it is for what may be changed', async () => {
    await start({ protect: ['web01'] });
    device.add('web01');
    await expect(bench.call('compute.get_console', console)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(device.reads).toEqual([]);
  });
});

describe('a host that takes no new instances', () => {
  const enable = (enabled: boolean) => bench.call('host.set_enabled', { host: 'site', enabled });
  const isEnabled = async () => (await bench.call('host.list', {}))['hosts'];

  it('lets those that it has be changed, and is so over a restart', async () => {
    await start();
    device.add('old');
    expect(await enable(true)).toMatchObject({ outcome: 'already', enabled: true });
    expect(await bench.call('host.set_enabled', { host: 'site', enabled: false, plan: true })).toMatchObject({
      steps: [{ action: 'set_enabled' }],
    });
    expect(await enable(false)).toMatchObject({ outcome: 'done', host: 'site', enabled: false });
    expect(await enable(false)).toMatchObject({ outcome: 'already' });
    await bench.stop();
    await bench.start();
    expect(await isEnabled()).toMatchObject([{ name: 'site', enabled: false, maintenance: false }]);
    const refusal = { code: 'STATE_CONFLICT', outcome: 'not-started', details: { reason: 'disabled', host: 'site' } };
    await expect(bench.call('compute.spawn', web01)).rejects.toMatchObject(refusal);
    await expect(bench.call('compute.spawn', { ...web01, plan: true })).rejects.toMatchObject(refusal);
    expect(await bench.call('compute.power_off', { host: 'site', instance: 'old' })).toMatchObject({ outcome: 'done' });
    await enable(true);
    await bench.call('compute.spawn', web01);
  });

  it('begins none that waited, and ends those that it has begun', async () => {
    await start();
    const { passed, open } = gate();
    const asked: string[] = [];
    device.before = async (request) => {
      asked.push(request);
      await passed;
      if (request === 'create web01') throw new ComputeError('BACKEND_REJECTED', 'no');
    };
    const begun = bench.call('compute.spawn', { ...web01, name: 'web02' });
    const failing = expect(bench.call('compute.spawn', web01)).rejects.toMatchObject({ code: 'BACKEND_REJECTED' });
    await eventually(() => asked.length === 2, 'both to be under way');
    const waiting = bench.call('compute.spawn', { ...web01, idempotency_key: 'waits' });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'STATE_CONFLICT', details: { reason: 'disabled' } });
    await inState(bench, 'waits', 'accepted');
    await enable(false);
    open();
    expect(await begun).toMatchObject({ outcome: 'done' });
    await failing;
    await refused;
  });
});
