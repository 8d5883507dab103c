import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { startBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { PlainClient } from '../support/amqp-clients.js';
import { Estate, HMC_PASSWORD } from './estate.js';

/** One call, by whichever kind of client: its answer, or the error as it came over the wire. */
type Call = (pattern: string, data: object) => Promise<Record<string, unknown>>;
interface Caller {
  readonly name: string;
  readonly open: (url: string, queue: string) => Promise<{ call: Call; close: () => Promise<void> | void }>;
}

const CALLERS: Caller[] = [
  {
    name: 'a Nest ClientProxy',
    async open(url, queue) {
      const proxy: ClientProxy = ClientProxyFactory.create({
        transport: Transport.RMQ,
        options: {
          urls: [url],
          queue,
          queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } },
          persistent: true,
          socketOptions: { reconnectTimeInSeconds: 1 },
        },
      });
      await proxy.connect();
      return {
        call: (pattern, data) => firstValueFrom(proxy.send<Record<string, unknown>>(pattern, data)),
        close: () => proxy.close(),
      };
    },
  },
  {
    name: 'a plain amqplib client',
    async open(url, queue) {
      const client = await PlainClient.connect(url);
      return {
        async call(pattern, data) {
          const { response, err } = await client.call(queue, pattern, data);
          if (err !== undefined && err !== null) throw err as Error;
          return response as Record<string, unknown>;
        },
        close: () => client.close(),
      };
    },
  },
];

let broker: Broker;
let estate: Estate;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  estate = await Estate.open(broker.url);
  await estate.start();
});
afterEach(() => estate.close());

describe.each(CALLERS)('$name', ({ open }) => {
  const lpar1 = { host: 'cpc1', instance: 'lpar1' };

  it('powers an LPAR on and off, and gets errors whole', async () => {
    const { call, close } = await open(broker.url, estate.queue);
    expect(await call('power.query', lpar1)).toMatchObject({ state: 'off', native_state: 'stopped' });
    expect(await call('compute.power_on', lpar1)).toMatchObject({ outcome: 'done', power_state: 'running' });
    expect(estate.simulator.status('lpar1')).toBe('active');
    expect(await call('compute.power_on', lpar1)).toMatchObject({ outcome: 'already' });
    expect(await call('power.off', lpar1)).toMatchObject({ outcome: 'done', state: 'off' });
    expect(estate.simulator.status('lpar1')).toBe('stopped');
    expect(estate.simulator.wireLog.starts('lpar1')).toBe(1);

    await expect(call('compute.power_on', { host: 'cpc1', instance: 'nobody' })).rejects.toMatchObject({
      code: 'INSTANCE_NOT_FOUND',
      driver: 'hmc-dpm',
      retry: 'never',
      outcome: 'not-started',
      message: expect.stringContaining('nobody'),
    });
    await expect(call('compute.power_off', { host: 'cpc1', instance: 'lpar2' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      details: { reason: 'protected' },
    });
    await expect(call('compute.pause', lpar1)).rejects.toMatchObject({ code: 'FEATURE_UNSUPPORTED' });
    await expect(call('compute.explode', lpar1)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      details: { reason: 'unknown_method' },
    });
    await expect(call('power.query', { host: 7 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await close();
  });

  it('powers an LPAR given as a machine, with the credentials in the request', async () => {
    const { call, close } = await open(broker.url, estate.queue);
    const machine = (name: string) => ({
      power_type: 'hmcz',
      power_parameters: {
        power_address: `127.0.0.1:${estate.simulator.port}`,
        power_user: 'zenova',
        power_pass: HMC_PASSWORD,
        power_partition_name: name,
        power_verify_ssl: 'n',
      },
    });
    expect(await call('power.query', machine('lpar3'))).toMatchObject({ state: 'off' });
    expect(await call('power.cycle', machine('lpar3'))).toMatchObject({ outcome: 'done', state: 'on' });
    expect(estate.simulator.wireLog.starts('lpar3')).toBe(1);
    // What a host of the configuration protects stays protected, whoever brings the password.
    await expect(call('power.off', machine('lpar2'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(estate.simulator.wireLog.stops('lpar2')).toBe(0);
    expect(estate.service.log).not.toContain(HMC_PASSWORD);
    await close();
  });
});

describe('a broker that is restarted in the middle', () => {
  it('loses nothing that was promised', async () => {
    const replies = `e2e-replies-${estate.names.group}`;
    const before = await PlainClient.connect(broker.url);
    await before.channel.assertQueue(replies, { durable: true });
    const instances = ['instance-0001', 'instance-0002', 'instance-0003'];
    // Nobody consumes the reply queue before the restart: it is durable, so what is in it by then outlives that.
    for (const instance of instances) {
      before.channel.sendToQueue(
        estate.queue,
        Buffer.from(JSON.stringify({ pattern: 'compute.power_on', data: { host: 'fake', instance }, id: instance })),
        { persistent: true, replyTo: replies, correlationId: instance, messageId: `restart-${instance}` },
      );
    }
    await before.call(estate.queue, 'operation.list', { state: 'unfinished' });
    await broker.restart();
    await estate.service.ready();

    const after = await PlainClient.connect(broker.url);
    const held = await after.model.createChannel();
    const answers: Record<string, unknown>[] = [];
    await held.consume(replies, (message) => {
      if (message === null) return;
      answers.push(JSON.parse(message.content.toString()) as Record<string, unknown>);
      held.ack(message);
    });
    for (const instance of instances) {
      const { response } = await after.call(
        estate.queue,
        'compute.power_on',
        { host: 'fake', instance },
        { messageId: `restart-${instance}` },
      );
      expect(response).toMatchObject({ outcome: 'done', power_state: 'running' });
    }
    const { response } = await after.call(estate.queue, 'operation.list', { method: 'compute.power_on' });
    const { operations } = response as { operations: { state: string; attempts: number }[] };
    expect(operations.map(({ state, attempts }) => `${state} ${attempts}`)).toEqual(['done 1', 'done 1', 'done 1']);
    const answered = (id: string): boolean => answers.some((answer) => answer['id'] === id);
    await eventually(
      () => instances.every(answered),
      () => `all answers, not only ${JSON.stringify(answers)}`,
    );
    await after.channel.deleteQueue(replies);
    await after.close();
    await before.close();
  });
});
