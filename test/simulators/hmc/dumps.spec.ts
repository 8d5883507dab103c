import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { machineInventory, MachineBench } from './machine-bench.js';

describe('dumps', () => {
  let bench: MachineBench;
  let path: string;
  let volume: string;
  let request: Record<string, unknown>;

  beforeEach(async () => {
    const partitions = [{ name: 'LPAR1', status: 'terminated' as const }];
    const volumes = [{ name: 'dump', size_gib: 8 }];
    const groups = [{ name: 'dumps', cpc: 'CPC1', attached_to: ['LPAR1'], volumes }];
    bench = await MachineBench.start(machineInventory({ partitions }, { storage_groups: groups }));
    path = `${bench.uri('LPAR1')}/operations/start-dump-program`;
    const { 'storage-group-uris': uris } = await bench.get(bench.uri('LPAR1'));
    const { 'storage-volume-uris': inGroup } = await bench.get((uris as string[])[0] ?? '');
    volume = (inGroup as string[])[0] ?? '';
    request = { 'dump-program-type': 'storage', 'dump-program-info': { 'storage-volume-uri': volume } };
  });
  afterEach(() => bench.stop());

  it('take their time and leave the partition paused', async () => {
    const { 'job-uri': job } = await bench.ask('POST', path, request, [202]);
    expect(bench.simulator.status('LPAR1')).toBe('terminated');
    expect(await bench.code('POST', path, request)).toBe('409,2');
    expect(await bench.code('POST', `${String(job)}/operations/cancel`)).toBe('404,4');
    bench.hmc.clock.advance(700);
    expect(await bench.get(String(job))).toMatchObject({ status: 'complete', 'job-status-code': 204 });
    expect(bench.simulator.partitions('LPAR1')).toMatchObject([
      { status: 'paused', dumps: [{ volumeUri: volume, of: 'terminated' }] },
    ]);
  });

  it('fail when a fault says so', async () => {
    bench.simulator.fault({ kind: 'job-failed', path: '*/start-dump-program', status: 409, reason: 7 });
    const { 'job-uri': job } = await bench.ask('POST', path, request);
    bench.hmc.clock.advance(700);
    expect(await bench.get(String(job))).toMatchObject({ 'job-status-code': 409, 'job-reason-code': 7 });
    expect(bench.simulator.status('LPAR1')).toBe('terminated');
  });

  it.each([
    [() => ({}), '400,5'],
    [() => ({ ...request, 'dump-program-type': 'tape' }), '400,7'],
    [() => ({ 'dump-program-type': 'storage' }), '400,5'],
    [() => ({ ...request, 'dump-program-info': {} }), '400,5'],
    [() => ({ ...request, 'dump-program-info': { 'storage-volume-uri': `${volume}x` } }), '404,2'],
    [() => ({ ...request, 'dump-program-info': { 'storage-volume-uri': volume, 'dump-lun': 1 } }), '400,6'],
    [() => ({ ...request, more: true }), '400,6'],
  ])('are refused for what they lack (case %#)', async (body, code) => {
    expect(await bench.code('POST', path, body())).toBe(code);
    expect(bench.simulator.partitions('LPAR1')).toMatchObject([{ dumps: [] }]);
  });

  it('are for partitions that have something to dump, for those with the task, from API 2.23', async () => {
    bench.simulator.setStatus('LPAR1', 'stopped');
    expect(await bench.code('POST', path, request)).toBe('409,1');
    const reader = bench.as(await bench.hmc.client.logOn('reader', 'secret-of-reader'));
    expect(await reader.code('POST', path, request)).toBe('403,1');
    const old = await MachineBench.start(machineInventory({}, { hmc: { api_version: '2.20' } }));
    try {
      expect(await old.code('POST', `${old.uri('LPAR1')}/operations/start-dump-program`, request)).toBe('404,1');
    } finally {
      await old.stop();
    }
  });
});
