import { afterEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../../src/common/log.js';
import { ApiBench, type Answer } from './api-bench.js';

let bench: ApiBench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});
async function start(options?: Parameters<typeof ApiBench.start>[0]): Promise<ApiBench> {
  bench = await ApiBench.start(options);
  return bench;
}

const instance = (n: number) => ({ host: 'site', instance: `instance-000${n}` });
const operationsOf = ({ body }: Answer) => body['operations'] as Record<string, unknown>[];

describe('what there is to see', () => {
  test('operations, filtered and a page at a time, and one of them', async () => {
    const api = await start();
    for (const n of [1, 2, 3]) await api.compute.call('compute.power_on', instance(n));
    await api.compute.call('compute.power_off', instance(1));

    const all = await api.ask('/v1/operations');
    expect(all.status).toBe(200);
    expect(all.headers.get('cache-control')).toBe('no-store');
    expect(operationsOf(all)).toHaveLength(4);
    const first = await api.ask('/v1/operations?method=compute.power_on&limit=2');
    const next = String(first.body['next']);
    const second = await api.ask(`/v1/operations?method=compute.power_on&limit=2&before=${next}`);
    const names = [...operationsOf(first), ...operationsOf(second)].map(({ name }) => name);
    expect(names).toEqual(['instance-0003', 'instance-0002', 'instance-0001']);
    expect(second.body['next']).toBeNull();
    expect(operationsOf(await api.ask('/v1/operations?state=unfinished'))).toEqual([]);

    const [last] = operationsOf(all);
    expect((await api.ask(`/v1/operations/${String(last?.['operation_id'])}`)).body).toEqual(last);
  });

  test('the matrix, one driver, hosts and machines', async () => {
    const api = await start();
    await api.compute.call('machine.register', { machine: 'crane', power_type: 'manual' });
    await api.compute.call('machine.register', { machine: 'belt', power_type: 'manual' });
    expect((await api.ask('/v1/features')).body).toEqual(await api.compute.call('features.matrix', {}));
    expect((await api.ask('/v1/features/fake')).body).toMatchObject({ driver: 'fake', kind: 'virt' });
    expect((await api.ask('/v1/hosts')).body).toMatchObject({ hosts: [{ name: 'site', driver: 'fake' }] });
    const page = await api.ask('/v1/machines?limit=1&power_type=manual');
    expect(page.body).toMatchObject({ machines: [{ name: 'belt' }], next: 'belt' });
    expect((await api.ask('/v1/machines?after=belt')).body).toMatchObject({ machines: [{ name: 'crane' }] });
  });

  test('the matrix is not sent again to who has it', async () => {
    const api = await start();
    const { headers } = await api.ask('/v1/features');
    const etag = headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    // Without the second header fetch itself says that it wants no answer from a cache.
    const known = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    expect((await api.ask('/v1/features', { headers: known })).status).toBe(304);
    expect((await api.ask('/v1/features/fake', { headers: known })).status).toBe(200);
  });

  test.each([
    ['/v1/operations?limit=many', 'limit'],
    ['/v1/operations?limit=0', 'limit'],
    ['/v1/operations?limit=1&limit=2', 'limit'],
    ['/v1/operations?state=lost', 'state'],
    ['/v1/operations?colour=red', 'unknown: colour'],
    ['/v1/operations/17', 'operation_id'],
    ['/v1/machines?__proto__=1', 'unknown'],
  ])('%s is refused with its mistake', async (path, mistake) => {
    const api = await start();
    const { status, body } = await api.ask(path);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'REQUEST_INVALID' });
    expect(body['message']).toContain(mistake);
  });

  test.each(['/v1/operations/01980000-0000-7000-8000-000000000000', '/v1/features/no-such-driver'])(
    '%s is a 404',
    async (path) => {
      const api = await start();
      expect(await api.ask(path)).toMatchObject({ status: 404, body: { code: 'RESOURCE_NOT_FOUND' } });
    },
  );

  test('asks for a token on an address that is not loopback', async () => {
    const api = await start({ host: '0.0.0.0' });
    for (const path of ['/v1/operations', '/v1/features', '/v1/hosts', '/v1/machines']) {
      expect({ path, status: (await api.ask(path)).status }).toEqual({ path, status: 401 });
      expect({ path, status: (await api.ask(path, { as: 'read' })).status }).toEqual({ path, status: 200 });
    }
  });
});

