import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HmcBench, smallInventory } from './hmc-bench.js';
import type { WireAnswer } from './hmc-client.js';

const PERMITTED = '/api/console/operations/list-permitted-partitions';

const itemsIn = ({ json }: WireAnswer, list: string) =>
  (json?.[list] ?? []) as { name: string; 'object-uri': string }[];

const namesIn = (answer: WireAnswer, list: string): string[] => itemsIn(answer, list).map(({ name }) => name);

describe('listing and reading', () => {
  let bench: HmcBench;
  let session: string;
  let cpcs: Map<string, string>;

  beforeAll(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
    const listed = await get('/api/cpcs');
    cpcs = new Map(itemsIn(listed, 'cpcs').map((cpc) => [cpc.name, cpc['object-uri']]));
  });
  afterAll(() => bench.stop());

  const get = (path: string, who = session) => bench.client.send('GET', path, { session: who });
  const cpc = (name: string): string => cpcs.get(name) ?? 'missing';

  it('lists CPCs with their mode', async () => {
    const { json } = await get('/api/cpcs');
    expect(json).toEqual({
      cpcs: [
        expect.objectContaining({ name: 'CPC1', 'dpm-enabled': true, status: 'active', 'se-version': '2.16.0' }),
        expect.objectContaining({ name: 'CPC2', 'dpm-enabled': true, 'has-unacceptable-status': false }),
        expect.objectContaining({ name: 'CPC3', 'dpm-enabled': false, status: 'operating' }),
      ],
    });
    expect(namesIn(await get('/api/cpcs?name=CPC[13]'), 'cpcs')).toEqual(['CPC1', 'CPC3']);
    expect(namesIn(await get('/api/cpcs?name=cpc1'), 'cpcs')).toEqual([]);
  });

  it('reads a CPC, whole or in part', async () => {
    expect((await get(cpc('CPC1'))).json).toMatchObject({ class: 'cpc', 'iml-mode': 'dpm', name: 'CPC1' });
    expect((await get(`${cpc('CPC3')}?properties=iml-mode,name&cached-acceptable=true`)).json).toEqual({
      'iml-mode': 'lpar',
      name: 'CPC3',
    });
  });

  it('lists the partitions of a CPC', async () => {
    const answer = await get(`${cpc('CPC1')}/partitions?name=LPAR1`);
    expect(answer.json).toEqual({
      partitions: [{ 'object-uri': bench.uri('LPAR1'), name: 'LPAR1', status: 'stopped', type: 'linux' }],
    });
  });

  it.each([
    ['name=db.prod', ['db.prod', 'db-prod']],
    ['name=%5CQdb.prod%5CE', ['db.prod']],
    ['name=db%5C.prod', ['db.prod']],
    ['name=app%20%40%20test', ['app @ test']],
    ['name=app+%40+test', []],
    ['name=LPAR1&name=LPAR2', ['LPAR1', 'LPAR2']],
    ['status=paused&status=terminated', ['halted', 'crashed']],
    ['status=active&name=LPAR.*', ['LPAR2']],
    ['type=zvm', []],
    ['name=nothing', []],
  ])('filters partitions by %s', async (query, names) => {
    expect(namesIn(await get(`${cpc('CPC1')}/partitions?${query}`), 'partitions')).toEqual(names);
  });

  it('lists every partition of every DPM CPC in one request', async () => {
    const all = await get(PERMITTED);
    expect(namesIn(all, 'partitions')).toHaveLength(11 + 301);
    const both = await get(`${PERMITTED}?name=LPAR1`);
    expect(both.json?.['partitions']).toEqual(
      ['CPC1', 'CPC2'].map((name) => ({
        name: 'LPAR1',
        'object-uri': bench.uri('LPAR1', name),
        type: name === 'CPC1' ? 'linux' : 'zvm',
        status: 'stopped',
        'has-unacceptable-status': true,
        'cpc-name': name,
        'cpc-object-uri': cpc(name),
        'se-version': '2.16.0',
      })),
    );
    expect(namesIn(await get(`${PERMITTED}?cpc-name=CPC2&type=zvm`), 'partitions')).toEqual(['LPAR1']);
    expect(namesIn(await get(`${PERMITTED}?has-unacceptable-status=false`), 'partitions')).toEqual([
      'LPAR2',
      'db.prod',
    ]);
  });

  it('adds properties to a listing', async () => {
    const path = `${PERMITTED}?name=LPAR2&additional-properties=boot-device,ifl-processors`;
    expect((await get(path)).json?.['partitions']).toEqual([
      expect.objectContaining({ name: 'LPAR2', 'boot-device': 'storage-volume', 'ifl-processors': 2 }),
    ]);
  });

  it('reads a partition, whole or in part, without its secrets', async () => {
    const whole = (await get(bench.uri('LPAR2'))).json;
    expect(whole).toMatchObject({ class: 'partition', parent: cpc('CPC1'), status: 'active', 'os-type': 'Linux' });
    expect(whole).not.toHaveProperty('boot-ftp-password');
    expect((await get(`${bench.uri('LPAR2')}?properties=status,name`)).json).toEqual({
      status: 'active',
      name: 'LPAR2',
    });
  });

  it.each([
    [() => `${cpc('CPC1')}/partitions?nmae=x`, 1],
    [() => `${cpc('CPC1')}/partitions?name=%E0%A4%A`, 1],
    [() => `/api/version?x=1`, 1],
    [() => `${cpc('CPC1')}/partitions?name=%28`, 7],
    [() => `${cpc('CPC1')}/partitions?name=%28a%2B%29%2B`, 7],
    [() => `${bench.uri('LPAR1')}?properties=nothing`, 14],
    [() => `${bench.uri('LPAR1')}?properties=constructor`, 14],
    [() => `${PERMITTED}?additional-properties=nothing`, 14],
    [() => `${bench.uri('LPAR1')}?properties=ssc-master-pw`, 14],
  ])('refuses a bad query with 400 (case %#)', async (path, reason) => {
    expect((await get(path())).json).toMatchObject({ 'http-status': 400, reason });
  });

  it('answers 404,1 for what does not exist, wrong methods included', async () => {
    for (const path of [
      '/api/cpcs/none',
      '/api/partitions/none',
      '/api/partitions/',
      '/api',
      '/api/cpcs/none/partitions',
    ]) {
      expect((await get(path)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await bench.client.send(method, '/api/cpcs', { session })).json).toMatchObject({
        'http-status': 404,
        reason: 1,
      });
    }
  });

  it('lists no partitions on a classic CPC, refuses to create one with 409,5, and finds its LPARs', async () => {
    expect((await get(`${cpc('CPC3')}/partitions`)).json).toEqual({ partitions: [] });
    const create = await bench.client.send('POST', `${cpc('CPC3')}/partitions`, { session, json: { name: 'x' } });
    expect(create.json).toMatchObject({ 'http-status': 409, reason: 5 });
    const lpars = await get(`${cpc('CPC3')}/logical-partitions?name=PROD.`);
    expect(namesIn(lpars, 'logical-partitions')).toEqual(['PROD1']);
    const unknown = await get(`${cpc('CPC3')}/logical-partitions?name=NONE`);
    expect(unknown.json).toMatchObject({ 'http-status': 404, reason: 1 });
    const permitted = await get('/api/console/operations/list-permitted-logical-partitions?cpc-name=CPC3');
    expect(permitted.json).toMatchObject({
      'logical-partitions': [{ name: 'PROD1', status: 'operating', 'activation-mode': 'linux', 'cpc-name': 'CPC3' }],
    });
    const [lpar] = itemsIn(lpars, 'logical-partitions');
    expect((await get(lpar?.['object-uri'] ?? '')).json).toMatchObject({ class: 'logical-partition', name: 'PROD1' });
  });

  it('hides what a user has no access to', async () => {
    const tenant = await bench.client.logOn('tenant', 'secret-of-tenant');
    expect((await get('/api/cpcs', tenant)).json).toEqual({ cpcs: [] });
    expect((await get(cpc('CPC1'), tenant)).json).toMatchObject({ 'http-status': 404, reason: 1 });
    expect((await get(`${cpc('CPC1')}/partitions`, tenant)).status).toBe(404);
    const permitted = (await get(PERMITTED, tenant)).json?.['partitions'];
    expect(permitted).toEqual([expect.objectContaining({ name: 'LPAR1', 'cpc-name': 'CPC1' })]);
    expect((await get(bench.uri('LPAR1'), tenant)).status).toBe(200);
    expect((await get(bench.uri('LPAR2'), tenant)).json).toMatchObject({ 'http-status': 404, reason: 1 });
  });
});

