import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { systemClock } from '../../src/common/clock.js';
import { AmqpConnection, QueueConsumer, type Delivery } from '../../src/transport/amqp/index.js';
import type { ChannelEpoch } from '../../src/transport/amqp/channel-epoch.js';
import { startBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { log, ready, startService, uniqueNames, type Service } from './support.js';

let broker: Broker;
let service: Service;
let operator: Operator;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());

beforeEach(async () => {
  service = await startService(broker.url);
  operator = await Operator.connect(broker.url);
});
afterEach(async () => {
  await service.close();
  await operator.close();
});

class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

/** Ends the service's connection of that purpose, as an operator would in the management page. */
async function closeConnection(purpose: string): Promise<void> {
  const rows = await broker.ctl('list_connections', 'pid', 'client_properties');
  const row = rows
    .split('\n')
    .find((line) => line.includes(`${service.serverQueue.split('.').at(-1) ?? ''} ${purpose}`));
  if (row === undefined) throw new Error(`no connection ${purpose} in ${rows}`);
  await broker.ctl('close_connection', row.split('\t')[0] ?? '', 'closed by a test');
}

/** Sends a request whose reply goes to a durable queue, which outlives everything here. */
async function ask(queue: string, replyQueue: string, pattern: string): Promise<void> {
  await operator.channel.assertQueue(replyQueue, { durable: true });
  operator.channel.sendToQueue(queue, Buffer.from(JSON.stringify({ pattern, data: {}, id: 'r1' })), {
    replyTo: replyQueue,
    correlationId: 'r1',
    messageId: `m-${replyQueue}`,
    persistent: true,
  });
}

async function reconnectOperator(): Promise<void> {
  await operator.close();
  operator = await Operator.connect(broker.url);
}

describe('the broker restarts while requests run', () => {
  it.each([
    ['in good order', () => Promise.resolve(), () => broker.restart()],
    // RabbitMQ may lose a queue that was declared seconds before a crash, so the queues are made to be older.
    ['after a crash', () => broker.restart(), () => broker.kill().then(() => broker.restart())],
  ])('%s: an accepted one runs once, and its reply arrives', async (_, prepare, restart) => {
    const replies = `${service.groupQueue}.replies`;
    await operator.channel.assertQueue(replies, { durable: true });
    await prepare();
    await ready(service.transport);
    await reconnectOperator();
    const gate = new Gate();
    service.gateway.script = async (method, _params, meta) => {
      if (method === 'power.query') return 'read';
      meta.accepted();
      await gate.opened;
      return 'changed';
    };
    await ask(service.groupQueue, replies, 'power.on');
    await service.gateway.called(1);
    // The first is answered on the same channel after the acknowledgement, so that one has reached the broker; the second is
    // delivered only when everything before it is on the disk.
    for (let i = 0; i < 2; i++) {
      await ask(service.groupQueue, replies, 'power.query');
      expect((await operator.take(replies)).body).toMatchObject({ response: 'read' });
    }

    await restart();
    await ready(service.transport);
    gate.open();
    await reconnectOperator();
    // A crash may bring back what was taken from the reply queue before.
    await eventually(async () => {
      const { body } = await operator.take(replies);
      return body['response'] === 'changed' ? true : undefined;
    }, 'the reply');
    expect(service.gateway.calls.filter(({ method }) => method === 'power.on')).toHaveLength(1);
    await operator.counted(service.groupQueue, { ready: 0, consumers: 1 });
  });

  it('a read that is not acknowledged is delivered again, and its stale acknowledgement harms nobody', async () => {
    const replies = `${service.groupQueue}.replies`;
    const gate = new Gate();
    service.gateway.script = async () => {
      const isFirst = service.gateway.calls.length === 1;
      if (isFirst) await gate.opened;
      return isFirst ? 'first' : 'second';
    };
    await ask(service.groupQueue, replies, 'power.query');
    await service.gateway.called(1);
    await broker.restart();
    await service.gateway.called(2);
    gate.open();
    await reconnectOperator();
    const answers = [await operator.take(replies), await operator.take(replies)].map(({ body }) => body['response']);
    expect(new Set(answers)).toEqual(new Set(['first', 'second']));
    expect(service.gateway.calls.map(({ meta }) => meta.requestId)).toEqual([`m-${replies}`, `m-${replies}`]);
    await ready(service.transport);
    await operator.counted(service.groupQueue, { ready: 0, consumers: 1 });
  });

  it('a reply that is due while the broker is away arrives when it is back', async () => {
    const replies = `${service.groupQueue}.replies`;
    service.gateway.script = async (_method, _params, meta) => {
      meta.accepted();
      await service.transport.health.until((s) => !s.isConnected, AbortSignal.timeout(60_000));
      return 'while away';
    };
    await ask(service.groupQueue, replies, 'power.on');
    await service.gateway.called(1);
    await broker.halt();
    await broker.restart();
    await reconnectOperator();
    expect((await operator.take(replies)).body).toMatchObject({ response: 'while away' });
  });
});

