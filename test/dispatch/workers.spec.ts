import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import { newWorkerId } from '../../src/common/ids.js';
import { makeKeyFile } from '../../src/common/key-file.js';
import { Secret } from '../../src/common/secret.js';
import type { Journal, WorkerRegistry } from '../../src/journal/journal.port.js';
import { operation } from '../journal/journal-places.js';
import { ComputeBench, type ComputeBenchOptions } from '../support/compute-bench.js';
import { SharedDevice, type DeviceWrite } from '../support/device-driver.js';
import { eventually } from '../support/eventually.js';
import { emptyDatabase, freshDatabase, type FreshDatabase } from '../support/postgres.js';
import { gate } from '../support/scripted-driver.js';

/** Of those that are replaced: a takeover takes a moment, but a worker that only stands still for one keeps its operations. */
const LEASE_MS = 1500;
/** For those that are to stay, however busy the machine is. */
const LONG_LEASE = { limits: { leaseMs: 6000 } };

let directory: string;
let database: FreshDatabase;
let device: SharedDevice;
let benches: ComputeBench[];

beforeAll(async () => {
  database = await freshDatabase();
  directory = mkdtempSync(join(tmpdir(), 'zenova-workers-'));
  makeKeyFile(join(directory, 'key'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});
beforeEach(() => {
  device = new SharedDevice();
  benches = [];
});
afterEach(async () => {
  for (const bench of benches) await bench.discard();
  await emptyDatabase(database);
});

/** What a worker asks the database, which can be cut off: then nothing of it arrives, as in a process that is frozen. */
class Line {
  isCut = false;
  /** Carries out what is asked, and loses the answers to it. */
  readonly losing = new Set<string>();
  /** What was asked, and whether it was answered. */
  readonly asked: { readonly method: string; readonly isAnswered: boolean }[] = [];

  readonly around = <T extends Journal | WorkerRegistry>(real: T): T =>
    new Proxy(real, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          const answer = this.isCut ? undefined : await method.apply(target, args);
          const isAnswered = !this.isCut && !this.losing.has(String(name));
          this.asked.push({ method: String(name), isAnswered });
          if (!isAnswered) throw away();
          return answer;
        };
      },
    });

  /** So many more calls of this method, answered or not. */
  async hears(count: number, method: string, isAnswered: boolean): Promise<void> {
    const before = this.asked.length;
    const alike = () =>
      this.asked.slice(before).filter((call) => call.method === method && call.isAnswered === isAnswered);
    await eventually(() => alike().length >= count, `${count} calls of ${method}`);
  }
}

function away(): ComputeError {
  return new ComputeError('JOURNAL_UNAVAILABLE', 'cut off');
}

async function worker(options: Partial<ComputeBenchOptions> & { hostName?: string } = {}) {
  const line = new Line();
  const { hostName = 'site' } = options;
  const host = { name: hostName, driver: 'fake', settings: {}, manage: undefined, protect: [], protectSelf: true };
  const bench = await ComputeBench.start({
    drivers: [device.driver],
    hosts: [host],
    database: { url: new Secret(database.url), maxConnections: 4 },
    keyFile: join(directory, 'key'),
    journal: line.around,
    workers: line.around,
    ...options,
    limits: { leaseMs: LEASE_MS, ...options.limits },
  });
  benches.push(bench);
  return { bench, line };
}

const one = { host: 'site', instance: 'instance-0001' };
const two = { host: 'site', instance: 'instance-0002' };
const view = (bench: ComputeBench, key: string) => bench.call('operation.get', { idempotency_key: key });
const inState = (bench: ComputeBench, key: string, state: string) =>
  eventually(
    async () => {
      const found = await view(bench, key).catch(() => undefined);
      return found?.state === state ? found : undefined;
    },
    () => `${key} to be ${state}`,
  );

