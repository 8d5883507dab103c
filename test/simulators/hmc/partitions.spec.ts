import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { machineInventory, MachineBench } from './machine-bench.js';

const smallest = { name: 'new', 'ifl-processors': 1, 'initial-memory': 1024, 'maximum-memory': 2048 };

describe('partitions that come and go', () => {
  let bench: MachineBench;
  let partitions: string;

  beforeEach(async () => {
    bench = await MachineBench.start();
    partitions = `${await bench.cpcUri()}/partitions`;
  });
  afterEach(() => bench.stop());

  it('are created stopped, with nothing to boot', async () => {
    const { 'object-uri': uri } = await bench.ask('POST', partitions, smallest, [201]);
    expect(await bench.get(String(uri))).toMatchObject({
      'object-uri': uri,
      class: 'partition',
      parent: await bench.cpcUri(),
      name: 'new',
      type: 'linux',
      status: 'stopped',
      'short-name': 'NEW',
      'ifl-processors': 1,
      'cp-processors': 0,
      'processor-mode': 'shared',
      'initial-ifl-processing-weight': 100,
      'initial-memory': 1024,
      'maximum-memory': 2048,
      'reserved-memory': 1024,
      'boot-device': 'none',
      'boot-timeout': 60,
      'nic-uris': [],
    });
    expect(await bench.get(`${partitions}?name=new`)).toMatchObject({ partitions: [{ 'object-uri': uri }] });
    await bench.power('start', 'new');
    expect(bench.simulator.status('new')).toBe('paused');
  });

  it('boot from a NIC once they have one', async () => {
    const { 'object-uri': uri } = await bench.ask('POST', partitions, smallest);
    const device = { 'boot-device': 'network-adapter' };
    expect(await bench.code('POST', String(uri), device)).toBe('400,5');
    const foreign = (await bench.get(bench.uri('LPAR1')))['nic-uris'] as string[];
    expect(await bench.code('POST', String(uri), { ...device, 'boot-network-device': foreign[0] })).toBe('404,2');
    const nic = await bench.nic('new', {
      name: 'net',
      'virtual-switch-uri': await bench.part('virtual-switches', 'vs1'),
    });
    await bench.ask('POST', String(uri), { ...device, 'boot-network-device': nic });
    await bench.power('start', 'new');
    expect(bench.simulator.status('new')).toBe('active');
    expect(bench.simulator.booted('new')).toMatchObject({
      device: 'network-adapter',
      nic: { uri: nic, name: 'net', mac: expect.stringMatching(/^02:/) },
      volume: null,
      iso: null,
    });
  });

  it.each([
    ['without a name', { name: undefined }, '400,5'],
    ['without memory', { 'initial-memory': undefined }, '400,5'],
    ['without processors', { 'ifl-processors': undefined }, '400,5'],
    ['with no processor at all', { 'ifl-processors': 0 }, '400,7'],
    ['with less memory at most than at first', { 'maximum-memory': 512 }, '400,7'],
    ['with a weight beyond its bounds', { 'maximum-ifl-processing-weight': 50 }, '400,7'],
    ['with the name of another', { name: 'LPAR1' }, '400,8'],
    ['with a name that is too long', { name: 'x'.repeat(65) }, '400,7'],
    ['of an unknown type', { type: 'aix' }, '400,7'],
    ['with a status', { status: 'active' }, '400,6'],
    ['with a property that nobody knows', { 'boot-order': [] }, '400,6'],
    ['with half a boot device', { 'boot-device': 'ftp', 'boot-ftp-host': 'ftp.example.com' }, '400,5'],
    ['with a load parameter of nine characters', { 'boot-load-parameters': '123456789' }, '400,7'],
    ['as a Secure Service Container without its host name', { type: 'ssc' }, '400,5'],
    ['with secure boot of z/VM', { type: 'zvm', 'secure-boot': true }, '400,7'],
  ])('are not created %s', async (_how, changes, code) => {
    const fields = JSON.parse(JSON.stringify({ ...smallest, ...changes })) as object;
    expect(await bench.code('POST', partitions, fields)).toBe(code);
    expect(bench.simulator.partitions('new')).toEqual([]);
  });

  it('are created as a Secure Service Container, whose password nobody reads', async () => {
    const ssc = { type: 'ssc', 'ssc-host-name': 'ssc1', 'ssc-master-userid': 'admin', 'ssc-master-pw': 'very-secret' };
    const { 'object-uri': uri } = await bench.ask('POST', partitions, { ...smallest, ...ssc });
    const properties = await bench.get(String(uri));
    expect(properties).toMatchObject({ type: 'ssc', 'ssc-host-name': 'ssc1' });
    expect(JSON.stringify(properties)).not.toContain('very-secret');
    await bench.power('start', 'new');
    expect(bench.simulator.status('new')).toBe('active');
  });

  it('are not created on a classic CPC, nor on one that is out of order, nor without the task', async () => {
    expect(await bench.code('POST', `${await bench.cpcUri('CPC3')}/partitions`, smallest)).toBe('409,5');
    const reader = bench.as(await bench.hmc.client.logOn('reader', 'secret-of-reader'));
    expect(await reader.code('POST', partitions, smallest)).toBe('403,1');
    expect(await reader.code('DELETE', bench.uri('LPAR2'))).toBe('403,1');
  });

  it('are seen by who may see everything, and by who created them', async () => {
    const tenant = bench.as(await bench.hmc.client.logOn('tenant', 'secret-of-tenant'));
    const { 'object-uri': others } = await bench.ask('POST', partitions, smallest);
    const { 'object-uri': own } = await tenant.ask('POST', partitions, { ...smallest, name: 'own' });
    expect(await tenant.code('GET', String(others))).toBe('404,1');
    expect(await tenant.code('GET', String(own))).toBe('200');
    expect(await bench.code('GET', String(own))).toBe('200');
    const { partitions: seen } = await tenant.get('/api/console/operations/list-permitted-partitions');
    expect((seen as { name: string }[]).map(({ name }) => name)).toEqual(['LPAR1', 'own']);
    // A name that is granted is a grant of the object that had it, not of a new one.
    await bench.ask('POST', bench.uri('LPAR1'), { name: 'moved' });
    await bench.ask('POST', String(others), { name: 'LPAR1' });
    expect(await tenant.code('GET', String(others))).toBe('404,1');
    expect(await tenant.code('GET', bench.uri('moved'))).toBe('200');
  });

  it('are deleted when stopped, with their NICs', async () => {
    const uri = bench.uri('LPAR1');
    const [nic = ''] = (await bench.get(uri))['nic-uris'] as string[];
    bench.simulator.setStatus('LPAR1', 'active');
    expect(await bench.code('DELETE', uri)).toBe('409,1');
    bench.simulator.setStatus('LPAR1', 'paused');
    expect(await bench.code('DELETE', uri)).toBe('409,1');
    bench.simulator.setStatus('LPAR1', 'stopped');
    expect(await bench.code('DELETE', uri)).toBe('204');
    for (const gone of [uri, nic]) expect(await bench.code('GET', gone)).toBe('404,1');
    expect(await bench.code('DELETE', uri)).toBe('404,1');
    const vs1 = await bench.part('virtual-switches', 'vs1');
    expect(await bench.get(`${vs1}/operations/get-connected-vnics`)).toEqual({ 'connected-vnic-uris': [] });
    expect(await bench.code('POST', partitions, { ...smallest, name: 'LPAR1' })).toBe('201');
  });

  it('are told of when left over, beside NICs, images and jobs', async () => {
    expect(bench.simulator.leftovers()).toMatchObject({ partitions: [], nics: [], iso_images: [], jobs: [] });
    const { 'object-uri': uri } = await bench.ask('POST', partitions, smallest);
    const vs1 = await bench.part('virtual-switches', 'vs1');
    const nic = await bench.nic('new', { name: 'net', 'virtual-switch-uri': vs1 });
    const { 'job-uri': job } = await bench.ask('POST', `${String(uri)}/operations/start`);
    expect(bench.simulator.leftovers()).toMatchObject({
      partitions: ['CPC1/new'],
      nics: ['CPC1/new/net'],
      jobs: [`${String(job)} of new`],
    });
    const shown = await bench.hmc.client.send('GET', '/simulator/leftovers');
    expect(shown.json).toEqual(bench.simulator.leftovers());
    bench.hmc.clock.advance(10_000);
    await bench.ask('DELETE', String(job));
    await bench.ask('DELETE', nic);
    await bench.power('stop', 'new');
    const [left = ''] = bench.simulator.jobs().map(({ uri: jobUri }) => jobUri);
    await bench.ask('DELETE', left);
    await bench.ask('DELETE', String(uri));
    expect(bench.simulator.leftovers()).toMatchObject({ partitions: [], nics: [], iso_images: [], jobs: [] });
  });
});