describe('one connection or consumer is lost', () => {
  let client: PlainClient;
  beforeEach(async () => {
    client = await PlainClient.connect(broker.url);
  });
  afterEach(() => client.close());

  async function works(): Promise<void> {
    await ready(service.transport);
    for (const queue of [service.groupQueue, service.serverQueue]) {
      expect(await client.call(queue, 'power.query', {})).toHaveProperty('response');
    }
  }

  it.each(['consuming', 'publishing', 'direct replies'])('the broker closes the connection for %s', async (purpose) => {
    const isLost = service.transport.health.until((s) => !s.isConnected, AbortSignal.timeout(60_000));
    await closeConnection(purpose);
    expect((await isLost).lastError?.message).toContain('closed by a test');
    await works();
  });

  it('a request that runs meanwhile gets its reply over the next connection', async () => {
    const gate = new Gate();
    service.gateway.script = async (_method, _params, meta) => {
      meta.accepted();
      await gate.opened;
      return 'late';
    };
    const reply = client.call(service.groupQueue, 'power.on', {});
    await service.gateway.called(1);
    const isLost = service.transport.health.until((s) => !s.isConnected, AbortSignal.timeout(60_000));
    await closeConnection('publishing');
    await isLost;
    gate.open();
    expect(await reply).toMatchObject({ response: 'late' });
  });

  it('a queue is deleted: it is declared anew, consumed, and what ran is answered', async () => {
    const gate = new Gate();
    service.gateway.script = async () => {
      await gate.opened;
      return 'answered';
    };
    const reply = client.call(service.groupQueue, 'power.query', {});
    await service.gateway.called(1);
    const isLost = service.transport.health.until((s) => !s.isConsuming, AbortSignal.timeout(60_000));
    await operator.channel.deleteQueue(service.groupQueue);
    const status = await isLost;
    expect(status.queues).toContainEqual({
      queue: service.groupQueue,
      isAttached: false,
      error: expect.stringContaining('cancelled'),
    });
    await ready(service.transport);
    gate.open();
    expect(await reply).toMatchObject({ response: 'answered' });
    service.gateway.script = () => Promise.resolve('again');
    await works();
    await operator.counted(service.groupQueue, { ready: 0, consumers: 1 });
  });

  it('a queue that somebody declared otherwise is an error that names it, until it is gone', async () => {
    await service.close();
    const names = uniqueNames();
    const queue = `zenova.rpc.${names.group}`;
    await operator.channel.assertQueue(queue, { durable: true });
    service = await startService(broker.url, {}, { names, isReady: false });
    const status = await service.transport.health.until(
      ({ queues }) => queues.every((q) => (q.queue === queue ? q.error !== null : q.isAttached)),
      AbortSignal.timeout(60_000),
    );
    expect(status.isConsuming).toBe(false);
    expect(status.queues.find((q) => q.queue === queue)?.error).toMatch(/exists with other properties.*delete it/);
    // The other queue is served meanwhile.
    expect(await client.call(service.serverQueue, 'power.query', {})).toHaveProperty('response');
    await operator.channel.deleteQueue(queue);
    await works();
  });
});

describe('a broken channel', () => {
  it('is replaced; acknowledgements of the old one go nowhere', async () => {
    const connection = new AmqpConnection({
      name: 'test',
      urls: [broker.url],
      heartbeatSeconds: 10,
      clock: systemClock,
      log,
    });
    const deliveries: Delivery[] = [];
    const queue = `zenova.rpc.${uniqueNames().group}`;
    const consumer = new QueueConsumer({
      connection,
      queue,
      prefetch: 10,
      onDelivery: (delivery) => {
        deliveries.push(delivery);
        connection.emit('unblocked'); // wakes the test
      },
      clock: systemClock,
      log,
    });
    const delivered = async (count: number): Promise<void> => {
      while (deliveries.length < count) await once(connection, 'unblocked');
    };
    consumer.start();
    connection.start();
    await eventually(() => (consumer.isAttached ? true : undefined), 'the consumer');
    operator.channel.sendToQueue(queue, Buffer.from('1'));
    await delivered(1);
    const [first] = deliveries;
    // An acknowledgement of something never delivered: the broker answers 406 and closes the channel.
    const { channel } = (first as unknown as { epoch: ChannelEpoch }).epoch;
    channel.ack({ fields: { deliveryTag: 99 } } as never);
    await delivered(2);
    expect(first?.isStale).toBe(true);
    expect(deliveries[1]?.message.fields.redelivered).toBe(true);

    first?.ack();
    first?.requeue();
    // Had it reached the new channel, the second could not be given back now.
    deliveries[1]?.requeue();
    await delivered(3);
    deliveries[2]?.ack();
    expect(deliveries[2]?.isStale).toBe(false);
    await consumer.close();
    await eventually(async () => {
      const { ready: waiting, consumers } = await operator.count(queue);
      return waiting === 0 && consumers === 0 ? true : undefined;
    }, 'the empty queue');
    await connection.close();
  });
});

describe('several brokers', () => {
  it('are tried in turn', async () => {
    const other = await startService(broker.url, { urls: ['amqp://guest:guest@127.0.0.1:1', broker.url] });
    expect(other.transport.health.status()).toMatchObject({ isConnected: true });
    await other.close();
  });

  it('that refuse the password are tried for ever, which health shows', async () => {
    const url = broker.url.replace('guest:guest', 'guest:wrong-s3cret');
    const other = await startService(url, {}, { isReady: false });
    const status = await other.transport.health.until((s) => s.lastError !== null, AbortSignal.timeout(60_000));
    expect(status.lastError?.message).toContain('ACCESS_REFUSED');
    expect(status.lastError?.message).not.toContain('s3cret');
    await other.close();
  });
});

describe('a broker that takes no messages', () => {
  it('is shown, and replies wait for it', async () => {
    const client = await PlainClient.connect(broker.url);
    const gate = new Gate();
    service.gateway.script = async () => {
      await gate.opened;
      return 'patient';
    };
    const reply = client.call(service.groupQueue, 'power.query', {});
    await service.gateway.called(1);
    await broker.ctl('set_vm_memory_high_watermark', '0.000001');
    gate.open();
    await service.transport.health.until((s) => s.isBlocked, AbortSignal.timeout(60_000));
    await broker.ctl('set_vm_memory_high_watermark', '0.4');
    await service.transport.health.until((s) => !s.isBlocked, AbortSignal.timeout(60_000));
    expect(await reply).toMatchObject({ response: 'patient' });
    await client.close();
  });
});