describe('RPC over HTTP', () => {
  test('carries out a change in the name of the token, once', async () => {
    const api = await start();
    const request = { ...instance(1), idempotency_key: 'once' };
    const first = await api.ask('/v1/rpc/compute.power_on', { body: request, as: 'act' });
    expect(first).toMatchObject({ status: 200, body: { outcome: 'done', power_state: 'running' } });
    const again = await api.ask('/v1/rpc/compute.power_on', { body: request, as: 'act' });
    expect(again).toMatchObject({ status: 200, body: { operation_id: first.body['operation_id'] } });
    const operations = operationsOf(await api.ask('/v1/operations'));
    expect(operations).toMatchObject([{ requested_by: 'http:operator', idempotency_key: 'once' }]);
  });

  test('says that a change is on its way', async () => {
    const api = await start();
    const accepted = await api.ask('/v1/rpc/power.on', { body: { ...instance(1), wait: 'accepted' }, as: 'act' });
    expect(accepted).toMatchObject({ status: 202, body: { outcome: 'accepted', operation_id: expect.any(String) } });
  });

  test('reads with a token that may only look, and changes nothing', async () => {
    const api = await start();
    expect(await api.ask('/v1/rpc/power.query', { body: instance(1), as: 'read' })).toMatchObject({
      status: 200,
      body: { state: 'off' },
    });
    expect(await api.ask('/v1/rpc/features.catalogue', { body: '', as: 'read' })).toMatchObject({ status: 200 });
    for (const method of ['power.on', 'operation.cancel', 'host.retry', 'machine.remove']) {
      expect(await api.ask(`/v1/rpc/${method}`, { body: instance(1), as: 'read' })).toMatchObject({
        status: 403,
        body: { code: 'FORBIDDEN', details: { reason: 'token', name: 'watcher' } },
      });
    }
    expect(operationsOf(await api.ask('/v1/operations'))).toEqual([]);
  });

  test('refuses further changes while too many are unfinished, and nothing else', async () => {
    const api = await start({ settings: { change_delay_ms: 60_000 }, maxAccepted: 2 });
    const power = (n: number, more: object = {}, verb = 'on') =>
      api.ask(`/v1/rpc/power.${verb}`, { body: { ...instance(n), wait: 'accepted', ...more }, as: 'act' });
    const first = await power(1, { idempotency_key: 'first' });
    const waiting = await power(1, { idempotency_key: 'waiting' }, 'off');
    expect([first.status, waiting.status]).toEqual([202, 202]);
    const refused = await power(3);
    expect(refused).toMatchObject({
      status: 503,
      body: { code: 'BACKEND_BUSY', retry: 'safe', outcome: 'not-started' },
    });
    expect(refused.body['message']).toContain('journal.max_accepted');
    expect(refused.headers.get('retry-after')).toBe('10');
    const maas = await api.ask('/v1/maas/hosts/site/instances/instance-0003/on', { body: {}, as: 'act' });
    expect([maas.status, maas.headers.get('retry-after')]).toEqual([503, '10']);
    // It is no further one, and its caller must not take it for one that was never begun.
    expect(await power(1, { idempotency_key: 'first' })).toMatchObject({ status: 202, body: first.body });
    expect((await api.ask('/v1/rpc/power.query', { body: instance(3), as: 'read' })).status).toBe(200);
    const cancel = { body: { idempotency_key: 'waiting' }, as: 'act' } as const;
    expect((await api.ask('/v1/rpc/operation.cancel', cancel)).status).toBe(200);
    expect((await power(3)).status).toBe(202);
  });

  test('continues the trace of the headers, and tells the log why it failed', async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLog('debug', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
    const api = await start({ log });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
    await api.ask('/v1/rpc/power.on', { body: { ...instance(1), power_pass: 'hunter2' }, headers, as: 'act' });
    expect(lines).toMatchObject([{ method: 'power.on', code: 'REQUEST_INVALID', trace_id: trace }]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    await api.ask('/v1/rpc/power.on', { body: instance(1), headers, as: 'act' });
    const [event] = api.compute.events;
    expect(event?.trace?.traceparent).toContain(trace);
  });

  test('asks for a token also for a read, and on a loopback address', async () => {
    const api = await start();
    for (const method of ['power.query', 'power.on']) {
      const refused = await api.ask(`/v1/rpc/${method}`, { body: instance(1) });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="zenova"');
    }
  });

  test.each<[string, object, number, string]>([
    ['power.on', { host: 'site' }, 400, 'REQUEST_INVALID'],
    ['power.on', { host: 'site', instance: 'nobody' }, 404, 'INSTANCE_NOT_FOUND'],
    ['power.reset', { power_type: 'manual' }, 501, 'FEATURE_UNSUPPORTED'],
    ['compute.unpause', { host: 'site', instance: 'instance-0001' }, 409, 'STATE_CONFLICT'],
    ['power.explode', {}, 400, 'REQUEST_INVALID'],
    ['toString', {}, 400, 'REQUEST_INVALID'],
  ])('answers the error of %s %j as RPC callers get it, as a %i', async (method, body, status, code) => {
    const api = await start();
    const answer = await api.ask(`/v1/rpc/${method}`, { body, as: 'act' });
    expect(answer).toMatchObject({ status, body: { code, retry: 'never', outcome: expect.any(String) } });
  });

  test('takes JSON and nothing else', async () => {
    const api = await start();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
      const headers = { 'content-type': type };
      const refused = await api.ask('/v1/rpc/host.list', { body: 'a=1', headers, as: 'read' });
      expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    }
    const broken = await api.ask('/v1/rpc/host.list', { body: '{"password": "hunter2"', as: 'read' });
    expect(broken.status).toBe(400);
    expect(JSON.stringify(broken.body)).not.toContain('hunter2');
    expect((await api.ask('/v1/rpc/host.list', { body: '[]', as: 'read' })).status).toBe(400);
  });

  test('takes a request of nearly a mebibyte, and none beyond', async () => {
    const api = await start();
    const machines = Array.from({ length: 1000 }, (_, n) => `${'x'.repeat(250)}${n}`);
    const large = await api.ask('/v1/rpc/machine.get', { body: { machine: 'x', machines }, as: 'read' });
    expect(large.body['message']).toContain('unknown: machines');
    const tooLarge = await api.ask('/v1/rpc/machine.get', { body: { machine: 'x'.repeat(1024 * 1024) }, as: 'read' });
    expect(tooLarge.status).toBe(413);
  });

  test('has rules like every caller', async () => {
    const everywhere = { hosts: undefined, powerTypes: undefined, action: 'allow' as const };
    const rules = [{ ...everywhere, callers: ['http:watcher'], methods: ['compute.get_info', 'operation.list'] }];
    const api = await start({ rules });
    const ask = (as: 'act' | 'read') => api.ask('/v1/rpc/compute.get_info', { body: instance(1), as });
    expect((await ask('read')).status).toBe(200);
    expect(await ask('act')).toMatchObject({ status: 403, body: { details: { reason: 'caller' } } });
    expect((await api.ask('/v1/operations', { as: 'read' })).status).toBe(200);
    expect((await api.ask('/v1/operations')).status).toBe(403);
  });
});
