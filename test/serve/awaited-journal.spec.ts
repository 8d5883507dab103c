import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AwaitedJournal } from '../../src/awaited-journal.js';
import { systemClock } from '../../src/common/clock.js';
import { makeKeyFile } from '../../src/common/key-file.js';
import { silentLog, type Log, type LogFields } from '../../src/common/log.js';
import { Secret } from '../../src/common/secret.js';
import { openDatabase } from '../../src/journal/database.js';
import { eventually } from '../support/eventually.js';
import { freshDatabase, type FreshDatabase } from '../support/postgres.js';

const ports = { clock: systemClock, log: silentLog };
const forEver = new AbortController().signal;
let directory: string;
let database: FreshDatabase;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zenova-awaited-'));
  for (const name of ['key', 'other-key']) makeKeyFile(join(directory, name));
  database = await freshDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(directory, { recursive: true });
});

function awaited(url: string, { key = 'key', log = silentLog }: { key?: string; log?: Log } = {}): AwaitedJournal {
  const keys = { key: null, keyFile: join(directory, key), previousKeys: [] };
  const options = { database: { url: new Secret(url), maxConnections: 2 }, keys, maxPerTarget: 1 };
  return new AwaitedJournal(options, { ...ports, log });
}

describe('a journal in PostgreSQL', () => {
  it('is waited for, said once for each reason, until that is given up', async () => {
    const lines: { level: string; message: string; fields: LogFields | undefined }[] = [];
    const line = (level: string) => (message: string, fields?: LogFields) =>
      void lines.push({ level, message, fields });
    const log: Log = { ...silentLog, debug: line('debug'), warn: line('warn') };
    const journal = awaited('postgresql://zenova:hunter2@127.0.0.1:1/zenova', { log });
    await expect(journal.check()).rejects.toMatchObject({ message: 'not open yet' });
    const giveUp = new AbortController();
    const opening = journal.open(giveUp.signal);
    opening.catch(() => undefined); // looked at below
    await eventually(() => lines.length >= 3, 'three attempts');
    await expect(journal.check()).rejects.toMatchObject({
      code: 'JOURNAL_UNAVAILABLE',
      message: expect.stringContaining('PostgreSQL 127.0.0.1:1/zenova cannot be reached (ECONNREFUSED)') as unknown,
    });
    giveUp.abort();
    await expect(opening).rejects.toBe(giveUp.signal.reason);
    expect(lines.slice(0, 3).map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
    expect(lines[0]).toMatchObject({ message: 'waiting for the journal', fields: { database: expect.any(String) } });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('is not waited for with another key, or when a newer version has been at work there', async () => {
    const first = await awaited(database.url).open(forEver);
    await first.close();
    await expect(awaited(database.url, { key: 'other-key' }).open(forEver)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('encrypted with key') as unknown,
    });
    const opened = await openDatabase({ url: new Secret(database.url), maxConnections: 1 }, ports);
    await opened.db
      .withTables<{ kysely_migration: { name: string; timestamp: string } }>()
      .insertInto('kysely_migration')
      .values({ name: '9999-later', timestamp: '' })
      .execute();
    await opened.close();
    await expect(awaited(database.url).open(forEver)).rejects.toMatchObject({
      code: 'JOURNAL_UNAVAILABLE',
      retry: 'never',
      message: expect.stringContaining('a newer version of Zenova') as unknown,
    });
  });
});
