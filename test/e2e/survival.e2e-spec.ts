import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startBroker, type Broker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { PlainClient } from '../support/amqp-clients.js';
import { Estate, HMC_PASSWORD } from './estate.js';

let broker: Broker;
let estate: Estate;
let client: PlainClient;
const lpar1 = { host: 'cpc1', instance: 'lpar1' };

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  estate = await Estate.open(broker.url);
  client = await PlainClient.connect(broker.url);
});
afterEach(async () => {
  await client.close();
  await estate.close();
});

const send = (pattern: string, data: object, messageId: string): boolean =>
  client.channel.sendToQueue(estate.queue, Buffer.from(JSON.stringify({ pattern, data, id: messageId })), {
    persistent: true,
    replyTo: client.replyQueue,
    correlationId: messageId,
    messageId,
  });

/** Resolves to the operation once it has its outcome. */
const outcome = (messageId: string): Promise<Record<string, unknown>> =>
  eventually(
    async () => {
      const { response } = await client.call(estate.queue, 'operation.get', { message_id: messageId });
      // Undefined while it has not been accepted yet.
      const view = response as Record<string, unknown> | undefined;
      return view?.finished_at === null ? undefined : view;
    },
    () => `operation ${messageId} to end:\n${estate.service.log}`,
  );

describe('the service killed with SIGKILL during power_on', () => {
  it.each([
    ['while the start is on its way', 'starting'],
    ['once the partition starts', 'accepted'],
  ])('concludes the operation truly %s, with one start', async (_when, moment) => {
    await estate.start();
    if (moment === 'starting') {
      // The HMC executes the start and holds its answer back, so that the process dies without it.
      estate.simulator.fault({
        kind: 'slow',
        method: 'POST',
        path: '*/operations/start',
        when: 'after',
        delay_ms: 1500,
      });
    }
    send('compute.power_on', lpar1, 'killed');
    await eventually(
      () => estate.simulator.wireLog.starts('lpar1') === 1 || estate.simulator.status('lpar1') === 'starting',
      'the start',
    );
    if (moment === 'accepted')
      await eventually(
        () => estate.service.log.includes('/api/jobs/') || estate.simulator.jobs().length > 0,
        'the job',
      );
    await estate.service.end('SIGKILL');
    await estate.start();
    expect(await outcome('killed')).toMatchObject({ state: 'done', attempts: 2, result: { power_state: 'running' } });
    expect(estate.simulator.status('lpar1')).toBe('active');
    expect(estate.simulator.wireLog.starts('lpar1')).toBe(1);
    await eventually(() => client.returned.includes('killed'), 'the reply that the first process owed');
  });

  it('begins it when nothing had been sent', async () => {
    await estate.start();
    estate.simulator.fault({
      kind: 'slow',
      method: 'POST',
      path: '/api/sessions',
      when: 'before',
      delay_ms: 4000,
      times: 1,
    });
    send('compute.power_on', lpar1, 'early');
    await eventually(
      async () => estate.simulator.wireLog.logons() > 0 || estate.simulator.connections > 0,
      'the logon',
    );
    await estate.service.end('SIGKILL');
    await estate.start();
    expect(await outcome('early')).toMatchObject({ state: 'done', result: { outcome: 'done' } });
    expect(estate.simulator.wireLog.starts('lpar1')).toBe(1);
  });
});

describe('a request sent while the service was down', () => {
  it('changes nothing once its time has passed, and is carried out otherwise', async () => {
    await estate.start();
    expect(await estate.service.end('SIGTERM')).toBe(0);
    const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
    send('compute.power_on', { ...lpar1, requested_at: anHourAgo, deadline_ms: 60_000 }, 'stale');
    send('compute.power_on', { host: 'cpc1', instance: 'lpar3', deadline_ms: 60_000 }, 'fresh');
    await estate.start();
    expect(await outcome('fresh')).toMatchObject({ state: 'done' });
    await eventually(() => client.returned.includes('stale'), 'the refusal');
    expect(estate.simulator.wireLog.starts('lpar1')).toBe(0);
    expect(estate.simulator.wireLog.starts('lpar3')).toBe(1);
  });
});

describe('a shutdown', () => {
  it('lets what runs end, replies, logs off, and leaves no secret in the log', async () => {
    await estate.start();
    send('compute.power_on', lpar1, 'running');
    await eventually(() => estate.simulator.wireLog.starts('lpar1') === 1, 'the start');
    expect(await estate.service.end('SIGTERM')).toBe(0);
    await eventually(() => client.returned.includes('running'), 'the reply');
    expect(estate.simulator.status('lpar1')).toBe('active');
    expect(estate.simulator.sessionCount()).toBe(0);
    expect(estate.simulator.jobs()).toEqual([]);
    expect(estate.service.log).not.toContain(HMC_PASSWORD);
    expect(estate.service.log).toContain('"operation_id"');
  });
});
