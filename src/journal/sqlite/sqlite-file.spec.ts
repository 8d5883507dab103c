import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { eventually } from '../../../test/support/eventually.js';
import { SqliteItems, codes } from '../../../test/support/sqlite-items.js';
import { guarded } from '../guarded.js';
import { openSqliteThread } from './index.js';
import { SqliteThread, startThread } from './sqlite-thread.js';

describe('a SQLite file and its thread', () => {
  let items: SqliteItems;
  beforeEach(async () => {
    items = await SqliteItems.make();
  });
  afterEach(() => items.remove());

  describe('the file', () => {
    it('belongs to one at a time', async () => {
      await expect(openSqliteThread(items.file)).rejects.toMatchObject({
        code: 'JOURNAL_UNAVAILABLE',
        retry: 'never',
        message: expect.stringContaining('in use by another process') as unknown,
      });
      await items.insert('a').execute();
      await items.opened.close();
      await items.reopen();
      expect(await items.names()).toEqual(['a']);
    });

    it('that cannot be opened is told of', async () => {
      writeFileSync(join(items.directory, 'text'), 'not a database, and long enough to be seen as none'.repeat(20));
      for (const path of [join(items.directory, 'text'), join(items.directory, 'text', 'in-a-file'), items.directory]) {
        await expect(openSqliteThread(path)).rejects.toMatchObject({
          code: 'JOURNAL_UNAVAILABLE',
          retry: 'never',
          message: expect.stringContaining(`cannot open the journal ${path}: `) as unknown,
        });
      }
    });

    it('can be memory', async () => {
      const memory = await openSqliteThread(':memory:');
      const inMemory = new Kysely({ dialect: memory.dialect });
      expect((await sql`select 1 as one`.execute(inMemory)).rows).toEqual([{ one: 1 }]);
      await inMemory.destroy();
      expect(existsSync(':memory:')).toBe(false);
    });
  });

  describe('closing', () => {
    it('answers what was asked before, and refuses what comes after', async () => {
      const writes = Array.from({ length: 600 }, (_, i) => items.insert(`n${i}`).execute());
      await writes[0];
      const closing = items.opened.close();
      const late = guarded(() => items.insert('late').execute());
      await expect(late).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE', retry: 'safe' });
      expect(codes(await Promise.allSettled(writes))).toEqual(writes.map(() => 'done'));
      await closing;
      await items.opened.close();
      expect(readdirSync(join(items.directory, 'state'))).toEqual(['test.db']);
    });

    it('rolls back a transaction that is open, one that waits does not begin', async () => {
      await items.insert('a').execute();
      const tx = await items.db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'b' }).execute();
      const waiting = items.db.transaction().execute((other) => other.deleteFrom('items').execute());
      const outcome = expect(waiting).rejects.toThrow('closed');
      await tx.selectFrom('items').select('id').execute();
      await items.opened.close();
      await outcome;
      await expect(tx.commit().execute()).rejects.toThrow('the database is closed');
      const check = new Sqlite(items.file);
      expect(check.prepare('select name from items').pluck().all()).toEqual(['a']);
      check.close();
    });
  });

  describe('a backup', () => {
    const read = (path: string) => {
      const copy = new Sqlite(path);
      try {
        expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
        return copy.prepare<unknown[], string>('select name from items order by id').pluck().all();
      } finally {
        copy.close();
      }
    };
    const fill = (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          items.insert(`${String(i).padStart(6, '0')} ${'x'.repeat(2000)}`).execute(),
        ),
      );

    it('is a good database with all that was answered before, written while writes go on', async () => {
      await fill(2000);
      const before = await items.names();
      const to = join(items.directory, 'copy.db');
      let during = 0;
      const more = () => items.insert(`during ${++during}`).execute();
      const done = items.opened.backup(to).then(() => 'done');
      // Asked in one turn, they reach the thread together, which takes many turns for the copy.
      const first = Promise.all([more(), more(), more(), more()]).then(() => 'written');
      expect(await Promise.race([done, first])).toBe('written');
      while ((await Promise.race([done, Promise.resolve('going on')])) !== 'done') await more();
      const copied = read(to);
      expect(copied.slice(0, before.length)).toEqual(before);
      expect(copied.slice(before.length)).toEqual(Array.from(copied.slice(before.length), (_, i) => `during ${i + 1}`));
      expect(statSync(to).mode & 0o777).toBe(0o600);
      expect(readdirSync(items.directory).filter((name) => name.includes('partial'))).toEqual([]);
    });

    it('has nothing of a transaction that is open', async () => {
      await fill(200);
      const to = join(items.directory, 'copy.db');
      const backup = items.opened.backup(to);
      const tx = await items.db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'uncommitted' }).execute();
      for (let i = 0; i < 50; i++) await tx.selectFrom('items').select('id').limit(1).execute();
      await tx.rollback().execute();
      await backup;
      expect(read(to)).toEqual(await items.names());
    });

    it('overwrites nothing, and leaves nothing when it fails', async () => {
      const to = join(items.directory, 'copy.db');
      writeFileSync(to, 'precious');
      await expect(items.opened.backup(to)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      expect(readFileSync(to, 'utf8')).toBe('precious');
      const nowhere = join(items.directory, 'missing', 'copy.db');
      await expect(items.opened.backup(nowhere)).rejects.toMatchObject({
        code: 'JOURNAL_UNAVAILABLE',
        message: expect.stringContaining(nowhere) as unknown,
      });
      expect(readdirSync(items.directory).sort()).toEqual(['copy.db', 'state']);
    });

    it('is complete before the database closes', async () => {
      await fill(1000);
      const before = await items.names();
      const to = join(items.directory, 'copy.db');
      const backup = items.opened.backup(to);
      await items.opened.close();
      await backup;
      expect(read(to)).toEqual(before);
    });
  });

  describe('when the thread dies', () => {
    it('everything that waits and everything later fails, and the file can be opened again', async () => {
      await items.insert('a').execute();
      await items.opened.close();
      const worker = startThread(items.file);
      const thread = await SqliteThread.attach(worker, items.file);
      await thread.begin(1);
      const waiting = [thread.run(0, 'select 1', []), thread.run(1, "insert into items (name) values ('b')", [])];
      const terminated = worker.terminate();
      for (const call of waiting) {
        await expect(guarded(() => call)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE', retry: 'safe' });
      }
      await terminated;
      await expect(thread.run(0, 'select 1', [])).rejects.toThrow('the thread of the database has ended');
      await expect(thread.backup(join(items.directory, 'copy.db'))).rejects.toMatchObject({
        code: 'JOURNAL_UNAVAILABLE',
      });
      await thread.close();
      await items.reopen();
      expect(await items.names()).toEqual(['a']);
    });

    it('of an error that nobody caught, the calls fail with that error and the log has it', async () => {
      const script = `
        const { parentPort } = require('node:worker_threads');
        parentPort.on('message', () => { throw Object.assign(new Error('out of order'), { code: 'E_ODD' }); });
        parentPort.postMessage({ opened: true });`;
      const logged: unknown[] = [];
      const log = { error: (...line: unknown[]) => logged.push(line) };
      const thread = await SqliteThread.attach(new Worker(script, { eval: true }), 'odd', log as never);
      const calls = await Promise.allSettled([thread.run(0, 'select 1', []), thread.begin(1)]);
      expect(codes(calls)).toEqual(['E_ODD', 'E_ODD']);
      expect(logged).toMatchObject([[expect.any(String), { err: { message: 'out of order' } }]]);
      await thread.close();
    });

    it('before it has opened the file, opening fails', async () => {
      const worker = new Worker('process.exit(3)', { eval: true });
      await expect(SqliteThread.attach(worker, items.file)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    });
  });

  it('has on the disk whatever it has answered when the process is killed', async () => {
    await items.opened.close();
    const main = new URL('thread/main.mjs', import.meta.url).href;
    const script = `
      import { Worker } from 'node:worker_threads';
      import { writeSync } from 'node:fs';
      const workerData = { path: ${JSON.stringify(items.file)} };
      const worker = new Worker(new URL(${JSON.stringify(main)}), { workerData, execArgv: [] });
      let id = 0;
      const more = (count) => worker.postMessage(Array.from({ length: count }, () =>
        ['run', ++id, 0, 'insert into items (id, name) values (?, ?)', [id, 'n' + id]]));
      worker.on('message', (message) => {
        if (message.opened) return more(20);
        for (const [id, failure] of message) writeSync(1, (failure === null ? id : failure) + '\\n');
        more(message.length);
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'close');
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    try {
      await eventually(() => output.split('\n').length > 500, 'five hundred answered writes', 50_000);
    } finally {
      child.kill('SIGKILL');
    }
    await gone;
    const answered = output.split('\n').slice(0, -1).map(Number);
    await items.reopen();
    const rows = await items.db.selectFrom('items').select('id').execute();
    const found = new Set(rows.map(({ id }) => id));
    expect(answered.filter((id) => !found.has(id))).toEqual([]);
  });
});
