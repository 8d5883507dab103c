import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ComputeError } from '../../src/common/errors/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { startService, type Service } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let service: Service;
let operator: Operator;
let plain: PlainClient;
let direct: PlainClient;

beforeAll(async () => {
  broker = await sharedBroker();
  service = await startService(broker.url, { prefetch: 4 });
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

function sendHostile(replyTo: string): void {
  operator.channel.sendToQueue(service.groupQueue, Buffer.from('{"pattern":"power.query","id":"h"}'), {
    replyTo,
    correlationId: 'h',
  });
}

/** Every delivery is settled: the queue is empty, and with it what is in hand (prefetch is smaller than what was sent). */
async function works(): Promise<void> {
  for (let i = 0; i < 6; i++) {
    expect(await plain.call(service.groupQueue, 'power.query', { i })).toHaveProperty('response');
    expect(await direct.call(service.groupQueue, 'power.query', { i })).toHaveProperty('response');
  }
}

/** Everything was taken, and acknowledged: what is in hand would come back when the connection is lost. */
async function settled(): Promise<void> {
  await eventually(
    async () => ((await operator.count(service.groupQueue)).ready === 0 ? true : undefined),
    'an empty queue',
  );
}

describe('a reply address that leads nowhere', () => {
  const pid = Buffer.from([131, 88, 118, 0, 7, ...Buffer.from('reply@1'), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  it.each([
    ['a queue that is gone', 'no.such.queue'],
    ['the longest name', 'q'.repeat(255)],
    ['control characters', '\u0000\u0001\n'],
    ['more bytes than AMQP takes back', '\u00e9'.repeat(127)],
    ['direct reply-to without a name', 'amq.rabbitmq.reply-to.'],
    ['direct reply-to to nobody', 'amq.rabbitmq.reply-to.xxx'],
    // RabbitMQ 3.10 closes the connection with 541 for these.
    ['a forged process id', `amq.rabbitmq.reply-to.${pid.toString('base64')}.abcd`],
    ['a process id that is none', 'amq.rabbitmq.reply-to.QUFBQQ==.QUFBQQ=='],
  ])('%s harms nobody, however often', async (_, replyTo) => {
    for (let i = 0; i < 6; i++) sendHostile(replyTo);
    await works();
    await settled();
  });

  it('of our own queue makes a dead letter, not a loop', async () => {
    sendHostile(service.groupQueue);
    expect((await operator.take(service.deadQueue)).body).toMatchObject({ data: { reason: 'malformed_envelope' } });
    await works();
    expect((await operator.count(service.deadQueue)).ready).toBe(0);
  });

  it('does not lose the replies of others that are under way on the same connection', async () => {
    const wide = await startService(broker.url);
    const total = 41;
    wide.gateway.script = async (method) => {
      await wide.gateway.called(total); // so that all replies are under way together
      return method;
    };
    const isLost = wide.transport.health.until((s) => !s.isConnected, AbortSignal.timeout(60_000));
    operator.channel.sendToQueue(wide.groupQueue, Buffer.from('{"pattern":"power.query"}'), {
      replyTo: 'amq.rabbitmq.reply-to.QUFBQQ==.QUFBQQ==',
    });
    await wide.gateway.called(1);
    const replies = Array.from({ length: total - 1 }, (_, i) => direct.call(wide.groupQueue, 'power.query', { i }));
    for (const reply of await Promise.all(replies)) expect(reply).toHaveProperty('response');
    await isLost;
    await wide.close();
    await operator.remove(wide);
  });
});

describe('outcomes that no request waits for', () => {
  it('reach the address kept of the request', async () => {
    const queue = `${service.groupQueue}.kept`;
    await operator.channel.assertQueue(queue, { durable: true });
    const to = { envelope: 'nest', address: { queue, correlation_id: 'c9', id: 'i9' } };
    await service.transport.replies.send(to, { result: { outcome: 'done' } });
    const error = new ComputeError('OUTCOME_UNKNOWN', 'read the true state').toWire();
    await service.transport.replies.send(to, { error });

    const first = await operator.take(queue);
    expect(first.body).toEqual({ response: { outcome: 'done' }, isDisposed: true, id: 'i9' });
    expect(first.message.properties).toMatchObject({ correlationId: 'c9', deliveryMode: 2 });
    expect((await operator.take(queue)).body).toEqual({ err: error, isDisposed: true, id: 'i9' });
    await operator.channel.deleteQueue(queue);
  });

  it.each([
    ['whose queue is gone', { envelope: 'nest', address: { queue: 'gone', correlation_id: null, id: null } }],
    ['of another envelope', { envelope: 'smoke-signals', address: {} }],
    ['that make no sense', { envelope: 'nest', address: [1] }],
  ])('%s are given up without an error', async (_, to) => {
    await expect(service.transport.replies.send(to, { result: 1 })).resolves.toBeUndefined();
  });
});

describe('events', () => {
  it('go to the topic exchange as CloudEvents', async () => {
    const { queue } = await operator.channel.assertQueue('', { exclusive: true });
    await operator.channel.bindQueue(queue, service.eventsExchange, 'power.cpc1.#');
    await operator.channel.bindQueue(queue, service.eventsExchange, 'power._.*.off');
    const at = Date.UTC(2026, 10, 21);
    const { events } = service.transport;
    events.publish({
      kind: 'power',
      host: 'cpc1',
      name: 'lnx.01/ä',
      state: 'on',
      data: { native_state: 'active' },
      at,
    });
    events.publish({ kind: 'power', host: 'elsewhere', name: 'x', state: 'on', data: {}, at });
    events.publish({ kind: 'power', host: null, name: 'm1', state: 'off', data: { token: 's3cret' }, at });

    const first = await operator.take(queue);
    expect(first.body).toEqual({
      specversion: '1.0',
      id: expect.any(String),
      source: expect.stringContaining('/zenova/test-'),
      type: 'zenova.power',
      subject: 'lnx.01/ä',
      time: '2026-11-21T00:00:00.000Z',
      datacontenttype: 'application/json',
      data: { host: 'cpc1', name: 'lnx.01/ä', state: 'on', native_state: 'active' },
    });
    expect(first.message.fields.routingKey).toBe('power.cpc1.lnx%2E01%2F%C3%A4.on');
    const second = await operator.take(queue);
    expect(second.message.fields.routingKey).toBe('power._.m1.off');
    expect(second.text).not.toContain('s3cret');
  });

  it('of the time without an exchange come when it is there again', async () => {
    await operator.channel.deleteExchange(service.eventsExchange);
    const at = Date.now();
    service.transport.events.publish({ kind: 'power', host: 'a', name: 'b', state: 'on', data: {}, at });
    await eventually(async () => {
      const probe = await Operator.connect(broker.url);
      const isThere = await probe.channel.checkExchange(service.eventsExchange).then(
        () => true,
        () => undefined,
      );
      await probe.close();
      return isThere;
    }, 'the exchange');
  });
});
