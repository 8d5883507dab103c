import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HmcBench } from './hmc-bench.js';

describe('metrics contexts', () => {
  let bench: HmcBench;
  let session: string;

  beforeEach(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
  });
  afterEach(() => bench.stop());

  const create = (json: unknown, who = session) =>
    bench.client.send('POST', '/api/services/metrics/context', { session: who, json });
  const read = (uri: unknown, who = session) => bench.client.send('GET', String(uri), { session: who });

  it('give the figures of running partitions as text, in the order of their metric-infos', async () => {
    const { json } = await create({ 'anticipated-frequency-seconds': 15, 'metric-groups': ['partition-usage'] });
    const names = ['processor-usage', 'network-usage', 'storage-usage', 'accelerator-usage', 'crypto-usage'];
    expect(json?.['metric-group-infos']).toEqual([
      {
        'group-name': 'partition-usage',
        'metric-infos': names.map((name) => ({
          'metric-name': name,
          'metric-type': 'integer-metric',
          'metric-unit': 'percent',
        })),
      },
    ]);
    const answer = await read(json?.['metrics-context-uri']);
    expect(answer.headers['content-type']).toBe('application/vnd.ibm-z-zmanager-metrics');
    const block = (name: string) => `"${bench.uri(name)}"\n${bench.clock.now()}\n\\d+(,\\d+){4}\n\n`;
    expect(answer.text).toMatch(new RegExp(`^"partition-usage"\n${block('LPAR2')}${block('db.prod')}\n\n$`));
    expect((await read(json?.['metrics-context-uri'])).text).toBe(answer.text);
  });

  it('have all groups unless some are named', async () => {
    const { json } = await create({ 'anticipated-frequency-seconds': 60 });
    const { text } = await read(json?.['metrics-context-uri']);
    for (const name of [
      'dpm-system-usage-overview',
      'partition-usage',
      'network-physical-adapter-port',
      'partition-attached-network-interface',
    ]) {
      expect(text).toContain(`"${name}"\n`);
    }
  });

  it('show what the user sees', async () => {
    const tenant = await bench.client.logOn('tenant', 'secret-of-tenant');
    bench.simulator.setStatus('LPAR1', 'active', 'CPC1');
    const { json } = await create({ 'anticipated-frequency-seconds': 15 }, tenant);
    const { text } = await read(json?.['metrics-context-uri'], tenant);
    expect(text).toContain(bench.uri('LPAR1'));
    expect(text).not.toContain(bench.uri('LPAR2'));
    expect(text).not.toContain('/api/cpcs/');
  });

  it('belong to one session and end with it, or when deleted', async () => {
    const uri = (await create({ 'anticipated-frequency-seconds': 15 })).json?.['metrics-context-uri'];
    const other = await bench.client.logOn();
    expect((await read(uri, other)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    expect((await bench.client.send('DELETE', String(uri), { session })).status).toBe(204);
    expect((await read(uri)).json).toMatchObject({ 'http-status': 404, reason: 1 });
  });

  it.each([
    [{}, 5],
    [{ 'anticipated-frequency-seconds': 1 }, 7],
    [{ 'anticipated-frequency-seconds': 15, 'metric-groups': ['none'] }, 7],
    [{ 'anticipated-frequency-seconds': 15, 'metric-groups': 'all' }, 7],
    [{ 'anticipated-frequency-seconds': 15, groups: [] }, 6],
  ])('refuse %p with 400,%d', async (json, reason) => {
    expect((await create(json)).json).toMatchObject({ 'http-status': 400, reason });
  });
});
