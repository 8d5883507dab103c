import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcSimulator } from '../../../src/simulators/hmc/index.js';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until, WireClient } from './hmc-client.js';

describe('the control endpoint', () => {
  let bench: HmcBench;

  beforeEach(async () => {
    bench = await HmcBench.start();
  });
  afterEach(() => bench.stop());

  const control = (method: string, path: string, json?: unknown) =>
    bench.client.send(method, `/simulator/${path}`, json === undefined ? {} : { json });

  it('shows the wire log, by what is asked, and stays out of it', async () => {
    await bench.client.send('GET', '/api/version');
    await bench.client.send('GET', '/api/console');
    const all = (await control('GET', 'wire-log')).json?.['entries'];
    expect(all).toMatchObject([
      { sequence: 1, method: 'GET', path: '/api/version', status: 200, executed: true },
      { sequence: 2, path: '/api/console', status: 403, executed: false },
    ]);
    expect((await control('GET', 'wire-log?since=1&executed=false&path=/api/*')).json?.['entries']).toHaveLength(1);
    expect((await control('GET', 'state')).json).toMatchObject({ sessions: 0, jobs: [], last_sequence: 2 });
    expect((await control('DELETE', 'wire-log')).status).toBe(204);
    expect(bench.simulator.wireLog.count()).toBe(0);
  });

  it('adds, lists and removes faults', async () => {
    const added = await control('POST', 'faults', { kind: 'unavailable', times: 'always' });
    expect(added.json).toEqual({ id: 1 });
    expect((await bench.client.send('GET', '/api/version')).status).toBe(503);
    expect((await control('GET', 'faults')).json).toMatchObject({
      faults: [{ id: 1, hits: 1, rule: { kind: 'unavailable' } }],
    });
    expect((await control('DELETE', 'faults/1')).status).toBe(204);
    expect((await control('DELETE', 'faults/1')).status).toBe(404);
    expect((await bench.client.send('GET', '/api/version')).status).toBe(200);
    await control('POST', 'faults', { kind: 'busy' });
    expect((await control('DELETE', 'faults')).status).toBe(204);
    expect(bench.simulator.faults.list()).toEqual([]);
  });

  it('shows partitions and forces their status', async () => {
    expect((await control('POST', 'partitions', { name: 'LPAR1', cpc: 'CPC1', status: 'terminated' })).status).toBe(
      204,
    );
    expect((await control('GET', 'partitions?name=LPAR1')).json).toMatchObject({
      partitions: [
        { name: 'LPAR1', cpc: 'CPC1', status: 'terminated', busy: false },
        { name: 'LPAR1', cpc: 'CPC2', status: 'stopped' },
      ],
    });
  });

  it('says what the next start ends in, and lets adapters fail', async () => {
    const session = await bench.client.logOn();
    expect((await control('POST', 'partitions', { name: 'db-prod', starts_as: 'terminated' })).status).toBe(204);
    await bench.begin('start', 'db-prod', session);
    bench.clock.advance(10_000);
    expect(bench.simulator.status('db-prod')).toBe('terminated');
    expect((await control('GET', 'partitions?name=db-prod')).json).toMatchObject({
      partitions: [{ booted: { device: 'storage-volume' }, iso: null, dumps: [] }],
    });
    const name = 'OSD 0100 Z22B-01';
    expect((await control('POST', 'adapters', { name, cpc: 'CPC2', status: 'service' })).status).toBe(204);
    expect((await control('POST', 'adapters', { name, status: 'service' })).json?.['error']).toMatch(/several CPCs/);
    expect((await control('GET', 'leftovers')).json).toMatchObject({ partitions: [], jobs: [expect.any(String)] });
  });

  it('unlocks users, drops sessions and restarts', async () => {
    for (let i = 0; i < 5; i++) {
      await bench.client.send('POST', '/api/sessions', { json: { userid: 'zenova', password: 'wrong' } });
    }
    expect((await control('GET', 'logons?user=zenova')).json).toMatchObject({ isLocked: true, refused: 5 });
    expect((await control('POST', 'unlock', { user: 'zenova' })).status).toBe(204);
    await bench.client.logOn();
    expect((await control('DELETE', 'sessions')).status).toBe(204);
    expect(bench.simulator.sessionCount()).toBe(0);
    await bench.client.logOn();
    expect((await control('POST', 'restart', { down_ms: 0 })).status).toBe(204);
    await until(
      () => bench.simulator.sessionCount(),
      (count) => count === 0,
    );
  });

  it.each([
    ['POST', 'partitions', { name: 'LPAR1', status: 'terminated' }, /several CPCs/],
    ['POST', 'partitions', { name: 'none', status: 'terminated' }, /no partition/],
    ['POST', 'partitions', { name: 'LPAR2', status: 'dancing' }, /status/],
    ['POST', 'partitions', { name: 'LPAR2' }, /starts_as/],
    ['POST', 'adapters', { name: 'none', status: 'active' }, /no adapter/],
    ['POST', 'faults', { kind: 'unknown' }, /kind/],
    ['POST', 'faults', undefined, /kind/],
    ['GET', 'wire-log?sinse=1', undefined, /sinse/],
    ['GET', 'nothing', undefined, /there are/],
    ['GET', '__proto__', undefined, /there are/],
  ])('says what is wrong with %s %s %p', async (method, path, json, message) => {
    const answer = await control(method, path, json);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json?.['error']).toMatch(message);
  });

  it('can be switched off', async () => {
    const simulator = await HmcSimulator.start({ inventory: smallInventory(), port: 0, isControlEnabled: false });
    const client = new WireClient(simulator);
    try {
      expect((await client.send('GET', '/simulator/state')).json).toMatchObject({ 'http-status': 403, reason: 4 });
    } finally {
      client.close();
      await simulator.stop();
    }
  });
});
