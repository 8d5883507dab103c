import { readFileSync, renameSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { PlainClient, Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { groupQueue, serverQueue } from '../../src/transport/amqp/index.js';
import { uniqueNames } from '../transport/support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let service: ServiceProcess;
let caller: PlainClient;
let queue: string;
let names: ReturnType<typeof uniqueNames>;

beforeAll(async () => {
  broker = await sharedBroker();
});
afterEach(async () => {
  await caller.close();
  await service.discard();
  const operator = await Operator.connect(broker.url);
  const queues = { groupQueue: groupQueue(names.group), serverQueue: serverQueue(names.server) };
  await operator.remove({ ...queues, deadQueue: names.deadQueue, eventsExchange: names.eventsExchange });
  await operator.close();
});
afterAll(() => broker.stop());

async function start(options: Partial<ConstructorParameters<typeof ServiceProcess>[0]>): Promise<void> {
  names = uniqueNames();
  service = new ServiceProcess({ url: broker.url, ...names, hosts: { site: { driver: 'fake' } }, ...options });
  await service.start();
  await service.ready();
  caller = await PlainClient.connect(broker.url);
  queue = groupQueue(names.group);
}

const one = { host: 'site', instance: 'instance-0001' };

function linesOf(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the audit of the service', () => {
  it('is kept in its file, which is opened anew on SIGHUP; caller rules hold', async () => {
    await start({
      audit: { file: 'audit.log' },
      rules: [{ callers: ['guest'], methods: ['compute.power_*'] }],
    });
    const file = join(service.directory, 'audit.log');
    const done = await caller.call(queue, 'compute.power_on', one, { userId: 'guest', messageId: 'm-1' });
    expect(done).toMatchObject({ response: { outcome: 'done' } });
    expect(await caller.call(queue, 'compute.power_on', one)).toMatchObject({
      err: { code: 'FORBIDDEN', details: { reason: 'caller' }, message: expect.stringContaining('anonymous may not') },
    });
    const facts = linesOf(file);
    expect(facts).toMatchObject([
      { event: 'accepted', requested_by: 'guest', idempotency_key: 'm-1', server: names.server },
      { event: 'ended', requested_by: 'guest', outcome: 'done', name: 'instance-0001' },
      { event: 'refused', requested_by: 'anonymous', code: 'FORBIDDEN' },
    ]);
    renameSync(file, `${file}.1`);
    service.signal('SIGHUP');
    await eventually(() => existsSync(file), 'the file is opened anew');
    await caller.call(queue, 'compute.power_off', one, { userId: 'guest' });
    expect(linesOf(file).map(({ event }) => event)).toEqual(['accepted', 'ended']);
    expect(linesOf(`${file}.1`)).toHaveLength(3);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('stands in the log otherwise', async () => {
    await start({});
    expect(await caller.call(queue, 'compute.power_on', one, { userId: 'guest' })).toHaveProperty('response');
    const events = (): unknown[] => service.lines('"audit":true').map(({ event }) => event);
    await eventually(() => events().includes('ended'), 'the end');
    expect(events()).toEqual(['accepted', 'ended']);
  });
});