describe('updates of partitions', () => {
  let bench: MachineBench;

  beforeEach(async () => {
    bench = await MachineBench.start();
  });
  afterEach(() => bench.stop());

  const update = (fields: object, partition = 'LPAR2') => bench.code('POST', bench.uri(partition), fields);

  it.each([
    [{ 'maximum-memory': 8192, 'initial-memory': 8192 }, '204'],
    [{ 'initial-memory': 8193 }, '400,7'],
    [{ 'maximum-memory': 1024 }, '400,7'],
    [{ 'ifl-processors': 0 }, '400,7'],
    [{ 'ifl-processors': 0, 'cp-processors': 1 }, '204'],
    [{ 'minimum-ifl-processing-weight': 200 }, '400,7'],
    [{ 'short-name': 'lower' }, '400,7'],
    [{ 'partition-id': '7F' }, '204'],
    [{ type: 'zvm' }, '400,6'],
    [{ 'current-ifl-processing-weight': 5 }, '400,6'],
    [{ 'boot-removable-media': '/boot', 'boot-removable-media-type': 'floppy' }, '400,7'],
  ])('%p answers %s', async (fields, code) => {
    expect(await update(fields)).toBe(code);
  });

  it('of an active partition: some are for stopped ones only', async () => {
    bench.simulator.setStatus('LPAR2', 'active');
    for (const fields of [
      { 'processor-mode': 'dedicated' },
      { 'maximum-memory': 16_384 },
      { 'short-name': 'OTHER' },
      { 'autogenerate-partition-id': false },
    ]) {
      expect(await update(fields)).toBe('409,1');
    }
    expect(await update({ 'ifl-processors': 4, 'initial-memory': 6144, description: 'More' })).toBe('204');
  });

  it('of older HMCs: what they do not know', async () => {
    const old = await MachineBench.start(machineInventory({}, { hmc: { api_version: '2.20' } }));
    try {
      expect(await old.code('POST', old.uri('LPAR2'), { 'secure-boot': true })).toBe('400,6');
      expect(await old.code('POST', old.uri('LPAR2'), { 'boot-storage-volume': '/api/x' })).toBe('400,6');
      const properties = await old.get(old.uri('LPAR2'));
      expect(properties).not.toHaveProperty('storage-group-uris');
      expect(properties).not.toHaveProperty('available-features-list');
    } finally {
      await old.stop();
    }
  });
});

