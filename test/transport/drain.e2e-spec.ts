import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sharedBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { eventually } from '../support/eventually.js';
import { ready, startService, type Service } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
let operator: Operator;
let client: PlainClient;
let service: Service;
let finish: () => void;

beforeAll(async () => {
  broker = await sharedBroker();
  operator = await Operator.connect(broker.url);
  client = await PlainClient.connect(broker.url);
});
afterAll(async () => {
  await Promise.all([operator.close(), client.close()]);
  await broker.stop();
});

beforeEach(async () => {
  service = await startService(broker.url, { drainTimeoutMs: 60_000 });
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  service.gateway.script = async (method, _params, meta) => {
    if (method === 'power.on') meta.accepted();
    await finished;
    return 'finished';
  };
});
afterEach(async () => {
  // A test that failed still holds its requests.
  finish();
  await service.close();
  await operator.remove(service);
});

/** Resolves when the broker has confirmed that it sends nothing more. */
async function detached(): Promise<void> {
  await service.transport.health.until(
    ({ queues }) => queues.every(({ isAttached }) => !isAttached),
    AbortSignal.timeout(60_000),
  );
}

describe('closing', () => {
  it('finishes what runs, answers it, acknowledges it, and takes nothing new', async () => {
    const running = [
      client.call(service.groupQueue, 'power.query', {}),
      client.call(service.groupQueue, 'power.on', {}),
      client.call(service.serverQueue, 'power.query', {}),
    ];
    await service.gateway.called(3);
    const closed = service.close();
    await detached();
    operator.channel.sendToQueue(service.groupQueue, Buffer.from('{"pattern":"power.query"}'));
    await eventually(
      async () => ((await operator.count(service.groupQueue)).ready === 1 ? true : undefined),
      'the new one to wait',
    );
    finish();
    await closed;
    for (const reply of await Promise.all(running)) expect(reply).toMatchObject({ response: 'finished' });
    expect(service.gateway.calls).toHaveLength(3);
    await eventually(async () => {
      const [group, own] = await Promise.all([service.groupQueue, service.serverQueue].map((q) => operator.count(q)));
      return group?.ready === 1 && own?.ready === 0 && group.consumers + own.consumers === 0 ? true : undefined;
    }, 'the queues to be left');
  });

  it('gives back what did not finish in time, but not what was accepted', async () => {
    const impatient = await startService(broker.url, { drainTimeoutMs: 1_000 });
    try {
      impatient.gateway.script = service.gateway.script;
      for (const pattern of ['power.query', 'power.on']) {
        operator.channel.sendToQueue(impatient.groupQueue, Buffer.from(JSON.stringify({ pattern })));
      }
      await impatient.gateway.called(2);
      await impatient.close();
      expect((await operator.take(impatient.groupQueue)).body).toEqual({ pattern: 'power.query' });
      expect(await operator.channel.get(impatient.groupQueue)).toBe(false);
    } finally {
      finish();
      await impatient.close();
      await operator.remove(impatient);
    }
  });

  it('gives back what arrives after it has begun, and loses none', async () => {
    // Far more than are in hand at once: some are on their way whenever the consumer goes.
    const total = 2_000;
    finish();
    for (let i = 0; i < total; i++) {
      operator.channel.sendToQueue(
        service.groupQueue,
        Buffer.from(JSON.stringify({ pattern: 'power.query', data: { i } })),
      );
    }
    await service.gateway.called(100);
    await service.close();
    // Done or back in the queue; some are both, since RabbitMQ confirms no acknowledgement and forgets a few at a close.
    const seen = new Set(service.gateway.calls.map(({ params }) => (params as { i: number }).i));
    expect(seen.size).toBeLessThan(total);
    while (seen.size < total) {
      const { message } = await operator.take(service.groupQueue);
      seen.add((JSON.parse(message.content.toString()) as { data: { i: number } }).data.i);
    }
  });

  it('is quick when nothing runs and the broker is unreachable', async () => {
    const url = 'amqp://guest:guest@127.0.0.1:1';
    const lonely = await startService(url, { drainTimeoutMs: 60_000 }, { isReady: false });
    const before = Date.now();
    await lonely.close();
    // Less than it waits for anything that does not come.
    expect(Date.now() - before).toBeLessThan(30_000);
  });
});

describe('back-pressure', () => {
  it('stops consuming and goes on', async () => {
    finish();
    await service.transport.intake.pause();
    expect(service.transport.health.status()).toMatchObject({ isConsuming: false, isPaused: true, isConnected: true });
    const reply = client.call(service.groupQueue, 'power.query', {});
    await eventually(
      async () => ((await operator.count(service.groupQueue)).ready === 1 ? true : undefined),
      'the request to wait',
    );
    expect(service.gateway.calls).toHaveLength(0);
    service.transport.intake.resume();
    expect(await reply).toMatchObject({ response: 'finished' });
    await ready(service.transport);
    expect(service.transport.health.status()).toMatchObject({ isPaused: false });
  });
});
