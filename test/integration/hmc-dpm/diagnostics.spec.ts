import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { failureOf, HmcDpmBench } from './hmc-dpm-bench.js';

const CONTEXT = '/api/services/metrics/context';

let bench: HmcDpmBench;
beforeEach(async () => {
  bench = await HmcDpmBench.start();
});
afterEach(async () => {
  await bench.stop();
});

async function diagnostics(name: string) {
  const { getDiagnostics } = bench.host.operations;
  if (getDiagnostics === undefined) throw new Error('no diagnostics');
  return await getDiagnostics(bench.context(), name);
}

/** Contexts that were made and deleted. */
const contexts = () => ({
  made: bench.simulator.wireLog.count({ method: 'POST', path: CONTEXT, executed: true }),
  deleted: bench.simulator.wireLog.count({ method: 'DELETE', path: `${CONTEXT}/*`, executed: true }),
});

describe('what a partition uses', () => {
  test('is measured by the HMC, in four requests, and the context is deleted', async () => {
    await bench.host.resolve(bench.context(), 'on');
    const since = bench.simulator.wireLog.last;
    const found = await diagnostics('on');
    expect(found).toMatchObject({
      name: 'on',
      id: bench.idOf('on'),
      state: { powerState: 'running' },
      uptimeS: null,
      memoryUsedMib: null,
      cpus: [],
      disks: [],
    });
    expect(found.memoryMib).toBeGreaterThan(0);
    expect(found.native['processor_usage_percent']).toEqual(expect.any(Number));
    expect(bench.requests(since).map((line) => line.replace(/context\/.*/, 'context/{id}'))).toEqual([
      'GET /api/console/operations/list-permitted-partitions',
      `POST ${CONTEXT}`,
      `GET ${CONTEXT}/{id}`,
      `DELETE ${CONTEXT}/{id}`,
    ]);
    expect(contexts()).toEqual({ made: 1, deleted: 1 });
  });

  test('counts what its NICs move, in one request more', async () => {
    await bench.stop();
    const nics = [{ name: 'eth0', adapter: 'OSD 0100 Z22B-01', mac: '02:00:00:00:00:01' }];
    const users = [{ name: 'zenova', password: 'secret-of-zenova' }];
    const partitions = [
      { name: 'on', status: 'active' as const, nics },
      { name: 'other', status: 'active' as const, nics: [{ name: 'eth1', adapter: 'IQD 07C0' }] },
    ];
    bench = await HmcDpmBench.start({ inventory: { users, cpcs: [{ name: 'CPC1', mode: 'dpm', partitions }] } });
    await bench.host.resolve(bench.context(), 'on');
    const since = bench.simulator.wireLog.last;
    const found = await diagnostics('on');
    expect(found.nics).toHaveLength(1);
    expect(found.nics[0]).toMatchObject({ device: 'eth0', mac: '02:00:00:00:00:01', rxDrops: 0, rxErrors: null });
    expect(found.nics[0]?.txBytes).toBeGreaterThan(0);
    expect(bench.requests(since)).toHaveLength(5);
    expect(contexts()).toEqual({ made: 1, deleted: 1 });
  });

  test.each([
    ['the metrics are cut off', { kind: 'truncated-json', method: 'GET' }],
    ['the HMC is not ready', { kind: 'unavailable', method: 'GET' }],
    ['a web page comes', { kind: 'html-error', method: 'GET', when: 'after' }],
    ['the answer is lost', { kind: 'answer-lost', method: 'GET' }],
  ] as const)('leaves no context behind when %s', async (_, fault) => {
    bench.simulator.fault({ ...fault, path: `${CONTEXT}/*` });
    await diagnostics('on').catch(() => undefined);
    expect(contexts()).toEqual({ made: 1, deleted: 1 });
  });

  test.each([
    [404, 1],
    [403, 1],
    [400, 7],
  ])('is its size alone where the HMC gives no metrics: %d,%d', async (status, reason) => {
    bench.simulator.fault({ kind: 'error', method: 'POST', path: CONTEXT, status, reason });
    const found = await diagnostics('on');
    expect(found).toMatchObject({ native: {}, nics: [] });
    expect(found.memoryMib).toBeGreaterThan(0);
  });

  test('of a partition that nobody has is not told', async () => {
    await expect(failureOf(diagnostics('nobody'))).resolves.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
    expect(contexts().made).toBe(0);
  });
});
