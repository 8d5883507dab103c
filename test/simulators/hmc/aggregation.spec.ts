import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { machineInventory, MachineBench } from './machine-bench.js';

const SUBMIT = '/api/services/aggregation/submit';

describe('aggregation', () => {
  let bench: MachineBench;

  beforeEach(async () => {
    bench = await MachineBench.start();
  });
  afterEach(() => bench.stop());

  const submit = async (requests: unknown[], threads = 10) => {
    const answer = await bench.hmc.client.send('POST', SUBMIT, { session: bench.session, json: { requests, threads } });
    expect(answer.status).toBe(200);
    return answer.json as unknown as { id: string; status: number; body?: Record<string, unknown> }[];
  };

  it('carries out requests of every kind, each with a status of its own, in an order of its own', async () => {
    const uri = bench.uri('LPAR2');
    const requests = bench.simulator.wireLog.count();
    const results = await submit([
      { method: 'GET', uri: `${uri}?properties=name,status`, id: '1' },
      { method: 'GET', uri: `${uri}/nics/none`, id: '2' },
      { method: 'POST', uri, id: '3', body: { description: 'Changed' } },
      { method: 'POST', uri: `${uri}/operations/start`, id: '4' },
      { method: 'POST', uri, id: '5', body: { description: 'Too late' } },
    ]);
    expect(results.map(({ id }) => id)).not.toEqual(['1', '2', '3', '4', '5']);
    const byId = new Map(results.map((result) => [result.id, result]));
    expect(byId.get('1')).toMatchObject({ status: 200, body: { name: 'LPAR2', status: 'stopped' } });
    expect(byId.get('2')).toMatchObject({ status: 404, body: { reason: 1, 'request-uri': `${uri}/nics/none` } });
    expect(byId.get('3')).toEqual({ id: '3', status: 204, headers: {} });
    expect(byId.get('4')).toMatchObject({ status: 202, body: { 'job-uri': expect.any(String) } });
    expect(byId.get('5')).toMatchObject({ status: 409, body: { reason: 1 } });
    expect(bench.simulator.status('LPAR2')).toBe('starting');
    expect(bench.simulator.wireLog.count()).toBe(requests + 1);
  });

  it('does not carry out what needs a request of its own', async () => {
    const inner = [
      { method: 'POST', uri: '/api/sessions', id: '1', body: { userid: 'zenova', password: 'secret-of-zenova' } },
      { method: 'POST', uri: SUBMIT, id: '2', body: { requests: [] } },
      { method: 'POST', uri: `${bench.uri('LPAR2')}/operations/mount-iso-image?image-name=a&ins-file-name=b`, id: '3' },
      { method: 'GET', uri: '/simulator/state', id: '4' },
    ];
    expect((await submit(inner)).map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(bench.simulator.sessionCount()).toBe(1);
  });

  it('answers for the user of its session', async () => {
    const tenant = await bench.hmc.client.logOn('tenant', 'secret-of-tenant');
    const requests = [{ method: 'GET', uri: bench.uri('LPAR2'), id: '1' }];
    const answer = await bench.hmc.client.send('POST', SUBMIT, { session: tenant, json: { requests } });
    expect(answer.json).toMatchObject([{ id: '1', status: 404 }]);
    const stranger = await bench.hmc.client.send('POST', SUBMIT, { json: { requests } });
    expect(stranger.json).toMatchObject({ 'http-status': 403, reason: 4 });
  });

  it.each([
    [{}, '400,5'],
    [{ requests: {} }, '400,7'],
    [{ requests: [], threads: 11 }, '400,7'],
    [{ requests: [], threads: 0 }, '400,7'],
    [{ requests: [{ method: 'GET', uri: '/api/console' }] }, '400,5'],
    [{ requests: [{ method: 'GET', uri: 7, id: '1' }] }, '400,7'],
    [{ requests: ['GET'] }, '400,7'],
    [{ requests: [], order: 'given' }, '400,6'],
    [{ requests: [{ method: 'GET', uri: '/api/console', id: 'x'.repeat(256_000) }] }, '413,1'],
  ])('refuses a body that it cannot use (case %#)', async (body, code) => {
    expect(await bench.code('POST', SUBMIT, body)).toBe(code);
  });
});

describe('features and CPCs that are not managed', () => {
  const features = async (bench: MachineBench, uri: string) => {
    const answer = await bench.hmc.client.send('GET', `${uri}/operations/list-features`, { session: bench.session });
    return answer.json as unknown as string[];
  };

  it('are listed by name', async () => {
    const bench = await MachineBench.start(machineInventory({}, { hmc: { unmanaged_cpcs: ['CPC8', 'CPC9'] } }));
    try {
      expect(await features(bench, await bench.cpcUri('CPC1'))).not.toContain('network-express-support');
      expect(await features(bench, await bench.cpcUri('CPC2'))).toContain('network-express-support');
      expect(await features(bench, '/api/console')).toContain('report-a-problem');
      const path = '/api/console/operations/list-unmanaged-cpcs';
      expect((await bench.get(path))['cpcs']).toHaveLength(2);
      expect(await bench.get(`${path}?name=CPC9`)).toMatchObject({ cpcs: [{ name: 'CPC9' }] });
    } finally {
      await bench.stop();
    }
  });

  it('are unknown to an HMC before API 4.10', async () => {
    const bench = await MachineBench.start(machineInventory({}, { hmc: { api_version: '4.1' } }));
    try {
      expect(await bench.code('GET', '/api/console/operations/list-features')).toBe('404,1');
      expect(await bench.code('GET', `${await bench.cpcUri()}/operations/list-features`)).toBe('404,1');
    } finally {
      await bench.stop();
    }
  });

  it.each([
    ['z14', '3906', '2.14.1', ['dpm-storage-management'], 85],
    ['z15', '8561', '2.15.0', ['dpm-storage-management', 'dpm-fcp-tape-management'], 85],
    [
      'z17',
      '9175',
      '2.17.0',
      ['dpm-storage-management', 'dpm-fcp-tape-management', 'dpm-smcd-partition-link-management'],
      85,
    ],
  ] as const)('of a %s are those of its firmware', async (generation, type, seVersion, names, most) => {
    const bench = await MachineBench.start(machineInventory({ generation }));
    try {
      const cpc = await bench.get(await bench.cpcUri());
      expect(cpc).toMatchObject({ 'machine-type': type, 'se-version': seVersion, 'maximum-partitions': most });
      expect((cpc['available-features-list'] as { name: string }[]).map(({ name }) => name)).toEqual(names);
    } finally {
      await bench.stop();
    }
  });

  it('follow the machine type that is said', async () => {
    const properties = { 'machine-type': '8562', 'machine-model': 'LT2' };
    const bench = await MachineBench.start(machineInventory({ generation: 'z15', properties }));
    try {
      expect(await bench.get(await bench.cpcUri())).toMatchObject({ ...properties, 'maximum-partitions': 40 });
    } finally {
      await bench.stop();
    }
  });
});
