import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { machineInventory, MachineBench } from './machine-bench.js';

const names = (items: unknown): string[] => (items as { name: string }[]).map(({ name }) => name);

describe('adapters and virtual switches', () => {
  let bench: MachineBench;

  beforeEach(async () => {
    bench = await MachineBench.start();
  });
  afterEach(() => bench.stop());

  const listed = async (query: string) =>
    names((await bench.get(`${await bench.cpcUri()}/adapters?${query}`))['adapters']);

  it('are listed by what is asked', async () => {
    expect(await listed('')).toEqual(['osa1', 'osa2', 'hs1', 'roce1', 'fcp1', 'spare', 'crypto1']);
    expect(await listed('adapter-family=osa&name=.*1')).toEqual(['osa1']);
    expect(await listed('type=fcp')).toEqual(['fcp1']);
    expect(await listed('adapter-id=1.*&status=not-active')).toEqual([]);
    bench.simulator.setAdapterStatus('fcp1', 'not-active', 'CPC1');
    expect(await listed('status=not-active')).toEqual(['fcp1']);
    const [item] = (await bench.get(`${await bench.cpcUri()}/adapters?additional-properties=port-count`))[
      'adapters'
    ] as object[];
    expect(item).toEqual({
      'object-uri': expect.stringMatching(/^\/api\/adapters\//),
      name: 'osa1',
      'adapter-id': '100',
      'adapter-family': 'osa',
      type: 'osd',
      status: 'active',
      'port-count': 2,
    });
  });

  it('are listed across CPCs, to those who may see them', async () => {
    const all = await bench.get('/api/console/operations/list-permitted-adapters?name=osa1');
    expect(all['adapters']).toMatchObject([
      { name: 'osa1', 'cpc-name': 'CPC1', 'se-version': '2.16.0' },
      { name: 'osa1', 'cpc-name': 'CPC2', 'se-version': '2.17.0' },
    ]);
    const tenant = bench.as(await bench.hmc.client.logOn('tenant', 'secret-of-tenant'));
    const visible = await tenant.get('/api/console/operations/list-permitted-adapters');
    expect(names(visible['adapters'])).toEqual(['osa1', 'fcp1']);
    expect(await tenant.code('GET', await bench.part('adapters', 'osa2'))).toBe('404,1');
    expect(await tenant.code('GET', await bench.part('virtual-switches', 'hs1'))).toBe('404,1');
    expect(await tenant.code('GET', await bench.part('virtual-switches', 'vs2'))).toBe('200');
  });

  it('have ports: network, storage, none; those of an unconfigured card do not answer', async () => {
    const [osa, fcp, spare, crypto] = await Promise.all(
      ['osa1', 'fcp1', 'spare', 'crypto1'].map((name) => bench.part('adapters', name)),
    );
    expect(await bench.get(osa ?? '')).toMatchObject({
      class: 'adapter',
      'network-port-uris': [`${osa}/network-ports/0`, `${osa}/network-ports/1`],
      'used-capacity': 1,
    });
    expect(await bench.get(`${osa}/network-ports/1`)).toMatchObject({ class: 'network-port', index: 1, parent: osa });
    expect(await bench.get(`${fcp}/storage-ports/0`)).toMatchObject({ class: 'storage-port', index: 0 });
    expect(await bench.code('GET', `${osa}/network-ports/2`)).toBe('404,1');
    expect(await bench.code('GET', `${osa}/storage-ports/0`)).toBe('404,1');
    expect(await bench.code('GET', `${spare}/storage-ports/0`)).toBe('404,4');
    expect(await bench.get(crypto ?? '')).not.toHaveProperty('storage-port-uris');
  });

  it('say which partitions use them', async () => {
    const osa = await bench.part('adapters', 'osa1');
    const path = `${osa}/operations/get-partitions-assigned-to-adapter`;
    expect(await bench.get(path)).toEqual({
      'partitions-assigned-to-adapter': [{ 'object-uri': bench.uri('LPAR1'), name: 'LPAR1', status: 'stopped' }],
    });
    expect(await bench.get(`${path}?status=active`)).toEqual({ 'partitions-assigned-to-adapter': [] });
  });

  it('make virtual switches of OSA and HiperSockets ports, until z17', async () => {
    const cpc = await bench.cpcUri();
    const list = (await bench.get(`${cpc}/virtual-switches`))['virtual-switches'];
    expect(names(list)).toEqual(['vs1', 'vs2', 'osa2', 'hs1']);
    expect(names((await bench.get(`${cpc}/virtual-switches?type=hipersockets`))['virtual-switches'])).toEqual(['hs1']);
    expect(await bench.get(await bench.part('virtual-switches', 'vs2'))).toMatchObject({
      class: 'virtual-switch',
      type: 'osd',
      'backing-adapter-uri': await bench.part('adapters', 'osa1'),
      port: 1,
      'connected-vnic-uris': [],
    });
    expect(await bench.code('GET', `${await bench.cpcUri('CPC2')}/virtual-switches`)).toBe('404,4');
    expect(await bench.code('GET', `${await bench.cpcUri('CPC3')}/virtual-switches`)).toBe('409,5');
    expect(await bench.code('GET', `${await bench.cpcUri('CPC3')}/adapters`)).toBe('409,5');
  });

  it('degrade the partitions that need them, and heal them', async () => {
    await bench.power('start', 'LPAR1');
    expect(bench.simulator.status('LPAR1')).toBe('active');
    bench.simulator.setAdapterStatus('osa1', 'not-active', 'CPC1');
    expect(bench.simulator.status('LPAR1')).toBe('degraded');
    expect(await bench.get(`${bench.uri('LPAR1')}?properties=degraded-adapters`)).toEqual({
      'degraded-adapters': [await bench.part('adapters', 'osa1')],
    });
    bench.simulator.setAdapterStatus('osa1', 'active', 'CPC1');
    expect(bench.simulator.status('LPAR1')).toBe('active');
    await bench.power('stop', 'LPAR1');
    bench.simulator.setAdapterStatus('osa1', 'service', 'CPC1');
    expect(bench.simulator.status('LPAR1')).toBe('stopped');
    await bench.power('start', 'LPAR1');
    expect(bench.simulator.status('LPAR1')).toBe('degraded');
  });
});

describe('a CPC of which only the name is said', () => {
  it('has two OSA, one HiperSockets, two FCP and one crypto adapter', async () => {
    const bench = await MachineBench.start(machineInventory({ adapters: undefined, partitions: [] }));
    try {
      const { adapters } = await bench.get(`${await bench.cpcUri()}/adapters`);
      expect((adapters as { type: string }[]).map(({ type }) => type)).toEqual([
        'osd',
        'osd',
        'hipersockets',
        'fcp',
        'fcp',
        'crypto',
      ]);
    } finally {
      await bench.stop();
    }
  });
});
