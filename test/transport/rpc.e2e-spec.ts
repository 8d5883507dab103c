import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientProxyFactory, Transport as NestTransport, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, toArray } from 'rxjs';
import { ComputeError } from '../../src/common/errors/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { ScriptedGateway, startService, type Service } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let service: Service;
let operator: Operator;
let plain: PlainClient;
let direct: PlainClient;

beforeAll(async () => {
  broker = await sharedBroker();
  service = await startService(broker.url);
  operator = await Operator.connect(broker.url);
  plain = await PlainClient.connect(broker.url);
  direct = await PlainClient.connect(broker.url, 'amq.rabbitmq.reply-to');
});

afterAll(async () => {
  await service.close();
  await operator.remove(service);
  await Promise.all([operator.close(), plain.close(), direct.close()]);
  await broker.stop();
});

beforeEach(() => {
  service.gateway.calls.length = 0;
  service.gateway.script = new ScriptedGateway().script;
});

const failure = new ComputeError('STATE_CONFLICT', 'LPAR lnx01 of cpc1 is being stopped; wait until it is stopped', {
  driver: 'hmc-dpm',
  target: 'hmc-dpm:cpc1:abc',
  native: { status: 409, code: 8, text: 'busy' },
  details: { state: 'stopping', tried: [1, 2] },
  operationId: 'op-1',
});

describe('a plain AMQP client', () => {
  it.each([
    ['with a reply queue', () => plain],
    ['with direct reply-to', () => direct],
  ])('is answered, %s', async (_, client) => {
    const reply = await client().send(service.groupQueue, {
      pattern: 'power.query',
      data: { host: 'h', instance: 'i' },
      id: '7',
    });
    expect(reply).toEqual({
      response: { method: 'power.query', params: { host: 'h', instance: 'i' } },
      isDisposed: true,
      id: '7',
    });
  });

  it.each([
    ['with a reply queue', () => plain],
    ['with direct reply-to', () => direct],
  ])('is told parts before the answer, %s', async (_, client) => {
    service.gateway.script = (__, ___, meta) => {
      meta.progress?.({ part: 1 });
      return Promise.resolve({ last: true });
    };
    const first = await client().send(service.groupQueue, { pattern: 'power.query_many', data: {}, id: '8' });
    expect(first).toEqual({ response: { part: 1 }, isDisposed: false, id: '8' });
  });

  it('is answered, and its request acknowledged, although a part cannot be written', async () => {
    service.gateway.script = (_, __, meta) => {
      meta.progress?.({ big: 1n as unknown as number });
      return Promise.resolve({ last: true });
    };
    expect(await plain.call(service.groupQueue, 'power.query_many', {})).toMatchObject({ response: { last: true } });
  });

  it('is answered by the service that it addresses', async () => {
    expect(await plain.call(service.serverQueue, 'host.list', {})).toMatchObject({ response: { method: 'host.list' } });
  });

  it('gets a typed failure whole', async () => {
    service.gateway.script = () => Promise.reject(failure);
    const reply = await plain.call(service.groupQueue, 'compute.power_on', { host: 'h', instance: 'i' });
    expect(reply).toMatchObject({ err: failure.toWire(), isDisposed: true });
  });

  it('learns nothing of an unexpected error but that it happened', async () => {
    service.gateway.script = () => Promise.reject(new TypeError('cannot read s3cret of undefined'));
    const reply = await plain.call(service.groupQueue, 'power.query', {});
    expect(reply).toMatchObject({ err: { code: 'INTERNAL' } });
    expect(JSON.stringify(reply)).not.toContain('s3cret');
  });

  it('gets INTERNAL for an answer that cannot be written', async () => {
    service.gateway.script = () => Promise.resolve({ big: 1n as unknown as number });
    expect(await plain.call(service.groupQueue, 'power.query', {})).toMatchObject({ err: { code: 'INTERNAL' } });
  });

  it('gets an error and leaves a dead letter for an unknown method', async () => {
    const reply = await plain.call(service.groupQueue, 'power.explode', { host: 'h', password: 's3cret' });
    expect(reply).toMatchObject({
      err: {
        code: 'REQUEST_INVALID',
        message: 'there is no method power.explode',
        details: { reason: 'unknown_method' },
      },
    });
    const letter = await operator.take(service.deadQueue);
    expect(letter.body).toMatchObject({
      specversion: '1.0',
      type: 'zenova.dead_letter',
      data: { reason: 'unknown_method', body: { pattern: 'power.explode', data: { host: 'h' } } },
    });
    expect(letter.text).not.toContain('s3cret');
  });

  it('is known by what the broker vouches for, and by its message', async () => {
    const sentAt = Math.floor(Date.now() / 1000) - 60;
    await plain.call(service.groupQueue, 'power.query', {}, { userId: 'guest', messageId: 'm-1', timestamp: sentAt });
    expect(service.gateway.calls[0]?.meta).toMatchObject({
      requestId: 'm-1',
      messageId: 'm-1',
      correlationId: expect.stringMatching(/^c-/),
      requestedBy: 'guest',
      sentAt: sentAt * 1000,
      replyTo: { envelope: 'nest', address: { queue: plain.replyQueue } },
    });
  });

  it('gets its own correlation id back, whatever the id in the body', async () => {
    const reply = await plain.sendRaw(service.groupQueue, Buffer.from('{"pattern":"power.query","id":5}'), {
      correlationId: 'mine',
    });
    expect(reply.properties.correlationId).toBe('mine');
    expect(JSON.parse(reply.content.toString())).toMatchObject({ id: 5, response: { params: {} } });
  });
});

