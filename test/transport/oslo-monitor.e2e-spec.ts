import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createLog } from '../../src/common/log.js';
import { Operator } from '../support/amqp-clients.js';
import { sharedBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { OsloClient } from '../support/oslo-client.js';
import { gate } from '../support/scripted-driver.js';
import { startService, uniqueNames, type Service } from './support.js';

/** Names of this file alone: queue names are global. */
const run = randomBytes(4).toString('hex');
const exchange = `zenova-test-${run}`;
const topic = `t-${run}`;
const replyQueue = `reply-${run}`;

let broker: Pick<Broker, 'url' | 'stop'>;
let operator: Operator;
let service: Service;
/** What the service says. */
let said: string;
/** Holds every request until it is opened. */
let work: ReturnType<typeof gate>;

beforeAll(async () => {
  broker = await sharedBroker();
  operator = await Operator.connect(broker.url);
});
beforeEach(async () => {
  said = '';
  const log = createLog('debug', { write: (line) => void (said += line) });
  const names = uniqueNames();
  service = await startService(broker.url, { oslo: { controlExchange: exchange, topic } }, { names, log });
  work = gate();
  service.gateway.script = async (_method, _params, meta) => {
    meta.accepted();
    await work.passed;
    return 'done after all';
  };
});
afterEach(async () => {
  work.open();
  await service.close();
  await operator.remove(service);
  const own = `${topic}.${service.serverQueue.slice('zenova.rpc.server.'.length)}`;
  for (const queue of [topic, own, replyQueue]) await operator.channel.deleteQueue(queue);
});
afterAll(async () => {
  await operator.channel.deleteExchange(exchange);
  await operator.close();
  await broker.stop();
});

/** A call with a monitor of two seconds, as it is on the wire. */
function call(properties: object = {}): void {
  const message = { namespace: 'power', method: 'on', args: {}, _msg_id: 'm1', _reply_q: replyQueue, _timeout: 2 };
  const body = { 'oslo.version': '2.0', 'oslo.message': JSON.stringify({ ...message, ...properties }) };
  operator.channel.publish(exchange, topic, Buffer.from(JSON.stringify(body)));
}

async function nextReply(): Promise<Record<string, unknown>> {
  const { body } = await operator.take(replyQueue);
  return JSON.parse(String(body['oslo.message'])) as Record<string, unknown>;
}

const sign = { _msg_id: 'm1', result: null, failure: null, ending: false };

it('signs of life go on when the reply queue is back', async () => {
  await operator.channel.assertQueue(replyQueue);
  call();
  const first = await nextReply();
  expect(first).toMatchObject(sign);
  await operator.channel.deleteQueue(replyQueue);
  // More than one is lost.
  await eventually(() => said.split('the queue of a sign of life is missing').length > 2, 'signs to be lost');
  await operator.channel.assertQueue(replyQueue);
  const ids = [first, await nextReply(), await nextReply()].map(({ _unique_id: id, ...reply }) => {
    expect(reply).toEqual(sign);
    return id;
  });
  expect(new Set(ids).size).toBe(3);
  work.open();
  const rest = [await nextReply()];
  while (rest.at(-1)?.['ending'] !== true) rest.push(await nextReply());
  expect(rest.at(-1)).toMatchObject({ _msg_id: 'm1', result: 'done after all', ending: true });
  // The answer is the end of it.
  await expect(operator.channel.checkQueue(replyQueue)).resolves.toMatchObject({ messageCount: 0 });
});

it('a caller whose reply queue is deleted and declared anew is told in time', async () => {
  // The most that it takes.
  const options = { kombu_reconnect_delay: 4.5 };
  const python = await OsloClient.start(broker.url, { exchange, topic, options });
  try {
    let isOver = false;
    const answer = python.call('power.on', {}, { call_monitor_timeout: 20 });
    void answer.catch(() => undefined).finally(() => (isOver = true));
    await service.gateway.called(1);
    const before = performance.now();
    // The first sign of life comes after 10 seconds: well behind the end of its queue, and well before the next one is declared.
    await eventually(() => performance.now() - before > 7_500, 'most of the time to it');
    const { address } = service.gateway.calls[0]?.meta.replyTo ?? {};
    await operator.channel.deleteQueue((address as { queue: string }).queue);
    // Much longer than its monitor waits in silence.
    await eventually(() => isOver || performance.now() - before > 40_000, 'a long time');
    expect(said).toContain('the queue of a sign of life is missing');
    work.open();
    expect(await answer).toEqual({ result: 'done after all' });
  } finally {
    await python.close();
  }
});
