import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import axios from 'axios';
import type { Health, HealthSource } from '../common/health.js';
import { Secret } from '../common/secret.js';
import { createLog } from '../common/log.js';
import { systemClock } from '../common/clock.js';
import type { HttpToken } from './access.js';
import { EventFeed } from './events/index.js';
import { HttpModule } from './http.module.js';
import { listen } from './listen.js';

const TOKEN = 'correct-horse';
const TOKENS: readonly HttpToken[] = [
  { name: 'default', token: new Secret(TOKEN), access: 'act' },
  { name: 'watcher', token: new Secret('only-looking'), access: 'read' },
];
const metrics = { contentType: 'text/plain; charset=utf-8', text: () => Promise.resolve('up 1') };
const events = { feed: new EventFeed(), sees: () => true };
/** Nothing here asks it. */
const gateway = { handle: () => Promise.reject(new Error('nobody asks')) };

@Controller()
class GuardedController {
  @Get('guarded')
  get(): string {
    return 'seen';
  }
}

function source(name: string, check: () => Health | Promise<Health>): HealthSource {
  return { name, check };
}

const broker = source('broker', () => ({ ok: true, detail: 'connected' }));

const log = createLog('fatal', { write: () => undefined });
let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** Binds to loopback whatever `host` says: that is what the configuration claims, not what the test needs. */
async function start(
  host: string,
  health: readonly HealthSource[],
  tokens: readonly HttpToken[] = TOKENS,
  names: readonly string[] = [],
) {
  class TestModule {}
  Module({
    imports: [HttpModule.of({ host, names, tokens, health, gateway, events, clock: systemClock, metrics, log })],
    controllers: [GuardedController],
  })(TestModule);
  app = await NestFactory.create(TestModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return async (path: string, authorization?: string, more: Record<string, string> = {}) => {
    const headers = { ...(authorization === undefined ? {} : { authorization }), ...more };
    const {
      status,
      data,
      headers: answered,
    } = await axios.get<unknown>(`${url}${path}`, {
      headers,
      validateStatus: () => true,
    });
    return { status, data, headers: answered };
  };
}

describe('on a loopback address', () => {
  it('tells everybody everything', async () => {
    const get = await start('127.0.0.1', [broker]);
    const checks = [{ name: 'broker', ok: true, detail: 'connected' }];
    expect(await get('/healthz')).toMatchObject({ status: 200, data: { status: 'alive', checks } });
    expect(await get('/readyz')).toMatchObject({ status: 200, data: { status: 'ready', checks } });
    expect(await get('/guarded')).toMatchObject({ status: 200, data: 'seen' });
  });

  it('is alive and not ready while a part is missing', async () => {
    const get = await start('::1', [
      broker,
      source('consumers', () => Promise.resolve({ ok: false, detail: 'zenova.rpc has no consumer' })),
      source('journal', () => {
        throw new Error('database is locked');
      }),
    ]);
    const checks = [
      { name: 'broker', ok: true, detail: 'connected' },
      { name: 'consumers', ok: false, detail: 'zenova.rpc has no consumer' },
      { name: 'journal', ok: false, detail: 'database is locked' },
    ];
    const ready = await get('/readyz');
    expect(ready).toMatchObject({ status: 503, data: { status: 'not ready', checks } });
    expect(ready.headers['cache-control']).toBe('no-store');
    expect(await get('/healthz')).toMatchObject({ status: 200, data: { status: 'alive', checks } });
  });

  it('does not wait for a part that says nothing', async () => {
    const get = await start('localhost', [source('journal', () => new Promise(() => undefined))]);
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      data: { checks: [{ name: 'journal', ok: false, detail: 'no answer within 2000 ms' }] },
    });
  });
});

describe('on a loopback address, under a name', () => {
  const NAMES = ['zenova.example'];

  it.each<[string, Record<string, string>]>([
    ['that leads there (DNS rebinding)', { host: 'rebound.example:8780' }],
    ['that only looks like one of it', { host: '127.0.0.1.rebound.example' }],
    ['that is none', { host: 'a b' }],
    ['that a proxy has seen', { 'x-forwarded-host': 'zenova.example, rebound.example' }],
    ['of a page of the web', { origin: 'https://rebound.example' }],
    ['of a page that hides its own', { origin: 'null' }],
  ])('%s, shows nothing without a token', async (_, headers) => {
    const get = await start('127.0.0.1', [broker], TOKENS, NAMES);
    for (const path of ['/guarded', '/metrics', '/v1/events', '/v1/operations']) {
      const refused = await get(path, undefined, headers);
      expect({ path, status: refused.status }).toEqual({ path, status: 401 });
      expect(refused.headers['www-authenticate']).toBe('Bearer realm="zenova"');
      expect(refused.data).toMatchObject({
        message: expect.stringMatching(/by a name of it .*http\.names.*send a token/),
      });
    }
    expect((await get('/guarded', 'Bearer nobodys', headers)).status).toBe(401);
    expect(await get('/guarded', 'Bearer only-looking', headers)).toMatchObject({ status: 200, data: 'seen' });
    expect((await get('/healthz', undefined, headers)).data).toEqual({ status: 'alive' });
    expect((await get('/readyz', undefined, headers)).data).toEqual({ status: 'ready' });
  });

  it.each<[string, Record<string, string>]>([
    ['localhost', { host: 'LocalHost:1' }],
    ['127.0.0.53', { host: '127.0.0.53' }],
    ['[::1]', { host: '[::1]:8780' }],
    ['of the configuration', { host: 'Zenova.Example.:443', 'x-forwarded-host': 'zenova.example' }],
    ['of a page of its own', { origin: 'http://localhost:3000' }],
  ])('%s, shows everything', async (_, headers) => {
    const get = await start('127.0.0.1', [broker], TOKENS, NAMES);
    expect(await get('/guarded', undefined, headers)).toMatchObject({ status: 200, data: 'seen' });
    expect((await get('/healthz', undefined, headers)).data).toHaveProperty('checks');
  });

  it('of the configuration, asks for a token where others reach it', async () => {
    const get = await start('192.0.2.1', [broker], TOKENS, NAMES);
    expect((await get('/guarded', undefined, { host: 'zenova.example' })).status).toBe(401);
  });
});