describe.each([
  ['the same queue options', { queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } } }],
  ['noAssert', { noAssert: true }],
])("Nest's client with %s", (_, options) => {
  let client: ClientProxy;

  beforeAll(async () => {
    client = ClientProxyFactory.create({
      transport: NestTransport.RMQ,
      options: { urls: [broker.url], queue: service.groupQueue, ...options },
    });
    await client.connect();
  });
  afterAll(() => client.close());

  const send = (pattern: string, data: object): Promise<unknown> => firstValueFrom(client.send<unknown>(pattern, data));

  it('has what is told before the answer as values of its observable, in order', async () => {
    service.gateway.script = async (_, __, meta) => {
      for (let part = 1; part <= 50; part++) meta.progress?.({ part });
      return Promise.resolve({ last: true });
    };
    const values = await firstValueFrom(client.send<unknown>('power.query_many', {}).pipe(toArray()));
    expect(values).toEqual([...Array.from({ length: 50 }, (__, i) => ({ part: i + 1 })), { last: true }]);
  });

  it('is answered', async () => {
    expect(await send('power.query', { host: 'h' })).toEqual({ method: 'power.query', params: { host: 'h' } });
  });

  it('is answered when the answer is null or a list', async () => {
    service.gateway.script = () => Promise.resolve(null);
    expect(await send('power.query', {})).toBeNull();
    service.gateway.script = () => Promise.resolve([1, 2]);
    expect(await send('power.query', {})).toEqual([1, 2]);
  });

  it('gets a typed failure whole', async () => {
    service.gateway.script = () => Promise.reject(failure);
    await expect(send('compute.power_on', {})).rejects.toEqual(failure.toWire());
  });

  it('gets an error for an unknown method', async () => {
    await expect(send('nothing.at_all', {})).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await operator.take(service.deadQueue);
  });

  it('may ask many things at once', async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => i);
    const answers = await Promise.all(numbers.map((i) => send('power.query', { i })));
    expect(answers).toEqual(numbers.map((i) => ({ method: 'power.query', params: { i } })));
  });

  it('emits an event, which runs and is not answered', async () => {
    await firstValueFrom(client.emit('power.on', { machine: 'm' }), { defaultValue: undefined });
    await service.gateway.called(1);
    expect(service.gateway.calls[0]).toMatchObject({ method: 'power.on', meta: { replyTo: null } });
    await operator.counted(service.groupQueue, { ready: 0, consumers: 1 });
  });
});

describe('acknowledgement', () => {
  let narrow: Service;

  // With one message in hand at most, the next one's delivery shows that the first is acknowledged.
  beforeAll(async () => {
    narrow = await startService(broker.url, { prefetch: 1 });
  });
  afterAll(async () => {
    await narrow.close();
    await operator.remove(narrow);
  });
  beforeEach(() => {
    narrow.gateway.calls.length = 0;
  });

  it('of an accepted request comes at once, and its reply later', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    narrow.gateway.script = async (method, _params, meta) => {
      if (method === 'power.query') return 'second';
      meta.accepted();
      await finished;
      return 'first';
    };
    const first = plain.call(narrow.groupQueue, 'power.on', {});
    expect(await plain.call(narrow.groupQueue, 'power.query', {})).toMatchObject({ response: 'second' });
    finish();
    expect(await first).toMatchObject({ response: 'first' });
  });

  it('of any other request comes after the broker has confirmed the reply', async () => {
    // A full queue that refuses: replies to it are not confirmed until there is room.
    const full = `${narrow.groupQueue}.full`;
    await operator.channel.assertQueue(full, {
      durable: true,
      maxLength: 1,
      arguments: { 'x-overflow': 'reject-publish' },
    });
    operator.channel.sendToQueue(full, Buffer.from('{}'));
    await operator.counted(full, { ready: 1 });
    narrow.gateway.script = (method) => Promise.resolve(method);
    plain.channel.sendToQueue(narrow.groupQueue, Buffer.from('{"pattern":"power.query"}'), {
      replyTo: full,
      correlationId: 'x',
    });
    await narrow.gateway.called(1);
    const second = plain.call(narrow.groupQueue, 'host.list', {});
    // The first has been tried, and refused, at least once more when a second has passed.
    await narrow.transport.health.until(() => false, AbortSignal.timeout(1_500)).catch(() => undefined);
    expect(narrow.gateway.calls).toHaveLength(1);

    expect((await operator.take(full)).text).toBe('{}');
    expect((await operator.take(full)).body).toMatchObject({ response: 'power.query' });
    expect(await second).toMatchObject({ response: 'host.list' });
    await operator.channel.deleteQueue(full);
  });
});
