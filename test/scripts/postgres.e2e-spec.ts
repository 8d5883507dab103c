import { afterEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Client } from 'pg';
import { isAlive } from '../../scripts/server/processes.mjs';
import { postgresAnswer } from '../../scripts/postgres/probe.mjs';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type Postgres, startPostgres } from '../support/postgres.js';
import { processesWith } from '../support/processes.js';

const module = new URL('../../scripts/postgres.mjs', import.meta.url).href;

async function connected<T>(url: string, body: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  client.on('error', () => {}); // a server that is killed ends it
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function ask<T>(url: string, statement: string): Promise<T[]> {
  return connected(url, async (client) => (await client.query<{ value: T }>(statement)).rows.map(({ value }) => value));
}

/** System V shared memory, the one thing of a PostgreSQL that outlives its processes and lies in no directory. */
function sharedMemoryOf(pid: number): string[] {
  const [, ...segments] = readFileSync('/proc/sysvipc/shm', 'utf8').trimEnd().split('\n');
  return segments.filter((line) => line.trim().split(/\s+/)[4] === String(pid));
}

describe('a private PostgreSQL', () => {
  const servers: Postgres[] = [];
  const start = async (options = {}): Promise<Postgres> => {
    const server = await startPostgres(options);
    servers.push(server);
    return server;
  };
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  it('keeps its port and what was committed over a crash and a restart, then leaves nothing behind', async () => {
    const server = await start();
    const pids = [server.pid()];
    expect(await ask(server.url, 'SELECT current_database() AS value')).toEqual(['zenova']);
    expect(await ask(server.url, "SELECT current_setting('fsync') AS value")).toEqual(['on']);

    await ask(server.url, 'CREATE TABLE kept (value text)');
    await ask(server.url, "INSERT INTO kept VALUES ('before the crash')");
    const backend = await connected(server.url, async (client) => {
      await client.query('BEGIN');
      await client.query("INSERT INTO kept VALUES ('never committed')");
      // Busy, it would not notice the end of its parent before its own.
      client.query('SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b').catch(() => {});
      const busy = "SELECT pid AS value FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()";
      const pid = await eventually(async () => (await ask<number>(server.url, busy))[0], 'the query to run');
      await server.kill();
      return pid;
    });
    expect(isAlive(backend)).toBe(false);
    expect(await postgresAnswer(server.url)).toBe('nothing');
    expect(pids.flatMap(sharedMemoryOf)).toEqual([]);

    await server.restart();
    pids.push(server.pid());
    await ask(server.url, "INSERT INTO kept VALUES ('before the restart')");
    await server.restart();
    pids.push(server.pid());
    expect(await ask(server.url, 'SELECT value FROM kept')).toEqual(['before the crash', 'before the restart']);
    expect(new Set(pids).size).toBe(3);

    expect(processesWith(server.dataDir)).not.toEqual([]);
    await server.stop();
    expect(processesWith(server.dataDir)).toEqual([]);
    expect(existsSync(server.dataDir)).toBe(false);
    expect(pids.flatMap(sharedMemoryOf)).toEqual([]);
  });

  it('listens on loopback only, asks for a password, and shows it to nobody', async () => {
    const server = await start({ fsync: false });
    expect(await ask(server.url, "SELECT current_setting('listen_addresses') AS value")).toEqual(['127.0.0.1']);
    expect(await ask(server.url, "SELECT current_setting('unix_socket_directories') AS value")).toEqual(['']);
    expect(await ask(server.url, "SELECT current_setting('fsync') AS value")).toEqual(['off']);
    const { password } = new URL(server.url);
    expect(processesWith(password)).toEqual([]);
    await expect(ask(server.url.replace(password, 'guessed'), 'SELECT 1')).rejects.toThrow('password authentication');
  });

  it('ends when the process that started it is killed', async () => {
    const script = `
      const { startPostgres } = await import(${JSON.stringify(module)});
      const { dataDir, pid } = await startPostgres({ fsync: false });
      console.log(dataDir + ' ' + pid());
      setInterval(() => {}, 60_000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(starter.stdout, 'data');
    const [dataDir = '', pid] = String(line).trim().split(' ');
    expect(processesWith(dataDir)).not.toEqual([]);
    starter.kill('SIGKILL');
    const isGone = (): boolean => !existsSync(dataDir) && processesWith(dataDir).length === 0;
    await eventually(isGone, 'the server and its files to be gone');
    expect(sharedMemoryOf(Number(pid))).toEqual([]);
  });

  it('refuses a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    await expect(startPostgres({ port })).rejects.toThrow(`127.0.0.1:${port} is in use`);
    server.close();
  });
});

describe('a fresh database', () => {
  it('is empty, apart from others, and goes with the sessions that are left in it', async () => {
    const [one, other] = [await freshDatabase(), await freshDatabase()];
    await ask(one.url, 'CREATE TABLE mine (value text)');
    const tables = "SELECT tablename AS value FROM pg_tables WHERE schemaname = 'public'";
    expect(await ask(one.url, tables)).toEqual(['mine']);
    expect(await ask(other.url, tables)).toEqual([]);
    await connected(one.url, async () => one.drop());
    await expect(ask(one.url, tables)).rejects.toThrow();
    await other.drop();
  });
});
