import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { machineInventory, MachineBench } from './machine-bench.js';

describe('NICs', () => {
  let bench: MachineBench;
  let vs1: string;
  let nics: string;

  beforeEach(async () => {
    bench = await MachineBench.start();
    vs1 = await bench.part('virtual-switches', 'vs1');
    nics = `${bench.uri('LPAR2')}/nics`;
  });
  afterEach(() => bench.stop());

  it('from the inventory are there, with what it leaves out', async () => {
    const { 'nic-uris': uris } = await bench.get(bench.uri('LPAR1'));
    const [uri = ''] = uris as string[];
    expect(await bench.get(uri)).toMatchObject({
      'element-uri': uri,
      class: 'nic',
      parent: bench.uri('LPAR1'),
      name: 'boot',
      type: 'osd',
      'virtual-switch-uri': vs1,
      'network-adapter-port-uri': null,
      'device-number': '0001',
      'mac-address': '02:00:00:00:00:01',
      'vlan-id': 7,
    });
    expect(await bench.get(`${bench.uri('LPAR1')}?properties=boot-network-device`)).toEqual({
      'boot-network-device': uri,
    });
  });

  it('are created on a virtual switch, with a device number and a MAC address of the HMC', async () => {
    const first = await bench.nic('LPAR2', { name: 'a', 'virtual-switch-uri': vs1 });
    const second = await bench.nic('LPAR2', { name: 'b', 'virtual-switch-uri': vs1, 'vlan-id': 100, description: 'B' });
    const [a, b] = [await bench.get(first), await bench.get(second)];
    expect(a).toMatchObject({ name: 'a', type: 'osd', 'device-number': '0001', 'vlan-id': null, description: '' });
    // A qeth device takes three numbers.
    expect(b).toMatchObject({ name: 'b', 'device-number': '0004', 'vlan-id': 100, description: 'B' });
    expect(a['mac-address']).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(b['mac-address']).not.toBe(a['mac-address']);
    expect(await bench.get(`${bench.uri('LPAR2')}?properties=nic-uris`)).toEqual({ 'nic-uris': [first, second] });
    const connected = await bench.get(`${vs1}/operations/get-connected-vnics`);
    expect(connected['connected-vnic-uris']).toEqual(expect.arrayContaining([first, second]));
    expect(connected['connected-vnic-uris']).toHaveLength(3);
  });

  it('take what they are given', async () => {
    const given = { name: 'a', 'virtual-switch-uri': vs1, 'device-number': '0a10', 'mac-address': '02:AB:00:00:00:99' };
    expect(await bench.get(await bench.nic('LPAR2', given))).toMatchObject({
      'device-number': '0A10',
      'mac-address': '02:ab:00:00:00:99',
    });
  });

  it('on HiperSockets are iqd, on RoCE they have a port in place of a switch', async () => {
    const hs = await bench.part('virtual-switches', 'hs1');
    const port = `${await bench.part('adapters', 'roce1')}/network-ports/1`;
    expect(await bench.get(await bench.nic('LPAR2', { name: 'a', 'virtual-switch-uri': hs }))).toMatchObject({
      type: 'iqd',
    });
    expect(await bench.get(await bench.nic('LPAR2', { name: 'b', 'network-adapter-port-uri': port }))).toMatchObject({
      type: 'roce',
      'network-adapter-port-uri': port,
      'virtual-switch-uri': null,
    });
  });

  it('from z17 on have ports only', async () => {
    const port = `${await bench.part('adapters', 'osa1', 'CPC2')}/network-ports/0`;
    const uri = await bench.nic('next', { name: 'a', 'network-adapter-port-uri': port }, 'CPC2');
    expect(await bench.get(uri)).toMatchObject({ type: 'osd', 'network-adapter-port-uri': port });
    const path = `${bench.uri('next', 'CPC2')}/nics`;
    expect(await bench.code('POST', path, { name: 'b', 'virtual-switch-uri': vs1 })).toBe('404,2');
    expect(await bench.code('POST', path, { name: 'b' })).toBe('400,5');
  });

  it.each([
    ['without a name', () => ({ 'virtual-switch-uri': vs1 }), '400,5'],
    ['without a backing', () => ({ name: 'a' }), '400,5'],
    ['on two backings', () => ({ name: 'a', 'virtual-switch-uri': vs1, 'network-adapter-port-uri': vs1 }), '400,7'],
    ['on a switch that is none', () => ({ name: 'a', 'virtual-switch-uri': '/api/virtual-switches/none' }), '404,2'],
    [
      'on an adapter that is none',
      () => ({ name: 'a', 'network-adapter-port-uri': '/api/adapters/x/network-ports/0' }),
      '404,2',
    ],
    [
      'with a device number that is none',
      () => ({ name: 'a', 'virtual-switch-uri': vs1, 'device-number': '12G4' }),
      '400,7',
    ],
    [
      'with a multicast MAC address',
      () => ({ name: 'a', 'virtual-switch-uri': vs1, 'mac-address': '03:00:00:00:00:02' }),
      '400,7',
    ],
    [
      'with the MAC address of another',
      () => ({ name: 'a', 'virtual-switch-uri': vs1, 'mac-address': '02:00:00:00:00:01' }),
      '400,8',
    ],
    ['with VLAN 5000', () => ({ name: 'a', 'virtual-switch-uri': vs1, 'vlan-id': 5000 }), '400,7'],
    [
      'for Secure Service Containers',
      () => ({ name: 'a', 'virtual-switch-uri': vs1, 'ssc-management-nic': true }),
      '400,7',
    ],
    ['with a type', () => ({ name: 'a', 'virtual-switch-uri': vs1, type: 'osd' }), '400,6'],
    ['with a name that objects inherit', () => ({ name: 'a', 'virtual-switch-uri': vs1, constructor: 1 }), '400,6'],
  ])('are refused %s', async (_how, fields, code) => {
    expect(await bench.code('POST', nics, fields())).toBe(code);
    expect(await bench.get(`${bench.uri('LPAR2')}?properties=nic-uris`)).toEqual({ 'nic-uris': [] });
  });

  it('are refused on adapters and ports that are not for them', async () => {
    const on = async (adapter: string, port: number, cpc = 'CPC1') =>
      bench.code('POST', nics, {
        name: 'a',
        'network-adapter-port-uri': `${await bench.part('adapters', adapter, cpc)}/network-ports/${port}`,
      });
    expect(await on('roce1', 7)).toBe('404,6');
    expect(await on('osa1', 0)).toBe('400,18');
    expect(await on('fcp1', 0)).toBe('400,18');
    expect(await on('roce1', 0, 'CPC2')).toBe('404,2');
  });

  it('share neither name nor device number with another of the partition', async () => {
    await bench.nic('LPAR2', { name: 'a', 'virtual-switch-uri': vs1, 'device-number': '0100' });
    expect(await bench.code('POST', nics, { name: 'a', 'virtual-switch-uri': vs1 })).toBe('400,8');
    expect(await bench.code('POST', nics, { name: 'b', 'virtual-switch-uri': vs1, 'device-number': '0100' })).toBe(
      '400,8',
    );
    const b = await bench.nic('LPAR2', { name: 'b', 'virtual-switch-uri': vs1 });
    expect(await bench.code('POST', b, { name: 'a' })).toBe('400,8');
    expect(await bench.code('POST', b, { 'device-number': '0100' })).toBe('400,8');
    expect(await bench.code('POST', b, { name: 'b', 'device-number': '0101' })).toBe('204');
  });

  it('are changed, and moved to another switch', async () => {
    const uri = await bench.nic('LPAR2', { name: 'a', 'virtual-switch-uri': vs1 });
    const vs2 = await bench.part('virtual-switches', 'vs2');
    await bench.ask('POST', uri, { name: 'renamed', 'virtual-switch-uri': vs2, 'vlan-id': 12 }, [204]);
    expect(await bench.get(uri)).toMatchObject({ name: 'renamed', 'virtual-switch-uri': vs2, 'vlan-id': 12 });
    expect(await bench.get(`${vs2}/operations/get-connected-vnics`)).toEqual({ 'connected-vnic-uris': [uri] });
    expect(await bench.code('POST', uri, { type: 'roce' })).toBe('400,6');
    expect(await bench.code('POST', uri, { 'virtual-switch-uri': '/api/virtual-switches/none' })).toBe('404,2');
  });

  it('come and go while the partition runs, but keep their MAC address', async () => {
    bench.simulator.setStatus('LPAR2', 'active');
    const uri = await bench.nic('LPAR2', { name: 'a', 'virtual-switch-uri': vs1 });
    expect(await bench.code('POST', uri, { 'vlan-id': 5 })).toBe('204');
    expect(await bench.code('POST', uri, { 'mac-address': '02:00:00:00:00:77' })).toBe('409,1');
    expect(await bench.code('DELETE', uri)).toBe('204');
    expect(await bench.code('GET', uri)).toBe('404,1');
    expect(await bench.code('DELETE', uri)).toBe('404,1');
  });

  it('do not change while the partition starts or stops, or is busy', async () => {
    const moving = `${bench.uri('moving')}/nics`;
    expect(await bench.code('POST', moving, { name: 'a', 'virtual-switch-uri': vs1 })).toBe('409,1');
    const { 'nic-uris': uris } = await bench.get(bench.uri('LPAR1'));
    const [uri = ''] = uris as string[];
    await bench.ask('POST', `${bench.uri('LPAR1')}/operations/start`);
    expect(await bench.code('DELETE', uri)).toBe('409,1');
    bench.hmc.clock.advance(2000);
    expect(await bench.code('DELETE', uri)).toBe('409,2');
    bench.hmc.clock.advance(500);
    expect(await bench.code('DELETE', uri)).toBe('204');
  });

  it('that a partition would boot from leave it without a boot device', async () => {
    const { 'nic-uris': uris } = await bench.get(bench.uri('LPAR1'));
    const [uri = ''] = uris as string[];
    await bench.ask('DELETE', uri, undefined, [204]);
    expect(await bench.get(bench.uri('LPAR1'))).toMatchObject({
      'nic-uris': [],
      'boot-device': 'none',
      'boot-network-device': null,
    });
  });

  it('need the task, and object access to partition and adapter', async () => {
    const reader = bench.as(await bench.hmc.client.logOn('reader', 'secret-of-reader'));
    const tenant = bench.as(await bench.hmc.client.logOn('tenant', 'secret-of-tenant'));
    const [uri = ''] = (await bench.get(bench.uri('LPAR1')))['nic-uris'] as string[];
    expect(await reader.code('GET', uri)).toBe('200');
    expect(await reader.code('POST', uri, { name: 'x' })).toBe('403,1');
    expect(await reader.code('DELETE', uri)).toBe('403,1');
    expect(await reader.code('POST', nics, { name: 'a', 'virtual-switch-uri': vs1 })).toBe('403,1');
    expect(await tenant.code('POST', nics, { name: 'a', 'virtual-switch-uri': vs1 })).toBe('404,1');
    const own = `${bench.uri('LPAR1')}/nics`;
    expect(await tenant.code('POST', own, { name: 'a', 'virtual-switch-uri': vs1 })).toBe('201');
    const hidden = await bench.part('virtual-switches', 'hs1');
    expect(await tenant.code('POST', own, { name: 'b', 'virtual-switch-uri': hidden })).toBe('404,2');
  });
});

describe('NICs of older HMCs', () => {
  it.each([
    ['2.1', { 'vlan-id': 5 }, '400,6'],
    ['2.2', { 'vlan-id': 5 }, '201'],
    ['2.2', { 'mac-address': '02:00:00:00:00:99' }, '400,6'],
    ['2.20', { 'mac-address': '02:00:00:00:00:99', 'vlan-type': null }, '201'],
    ['2.23', { 'function-number': 1 }, '400,6'],
    ['3.4', { 'function-number': 1 }, '201'],
  ])('API %s answers %p with %s', async (version, fields, code) => {
    const bench = await MachineBench.start(machineInventory({ generation: 'z14' }, { hmc: { api_version: version } }));
    try {
      const vs1 = await bench.part('virtual-switches', 'vs1');
      const path = `${bench.uri('LPAR2')}/nics`;
      expect(await bench.code('POST', path, { name: 'a', 'virtual-switch-uri': vs1, ...fields })).toBe(code);
    } finally {
      await bench.stop();
    }
  });
});
