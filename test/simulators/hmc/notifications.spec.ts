import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcBench } from './hmc-bench.js';
import { StompWireClient } from './stomp-client.js';

describe('notifications', () => {
  let bench: HmcBench;
  const clients: StompWireClient[] = [];

  beforeEach(async () => {
    bench = await HmcBench.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await bench.stop();
  });

  /** A session whose object and job topics somebody listens to. */
  const listen = async (userid: string) => {
    const { session, credential, objectTopic, jobTopic } = await bench.client.openSession(
      userid,
      `secret-of-${userid}`,
    );
    const client = await StompWireClient.connected(bench.simulator, session, credential);
    clients.push(client);
    await client.subscribe(objectTopic, 'objects');
    await client.subscribe(jobTopic, 'jobs');
    return { session, client };
  };
  const told = (client: StompWireClient) =>
    client.frames.map(({ headers, body }) => ({
      on: headers['subscription'],
      type: headers['notification-type'],
      number: Number(headers['session-sequence-nr']),
      name: headers['name'],
      ...(body === '' ? {} : { body: JSON.parse(body) as unknown }),
    }));
  const status = (before: string, after: string, isUnacceptable = true) => ({
    'change-reports': [{ 'old-status': before, 'new-status': after, 'has-unacceptable-status': isUnacceptable }],
  });

  it('tell of every status on the way, and of the end of the job', async () => {
    const { session, client } = await listen('zenova');
    const job = await bench.begin('start', 'LPAR1', session);
    bench.clock.advance(2500);
    await client.count(4);
    expect(told(client)).toEqual([
      { on: 'objects', type: 'status-change', number: 0, name: 'LPAR1', body: status('stopped', 'starting') },
      { on: 'objects', type: 'status-change', number: 1, name: 'LPAR1', body: status('starting', 'paused') },
      { on: 'jobs', type: 'job-completion', number: 2, name: undefined },
      { on: 'objects', type: 'status-change', number: 3, name: 'LPAR1', body: status('paused', 'active', false) },
    ]);
    const uri = bench.uri('LPAR1');
    expect(client.frames[0]?.headers).toMatchObject({
      'object-uri': uri,
      'object-id': uri.split('/').at(-1),
      class: 'partition',
    });
    expect(client.frames[2]?.headers['job-uri']).toBe(job);
  });

  it('tell of properties, and name an element by its own URI', async () => {
    const { session, client } = await listen('zenova');
    await bench.client.send('POST', bench.uri('LPAR1'), { session, json: { description: 'new' } });
    await client.count(1);
    expect(told(client)).toEqual([
      {
        on: 'objects',
        type: 'property-change',
        number: 0,
        name: 'LPAR1',
        body: { 'change-reports': [{ 'property-name': 'description', 'old-value': '', 'new-value': 'new' }] },
      },
    ]);
  });

  it('tell a user of nothing that the user does not see, and of no job of somebody else', async () => {
    const { client: tenant } = await listen('tenant');
    const { session, client: reader } = await listen('zenova');
    bench.simulator.setStatus('db.prod', 'terminated');
    await bench.begin('start', 'LPAR1', session);
    bench.clock.advance(2500);
    bench.simulator.setStatus('LPAR1', 'terminated', 'CPC1');
    await reader.count(6);
    await tenant.count(4);
    expect(told(tenant).map(({ on, name, number }) => [on, name, number])).toEqual([
      ['objects', 'LPAR1', 0],
      ['objects', 'LPAR1', 1],
      ['objects', 'LPAR1', 2],
      ['objects', 'LPAR1', 3],
    ]);
  });

  it('are not sent for a job that got lost', async () => {
    const { session, client } = await listen('zenova');
    bench.simulator.fault({ kind: 'job-lost' });
    await bench.begin('stop', 'LPAR2', session);
    bench.clock.advance(1000);
    await client.count(2);
    expect(told(client).map(({ type }) => type)).toEqual(['status-change', 'status-change']);
  });

  it('can get lost for one partition', async () => {
    const { client } = await listen('zenova');
    bench.simulator.fault({ kind: 'notification-lost', partition: 'LPAR1', cpc: 'CPC1', times: 'always' });
    bench.simulator.setStatus('LPAR1', 'terminated', 'CPC1');
    bench.simulator.setStatus('LPAR2', 'terminated');
    await client.count(1);
    expect(told(client)).toMatchObject([{ number: 1, name: 'LPAR2' }]);
    expect(bench.simulator.frameLog.entries({ subject: 'LPAR1' })).toMatchObject([{ faults: ['notification-lost'] }]);
  });
});
