import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { items, StorageBench } from './storage-bench.js';

describe('reading storage', () => {
  let bench: StorageBench;

  beforeAll(async () => {
    bench = await StorageBench.start();
  });
  afterAll(() => bench.stop());

  const names = async (query: string): Promise<unknown[]> => {
    const { status, json } = await bench.get(`/api/storage-groups${query}`);
    expect(status).toBe(200);
    return items(json, 'storage-groups').map(({ name }) => name);
  };

  it('lists the groups of every CPC, with what a list item has', async () => {
    expect(await names('')).toEqual(['off-disk', 'on-disk', 'shared', 'late', 'elsewhere']);
    const { json } = await bench.get('/api/storage-groups?name=late');
    expect(json).toEqual({
      'storage-groups': [
        {
          'object-uri': expect.stringMatching(/^\/api\/storage-groups\/[0-9a-f-]{36}$/),
          'cpc-uri': expect.stringMatching(/^\/api\/cpcs\//),
          name: 'late',
          'fulfillment-state': 'pending',
          type: 'fcp',
        },
      ],
    });
  });

  it.each([
    ['?name=o.*-disk', ['off-disk', 'on-disk']],
    ['?name=disk', []],
    ['?fulfillment-state=pending', ['late']],
    ['?fulfillment-state=pending&fulfillment-state=complete&name=late', ['late']],
    ['?type=fc', []],
  ])('filters by %s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('filters by CPC', async () => {
    const parent = (await bench.get(bench.hmc.uri('off', 'CPC2'))).json?.['parent'];
    expect(await names(`?cpc-uri=${String(parent)}`)).toEqual(['elsewhere']);
  });

  it('refuses a parameter that the listing does not know', async () => {
    const { json } = await bench.get('/api/storage-groups?additional-properties=shared');
    expect(json).toMatchObject({ 'http-status': 400, reason: 1 });
  });

  it('reads a group, and properties of it', async () => {
    const uri = await bench.group('off-disk');
    const { json } = await bench.get(uri);
    expect(json).toMatchObject({
      class: 'storage-group',
      parent: '/api/console',
      name: 'off-disk',
      type: 'fcp',
      shared: false,
      connectivity: 2,
      'max-partitions': 1,
      'fulfillment-state': 'complete',
    });
    expect(json?.['storage-volume-uris']).toHaveLength(2);
    expect(json?.['virtual-storage-resource-uris']).toHaveLength(2);
    expect((await bench.get(`${uri}?properties=name,type`)).json).toEqual({ name: 'off-disk', type: 'fcp' });
    expect((await bench.get(`${uri}?properties=nmae`)).json).toMatchObject({ 'http-status': 400, reason: 14 });
  });

  it('lists volumes by name, usage, size and state', async () => {
    const uri = await bench.group('off-disk');
    const volumes = async (query: string) =>
      items((await bench.get(`${uri}/storage-volumes${query}`)).json, 'storage-volumes').map(({ name }) => name);
    expect(await volumes('')).toEqual(['boot', 'data']);
    expect(await volumes('?usage=boot')).toEqual(['boot']);
    expect(await volumes('?minimum-size=16.5')).toEqual(['data']);
    expect(await volumes('?maximum-size=99')).toEqual(['boot']);
    expect(await volumes('?name=b.*&fulfillment-state=complete')).toEqual(['boot']);
    expect(await volumes('?fulfillment-state=pending')).toEqual([]);
    expect((await bench.get(`${uri}/storage-volumes?minimum-size=big`)).status).toBe(400);
  });

  it('refuses additional properties of volumes before HMC 2.17, and has them from then on', async () => {
    const query = '/storage-volumes?name=boot&additional-properties=uuid,paths';
    const { json } = await bench.get(`${await bench.group('off-disk')}${query}`);
    expect(json).toMatchObject({ 'http-status': 400, reason: 1 });
    const newer = await StorageBench.start({ hmc: { version: '2.17.0' } });
    try {
      const listed = await newer.get(`${await newer.group('off-disk')}${query}`);
      expect(items(listed.json, 'storage-volumes')).toMatchObject([
        { name: 'boot', usage: 'boot', uuid: expect.stringMatching(/^[0-9A-F]{32}$/) },
      ]);
    } finally {
      await newer.stop();
    }
  });

  it('gives a volume its identity and a path for each virtual storage resource', async () => {
    const volume = await bench.volume('off-disk', 'boot');
    expect(volume).toMatchObject({
      class: 'storage-volume',
      size: 16,
      'active-size': 16,
      'fulfillment-state': 'complete',
      uuid: expect.stringMatching(/^6005076[0-9A-F]{25}$/),
    });
    const { json } = await bench.get(`${await bench.group('off-disk')}/virtual-storage-resources`);
    const resources = items(json, 'virtual-storage-resources');
    expect(resources.map((resource) => resource['device-number'])).toEqual(['9000', '9001']);
    const wwpn = expect.stringMatching(/^[0-9a-f]{16}$/);
    expect(volume['paths']).toEqual(
      resources.map((resource) => ({
        'partition-uri': bench.hmc.uri('off'),
        'device-number': resource['device-number'],
        'target-world-wide-port-name': wwpn,
        'logical-unit-number': wwpn,
      })),
    );
    expect((await bench.get(String(resources[0]?.['element-uri']))).json).toMatchObject({
      class: 'virtual-storage-resource',
      'adapter-port-uri': expect.stringMatching(/\/storage-ports\/0$/),
      'world-wide-port-name-info': { 'world-wide-port-name': wwpn, status: 'validated' },
    });
  });

  it('numbers the devices of a partition across its groups', async () => {
    const { json } = await bench.get(`${await bench.group('shared')}/virtual-storage-resources?name=vhba1`);
    expect(items(json, 'virtual-storage-resources')).toMatchObject([{ 'device-number': '9002' }]);
  });

  it('lets a partition boot from its first boot volume when the inventory does not say from which', async () => {
    const { json } = await bench.get(bench.hmc.uri('off'));
    const volume = await bench.volume('off-disk', 'boot');
    expect(json?.['boot-storage-volume']).toBe(volume['element-uri']);
    expect(json?.['storage-group-uris']).toEqual([await bench.group('off-disk')]);
  });

  it('hides groups from who has no access, and asks for the task', async () => {
    const { client } = bench.hmc;
    const [tenant, reader] = [
      await client.logOn('tenant', 'secret-of-tenant'),
      await client.logOn('reader', 'secret-of-reader'),
    ];
    const listed = await bench.get('/api/storage-groups', tenant);
    expect(items(listed.json, 'storage-groups')).toMatchObject([{ name: 'shared' }]);
    const hidden = await bench.group('off-disk');
    for (const path of ['', '/storage-volumes', '/virtual-storage-resources']) {
      expect((await bench.get(`${hidden}${path}`, tenant)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    }
    const partitions = `${await bench.group('shared')}/operations/get-partitions`;
    expect((await bench.get(partitions, reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    expect((await bench.get(partitions, tenant)).json).toEqual({
      partitions: [{ 'object-uri': bench.hmc.uri('on'), name: 'on', status: 'active' }],
    });
  });

  it('has no storage groups below API 2.23', async () => {
    const old = await StorageBench.start({ hmc: { api_version: '2.22' } });
    try {
      expect((await old.get('/api/storage-groups')).json).toMatchObject({ 'http-status': 404, reason: 1 });
    } finally {
      await old.stop();
    }
  });
});

describe('attaching and detaching', () => {
  let bench: StorageBench;

  beforeEach(async () => {
    bench = await StorageBench.start();
  });
  afterEach(() => bench.stop());

  it('attaches, so that the partition has the group and the group its paths', async () => {
    expect((await bench.attach('bare', 'shared')).status).toBe(204);
    const uri = await bench.group('shared');
    expect(await bench.attachedTo('bare')).toEqual([uri]);
    const partitions = items((await bench.get(`${uri}/operations/get-partitions`)).json, 'partitions');
    expect(partitions.map(({ name }) => name)).toEqual(['on', 'bare']);
    expect((await bench.volume('shared', 'data'))['paths']).toHaveLength(4);
  });

  it('detaches, and leaves nothing behind', async () => {
    expect((await bench.detach('on', 'shared')).status).toBe(204);
    expect(await bench.attachedTo('on')).toEqual([await bench.group('on-disk')]);
    expect((await bench.volume('shared', 'data'))['paths']).toEqual([]);
    const { json } = await bench.get(`${await bench.group('shared')}/virtual-storage-resources`);
    expect(items(json, 'virtual-storage-resources')).toEqual([]);
    expect((await bench.attach('on', 'shared')).status).toBe(204);
  });

  it('lets a stopped partition lose what it boots from, and its boot device with it', async () => {
    expect((await bench.detach('off', 'off-disk')).status).toBe(204);
    const { json } = await bench.get(bench.hmc.uri('off'));
    expect(json).toMatchObject({ 'boot-device': 'none', 'boot-storage-volume': null, 'storage-group-uris': [] });
  });

  it.each([
    ['attach', 'bare', 'elsewhere', 470, 'another CPC'],
    ['attach', 'bare', 'off-disk', 470, 'not to be shared'],
    ['attach', 'on', 'shared', 470, 'already'],
    ['attach', 'stuck', 'late', 1, 'starting'],
    ['detach', 'bare', 'late', 470, 'not attached'],
    ['detach', 'on', 'on-disk', 470, 'boots from'],
  ])('refuses to %s %s %s', async (operation, partition, group, reason, text) => {
    const answer = await bench.attach(partition, group, operation);
    expect(answer.json).toMatchObject({ 'http-status': 409, reason, message: expect.stringContaining(text) });
  });

  it('keeps to the number of partitions', async () => {
    expect((await bench.attach('bare', 'shared')).status).toBe(204);
    expect((await bench.attach('off', 'shared')).json).toMatchObject({
      'http-status': 409,
      message: expect.stringContaining('2 partitions already'),
    });
  });

  it.each([
    [undefined, 400, 3],
    [{}, 400, 5],
    [{ 'storage-group-uri': '/api/storage-groups/none' }, 404, 2],
    [{ 'storage-group-uri': 7 }, 400, 7],
    [{ 'storage-group-uri': '/api/storage-groups/none', force: true }, 400, 6],
  ])('refuses the body %j with %i,%i', async (body, status, reason) => {
    const answer = await bench.post(`${bench.hmc.uri('bare')}/operations/attach-storage-group`, body);
    expect(answer.json).toMatchObject({ 'http-status': status, reason });
  });

  it('is not for everybody', async () => {
    const { client } = bench.hmc;
    const path = `${bench.hmc.uri('bare')}/operations/attach-storage-group`;
    const body = { 'storage-group-uri': await bench.group('late') };
    const reader = await client.logOn('reader', 'secret-of-reader');
    const tenant = await client.logOn('tenant', 'secret-of-tenant');
    expect((await bench.post(path, body, reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
    expect((await bench.post(path, body, tenant)).json).toMatchObject({ 'http-status': 404, reason: 2 });
  });
});