describe('what a CPC has room for', () => {
  const properties = { 'boot-device': 'storage-volume', 'boot-storage-volume': '/api/v' };
  const shared = { properties: { ...properties, 'initial-memory': 4096 } };

  it('refuses a start beyond the maximum of active partitions', async () => {
    const bench = await MachineBench.start(
      machineInventory(
        {
          properties: { 'maximum-partitions': 2 },
          partitions: ['a', 'b', 'c'].map((name) => ({ name, ...shared })),
        },
        { hmc: { active_limit_reason: 77 } },
      ),
    );
    try {
      await bench.power('start', 'a');
      await bench.ask('POST', `${bench.uri('b')}/operations/start`);
      expect(await bench.code('POST', `${bench.uri('c')}/operations/start`)).toBe('409,77');
      bench.hmc.clock.advance(10_000);
      await bench.power('stop', 'a');
      await bench.power('start', 'c');
      expect(bench.simulator.status('c')).toBe('active');
    } finally {
      await bench.stop();
    }
  });

  it('ends in reservation-error for want of memory, and starts once there is some', async () => {
    const bench = await MachineBench.start(
      machineInventory({
        properties: { 'storage-customer': 9000 },
        partitions: ['a', 'b', 'c'].map((name) => ({ name, ...shared })),
      }),
    );
    try {
      for (const name of ['a', 'b', 'c']) await bench.power('start', name);
      expect(['a', 'b', 'c'].map((name) => bench.simulator.status(name))).toEqual([
        'active',
        'active',
        'reservation-error',
      ]);
      expect(bench.simulator.booted('c')).toBeNull();
      await bench.power('stop', 'a');
      await bench.power('start', 'c');
      expect(bench.simulator.status('c')).toBe('active');
      // A partition that reserves its resources holds them while it is stopped.
      await bench.power('stop', 'b');
      await bench.ask('POST', bench.uri('b'), { 'reserve-resources': true });
      await bench.power('start', 'a');
      expect(bench.simulator.status('a')).toBe('reservation-error');
    } finally {
      await bench.stop();
    }
  });

  it('gives dedicated processors to one partition only', async () => {
    const dedicated = { ...properties, 'processor-mode': 'dedicated', 'ifl-processors': 6 };
    const bench = await MachineBench.start(
      machineInventory({
        properties: { 'processor-count-ifl': 10 },
        partitions: [
          { name: 'a', properties: dedicated },
          { name: 'b', properties: dedicated },
          { name: 'c', properties: { ...properties, 'ifl-processors': 4 } },
          { name: 'd', properties: { ...properties, 'ifl-processors': 5 } },
        ],
      }),
    );
    try {
      for (const name of ['a', 'b', 'c', 'd']) await bench.power('start', name);
      expect(['a', 'b', 'c', 'd'].map((name) => bench.simulator.status(name))).toEqual([
        'active',
        'reservation-error',
        'active',
        'reservation-error',
      ]);
    } finally {
      await bench.stop();
    }
  });

  it('gives a partition its id while it is active', async () => {
    const bench = await MachineBench.start(
      machineInventory({ partitions: ['a', 'b'].map((name) => ({ name, ...shared })) }),
    );
    const id = async (name: string) => (await bench.get(`${bench.uri(name)}?properties=partition-id`))['partition-id'];
    try {
      for (const name of ['a', 'b']) await bench.power('start', name);
      expect([await id('a'), await id('b')]).toEqual(['00', '01']);
      await bench.power('stop', 'a');
      expect(await id('a')).toBeNull();
    } finally {
      await bench.stop();
    }
  });

  it('protects a locked partition from what is disruptive', async () => {
    const locked = { ...properties, 'is-locked': true };
    const bench = await MachineBench.start(
      machineInventory(
        {
          partitions: [
            { name: 'a', status: 'active', properties: locked },
            { name: 'b', properties: locked },
          ],
        },
        { hmc: { locked_reason: 66 } },
      ),
    );
    try {
      for (const operation of ['stop', 'psw-restart']) {
        expect(await bench.code('POST', `${bench.uri('a')}/operations/${operation}`)).toBe('409,66');
      }
      expect(await bench.code('DELETE', bench.uri('b'))).toBe('409,66');
      await bench.power('start', 'b');
      expect(bench.simulator.status('b')).toBe('active');
    } finally {
      await bench.stop();
    }
  });
});
