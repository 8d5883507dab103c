import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { HmcFaultInput } from '../../../src/simulators/hmc/index.js';
import { HmcBench, smallInventory } from './hmc-bench.js';
import { until, type WireAnswer } from './hmc-client.js';

describe('fault profiles', () => {
  let bench: HmcBench;
  let session: string;

  beforeEach(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
  });
  afterEach(() => bench.stop());

  const console = (signal?: AbortSignal) =>
    bench.client.send('GET', '/api/console', { session, ...(signal === undefined ? {} : { signal }) });
  const start = (name = 'LPAR1') => bench.client.send('POST', `${bench.uri(name)}/operations/start`, { session });
  const status = () => bench.simulator.status('LPAR1', 'CPC1');
  const lastEntry = () => bench.simulator.wireLog.entries().at(-1);
  const job = (answer: WireAnswer) => bench.client.send('GET', String(answer.json?.['job-uri']), { session });

  it('session-expired: 403,5 and the session is gone', async () => {
    bench.simulator.fault({ kind: 'session-expired', path: '/api/console' });
    expect((await console()).json).toMatchObject({ 'http-status': 403, reason: 5 });
    expect(lastEntry()).toMatchObject({ status: 403, executed: false, faults: ['session-expired'] });
    expect(bench.simulator.sessionCount()).toBe(0);
    session = await bench.client.logOn();
    expect((await console()).status).toBe(200);
  });

  it('session-expired in the middle of an operation: the start has not begun', async () => {
    bench.simulator.fault({ kind: 'session-expired', partition: 'LPAR1' });
    expect((await start()).json).toMatchObject({ 'http-status': 403, reason: 5 });
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(0);
    expect(status()).toBe('stopped');
  });

  it('logon-refused: 403,0, counted against the user, and other requests are spared', async () => {
    bench.simulator.fault({ kind: 'logon-refused', times: 2 });
    expect((await console()).status).toBe(200);
    const json = { userid: 'zenova', password: 'secret-of-zenova' };
    for (let i = 0; i < 2; i++) {
      expect((await bench.client.send('POST', '/api/sessions', { json })).json).toMatchObject({ reason: 0 });
    }
    expect(bench.simulator.logons('zenova')).toMatchObject({ accepted: 1, refused: 2 });
    expect((await bench.client.send('POST', '/api/sessions', { json })).status).toBe(200);
  });

  it('busy: 409,2 as often as told, on changes only', async () => {
    bench.simulator.fault({ kind: 'busy', partition: 'LPAR1', cpc: 'CPC1', times: 2 });
    expect((await bench.client.send('GET', bench.uri('LPAR1'), { session })).status).toBe(200);
    expect((await start('empty')).status).toBe(202);
    expect((await start()).json).toMatchObject({ 'http-status': 409, reason: 2 });
    expect((await start()).json).toMatchObject({ 'http-status': 409, reason: 2 });
    expect((await start()).status).toBe(202);
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(1);
  });

  it('unavailable: 503, from the nth request on', async () => {
    bench.simulator.fault({ kind: 'unavailable', nth: 2, times: 2 });
    const answers = [await console(), await console(), await console(), await console()];
    expect(answers.map((answer) => answer.status)).toEqual([200, 503, 503, 200]);
    expect(answers[1]?.json).toMatchObject({ 'http-status': 503, reason: 1 });
  });

  it('error: any status and reason', async () => {
    bench.simulator.fault({
      kind: 'error',
      method: 'GET',
      path: '/api/cpcs',
      status: 409,
      reason: 272,
      message: 'no timing data',
    });
    const answer = await bench.client.send('GET', '/api/cpcs', { session });
    expect(answer.json).toMatchObject({ 'http-status': 409, reason: 272, message: 'no timing data' });
  });

  it('connection-reset: nothing is executed, nothing is answered', async () => {
    bench.simulator.fault({ kind: 'connection-reset', partition: 'LPAR1' });
    await expect(start()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(lastEntry()).toMatchObject({ status: null, executed: false, faults: ['connection-reset'] });
    expect(status()).toBe('stopped');
  });

  it('answer-lost: executed, but the connection is cut', async () => {
    bench.simulator.fault({ kind: 'answer-lost', partition: 'LPAR1' });
    await expect(start()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(lastEntry()).toMatchObject({ status: null, executed: true, faults: ['answer-lost'] });
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(1);
    bench.clock.advance(5000);
    expect(status()).toBe('active');
  });

  it.each([
    ['before', 'stopped', 0],
    ['after', 'starting', 1],
  ] as const)('slow %s: nothing comes back until the time has passed', async (when, meanwhile, starts) => {
    bench.simulator.fault({ kind: 'slow', when, delay_ms: 1000, partition: 'LPAR1' });
    let isAnswered = false;
    const answer = start().finally(() => {
      isAnswered = true;
    });
    await until(lastEntry, (entry) => entry?.method === 'POST' && entry.subject === 'LPAR1');
    expect(status()).toBe(meanwhile);
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(starts);
    // Another request is not held up, and by the time it is answered the slow one could have been, too.
    expect((await console()).status).toBe(200);
    expect(isAnswered).toBe(false);
    bench.clock.advance(1000);
    expect((await answer).status).toBe(202);
  });

  it('slow before: executed late even though the caller has given up', async () => {
    bench.simulator.fault({ kind: 'slow', delay_ms: 1000, partition: 'LPAR1' });
    const abort = new AbortController();
    const sent = bench.client.send('POST', `${bench.uri('LPAR1')}/operations/start`, { session, signal: abort.signal });
    await until(lastEntry, (entry) => entry?.subject === 'LPAR1');
    abort.abort();
    await expect(sent).rejects.toThrow();
    expect(status()).toBe('stopped');
    bench.clock.advance(1000);
    await until(status, (seen) => seen === 'starting');
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(1);
  });

  it('a delayed request is dropped, not executed, when the HMC restarts', async () => {
    bench.simulator.fault({ kind: 'slow', delay_ms: 1000, partition: 'LPAR1' });
    const sent = start();
    await until(lastEntry, (entry) => entry?.subject === 'LPAR1');
    const restarted = bench.simulator.restart();
    await expect(sent).rejects.toThrow();
    await restarted;
    bench.clock.advance(5000);
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(0);
    expect(status()).toBe('stopped');
  });

  it.each([
    ['before', 500, 0],
    ['after', 200, 1],
  ] as const)('html-error %s with %i', async (when, code, starts) => {
    bench.simulator.fault({ kind: 'html-error', when, status: code, partition: 'LPAR1', text: 'a < b' });
    const answer = await start();
    expect(answer.status).toBe(code);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.text).toContain('<title>');
    expect(answer.text).toContain('a &lt; b');
    expect(bench.simulator.wireLog.starts('LPAR1')).toBe(starts);
  });

  it('truncated-json: a whole HTTP answer with half a body', async () => {
    bench.simulator.fault({ kind: 'truncated-json' });
    const answer = await console();
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^\{"object-uri"/);
    expect(answer.json).toBeUndefined();
  });

  it('wrong-types: well-formed JSON in which no value has its type', async () => {
    bench.simulator.fault({ kind: 'wrong-types' });
    const { json } = await bench.client.send('GET', '/api/console/operations/list-permitted-partitions?name=LPAR2', {
      session,
    });
    expect(json?.['partitions']).toEqual([
      expect.objectContaining({ name: 5, 'object-uri': expect.any(Number), 'has-unacceptable-status': [false] }),
    ]);
  });

  it('endless-body: goes on until the client hangs up, and then stops', async () => {
    bench.simulator.fault({ kind: 'endless-body' });
    const { request } = await import('node:https');
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      const sent = request(
        `${bench.simulator.url}/api/console`,
        { ca: bench.simulator.certificatePem, agent: false, headers: { 'X-API-Session': session } },
        (response) => {
          response.on('data', (chunk: Buffer) => {
            received += chunk.length;
            if (received > 5_000_000) sent.destroy();
          });
          response.on('close', resolve);
          response.on('end', () => reject(new Error('the body ended')));
          response.on('error', () => resolve());
        },
      );
      sent.on('error', () => resolve());
      sent.end();
    });
    expect(received).toBeGreaterThan(5_000_000);
    bench.client.close();
    await until(
      () => bench.simulator.connections,
      (count) => count === 0,
    );
  });

  describe('of jobs', () => {
    const endOf = async (fault: HmcFaultInput) => {
      bench.simulator.fault(fault);
      const accepted = await start();
      expect(accepted.status).toBe(202);
      expect(lastEntry()).toMatchObject({ executed: true, faults: [fault.kind] });
      const early = await job(accepted);
      bench.clock.advance(10_000);
      return { early, late: await job(accepted) };
    };

    it('job-cancelled: canceled, and the old status is back', async () => {
      const { early, late } = await endOf({ kind: 'job-cancelled', partition: 'LPAR1' });
      expect([early.json, late.json]).toEqual([{ status: 'running' }, { status: 'canceled' }]);
      expect(status()).toBe('stopped');
    });

    it('job-lost: 404,1 from the first poll on, and the start takes effect', async () => {
      const { early, late } = await endOf({ kind: 'job-lost' });
      expect(early.json).toMatchObject({ 'http-status': 404, reason: 1 });
      expect(late.json).toMatchObject({ 'http-status': 404, reason: 1 });
      expect(status()).toBe('active');
    });

    it.each([
      [undefined, 'stopped'],
      ['reservation-error', 'reservation-error'],
    ] as const)('job-failed: complete with an error, leaving %p', async (ends_as, end) => {
      const { late } = await endOf({
        kind: 'job-failed',
        status: 409,
        reason: 1,
        message: 'no memory left',
        ...(ends_as === undefined ? {} : { ends_as }),
      });
      expect(late.json).toEqual({
        status: 'complete',
        'job-status-code': 409,
        'job-reason-code': 1,
        'job-results': { message: 'no memory left' },
      });
      expect(status()).toBe(end);
      expect((await start()).status).toBe(202);
    });

    it('never-reaches: the job completes, the status stays', async () => {
      const { late } = await endOf({ kind: 'never-reaches' });
      expect(late.json).toMatchObject({ status: 'complete', 'job-status-code': 204 });
      expect(status()).toBe('starting');
    });

    it('ignored: accepted, completed, and nothing has happened', async () => {
      const { early, late } = await endOf({ kind: 'ignored' });
      expect(early.json).toEqual({ status: 'running' });
      expect(late.json).toMatchObject({ status: 'complete', 'job-status-code': 204 });
      expect(status()).toBe('stopped');
    });

    it('are not used up by a start that is refused', async () => {
      bench.simulator.fault({ kind: 'ignored' });
      expect((await start('LPAR2')).status).toBe(409);
      expect(bench.simulator.faults.list()).toHaveLength(1);
    });

    it('strike the polls of one partition, when asked', async () => {
      const accepted = await start();
      bench.simulator.fault({ kind: 'unavailable', path: '/api/jobs/*', partition: 'LPAR1' });
      expect((await job(accepted)).status).toBe(503);
      expect((await job(accepted)).status).toBe(200);
    });
  });

  it('strike at several points of one request', async () => {
    bench.simulator.fault({ kind: 'job-failed' });
    bench.simulator.fault({ kind: 'answer-lost', partition: 'LPAR1' });
    await expect(start()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(lastEntry()).toMatchObject({ faults: ['job-failed', 'answer-lost'] });
  });

  it('may come from the inventory', async () => {
    const other = await HmcBench.start(smallInventory({ faults: [{ kind: 'unavailable', path: '/api/version' }] }));
    try {
      expect((await other.client.send('GET', '/api/version')).status).toBe(503);
      expect((await other.client.send('GET', '/api/version')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  it('are checked when added', () => {
    expect(() => bench.simulator.fault({ kind: 'error', status: 99, reason: 1 })).toThrow(/status/);
    expect(() => bench.simulator.fault({ kind: 'busy', tiems: 2 } as never)).toThrow(/tiems/);
  });
});
