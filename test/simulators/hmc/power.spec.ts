import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcBench } from './hmc-bench.js';

describe('power operations and jobs', () => {
  let bench: HmcBench;
  let session: string;

  beforeEach(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
  });
  afterEach(() => bench.stop());

  const job = async (uri: string) => (await bench.client.send('GET', uri, { session })).json;

  it('starts: starting at once, paused when the job completes, active at last', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('starting');
    expect(await job(uri)).toEqual({ status: 'running' });

    bench.clock.advance(2000);
    expect(await job(uri)).toEqual({ status: 'complete', 'job-status-code': 204, 'job-reason-code': 0 });
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('paused');

    bench.clock.advance(500);
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('active');
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(1);
  });

  it('stops hard: stopping, then stopped', async () => {
    const uri = await bench.begin('stop', 'LPAR2', session);
    expect(bench.simulator.status('LPAR2')).toBe('stopping');
    bench.clock.advance(1000);
    expect(await job(uri)).toMatchObject({ status: 'complete' });
    expect(bench.simulator.status('LPAR2')).toBe('stopped');
  });

  it.each([
    ['empty', 'paused'],
    ['starved', 'reservation-error'],
    ['limping', 'degraded'],
  ])('start of %s ends %s', async (name, end) => {
    await bench.begin('start', name, session);
    bench.clock.advance(10_000);
    expect(bench.simulator.status(name)).toBe(end);
  });

  it.each([
    ['start', 'LPAR2'],
    ['start', 'halted'],
    ['start', 'crashed'],
    ['start', 'stuck'],
    ['stop', 'db-prod'],
    ['stop', 'stuck'],
    ['psw-restart', 'db-prod'],
  ])('refuses %s of %s with 409,1', async (operation, name) => {
    const answer = await bench.client.send('POST', `${bench.uri(name)}/operations/${operation}`, { session });
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({
      'request-method': 'POST',
      'request-uri': `${bench.uri(name)}/operations/${operation}`,
      'request-authenticated-as': 'zenova',
      'http-status': 409,
      reason: 1,
      message: expect.stringContaining(name),
    });
  });

  it.each(['start', 'stop', 'psw-restart'])(
    'refuses %s with 409,2 while the partition is busy, settling included',
    async (operation) => {
      await bench.begin('start', 'LPAR1', session);
      const again = () => bench.client.send('POST', `${bench.uri('LPAR1')}/operations/${operation}`, { session });
      expect((await again()).json).toMatchObject({ 'http-status': 409, reason: 2 });
      bench.clock.advance(2000);
      expect((await again()).json).toMatchObject({ 'http-status': 409, reason: 2 });
      bench.clock.advance(500);
      expect((await again()).json?.['reason']).not.toBe(2);
    },
  );

  it.each([
    ['stop', 'halted', 'stopped'],
    ['stop', 'crashed', 'stopped'],
    ['stop', 'starved', 'stopped'],
    ['psw-restart', 'crashed', 'active'],
  ])('%s of %s ends %s', async (operation, name, end) => {
    await bench.begin(operation, name, session);
    bench.clock.advance(1000);
    expect(bench.simulator.status(name)).toBe(end);
  });

  it('cancels a start: cancel-pending, canceled, and the old status is back', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    expect((await bench.client.send('POST', `${uri}/operations/cancel`, { session })).status).toBe(202);
    expect(await job(uri)).toEqual({ status: 'cancel-pending' });
    expect((await bench.client.send('POST', `${uri}/operations/cancel`, { session })).json).toMatchObject({
      reason: 42,
    });
    bench.clock.advance(100);
    expect(await job(uri)).toEqual({ status: 'canceled' });
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('stopped');
    expect((await bench.client.send('POST', `${uri}/operations/cancel`, { session })).json).toMatchObject({
      reason: 41,
    });
    bench.clock.advance(10_000);
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('stopped');
    await bench.begin('start', 'LPAR1', session);
  });

  it('does not cancel a psw-restart', async () => {
    const uri = await bench.begin('psw-restart', 'LPAR2', session);
    const answer = await bench.client.send('POST', `${uri}/operations/cancel`, { session });
    expect(answer.json).toMatchObject({ 'http-status': 404, reason: 4 });
  });

  it('keeps a job until it is deleted, and not before it has ended', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    expect((await bench.client.send('DELETE', uri, { session })).json).toMatchObject({
      'http-status': 409,
      reason: 40,
    });
    bench.clock.advance(5000);
    expect(bench.simulator.jobs()).toHaveLength(1);
    expect((await bench.client.send('DELETE', uri, { session })).status).toBe(204);
    expect((await bench.client.send('GET', uri, { session })).json).toMatchObject({ 'http-status': 404, reason: 1 });
    expect(bench.simulator.jobs()).toHaveLength(0);
  });

  it('lets another session of the same user see the job, but not another user', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    const [same, other] = [await bench.client.logOn(), await bench.client.logOn('reader', 'secret-of-reader')];
    expect((await bench.client.send('GET', uri, { session: same })).status).toBe(200);
    expect((await bench.client.send('GET', uri, { session: other })).status).toBe(404);
  });

  it('refuses who lacks the task with 403,1 and who cannot see the partition with 404,1', async () => {
    const reader = await bench.client.logOn('reader', 'secret-of-reader');
    const tenant = await bench.client.logOn('tenant', 'secret-of-tenant');
    const start = (name: string, who: string) =>
      bench.client.send('POST', `${bench.uri(name)}/operations/start`, { session: who });
    expect((await start('LPAR1', reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    expect((await start('db-prod', tenant)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    expect((await start('LPAR1', tenant)).status).toBe(202);
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(1);
  });

  it('accepts an empty object as the body of a start, and no fields', async () => {
    const path = `${bench.uri('LPAR1')}/operations/start`;
    const refused = await bench.client.send('POST', path, { session, json: { force: true } });
    expect(refused.json).toMatchObject({ 'http-status': 400, reason: 6 });
    expect((await bench.client.send('POST', path, { session, json: {} })).status).toBe(202);
  });

  it('ends what goes on when a status is forced', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    bench.simulator.setStatus('LPAR1', 'terminated', 'CPC1');
    bench.clock.advance(10_000);
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('terminated');
    expect(await job(uri)).toMatchObject({ status: 'complete' });
    await bench.begin('stop', 'LPAR1', session);
  });

  it('goes on with an operation while the HMC restarts, and knows no job afterwards', async () => {
    const uri = await bench.begin('start', 'LPAR1', session);
    await bench.simulator.restart();
    bench.client.close();
    expect((await bench.client.send('GET', uri, { session })).json).toMatchObject({ 'http-status': 403, reason: 5 });
    session = await bench.client.logOn();
    expect((await bench.client.send('GET', uri, { session })).json).toMatchObject({ 'http-status': 404, reason: 1 });
    bench.clock.advance(3000);
    expect(bench.simulator.status('LPAR1', 'CPC1')).toBe('active');
  });
});

describe('job timing of its own', () => {
  it('lets the job outlast the change of status', async () => {
    const bench = await HmcBench.start({
      users: [{ name: 'zenova', password: 'secret-of-zenova' }],
      cpcs: [
        {
          name: 'CPC1',
          mode: 'dpm',
          partitions: [{ name: 'LPAR1', status: 'active', timing: { stop_ms: 100, job_ms: 400 } }],
        },
      ],
    });
    try {
      const session = await bench.client.logOn();
      const uri = await bench.begin('stop', 'LPAR1', session);
      bench.clock.advance(100);
      expect(bench.simulator.status('LPAR1')).toBe('stopped');
      expect((await bench.client.send('GET', uri, { session })).json).toEqual({ status: 'running' });
      bench.clock.advance(300);
      expect((await bench.client.send('GET', uri, { session })).json).toMatchObject({ status: 'complete' });
    } finally {
      await bench.stop();
    }
  });
});