describe('metrics', () => {
  it('are told as their keeper writes them, elsewhere with a token', async () => {
    const get = await start('127.0.0.1', [broker]);
    const { status, data, headers } = await get('/metrics');
    expect([status, data, headers['content-type']]).toEqual([200, 'up 1', 'text/plain; charset=utf-8']);
    await app?.close();
    const getElsewhere = await start('192.0.2.1', [broker]);
    expect((await getElsewhere('/metrics')).status).toBe(401);
    expect((await getElsewhere('/metrics', 'Bearer only-looking')).status).toBe(200);
  });
});

describe('the level of the log', () => {
  it('is changed by who may act, and by nobody else', async () => {
    await start('127.0.0.1', []);
    const url = `${(await app?.getUrl()) ?? ''}/v1/log-level`;
    const put = async (level: unknown, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return axios.put<unknown>(url, { level }, { headers, validateStatus: () => true });
    };
    const before = log.level;
    expect((await put('debug')).status).toBe(401);
    expect((await put('debug', 'only-looking')).status).toBe(403);
    expect(await put('loud', TOKEN)).toMatchObject({ status: 400, data: { code: 'REQUEST_INVALID' } });
    expect(log.level).toBe(before);
    expect(await put('error', TOKEN)).toMatchObject({ status: 200, data: { level: 'error' } });
    expect(log.level).toBe('error');
  });
});

describe('a page that is not there', () => {
  it('is answered without its address', async () => {
    const get = await start('127.0.0.1', [broker]);
    expect(await get('/hunter2?token=hunter2')).toMatchObject({
      status: 404,
      data: { statusCode: 404, message: 'there is no such page' },
    });
  });
});

describe('on any other address', () => {
  it('tells the state to everybody, and details to who has the token', async () => {
    const get = await start('0.0.0.0', [source('broker', () => ({ ok: false, detail: 'away' }))]);
    expect((await get('/healthz')).data).toEqual({ status: 'alive' });
    expect(await get('/readyz')).toMatchObject({ status: 503, data: { status: 'not ready' } });
    expect((await get('/readyz')).data).not.toHaveProperty('checks');
    expect((await get('/readyz', `Bearer ${TOKEN}`)).data).toHaveProperty('checks');
  });

  it.each([
    ['nothing', undefined],
    ['another token', 'Bearer battery-staple'],
    ['a longer token', `Bearer ${TOKEN}x`],
    ['another scheme', `Basic ${TOKEN}`],
    ['an empty token', 'Bearer '],
  ])('refuses %s on other routes', async (_, authorization) => {
    const get = await start('0.0.0.0', [broker]);
    const refused = await get('/guarded', authorization);
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="zenova"');
    expect(JSON.stringify(refused.data)).not.toContain(TOKEN);
  });

  it('takes a token that may only look', async () => {
    const get = await start('0.0.0.0', [broker]);
    expect(await get('/guarded', 'Bearer only-looking')).toMatchObject({ status: 200, data: 'seen' });
  });

  it('takes the token', async () => {
    const get = await start('0.0.0.0', [broker]);
    expect(await get('/guarded', `Bearer ${TOKEN}`)).toMatchObject({ status: 200, data: 'seen' });
    expect(await get('/guarded', `bearer ${TOKEN}`)).toMatchObject({ status: 200 });
  });

  it('refuses everybody when there is no token', async () => {
    const get = await start('192.0.2.1', [broker], []);
    expect((await get('/guarded', 'Bearer undefined')).status).toBe(401);
  });
});

describe('an address that cannot be had', () => {
  it('is told with its place in the configuration', async () => {
    await start('127.0.0.1', []);
    const port = Number(new URL((await app?.getUrl()) ?? '').port);
    const second = await NestFactory.create<NestExpressApplication>(
      HttpModule.of({ host: '127.0.0.1', tokens: [], health: [], gateway, events, clock: systemClock, metrics, log }),
      {
        logger: false,
        abortOnError: false,
      },
    );
    await expect(listen(second, '127.0.0.1', port)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`127.0.0.1, port ${port}: another process listens there; set http.port`),
    });
    await second.close();
  });
});
