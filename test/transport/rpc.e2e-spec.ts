import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientProxyFactory, Transport as NestTransport, type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { ComputeError } from '../../src/common/errors/index.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { Operator, PlainClient, ScriptedGateway, startService, type Service } from './support.js';

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
}, 120_000);

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

  it('is answered by the service that it addresses', async () => {
    expect(await plain.call(service.serverQueue, 'host.list', {})).toMatchObject({ response: { method: 'host.list' } });
  });

  it('gets a typed failure whole', async () => {
    service.gateway.script = () => Promise.reject(failure);
    const reply = await plain.call(service.groupQueue, 'compute.power_on', { host: 'h', instance: 'i' });
    expect(reply).toMatchObject({ err: failure.toWire(), isDisposed: true });
  });
});
