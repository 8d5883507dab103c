import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { FAILURES } from '../../src/transport/oslo/oslo-failures.js';
import { Operator } from '../support/amqp-clients.js';
import { startBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { OsloClient, QUICK_END, rabbitUrl } from '../support/oslo-client.js';
import { freshDatabase } from '../support/postgres.js';
import { ServiceProcess, type ServiceProcessOptions } from '../support/service-process.js';

const run = promisify(execFile);
const EXAMPLE = resolve(import.meta.dirname, '../../docs/examples/oslo_caller.py');

const GUIDE = readFileSync(resolve(import.meta.dirname, '../../docs/openstack.md'), 'utf8');

let broker: Broker;
let client: OsloClient;
let service: ServiceProcess;

beforeAll(async () => {
  broker = await startBroker();
  client = await OsloClient.start(broker.url);
});
afterAll(async () => {
  await client.close();
  await broker.stop();
});

function theService(options: Partial<ServiceProcessOptions> = {}): ServiceProcess {
  const name = `oslo-${randomBytes(4).toString('hex')}`;
  return new ServiceProcess({
    url: broker.url,
    group: name,
    server: name,
    deadQueue: `zenova.rpc.dead.${name}`,
    eventsExchange: `zenova.events.${name}`,
    oslo: { enabled: true },
    hosts: { lab: { driver: 'fake', settings: { names: ['ubuntu01'], change_delay_ms: 1_000 } } },
    ...options,
  });
}

const ubuntu = { host: 'lab', instance: 'ubuntu01' };

it('the table of failures in the documentation is true', () => {
  const rows = [...GUIDE.matchAll(/^\| `([A-Z_]+)` +\| `([\w.]+)` +\|$/gm)].map(([, code, exception]) => [
    code,
    exception,
  ]);
  const table = Object.entries(FAILURES).map(([code, { module, name }]) => [
    code,
    module === 'builtins' ? name : `${module}.${name}`,
  ]);
  expect(rows).toEqual(table);
});

describe('a service with oslo callers', () => {
  beforeEach(async () => {
    service = theService();
    await service.start();
    await service.ready();
  });
  afterEach(() => service.discard());

  it('does what the example of the documentation asks', async () => {
    const example = (...args: string[]): Promise<{ stdout: string }> =>
      run('/usr/bin/python3', ['-W', 'ignore', EXAMPLE, ...args], {
        env: { ...process.env, ...QUICK_END, ZENOVA_TRANSPORT_URL: rabbitUrl(broker.url) },
      });
    expect((await example('lab', 'ubuntu01')).stdout).toMatch(
      /^ubuntu01 is shutdown\npower_on: done, now running, operation [0-9a-f-]{36}\n$/,
    );
    await expect(example('lab', 'nowhere')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'InstanceNotFound: the fake host lab has no instance nowhere (is not to be repeated',
      ),
    });
    await expect(example('lab', '')).rejects.toMatchObject({ stderr: expect.stringContaining('a mistake of ours: ') });
  });

  it('needs no more rights than the documentation gives it and its callers', async () => {
    const operator = await Operator.connect(broker.url);
    const users = [...GUIDE.matchAll(/^rabbitmqctl set_permissions (\w+) '(.*)' '(.*)' '(.*)'$/gm)];
    expect(users.map(([, user]) => user)).toEqual(['zenova', 'caller']);
    for (const [, user = '', ...rights] of users) {
      await broker.ctl('add_user', user, 'secret');
      await broker.ctl('set_permissions', user, ...rights);
    }
    const as = (user: string): string => broker.url.replace(/\/\/[^@]*@/, `//${user}:secret@`);
    const limited = theService({ url: as('zenova') });
    await limited.start();
    await limited.ready();
    const python = await OsloClient.start(as('caller'));
    const found = await python.call('host.list', {}, { server: limited.server });
    expect(found.result).toMatchObject({ hosts: [{ name: 'lab' }] });
    await python.cast('host.list', {}, { fanout: true });
    await python.close();
    expect(await limited.end('SIGTERM')).toBe(0);
    await limited.discard();
    await operator.close();
  });

  it('gives a repeat under one key the stored outcome, and knows who asked', async () => {
    const context = { user_id: 'u1', request_id: 'req-1' };
    const power = { ...ubuntu, idempotency_key: 'k1' };
    const [first, joined] = await Promise.all([1, 2].map(() => client.call('compute.power_on', power, { context })));
    const again = await client.call('compute.power_on', power, { context });
    expect(first?.result).toMatchObject({ outcome: 'done', power_state: 'running' });
    expect([joined, again]).toEqual([first, first]);
    const { failed } = await client.call('compute.power_on', { ...power, instance: 'instance-0001' }, { context });
    expect(failed).toMatchObject({
      class: 'TaskAlreadyRunning_Remote',
      kwargs: { zenova: { code: 'DUPLICATE_OPERATION' } },
    });
    const { result } = await client.call('operation.list', {});
    expect(result).toMatchObject({
      operations: [{ method: 'compute.power_on', requested_by: 'oslo:u1', correlation_id: 'req-1', state: 'done' }],
    });
  });

  it('is told by class what went wrong', async () => {
    const manual = { power_type: 'manual', power_parameters: {} };
    expect((await client.call('power.on', manual, { catch: 'NotImplementedError' })).caught?.text).toContain('manual');
    const unknown = { ...ubuntu, instance: 'nowhere' };
    const absent = await client.call('compute.get_info', unknown, { catch: 'nova.exception.InstanceNotFound' });
    expect(absent.caught?.kwargs).toMatchObject({ instance_id: 'nowhere' });
    const wrong = await client.call('compute.get_info', { ...ubuntu, colour: 'red' }, { catch: 'ValueError' });
    expect(wrong.caught?.text).toContain('colour');
  });

  it('carries out a cast once, though it is delivered twice', async () => {
    const operator = await Operator.connect(broker.url);
    const message = { method: 'power_on', namespace: 'compute', args: ubuntu, _unique_id: 'a'.repeat(32) };
    const body = Buffer.from(JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }));
    for (let i = 0; i < 2; i++) operator.channel.publish('zenova', 'zenova', body);
    const operations = await eventually(async () => {
      const { result } = await client.call('operation.list', {});
      const list = (result as { operations: { state: string }[] }).operations;
      return list.some(({ state }) => state === 'done') ? list : undefined;
    }, 'the operation to end');
    expect(operations).toHaveLength(1);
    await eventually(async () => (await operator.count('zenova')).ready === 0, 'both to be taken');
    await operator.close();
  });

  it('answers after its restart whom it owed an answer before', async () => {
    await service.discard();
    // Long enough to be found before it ends.
    const lab = { driver: 'fake', settings: { names: ['ubuntu01'], change_delay_ms: 8_000 } };
    service = theService({ hosts: { lab } });
    await service.start();
    await service.ready();
    const answer = client.call('compute.power_on', ubuntu, { timeout: 180 });
    await eventually(
      async () =>
        JSON.stringify((await client.call('operation.list', { state: 'unfinished' })).result).includes('power_on'),
      'the operation to be accepted',
    );
    await service.end('SIGKILL');
    await service.start();
    await service.ready();
    expect((await answer).result).toMatchObject({ outcome: 'done', power_state: 'running' });
  });
});

