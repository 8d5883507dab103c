import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { items, StorageBench, type Json } from './storage-bench.js';

const FULFILMENT_MS = 5000;

describe('making, changing and deleting storage', () => {
  let bench: StorageBench;

  beforeEach(async () => {
    bench = await StorageBench.start();
  });
  afterEach(() => bench.stop());

  const cpcUri = async (cpc = 'CPC1') => {
    const { json } = await bench.get('/api/cpcs');
    return String(items(json, 'cpcs').find(({ name }) => name === cpc)?.['object-uri']);
  };
  const create = async (more: Json = {}, session?: string) =>
    bench.post(
      '/api/storage-groups',
      {
        name: 'new',
        'cpc-uri': await cpcUri(),
        type: 'fcp',
        shared: false,
        'storage-volumes': [{ operation: 'create', name: 'boot', usage: 'boot', size: 20 }],
        ...more,
      },
      session,
    );
  const modify = async (group: string, body: Json) => bench.post(`${await bench.group(group)}/operations/modify`, body);
  const modifyVolume = async (group: string, name: string, request: Json) =>
    modify(group, {
      'storage-volumes': [{ 'element-uri': (await bench.volume(group, name))['element-uri'], ...request }],
    });
  const stateOf = async (group: string) => (await bench.get(await bench.group(group))).json?.['fulfillment-state'];

  it('makes a group whose volumes are there after a while', async () => {
    const { status, json } = await create();
    expect([status, json]).toEqual([
      201,
      {
        'object-uri': expect.stringMatching(/^\/api\/storage-groups\//),
        'element-uris': [expect.stringContaining('/storage-volumes/')],
      },
    ]);
    expect(await stateOf('new')).toBe('pending');
    expect(await bench.volume('new', 'boot')).toMatchObject({
      uuid: null,
      'active-size': null,
      paths: [],
      'fulfillment-state': 'pending',
    });
    await bench.attach('bare', 'new');
    bench.hmc.clock.advance(FULFILMENT_MS - 1);
    expect(await stateOf('new')).toBe('pending');
    bench.hmc.clock.advance(1);
    expect(await stateOf('new')).toBe('complete');
    const volume = await bench.volume('new', 'boot');
    expect(volume).toMatchObject({ uuid: expect.stringMatching(/^[0-9A-F]{32}$/), 'active-size': 20 });
    expect(volume['paths']).toHaveLength(2);
    expect(bench.hmc.simulator.leftovers()).toMatchObject({
      storage_groups: ['CPC1/new'],
      storage_volumes: ['CPC1/new/boot'],
      storage_attachments: ['CPC1/bare/new'],
    });
  });

  it.each([
    [{ name: undefined }, 400, 5],
    [{ type: 'tape' }, 400, 7],
    [{ name: 'shared' }, 400, 8],
    [{ 'fulfillment-state': 'complete' }, 400, 6],
    [{ 'cpc-uri': '/api/cpcs/none' }, 404, 2],
    [{ 'email-insert': 'hello' }, 400, 5],
    [{ 'storage-volumes': [{ operation: 'delete', 'element-uri': 'x' }] }, 400, 7],
    [{ 'storage-volumes': [{ name: 'x', size: 1 }] }, 400, 5],
    [{ 'storage-volumes': [{ operation: 'create', name: 'x' }] }, 400, 5],
    [{ 'storage-volumes': [{ operation: 'create', size: -1 }] }, 400, 7],
  ])('refuses to make one with %j: %i,%i', async (more, status, reason) => {
    expect((await create(more)).json).toMatchObject({ 'http-status': status, reason });
    expect(bench.hmc.simulator.leftovers()['storage_groups']).toEqual([]);
  });

  it('refuses to make one on a classic CPC, and without the task', async () => {
    expect((await create({ 'cpc-uri': await cpcUri('CPC3') })).json).toMatchObject({ 'http-status': 409, reason: 5 });
    const reader = await bench.hmc.client.logOn('reader', 'secret-of-reader');
    expect((await create({}, reader)).json).toMatchObject({ 'http-status': 403, reason: 1 });
  });

  it('lets who made a group see it', async () => {
    const tenant = await bench.hmc.client.logOn('tenant', 'secret-of-tenant');
    const uri = String((await create({}, tenant)).json?.['object-uri']);
    expect((await bench.get(uri, tenant)).json).toMatchObject({ name: 'new' });
  });

  it('grows a volume: pending, with its identity, until the storage is there', async () => {
    const before = await bench.volume('on-disk', 'data');
    expect((await modifyVolume('on-disk', 'data', { operation: 'modify', size: 200 })).json).toEqual({
      'element-uris': [],
    });
    expect(await bench.volume('on-disk', 'data')).toMatchObject({
      size: 200,
      'active-size': 100,
      'fulfillment-state': 'pending',
      uuid: before['uuid'],
      paths: before['paths'],
    });
    expect(await stateOf('on-disk')).toBe('pending');
    bench.hmc.clock.advance(FULFILMENT_MS);
    expect(await bench.volume('on-disk', 'data')).toMatchObject({
      'active-size': 200,
      'fulfillment-state': 'complete',
    });
  });

  it('adds a volume, and takes one away in time', async () => {
    const added = await modify('on-disk', { 'storage-volumes': [{ operation: 'create', name: 'more', size: 5 }] });
    expect(items(added.json, 'element-uris')).toHaveLength(1);
    expect((await modifyVolume('on-disk', 'data', { operation: 'delete' })).status).toBe(200);
    expect((await bench.volume('on-disk', 'data'))['fulfillment-state']).toBe('deleting');
    expect((await modifyVolume('on-disk', 'data', { operation: 'modify', size: 300 })).status).toBe(409);
    bench.hmc.clock.advance(FULFILMENT_MS);
    const { json } = await bench.get(`${await bench.group('on-disk')}/storage-volumes`);
    expect(items(json, 'storage-volumes').map(({ name }) => name)).toEqual(['boot', 'more']);
    expect(await stateOf('on-disk')).toBe('complete');
  });

  it('takes a volume that is not there yet away at once', async () => {
    await modifyVolume('late', 'boot', { operation: 'delete' });
    expect((await bench.get(await bench.group('late'))).json?.['storage-volume-uris']).toEqual([]);
    bench.hmc.clock.advance(FULFILMENT_MS);
    expect(await stateOf('late')).toBe('complete');
  });

  it('changes names and usage without asking anybody', async () => {
    await modify('shared', { name: 'renamed', description: 'for all' });
    expect((await modifyVolume('renamed', 'data', { operation: 'modify', name: 'log', usage: 'boot' })).status).toBe(
      200,
    );
    expect((await bench.get(await bench.group('renamed'))).json).toMatchObject({
      description: 'for all',
      'fulfillment-state': 'complete',
    });
    expect(await bench.volume('renamed', 'log')).toMatchObject({ usage: 'boot', 'fulfillment-state': 'complete' });
  });

  it('gives up paths when the connectivity falls, and asks for the change', async () => {
    await modify('on-disk', { connectivity: 1 });
    expect(await stateOf('on-disk')).toBe('pending');
    expect((await bench.volume('on-disk', 'boot'))['paths']).toHaveLength(1);
  });

  it.each([
    ['shared', { name: 'late' }, 400, 8],
    ['shared', { type: 'fc' }, 400, 6],
    ['shared', { 'storage-volumes': [{ operation: 'modify', 'element-uri': 'none' }] }, 404, 2],
    ['shared', { 'storage-volumes': [{ operation: 'modify' }] }, 400, 5],
  ])('refuses to change %s to %j: %i,%i', async (group, body, status, reason) => {
    expect((await modify(group, body)).json).toMatchObject({ 'http-status': status, reason });
  });

  it('changes nothing when a part of the request is refused', async () => {
    const { 'element-uri': uri } = await bench.volume('shared', 'data');
    const requests = [
      { operation: 'modify', 'element-uri': uri, name: 'first' },
      { operation: 'modify', 'element-uri': uri, name: 'second' },
    ];
    const answer = await modify('shared', { description: 'changed', 'storage-volumes': requests });
    expect(answer.json).toMatchObject({ 'http-status': 400, reason: 7 });
    expect((await bench.get(await bench.group('shared'))).json).toMatchObject({ description: '' });
    expect((await bench.volume('shared', 'data'))['name']).toBe('data');
  });

  it('neither shrinks a volume nor takes one away that a running partition boots from', async () => {
    const smaller = await modifyVolume('on-disk', 'data', { operation: 'modify', size: 50 });
    expect(smaller.json).toMatchObject({ 'http-status': 400, reason: 7 });
    const booted = await modifyVolume('on-disk', 'boot', { operation: 'delete' });
    expect(booted.json).toMatchObject({ 'http-status': 409, reason: 470 });
    expect((await modifyVolume('off-disk', 'boot', { operation: 'delete' })).status).toBe(200);
    expect((await bench.get(bench.hmc.uri('off'))).json).toMatchObject({ 'boot-device': 'none' });
  });

  it('does not take back sharing that is in use', async () => {
    await bench.attach('bare', 'shared');
    expect((await modify('shared', { shared: false })).status).toBe(409);
    expect((await modify('shared', { 'max-partitions': 1 })).status).toBe(409);
  });

  it('deletes a group that is attached nowhere, and no other', async () => {
    const uri = await bench.group('shared');
    const remove = () => bench.post(`${uri}/operations/delete`);
    expect((await remove()).json).toMatchObject({ 'http-status': 409, reason: 470 });
    await bench.detach('on', 'shared');
    expect((await remove()).status).toBe(204);
    expect((await bench.get(uri)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    expect((await remove()).json).toMatchObject({ 'http-status': 404, reason: 1 });
  });

  it('keeps the volumes of a partition that is deleted, attached nowhere', async () => {
    const uri = await bench.group('off-disk');
    const deleted = await bench.hmc.client.send('DELETE', bench.hmc.uri('off'), { session: bench.session });
    expect(deleted.status).toBe(204);
    expect((await bench.get(`${uri}/operations/get-partitions`)).json).toEqual({ partitions: [] });
    expect((await bench.get(uri)).json?.['virtual-storage-resource-uris']).toEqual([]);
    expect(await bench.volume('off-disk', 'boot')).toMatchObject({ 'fulfillment-state': 'complete', paths: [] });
  });

  it('boots from a volume of an attached group of usage boot only', async () => {
    const choose = async (group: string, name: string) =>
      bench.post(bench.hmc.uri('bare'), {
        'boot-device': 'storage-volume',
        'boot-storage-volume': (await bench.volume(group, name))['element-uri'],
      });
    expect((await choose('shared', 'boot')).json).toMatchObject({ 'http-status': 404, reason: 2 });
    await bench.attach('bare', 'shared');
    expect((await choose('shared', 'data')).json).toMatchObject({ 'http-status': 404, reason: 2 });
    expect((await choose('shared', 'boot')).status).toBe(204);
  });

  it('ends a start terminated whose boot volume is not there', async () => {
    await bench.attach('bare', 'late');
    const { 'element-uri': uri } = await bench.volume('late', 'boot');
    await bench.post(bench.hmc.uri('bare'), { 'boot-device': 'storage-volume', 'boot-storage-volume': uri });
    await bench.hmc.begin('start', 'bare', bench.session);
    bench.hmc.clock.advance(2500);
    expect(bench.hmc.simulator.status('bare')).toBe('terminated');
    await bench.hmc.begin('stop', 'bare', bench.session);
    bench.hmc.clock.advance(FULFILMENT_MS);
    await bench.hmc.begin('start', 'bare', bench.session);
    bench.hmc.clock.advance(2500);
    expect(bench.hmc.simulator.status('bare')).toBe('active');
  });
});

describe('fulfilment', () => {
  let bench: StorageBench;

  beforeEach(async () => {
    bench = await StorageBench.start({
      storage_groups: [
        {
          name: 'mixed',
          cpc: 'CPC1',
          attached_to: ['bare'],
          volumes: [
            { name: 'never', size_gib: 1, fulfilled: false, fulfilment: 'never' },
            { name: 'bad', size_gib: 1, fulfilled: false, fulfilment: 'configuration-error' },
            { name: 'half', size_gib: 1, fulfilled: false, fulfilment: 'incomplete' },
            { name: 'other', size_gib: 8, fulfilled: false, fulfilment: 'pending-with-mismatches' },
            { name: 'good', size_gib: 1, uuid: '6005076300000000000000000000ABCD', fulfilled: false },
          ],
        },
        { name: 'eckd', cpc: 'CPC1', type: 'fc', volumes: [{ name: 'dasd', size_gib: 1, fulfilled: false }] },
      ],
    });
  });
  afterEach(() => bench.stop());

  const volumes = async (group = 'mixed') => {
    const { json } = await bench.get(`${await bench.group(group)}/storage-volumes`);
    return Object.fromEntries(items(json, 'storage-volumes').map((each) => [each['name'], each['fulfillment-state']]));
  };
  const operate = async (name: string, json?: Json, group = 'mixed') =>
    bench.post(`${await bench.group(group)}/operations/${name}`, json);

  it('comes as the inventory says, volume by volume', async () => {
    expect(new Set(Object.values(await volumes()))).toEqual(new Set(['pending']));
    bench.hmc.clock.advance(FULFILMENT_MS);
    expect(await volumes()).toEqual({
      never: 'pending',
      bad: 'configuration-error',
      half: 'incomplete',
      other: 'pending-with-mismatches',
      good: 'complete',
    });
    expect(await bench.volume('mixed', 'good')).toMatchObject({ uuid: '6005076300000000000000000000ABCD' });
    expect(await bench.volume('mixed', 'bad')).toMatchObject({ uuid: null, paths: [] });
    expect(await bench.volume('mixed', 'other')).toMatchObject({ size: 8, 'active-size': 4 });
    expect((await bench.volume('mixed', 'half'))['paths']).toHaveLength(1);
  });

  it('comes right after another request, unless a fault says otherwise', async () => {
    bench.hmc.clock.advance(FULFILMENT_MS);
    bench.hmc.simulator.fault({ kind: 'fulfilment', volume: 'bad', ends_as: 'incomplete' });
    expect((await operate('request-fulfillment')).status).toBe(204);
    bench.hmc.clock.advance(FULFILMENT_MS);
    expect(await volumes()).toEqual({
      never: 'complete',
      bad: 'incomplete',
      half: 'complete',
      other: 'complete',
      good: 'complete',
    });
  });

  it('goes wrong by a fault for the volume of a request', async () => {
    bench.hmc.simulator.fault({ kind: 'fulfilment', storage_group: 'mixed', ends_as: 'never', times: 'always' });
    const request = { 'storage-volumes': [{ operation: 'create', name: 'added', size: 1 }] };
    await operate('modify', request);
    bench.hmc.clock.advance(FULFILMENT_MS * 10);
    expect((await volumes())['added']).toBe('pending');
    bench.hmc.simulator.fulfil('mixed', { volume: 'added' });
    expect((await volumes())['added']).toBe('complete');
  });

  it('is found by a discovery, which is a job', async () => {
    const started = await operate('start-fcp-storage-discovery');
    expect(started.status).toBe(202);
    const job = String(started.json?.['job-uri']);
    expect((await operate('start-fcp-storage-discovery', { 'force-restart': false })).json).toMatchObject({
      'http-status': 409,
      reason: 2,
    });
    expect((await bench.post(`${job}/operations/cancel`)).json).toMatchObject({ 'http-status': 404, reason: 4 });
    bench.hmc.clock.advance(3000);
    expect((await bench.get(job)).json).toMatchObject({ status: 'complete', 'job-status-code': 204 });
    expect(await volumes()).toMatchObject({ good: 'complete', never: 'pending' });
  });

  it('starts a discovery again when forced to', async () => {
    const first = String((await operate('start-fcp-storage-discovery')).json?.['job-uri']);
    bench.hmc.clock.advance(2000);
    const second = String((await operate('start-fcp-storage-discovery', { 'force-restart': true })).json?.['job-uri']);
    expect((await bench.get(first)).json).toEqual({ status: 'canceled' });
    bench.hmc.clock.advance(2000);
    expect((await bench.get(second)).json).toEqual({ status: 'running' });
  });

  it('is told by hand, for FCP and for ECKD volumes', async () => {
    const { 'element-uri': fcp } = await bench.volume('mixed', 'never');
    const path = `${String(fcp)}/operations/fulfill-fcp-storage-volume`;
    const { json } = await bench.get(`${await bench.group('mixed')}/virtual-storage-resources`);
    const body = {
      'world-wide-port-name': '500507630b1004aa',
      'logical-unit-number': '4012403400000000',
      'adapter-port-uri': items(json, 'virtual-storage-resources')[0]?.['adapter-port-uri'],
    };
    expect((await bench.post(path, { ...body, 'adapter-port-uri': 'none' })).json).toMatchObject({
      'http-status': 404,
      reason: 6,
    });
    expect((await bench.post(path, { ...body, 'logical-unit-number': '12' })).json).toMatchObject({
      'http-status': 400,
      reason: 7,
    });
    expect((await bench.post(path, body)).status).toBe(204);
    const volume = await bench.volume('mixed', 'never');
    expect(volume).toMatchObject({ 'fulfillment-state': 'complete' });
    expect(volume['paths']).toMatchObject([
      { 'target-world-wide-port-name': '500507630b1004aa', 'logical-unit-number': '4012403400000000' },
      {},
    ]);

    const { 'element-uri': eckd } = await bench.volume('eckd', 'dasd');
    const told = { 'control-unit-uri': '/api/storage-control-units/c', 'unit-address': '0a' };
    expect((await bench.post(`${String(fcp)}/operations/fulfill-ficon-storage-volume`, told)).status).toBe(404);
    expect((await bench.post(`${String(eckd)}/operations/fulfill-ficon-storage-volume`, told)).status).toBe(204);
    expect(await volumes('eckd')).toEqual({ dasd: 'complete' });
  });

  it('reports connections', async () => {
    const report = async () => (await bench.get(`${await bench.group('mixed')}/operations/get-connection-report`)).json;
    const statuses = async () =>
      items(await report(), 'fcp-storage-subsystems').flatMap((subsystem) =>
        items(subsystem, 'storage-configurations').map((each) => each['volumes-configuration-status']),
      );
    expect(await statuses()).toContain('incorrect-volumes');
    bench.hmc.simulator.fulfil('mixed');
    expect(new Set(await statuses())).toEqual(new Set(['correct-volumes']));
    expect((await bench.get(`${await bench.group('eckd')}/operations/get-connection-report`)).json).toMatchObject({
      'http-status': 409,
      reason: 487,
    });
  });

  it('goes over the candidate ports', async () => {
    const adapters = (await bench.get(`/api/cpcs`)).json;
    const cpc = String(items(adapters, 'cpcs')[0]?.['object-uri']);
    const listed = items((await bench.get(`${cpc}/adapters?type=fcp`)).json, 'adapters');
    const [port, other] = listed.map((adapter) => `${String(adapter['object-uri'])}/storage-ports/0`);
    const change = (operation: string, uri: unknown) =>
      operate(`${operation}-candidate-adapter-ports`, { 'adapter-port-uris': [uri] });
    expect((await change('add', port)).status).toBe(204);
    expect((await change('add', port)).json).toMatchObject({ 'http-status': 409, reason: 483 });
    expect((await change('remove', other)).json).toMatchObject({ 'http-status': 409, reason: 479 });
    expect((await change('add', 'none')).json).toMatchObject({ 'http-status': 404, reason: 6 });
    expect((await bench.get(await bench.group('mixed'))).json?.['candidate-adapter-port-uris']).toEqual([port]);
    expect((await change('remove', port)).json).toMatchObject({ 'http-status': 409, reason: 470 });
    await bench.detach('bare', 'mixed');
    await bench.attach('bare', 'mixed');
    const { json } = await bench.get(`${await bench.group('mixed')}/virtual-storage-resources`);
    expect(items(json, 'virtual-storage-resources').map((each) => each['adapter-port-uri'])).toEqual([port]);
    await bench.detach('bare', 'mixed');
    expect((await change('remove', port)).status).toBe(204);
    bench.hmc.simulator.fulfil('mixed');
    expect((await change('add', port)).json).toMatchObject({ 'http-status': 409, reason: 470 });
  });

  it('can be looked at and brought about from outside', async () => {
    const control = (method: string, json?: Json) =>
      bench.hmc.client.send(method, '/simulator/storage-groups', json === undefined ? {} : { json });
    expect((await control('POST', { name: 'mixed', volume: 'bad' })).status).toBe(204);
    expect((await control('GET')).json).toMatchObject({
      storage_groups: [
        { name: 'mixed', cpc: 'CPC1', state: 'pending', attachedTo: ['bare'], volumes: expect.any(Array) },
        { name: 'eckd', attachedTo: [] },
      ],
    });
    expect(await volumes()).toMatchObject({ bad: 'complete' });
    expect((await control('POST', { name: 'none' })).json?.['error']).toMatch(/no storage group/);
    expect((await control('POST', { name: 'mixed', volume: 'none' })).json?.['error']).toMatch(/no volume/);
  });
});

describe('who is told of what', () => {
  it('tells of groups, volumes, attachments and what becomes of them', async () => {
    const bench = await StorageBench.start();
    try {
      const told: string[] = [];
      bench.hmc.simulator.changes.subscribe((change) => {
        if (change.kind === 'inventory') told.push(`${change.action} ${change.object.class}`);
        if (change.kind === 'property') told.push(`${change.object.class} ${change.name}`);
      });
      await bench.attach('bare', 'late');
      expect(told.splice(0)).toEqual([
        'storage-group virtual-storage-resource-uris',
        'add virtual-storage-resource',
        'add virtual-storage-resource',
        'partition storage-group-uris',
      ]);
      bench.hmc.clock.advance(FULFILMENT_MS);
      expect(told.splice(0)).toEqual([
        'storage-group fulfillment-state',
        'storage-volume active-size',
        'storage-volume fulfillment-state',
        'storage-volume uuid',
        'storage-volume paths',
        'virtual-storage-resource world-wide-port-name-info',
        'virtual-storage-resource world-wide-port-name-info',
      ]);
      await bench.detach('bare', 'late');
      told.length = 0;
      await bench.post(`${await bench.group('late')}/operations/delete`);
      expect(told).toEqual(['remove storage-group', 'remove storage-volume']);
    } finally {
      await bench.stop();
    }
  });
});

describe('access without the adapters', () => {
  it('fails at reading volumes with a 500 as real HMCs do', async () => {
    const bench = await StorageBench.start({
      users: [
        { name: 'zenova', password: 'secret-of-zenova' },
        { name: 'tenant', password: 'secret-of-tenant', sees: [{ cpc: 'CPC1', adapters: [] }] },
      ],
    });
    try {
      const tenant = await bench.hmc.client.logOn('tenant', 'secret-of-tenant');
      const uri = await bench.group('on-disk');
      expect((await bench.get(uri, tenant)).status).toBe(200);
      expect((await bench.get(`${uri}/storage-volumes`, tenant)).status).toBe(500);
      const { 'element-uri': volume } = await bench.volume('on-disk', 'boot');
      expect((await bench.get(String(volume), tenant)).status).toBe(500);
    } finally {
      await bench.stop();
    }
  });
});