describe('several workers', () => {
  it('run the operations of a target one at a time, in order of acceptance', async () => {
    const [a, b, c] = [await worker(LONG_LEASE), await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const bench = (i: number): ComputeBench => [a, b, c][i % 3]?.bench ?? a.bench;
    device.duringWrite = () => new Promise((resolve) => void setImmediate(resolve));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        bench(i).call('compute.reboot', { ...(i % 2 === 0 ? one : two), idempotency_key: `k${i}` }),
      ),
    );
    const { operations } = await a.bench.call('operation.list', { limit: 100 });
    const accepted = (operations as { operation_id: string; name: string; attempts: number }[]).toReversed();
    for (const { name } of [{ name: one.instance }, { name: two.instance }]) {
      const expected = accepted.filter((operation) => operation.name === name).map(({ operation_id: id }) => id);
      const writes = writesOf(expected);
      expect(writes.map(({ operationId }) => operationId)).toEqual(expected);
      for (const [i, write] of writes.entries()) expect(write.began).toBeGreaterThan(writes[i - 1]?.ended ?? 0);
    }
    expect(answers).toHaveLength(30);
    expect(device.count()).toBe(30);
  });

  const writesOf = (ids: string[]): DeviceWrite[] =>
    device.writes.filter(({ operationId }) => ids.includes(operationId));

  it('recognise a repeat that comes to another one, while it runs and afterwards', async () => {
    const [a, b] = [await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const running = gate();
    device.duringWrite = () => running.passed;
    const first = a.bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    await eventually(() => device.count() === 1, 'the write');
    const second = b.bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    running.open();
    expect(await second).toEqual(await first);
    expect(await b.bench.call('compute.power_on', { ...one, idempotency_key: 'k' })).toEqual(await first);
    expect(device.count()).toBe(1);
  });

  it('cancel what another one has', async () => {
    const [a, b] = [await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const running = gate();
    device.duringWrite = () => running.passed;
    a.bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await eventually(() => device.count() === 1, 'the write');
    const waiting = a.bench.call('compute.power_off', { ...one, idempotency_key: 'waits' });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'OPERATION_CANCELLED', outcome: 'not-started' });
    await inState(b.bench, 'waits', 'accepted');
    expect(await b.bench.call('operation.cancel', { idempotency_key: 'waits' })).toMatchObject({ state: 'cancelled' });
    await refused;
    running.open();
    await inState(b.bench, 'runs', 'done');
    expect(device.count()).toBe(1);
  });

  it('hand over at once what they leave when they stop', async () => {
    const [a, b] = [await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const running = gate();
    device.duringWrite = () => running.passed;
    a.bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await eventually(() => device.count() === 1, 'the write');
    a.bench.send(
      'compute.power_off',
      { ...one, idempotency_key: 'waits' },
      { replyTo: { envelope: 'test', address: 1 } },
    );
    await inState(b.bench, 'waits', 'accepted');
    const stopped = a.bench.stop(0);
    await stopped;
    running.open();
    await inState(b.bench, 'waits', 'done');
    expect(await view(b.bench, 'runs')).toMatchObject({ state: 'done', attempts: 2 });
    expect(b.bench.lateReplies).toHaveLength(1);
    expect(device.count()).toBe(2);
  });

  it('hand over what they have sent, and what nobody has answered, when its time is over, and the rest at once', async () => {
    device.requestTimeoutMs = 5000;
    const [a, b] = [await worker({ limits: { leaseMs: 6000, maxConcurrentPerEndpoint: 1 } }), await worker(LONG_LEASE)];
    const running = gate();
    let sentAt = Number.POSITIVE_INFINITY;
    device.duringWrite = () => {
      if (device.count() > 1) return Promise.resolve();
      sentAt = Date.now();
      return running.passed;
    };
    a.bench.send('compute.power_on', { ...one, idempotency_key: 'sent' });
    await eventually(() => device.count() === 1, 'the write');
    a.bench.send('compute.power_on', { ...two, idempotency_key: 'waits' });
    await inState(b.bench, 'waits', 'accepted');
    await a.bench.stop(0);
    await inState(b.bench, 'waits', 'done');
    running.open();
    expect(await inState(b.bench, 'sent', 'done')).toMatchObject({ attempts: 2 });
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(device.requestTimeoutMs);
    expect(device.count()).toBe(2);
  });

  it('hand over at once what the device has answered', async () => {
    device.requestTimeoutMs = 60_000;
    const [a, b] = [await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const running = gate();
    let answered: () => Promise<void> = () => Promise.resolve();
    device.beforeStep = (ctx) => {
      answered = () => ctx.checkpoint('job', { uri: '/api/jobs/1' });
      return Promise.resolve();
    };
    device.duringWrite = async () => {
      await answered();
      await running.passed;
    };
    a.bench.send('compute.power_on', { ...one, idempotency_key: 'runs' });
    await a.line.hears(2, 'checkpoint', true);
    await a.bench.stop(0);
    running.open();
    expect(await inState(b.bench, 'runs', 'done')).toMatchObject({ attempts: 2 });
  });

  it('name the one that has a host', async () => {
    await worker({ ...LONG_LEASE, server: 'z-elsewhere', hostName: 'elsewhere' });
    const { bench } = await worker(LONG_LEASE);
    const request = bench.call('compute.power_on', { host: 'elsewhere', instance: 'x' });
    await expect(request).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: expect.stringContaining('z-elsewhere has it'),
      details: { server: 'z-elsewhere' },
    });
  });

  it('share the limit of an endpoint', async () => {
    const options = { limits: { maxConcurrentPerEndpoint: 4, leaseMs: 6000 } };
    const [a, b] = [await worker(options), await worker(options)];
    const running = gate();
    device.duringWrite = () => running.passed;
    // Each knows of the other once it has renewed its lease and counted; the first of two counts may have begun before.
    await eventually(async () => (await a.bench.opened.workers.list()).length === 2, 'two workers');
    await Promise.all([a, b].map(({ line }) => line.hears(2, 'countUnfinished', true)));
    for (let i = 0; i < 20; i++)
      (i % 2 === 0 ? a : b).bench.send('compute.power_on', {
        host: 'site',
        instance: `instance-${String((i % 10) + 1).padStart(4, '0')}`,
        idempotency_key: `k${i}`,
      });
    await eventually(async () => (await a.bench.opened.journal.countUnfinished()) === 20, 'all to be accepted');
    await eventually(() => device.count() === 4, 'four writes');
    expect((await a.bench.opened.journal.list({ state: 'running', limit: 100 })).length).toBeLessThanOrEqual(4);
    running.open();
    await eventually(async () => (await a.bench.opened.journal.countUnfinished()) === 0, 'all to end');
  });
});