describe('two services with one journal', () => {
  it('the other takes up a call of the one that died, and says all the while that it is at work', async () => {
    const database = await freshDatabase();
    const shared = {
      journal: { url: database.url, lease: '2s' },
      secrets: { key: { env: 'KEY' } },
      environment: { KEY: randomBytes(32).toString('base64') },
    };
    const lab = { driver: 'fake', settings: { names: ['ubuntu01'], change_delay_ms: 22_000 } };
    const workers = [1, 2].map(() => theService({ ...shared, hosts: { lab } }));
    const [first, second] = workers;
    try {
      if (first === undefined || second === undefined) throw new Error('there are two');
      for (const worker of workers) {
        await worker.start();
        await worker.ready();
      }
      let isOver = false;
      const call = { server: first.server, timeout: 180, call_monitor_timeout: 20 };
      const answer = client.call('compute.power_on', ubuntu, call).finally(() => (isOver = true));
      const began = performance.now();
      await eventually(
        async () => {
          const { result } = await client.call('operation.list', { state: 'running' }, { server: second.server });
          return JSON.stringify(result).includes('compute.power_on');
        },
        () => `it to begin:\n${first.log}`,
      );
      await first.end('SIGKILL');
      expect(isOver).toBe(false);
      expect((await answer).result).toMatchObject({ outcome: 'done', power_state: 'running' });
      // Its monitor had given up, had it heard nothing.
      expect(performance.now() - began).toBeGreaterThan(22_000);
      expect(second.log).toContain('taking up compute.power_on of ubuntu01');
    } finally {
      for (const worker of workers) await worker.discard();
      await database.drop();
    }
  });
});

describe('a service that cannot serve oslo callers as configured', () => {
  afterEach(() => service.discard());

  it('is not ready, and says which flag differs', async () => {
    const operator = await Operator.connect(broker.url);
    const topic = `t-${randomBytes(4).toString('hex')}`;
    await operator.channel.assertQueue(topic, { durable: true });
    service = theService({ oslo: { enabled: true, topic } });
    await service.start();
    const text = await eventually(
      async () => {
        const answer = await service.http('/readyz');
        const body = (await answer?.text()) ?? '';
        return body.includes('another durable') ? body : undefined;
      },
      () => `the difference to be told:\n${service.log}`,
    );
    expect(text).toContain(`${topic} (queue \\"${topic}\\" exists with another durable: it has true`);
    await eventually(
      () => /"level":"error".*exists with another durable/.test(service.log),
      () => `an error in the log:\n${service.log}`,
    );
    await operator.channel.deleteQueue(topic);
    await service.ready();
    await operator.close();
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a topic of Nova', { topic: 'compute' }, 'oslo.topic: is a topic of Nova'],
    [
      'a quorum queue that deletes itself',
      { rabbit_quorum_queue: true, amqp_auto_delete: true },
      'oslo.amqp_auto_delete: cannot be',
    ],
  ])('does not start: %s', async (_, oslo, why) => {
    service = theService({ oslo: { enabled: true, ...oslo } });
    await service.start();
    await eventually(
      () => service.log.includes(why),
      () => `the mistake to be told:\n${service.log}`,
    );
  });
});