describe('update', () => {
  let bench: HmcBench;
  let session: string;

  beforeAll(async () => {
    bench = await HmcBench.start();
    session = await bench.client.logOn();
  });
  afterAll(() => bench.stop());

  const update = (name: string, json: unknown) => bench.client.send('POST', bench.uri(name), { session, json });

  it('changes what may be changed, with nothing in the answer', async () => {
    const answer = await update('LPAR2', { 'boot-device': 'none', description: 'new' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const read = await bench.client.send('GET', `${bench.uri('LPAR2')}?properties=boot-device,description`, {
      session,
    });
    expect(read.json).toEqual({ 'boot-device': 'none', description: 'new' });
  });

  it('renames, and then answers to the new name only', async () => {
    const uri = bench.uri('db-prod');
    expect((await update('db-prod', { name: 'renamed' })).status).toBe(204);
    expect(bench.uri('renamed')).toBe(uri);
    expect(bench.simulator.partitions('db-prod')).toEqual([]);
    expect((await update('renamed', { name: 'LPAR1' })).json).toMatchObject({ 'http-status': 400, reason: 8 });
  });

  it.each([
    ['LPAR2', { status: 'active' }, 400, 6],
    ['LPAR2', { 'no-such': 1 }, 400, 6],
    ['LPAR2', { toString: 1 }, 400, 6],
    ['LPAR2', { 'boot-timeout': 'soon' }, 400, 7],
    ['LPAR2', { 'boot-device': 'floppy' }, 400, 7],
    ['LPAR2', { 'boot-device': 'network-adapter' }, 400, 5],
    ['LPAR2', [], 400, 3],
    ['LPAR2', { 'maximum-memory': 8192 }, 409, 1],
    ['stuck', { description: 'x' }, 409, 1],
  ])('refuses for %s %p with %i,%i', async (name, change, status, reason) => {
    expect((await update(name, change)).json).toMatchObject({ 'http-status': status, reason });
  });

  it('is refused with 409,1 while starting and with 409,2 while the start settles', async () => {
    await bench.begin('start', 'LPAR1', session);
    expect((await update('LPAR1', { description: 'x' })).json).toMatchObject({ 'http-status': 409, reason: 1 });
    bench.clock.advance(2000);
    expect((await update('LPAR1', { description: 'x' })).json).toMatchObject({ 'http-status': 409, reason: 2 });
    bench.clock.advance(500);
    expect((await update('LPAR1', { description: 'x' })).status).toBe(204);
  });

  it('echoes no secret of a refused update', async () => {
    const answer = await update('LPAR2', { 'boot-ftp-password': 'hush-hush', status: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('hush-hush');
  });
});

describe('older and unwell machines', () => {
  it('refuses what its API level does not have', async () => {
    const bench = await HmcBench.start(smallInventory({ hmc: { api_version: '2.19' } }));
    try {
      const session = await bench.client.logOn();
      const get = (path: string) => bench.client.send('GET', path, { session });
      expect((await get(`${bench.uri('LPAR1')}?properties=status`)).json).toMatchObject({
        'http-status': 400,
        reason: 1,
      });
      expect((await get(PERMITTED)).json).toMatchObject({ 'http-status': 404, reason: 1 });
      const parent = String((await get(bench.uri('LPAR1'))).json?.['parent']);
      const listed = await get(`${parent}/partitions?additional-properties=status`);
      expect(listed.json).toMatchObject({ 'http-status': 400, reason: 1 });
    } finally {
      await bench.stop();
    }
  });

  it('has no se-version in listings before 4.10, and no operations on a CPC that is out of order (409,6)', async () => {
    const bench = await HmcBench.start({
      hmc: { api_version: '4.9' },
      users: [{ name: 'zenova', password: 'secret-of-zenova' }],
      cpcs: [{ name: 'CPC1', mode: 'dpm', status: 'not-communicating', partitions: [{ name: 'LPAR1' }] }],
    });
    try {
      const session = await bench.client.logOn();
      const { json } = await bench.client.send('GET', PERMITTED, { session });
      expect(json?.['partitions']).toEqual([expect.not.objectContaining({ 'se-version': expect.anything() })]);
      const start = await bench.client.send('POST', `${bench.uri('LPAR1')}/operations/start`, { session });
      expect(start.json).toMatchObject({ 'http-status': 409, reason: 6 });
    } finally {
      await bench.stop();
    }
  });
});
