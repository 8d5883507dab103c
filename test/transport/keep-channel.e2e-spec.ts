import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ConfirmChannel } from 'amqplib';
import { systemClock } from '../../src/common/clock.js';
import { AmqpConnection } from '../../src/transport/amqp/index.js';
import { keepChannel } from '../../src/transport/amqp/keep-channel.js';
import { streamOf } from '../../src/transport/amqp/socket.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { log } from './support.js';

let broker: Pick<Broker, 'url' | 'stop'>;
beforeAll(async () => {
  broker = await sharedBroker();
});
afterAll(() => broker.stop());

it('a channel whose connection is lost as it opens is used by nobody, and another one opened', async () => {
  const connection = new AmqpConnection({
    urls: [broker.url],
    name: 'keep-channel',
    heartbeatSeconds: 10,
    clock: systemClock,
    log,
  });
  connection.start();
  const stop = new AbortController();
  const opened: ConfirmChannel[] = [];
  const used: ConfirmChannel[] = [];
  const kept = keepChannel({
    connection,
    async open(model) {
      const channel = await model.createConfirmChannel();
      opened.push(channel);
      if (opened.length === 1) {
        const lost = once(connection, 'lost');
        streamOf(model)?.destroy(new Error('cut by a test'));
        await lost;
      }
      return channel;
    },
    async use(epoch) {
      used.push(epoch.channel);
      await epoch.closed;
    },
    onFailure: () => undefined,
    clock: systemClock,
    log,
    signal: stop.signal,
  });
  await eventually(() => used.length > 0, 'a channel to be used');
  expect(used).toEqual([opened[1]]);
  used[0]?.publish('', 'nobody', Buffer.from('x'));
  await used[0]?.waitForConfirms();
  stop.abort();
  await kept;
  await connection.close();
});