describe('a worker that says nothing for longer than its lease', () => {
  it('is replaced: what it had sent is looked after, not sent again, and the caller gets one reply', async () => {
    const [a, b] = [await worker(), await worker(LONG_LEASE)];
    const running = gate();
    device.duringWrite = () => running.passed;
    const replyTo = { envelope: 'test', address: 'caller' };
    const request = a.bench.call('compute.power_on', { ...one, idempotency_key: 'k' }, { replyTo });
    // It lets go, unless it comes late with an outcome, and finds the one that is stored.
    const end = request.catch((error: unknown) => (error as ComputeError).code);
    await eventually(() => device.count() === 1, 'the write');
    a.line.isCut = true;
    await eventually(async () => (await b.bench.opened.journal.list({ limit: 1 }))[0]?.fence === 2, 'the takeover');
    expect(b.bench.shownLife).toEqual([{ to: replyTo, isOver: false }]);
    running.open();
    expect(await inState(b.bench, 'k', 'done')).toMatchObject({ attempts: 2, result: { outcome: 'done' } });
    await eventually(() => b.bench.lateReplies.length === 1, 'the reply');
    expect(b.bench.shownLife).toEqual([{ to: replyTo, isOver: true }]);
    a.line.isCut = false;
    expect(['SHUTTING_DOWN', (await inState(b.bench, 'k', 'done')).result]).toContainEqual(await end);
    expect(device.count()).toBe(1);
    expect(a.bench.lateReplies).toEqual([]);
    expect(b.bench.lateReplies).toMatchObject([{ to: replyTo, outcome: { result: { outcome: 'done' } } }]);
  });

  it('sends nothing when it wakes up between two steps of its work', async () => {
    const [a, b] = [await worker(), await worker(LONG_LEASE)];
    const frozen = gate();
    let asked = 0;
    device.beforeStep = () => (++asked === 1 ? frozen.passed : Promise.resolve());
    a.bench.send('compute.power_on', { ...one, idempotency_key: 'k' });
    await eventually(() => asked === 1, 'the first worker to be about to write');
    a.line.isCut = true;
    const done = await inState(b.bench, 'k', 'done');
    expect(done).toMatchObject({ attempts: 2 });
    const isBack = a.line.hears(1, 'join', true);
    a.line.isCut = false;
    frozen.open();
    // It is back under another name, and works.
    await isBack;
    expect(await a.bench.call('compute.power_on', two)).toMatchObject({ outcome: 'done' });
    await eventually(() => a.bench.service.load === 0, 'the first worker to have let go');
    expect(device.count(done.operation_id)).toBe(1);
    expect(device.writes[0]).toMatchObject({ fence: 2 });
  });

  it('keeps its operations when it only was away from the database for a moment', async () => {
    const [a, b] = [await worker(LONG_LEASE), await worker(LONG_LEASE)];
    const running = gate();
    device.duringWrite = () => running.passed;
    const request = a.bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    await eventually(() => device.count() === 1, 'the write');
    a.line.isCut = true;
    running.open();
    await a.line.hears(1, 'conclude', false);
    a.line.isCut = false;
    expect(await request).toMatchObject({ outcome: 'done' });
    expect(await view(b.bench, 'k')).toMatchObject({ attempts: 1 });
  });

  it('is not struck off while everybody was away from the database', async () => {
    const [a, b] = [await worker(), await worker()];
    const running = gate();
    device.duringWrite = () => running.passed;
    const request = a.bench.call('compute.power_on', { ...one, idempotency_key: 'k' });
    await eventually(() => device.count() === 1, 'the write');
    for (const { line } of [a, b]) line.isCut = true;
    // Tried three times in a lease.
    await Promise.all([a, b].map(({ line }) => line.hears(9, 'renew', false)));
    for (const { line } of [b, a]) line.isCut = false;
    running.open();
    expect(await request).toMatchObject({ outcome: 'done' });
    expect(await view(b.bench, 'k')).toMatchObject({ attempts: 1 });
  });
});

