import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeKeyFile } from '../../src/common/key-file.js';
import { groupQueue, serverQueue } from '../../src/transport/amqp/index.js';
import { Operator, PlainClient } from '../support/amqp-clients.js';
import { sharedBroker } from '../support/broker.js';
import { eventually } from '../support/eventually.js';
import { startPostgres, type Postgres } from '../support/postgres.js';
import { ServiceProcess } from '../support/service-process.js';
import { uniqueNames } from '../transport/support.js';

let broker: Awaited<ReturnType<typeof sharedBroker>>;
let postgres: Postgres;
let service: ServiceProcess | undefined;
const names = uniqueNames();
const queue = groupQueue(names.group);

beforeAll(async () => {
  [broker, postgres] = await Promise.all([sharedBroker(), startPostgres({ fsync: false })]);
});
afterEach(() => service?.discard());
afterAll(async () => {
  const operator = await Operator.connect(broker.url);
  await operator.remove({ ...names, groupQueue: queue, serverQueue: serverQueue(names.server) });
  await operator.close();
  await Promise.all([broker.stop(), postgres.stop()]);
});

async function start(journalUrl: string): Promise<ServiceProcess> {
  service = new ServiceProcess({
    url: broker.url,
    ...names,
    journal: { url: { env: 'JOURNAL_URL' } },
    environment: { JOURNAL_URL: journalUrl },
    hosts: { site: { driver: 'fake', settings: { names: ['one'] } } },
  });
  // Services that share a journal make no key.
  makeKeyFile(join(service.directory, 'secrets.key'));
  await service.start();
  return service;
}

const passwordOf = (url: string): string => new URL(url).password;

/** With something else in its place. */
function changed(url: string, parts: { password?: string; pathname?: string; port?: string }): string {
  return Object.assign(new URL(url), parts).href;
}

/** What `/readyz` says of the journal. */
async function journalCheck(running: ServiceProcess): Promise<unknown> {
  const response = await running.http('/readyz');
  const said = (await response?.json()) as { checks: { name: string }[] } | undefined;
  return said?.checks.find(({ name }) => name === 'journal');
}

describe('a service whose PostgreSQL is away when it starts', () => {
  it('is alive and says what it waits for, and serves once that is there', async () => {
    await postgres.halt();
    const running = await start(postgres.url);
    const place = `PostgreSQL 127.0.0.1:${postgres.port}/zenova`;
    await eventually(
      () => running.log.includes('waiting for the journal'),
      () => `the wait:\n${running.log}`,
    );
    const [ready, alive] = await Promise.all([running.http('/readyz'), running.http('/healthz')]);
    expect([ready?.status, alive?.status]).toEqual([503, 200]);
    expect(await journalCheck(running)).toEqual({
      name: 'journal',
      ok: false,
      detail: `not open yet: ${place} cannot be reached (ECONNREFUSED): start it, or correct journal.url`,
    });
    expect(running.log).toContain(place);
    expect(running.log).not.toContain(passwordOf(postgres.url));

    await postgres.restart();
    await running.ready();
    const client = await PlainClient.connect(broker.url);
    try {
      const { response } = await client.call(queue, 'compute.power_on', { host: 'site', instance: 'one' });
      expect(response).toMatchObject({ outcome: 'done', power_state: 'running' });
    } finally {
      await client.close();
    }
    expect(running.log).toContain('the journal is there');
    expect(await running.end('SIGTERM')).toBe(0);
  });

  it('ends at once when it is stopped, also while an attempt is under way', async () => {
    // Takes a connection and says nothing: an attempt is given up after five seconds.
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const { port } = silent.address() as AddressInfo;
      const running = await start(changed(postgres.url, { port: String(port) }));
      await eventually(
        () => sockets.length > 0,
        () => `an attempt:\n${running.log}`,
      );
      const ended = running.ended();
      await running.end('SIGTERM');
      expect(await ended).toBe(0);
      // The attempt was not given up before the end, nor another one made.
      expect(running.log).not.toContain('waiting for the journal');
      expect(sockets).toHaveLength(1);
      expect(running.log).not.toContain('JOURNAL_UNAVAILABLE');
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});

describe('a service that PostgreSQL will never let in', () => {
  it.each([
    ['a wrong password', { password: 'hunter2' }, '(28P01)', 'correct user and password in journal.url'],
    ['an unknown database', { pathname: '/nowhere' }, '(3D000)', 'create it, or correct journal.url'],
  ])('ends for %s, and says what to do', async (_, wrong, code, remedy) => {
    const url = changed(postgres.url, wrong);
    const running = await start(url);
    expect(await running.ended()).toBe(2);
    const place = `PostgreSQL 127.0.0.1:${postgres.port}${new URL(url).pathname}`;
    expect(running.log).toMatch(/^CONFIG_INVALID: /m);
    for (const text of [place, code, remedy]) expect(running.log).toContain(text);
    expect(running.log).not.toContain(passwordOf(url));
    expect(running.log).not.toContain('waiting for the journal');
  });
});
