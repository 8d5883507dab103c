import 'reflect-metadata';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import { silentLog } from '../../common/log.js';
import { systemClock } from '../../common/clock.js';
import { EventFeed } from '../events/index.js';
import { HttpModule } from '../http.module.js';

const metrics = { contentType: 'text/plain', text: () => Promise.resolve('') };
const DIRECTORY = new URL('../../../page/', import.meta.url);

let app: INestApplication;
let url: string;
beforeAll(async () => {
  const events = { feed: new EventFeed(), sees: () => true };
  const gateway = { handle: () => Promise.reject(new Error('nobody asks')) };
  // An address that others reach: the page itself is for everybody all the same.
  const parts = {
    host: '192.0.2.1',
    tokens: [],
    health: [],
    gateway,
    events,
    clock: systemClock,
    metrics,
    log: silentLog,
  };
  app = await NestFactory.create(HttpModule.of(parts), { logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

const get = (path: string): Promise<Response> => fetch(url + path);

describe('the page for operators', () => {
  it.each(['/', '/ui'])('is at %s, and lets nothing in from elsewhere', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(readFileSync(new URL('index.html', DIRECTORY), 'utf8'));
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
  });

  it('is at one address, in which its files are found', async () => {
    const answer = await fetch(`${url}/ui/`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '/ui']);
  });

  it('has every file that it names, under its type', async () => {
    const named = readdirSync(DIRECTORY)
      .filter((name) => /\.(html|mjs)$/.test(name))
      .flatMap((name) => [...readFileSync(new URL(name, DIRECTORY), 'utf8').matchAll(/["'](?:ui|\.)\/([\w.-]+)["']/g)])
      .map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(10);
    for (const name of new Set(named)) {
      const answer = await get(`/ui/${name}`);
      expect([name, answer.status]).toEqual([name, 200]);
      const type =
        { css: 'text/css', mjs: 'text/javascript', svg: 'image/svg+xml' }[name.split('.').at(-1) ?? ''] ?? '?';
      expect(answer.headers.get('content-type')).toContain(type);
    }
  });

  it('holds nothing in line, which its policy would keep from working', () => {
    const html = readFileSync(new URL('index.html', DIRECTORY), 'utf8');
    expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*src=)/);
  });

  it('is not sent again to whoever has it', async () => {
    const first = await get('/ui/page.css');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    // fetch() would ask for it to be sent in any case.
    const again = (known: string) =>
      axios.get<string>(`${url}/ui/page.css`, { headers: { 'if-none-match': known }, validateStatus: () => true });
    const second = await again(etag);
    expect(second.status).toBe(304);
    expect(second.data).toBe('');
    expect(second.headers['content-security-policy']).toBeDefined();
    expect((await again('"another"')).status).toBe(200);
  });

  it.each([
    '/ui/nothing.css',
    '/ui/tsconfig.json',
    '/ui/..%2fpackage.json',
    '/ui/%2e%2e/package.json',
    '/ui/constructor',
  ])('serves its own files only, not %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});
