import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until, WireClient } from './hmc-client.js';
import { StompWireClient } from './stomp-client.js';

describe('two HMCs of the same CPCs', () => {
  let bench: HmcBench;
  let peer: HmcSimulator;
  let second: WireClient;

  beforeEach(async () => {
    bench = await HmcBench.start(smallInventory({ hmc: { redundant: {} } }));
    if (bench.simulator.peer === null) throw new Error('there is one HMC only');
    peer = bench.simulator.peer;
    second = new WireClient(peer);
  });
  afterEach(async () => {
    second.close();
    await bench.stop();
  });

  it('show the same objects under the same URIs, and have names, sessions and jobs of their own', async () => {
    expect((await second.send('GET', '/api/version')).json).toMatchObject({ 'hmc-name': 'HMC2' });
    const session = await bench.client.logOn();
    expect((await second.send('GET', '/api/console', { session })).json).toMatchObject({ reason: 5 });
    const other = await second.logOn();
    const job = await bench.begin('start', 'LPAR1', session);
    const seen = await second.send('GET', `${bench.uri('LPAR1')}?properties=status`, { session: other });
    expect(seen.json).toEqual({ status: 'starting' });
    expect((await second.send('GET', job, { session: other })).json).toMatchObject({ 'http-status': 404, reason: 1 });
    const busy = await second.send('POST', `${bench.uri('LPAR1')}/operations/start`, { session: other });
    expect(busy.json).toMatchObject({ 'http-status': 409, reason: 2 });
    bench.clock.advance(2500);
    const stop = await second.send('POST', `${bench.uri('LPAR1')}/operations/stop`, { session: other });
    expect(stop.status).toBe(202);
    expect(peer.jobs()).toHaveLength(1);
    expect(bench.simulator.jobs()).toHaveLength(1);
    expect(peer.wireLog.stops('LPAR1')).toBe(1);
    expect(bench.simulator.wireLog.stops('LPAR1')).toBe(0);
  });

  it('both tell of statuses, and each of its own jobs', async () => {
    const session = await bench.client.logOn();
    const { session: other, credential, objectTopic, jobTopic } = await second.openSession();
    const client = await StompWireClient.connected(peer, other, credential);
    await client.subscribe(objectTopic);
    await client.subscribe(jobTopic);
    await bench.begin('stop', 'LPAR2', session);
    bench.clock.advance(1000);
    await second.send('POST', `${bench.uri('LPAR2')}/operations/start`, { session: other });
    bench.clock.advance(2500);
    await client.count(6);
    expect(client.frames.map(({ headers }) => headers['notification-type'])).toEqual([
      'status-change',
      'status-change',
      'status-change',
      'status-change',
      'job-completion',
      'status-change',
    ]);
    client.close();
  });

  it('go down and come up alone, and the machines do not notice', async () => {
    const session = await bench.client.logOn();
    const other = await second.logOn();
    await bench.begin('start', 'LPAR1', session);
    await bench.simulator.goDown();
    bench.client.close();
    await expect(bench.client.send('GET', '/api/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    bench.clock.advance(2500);
    const seen = await second.send('GET', `${bench.uri('LPAR1')}?properties=status`, { session: other });
    expect(seen.json).toEqual({ status: 'active' });
    await bench.simulator.comeUp();
    expect((await bench.client.send('GET', '/api/console', { session })).json).toMatchObject({ reason: 5 });
    await peer.restart();
    second.close();
    expect((await second.send('GET', '/api/console', { session: other })).json).toMatchObject({ reason: 5 });
  });

  it('take an ASCII console over from each other, when told to', async () => {
    const open = async (client: WireClient, simulator: HmcSimulator, session: string, force: boolean) => {
      const path = `${bench.uri('LPAR2')}/operations/get-ascii-console-websocket-uri`;
      const { json } = await client.send('POST', path, { session, json: { 'force-takeover': force } });
      const uri = json?.['websocket-uri'];
      if (typeof uri !== 'string') return json;
      const url = `${simulator.url.replace('https', 'wss')}${uri}`;
      const socket = new WebSocket(url, { ca: simulator.certificatePem });
      await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
      return socket;
    };
    const [session, other] = [await bench.client.logOn(), await second.logOn()];
    const first = await open(bench.client, bench.simulator, session, false);
    let reason = '';
    if (first instanceof WebSocket) first.on('close', (_code, text) => (reason = text.toString()));
    expect(await open(second, peer, other, false)).toMatchObject({ 'http-status': 409, reason: 330 });
    const taker = await open(second, peer, other, true);
    expect(taker).toBeInstanceOf(WebSocket);
    await until(
      () => reason,
      (text) => text === 'The console was taken over',
    );
    expect(bench.simulator.asciiConsoles).toBe(0);
    expect(peer.asciiConsoles).toBe(1);
  });
});
