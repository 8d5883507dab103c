import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcBench, smallInventory } from './hmc-bench.js';

describe('logical partitions of a CPC in classic mode', () => {
  let bench: HmcBench;
  let session: string;
  let uris: Record<string, string>;

  beforeEach(async () => {
    bench = await HmcBench.start(
      smallInventory({
        timing: { activate_ms: 1000, deactivate_ms: 800, load_ms: 500, reset_ms: 100, settle_ms: 200 },
        cpcs: [
          { name: 'CPC1', mode: 'dpm', partitions: [{ name: 'LPAR1' }] },
          {
            name: 'CPC3',
            mode: 'classic',
            logical_partitions: [
              { name: 'PROD1', status: 'operating' },
              { name: 'TEST1', status: 'not-operating' },
              { name: 'SPARE' },
              { name: 'AUTO', load_at_activation: true },
            ],
          },
        ],
        users: [
          { name: 'zenova', password: 'secret-of-zenova' },
          { name: 'reader', password: 'secret-of-reader', tasks: ['deactivate'] },
        ],
      }),
    );
    session = await bench.client.logOn();
    const { json } = await bench.client.send('GET', '/api/console/operations/list-permitted-logical-partitions', {
      session,
    });
    const lpars = (json?.['logical-partitions'] ?? []) as Record<string, string>[];
    uris = Object.fromEntries(lpars.map((lpar) => [lpar['name'] ?? '', lpar['object-uri'] ?? '']));
  });
  afterEach(() => bench.stop());

  const send = (name: string, operation: string, json?: unknown, who = session) =>
    bench.client.send('POST', `${uris[name] ?? ''}/operations/${operation}`, {
      session: who,
      ...(json === undefined ? {} : { json }),
    });
  const read = async (name: string) => (await bench.client.send('GET', uris[name] ?? '', { session })).json;
  const status = async (name: string) => (await read(name))?.['status'];
  const jobOf = async (answer: { json: Record<string, unknown> | undefined }) =>
    (await bench.client.send('GET', String(answer.json?.['job-uri']), { session })).json;

  it('show what a job has done a while after it is complete', async () => {
    const answer = await send('SPARE', 'activate', { 'activation-profile-name': 'SPARE' });
    expect(answer.status).toBe(202);
    expect(await jobOf(answer)).toEqual({ status: 'running' });
    expect((await send('SPARE', 'activate')).json).toMatchObject({ 'http-status': 409, reason: 2 });
    bench.clock.advance(1000);
    expect(await jobOf(answer)).toMatchObject({ status: 'complete', 'job-status-code': 204 });
    expect(await status('SPARE')).toBe('not-activated');
    bench.clock.advance(200);
    expect(await status('SPARE')).toBe('not-operating');
  });

  it.each([
    ['AUTO', 'activate', undefined, 'operating'],
    ['PROD1', 'deactivate', { force: true }, 'not-activated'],
    ['TEST1', 'deactivate', undefined, 'not-activated'],
    ['TEST1', 'load', undefined, 'operating'],
    ['PROD1', 'load', { force: true }, 'operating'],
    ['PROD1', 'reset-clear', { force: true }, 'not-operating'],
    ['PROD1', 'reset-normal', { force: true }, 'not-operating'],
    ['PROD1', 'stop', undefined, 'not-operating'],
    ['TEST1', 'start', undefined, 'operating'],
    ['TEST1', 'psw-restart', undefined, 'operating'],
    [
      'TEST1',
      'scsi-load',
      {
        'load-address': '00100',
        'world-wide-port-name': '500507630b1004aa',
        'logical-unit-number': '4012403400000000',
      },
      'operating',
    ],
  ])('%s %s with %p ends %4$s', async (name, operation, json, end) => {
    expect((await send(name, operation, json)).status).toBe(202);
    bench.clock.advance(2000);
    expect(await status(name)).toBe(end);
  });

  it.each([
    ['PROD1', 'activate', undefined, 500, 263],
    ['PROD1', 'deactivate', { force: false }, 500, 263],
    ['PROD1', 'load', undefined, 500, 263],
    ['PROD1', 'reset-clear', undefined, 500, 263],
    ['SPARE', 'deactivate', { force: true }, 500, 263],
    ['SPARE', 'activate', { 'activation-profile-name': 'OTHER' }, 500, 263],
    ['SPARE', 'load', { force: true }, 409, 0],
    ['SPARE', 'start', undefined, 409, 0],
    ['TEST1', 'scsi-load', { 'load-address': '00100' }, 400, 5],
    ['TEST1', 'load', { speed: 'high' }, 400, 6],
    ['TEST1', 'load', { force: 'yes' }, 400, 7],
    ['TEST1', 'dance', undefined, 404, 1],
  ])('%s %s with %p is refused', async (name, operation, json, httpStatus, reason) => {
    const before = await status(name);
    expect((await send(name, operation, json)).json).toMatchObject({ 'http-status': httpStatus, reason });
    bench.clock.advance(5000);
    expect(await status(name)).toBe(before);
  });

  it('remember what they were loaded from', async () => {
    await send('TEST1', 'load', { 'load-address': '0A100', 'load-parameter': 'X' });
    bench.clock.advance(1000);
    expect(await read('TEST1')).toMatchObject({ 'last-used-load-address': '0A100', 'last-used-load-parameter': 'X' });
  });

  it('need their tasks, cannot be cancelled, and meet faults', async () => {
    const reader = await bench.client.logOn('reader', 'secret-of-reader');
    expect((await send('TEST1', 'load', undefined, reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    bench.simulator.fault({ kind: 'job-failed', partition: 'TEST1', status: 500, reason: 263 });
    const answer = await send('TEST1', 'load');
    const cancel = await bench.client.send('POST', `${String(answer.json?.['job-uri'])}/operations/cancel`, {
      session,
    });
    expect(cancel.json).toMatchObject({ 'http-status': 404, reason: 4 });
    bench.clock.advance(1000);
    expect(await jobOf(answer)).toMatchObject({ status: 'complete', 'job-status-code': 500, 'job-reason-code': 263 });
    expect(await status('TEST1')).toBe('not-operating');
    bench.simulator.fault({ kind: 'job-lost' });
    expect(await jobOf(await send('TEST1', 'load'))).toMatchObject({ 'http-status': 404, reason: 1 });
    bench.clock.advance(1000);
    expect(await status('TEST1')).toBe('operating');
  });

  it('boot an operating system that answers and halts', async () => {
    await send('TEST1', 'load');
    bench.clock.advance(1000);
    expect(bench.simulator.osMessages('TEST1').at(-1)?.text).toBe('TEST1 login: ');
    await send('TEST1', 'send-os-cmd', { 'operating-system-command-text': 'poweroff' });
    bench.clock.advance(1000);
    expect(await status('TEST1')).toBe('not-operating');
  });
});