describe('an operation of a host that nobody has any more', () => {
  it('is ended once nobody is coming back for it', async () => {
    const { bench } = await worker();
    const accept = (requestKey: string, hoursAgo: number) =>
      bench.opened.journal.accept(
        operation({ requestKey, host: 'gone', acceptedAt: Date.now() - hoursAgo * 3_600_000 }),
        newWorkerId(),
      );
    await accept('old', 2);
    await accept('new', 0);
    expect(await inState(bench, 'old', 'failed')).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' } });
    expect(await view(bench, 'new')).toMatchObject({ state: 'accepted' });
  });
});

describe('an answer of the database that is lost', () => {
  it('at claim does not keep a cancel from what it concerns', async () => {
    const { bench, line } = await worker();
    line.losing.add('claim');
    const request = bench.call('compute.power_on', { ...one, idempotency_key: 'k' }).catch((error: unknown) => error);
    await line.hears(1, 'claim', false);
    line.losing.clear();
    const cancelled = await bench.call('operation.cancel', { idempotency_key: 'k' });
    expect(['cancelled', 'done']).toContain(cancelled.state);
    await request;
    expect(device.count()).toBe(cancelled.state === 'done' ? 1 : 0);
    await eventually(() => bench.service.load === 0, 'it to be let go');
  });

  it.each(['accept', 'claim', 'checkpoint', 'conclude'])(
    'at %s costs no operation, and repeats none',
    async (method) => {
      const { bench, line } = await worker();
      line.losing.add(method);
      const request = { ...one, idempotency_key: 'k' };
      const answer = bench.call('compute.power_on', request).catch((error: unknown) => error);
      await eventually(
        () => line.asked.some((call) => call.method === method && !call.isAnswered),
        'an answer to be lost',
      );
      line.losing.clear();
      if (method === 'accept') expect(await answer).toMatchObject({ code: 'JOURNAL_UNAVAILABLE', outcome: 'unknown' });
      else expect(await answer).toMatchObject({ power_state: 'running' });
      await inState(bench, 'k', 'done');
      expect(await bench.call('compute.power_on', request)).toMatchObject({ power_state: 'running' });
      expect(device.count()).toBe(1);
      expect(bench.service.load).toBe(0);
    },
  );
});
