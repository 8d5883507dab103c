import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { CompiledQuery, Kysely, Migrator, sql, type Generated } from 'kysely';
import { eventually } from '../../../test/support/eventually.js';
import { guarded } from '../guarded.js';
import { openSqliteThread, type OpenSqlite } from './index.js';
import { SqliteThread, startThread } from './sqlite-thread.js';

interface Tables {
  items: { id: Generated<number>; name: string; size: number | null; data: Uint8Array | null };
  parents: { id: number };
  children: { parent: number };
}

describe('SQLite on a thread of its own', () => {
  let directory: string;
  let file: string;
  let opened: OpenSqlite;
  let db: Kysely<Tables>;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zenova-sqlite-'));
    file = join(directory, 'state', 'test.db');
    opened = await openSqliteThread(file);
    db = new Kysely<Tables>({ dialect: opened.dialect });
    await sql`create table items (id integer primary key, name text not null unique, size integer, data blob)`.execute(
      db,
    );
  });
  afterEach(async () => {
    await opened.close();
    rmSync(directory, { recursive: true });
  });

  const insert = (name: string, size: number | null = null) => db.insertInto('items').values({ name, size });
  const names = async () => {
    const rows = await db.selectFrom('items').select('name').orderBy('id').execute();
    return rows.map(({ name }) => name);
  };
  const codes = (results: PromiseSettledResult<unknown>[]) =>
    results.map((result) => (result.status === 'fulfilled' ? 'done' : (result.reason as { code?: string }).code));

  describe('group commit', () => {
    it('commits together what waits together', async () => {
      const before = commitsIn(`${file}-wal`);
      await insert('alone').execute();
      expect(commitsIn(`${file}-wal`) - before).toBe(1);
      await Promise.all(Array.from({ length: 200 }, (_, i) => insert(`n${i}`).execute()));
      expect(commitsIn(`${file}-wal`) - before).toBeLessThan(10);
      expect(await names()).toHaveLength(201);
    });

    it('needs no commit for reads', async () => {
      const before = statSync(`${file}-wal`).size;
      await Promise.all([names(), names(), sql`pragma user_version`.execute(db)]);
      expect(statSync(`${file}-wal`).size).toBe(before);
    });

    it('lets a statement fail by itself, whole', async () => {
      const results = await Promise.allSettled([
        insert('a').execute(),
        insert('a').execute(),
        db
          .insertInto('items')
          .values([{ name: 'b' }, { name: 'c' }, { name: 'a' }])
          .execute(),
        sql`insert into nowhere values (1)`.execute(db),
        insert('d').execute(),
      ]);
      expect(codes(results)).toEqual([
        'done',
        'SQLITE_CONSTRAINT_UNIQUE',
        'SQLITE_CONSTRAINT_UNIQUE',
        'SQLITE_ERROR',
        'done',
      ]);
      expect(results[1]).toMatchObject({
        reason: { name: 'SqliteError', message: 'UNIQUE constraint failed: items.name' },
      });
      expect(await names()).toEqual(['a', 'd']);
    });

    it('keeps the order in which it was asked', async () => {
      const [, first, , second, updated, third] = await Promise.all([
        insert('a', 1).execute(),
        names(),
        insert('b', 2).execute(),
        names(),
        db.updateTable('items').set({ name: 'z' }).where('name', '=', 'a').executeTakeFirstOrThrow(),
        names(),
      ]);
      expect([first, second, third]).toEqual([['a'], ['a', 'b'], ['z', 'b']]);
      expect(updated.numUpdatedRows).toBe(1n);
    });

    it('takes more than one commit holds', async () => {
      await Promise.all(Array.from({ length: 1000 }, (_, i) => insert(`n${i}`).execute()));
      expect(await names()).toEqual(Array.from({ length: 1000 }, (_, i) => `n${i}`));
    });

    it('fails all that a rollback by SQLite itself undoes, and what comes after it goes on', async () => {
      await insert('a').execute();
      const results = await Promise.allSettled([
        insert('b').execute(),
        insert('a').orRollback().execute(),
        insert('c').execute(),
      ]);
      expect(codes(results)).toEqual(['SQLITE_ABORT_ROLLBACK', 'SQLITE_CONSTRAINT_UNIQUE', 'done']);
      expect(await names()).toEqual(['a', 'c']);
    });

    it('fails the whole batch when it cannot be committed', async () => {
      await sql`create table parents (id integer primary key)`.execute(db);
      await sql`create table children (parent integer references parents (id) deferrable initially deferred)`.execute(
        db,
      );
      const results = await Promise.allSettled([
        insert('a').execute(),
        db.insertInto('children').values({ parent: 7 }).execute(),
        names(),
      ]);
      expect(codes(results)).toEqual(Array.from({ length: 3 }, () => 'SQLITE_CONSTRAINT_FOREIGNKEY'));
      await insert('b').execute();
      expect(await names()).toEqual(['b']);
    });

    it('has no statement begin or end the common transaction', async () => {
      const controls = [
        'commit',
        'END',
        '/* x */ rollback',
        '-- x\n begin',
        'savepoint a',
        'release a',
        'rollback to a',
      ];
      const results = await Promise.allSettled([
        insert('a').execute(),
        ...controls.map((text) => sql.raw(text).execute(db)),
        insert('b').execute(),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        ...controls.map(() => 'rejected'),
        'fulfilled',
      ]);
      expect(await names()).toEqual(['a', 'b']);
    });
  });

  it('binds and returns values as better-sqlite3 does', async () => {
    const data = Buffer.from([0, 1, 255]);
    const { insertId, numInsertedOrUpdatedRows } = await db
      .insertInto('items')
      .values({ id: 40, name: 'ä €', size: 2 ** 40, data })
      .executeTakeFirstOrThrow();
    expect([insertId, numInsertedOrUpdatedRows]).toEqual([40n, 1n]);
    const row = await db.updateTable('items').set({ size: null }).returningAll().executeTakeFirstOrThrow();
    expect(row).toEqual({ id: 40, name: 'ä €', size: null, data: new Uint8Array(data) });
    const rows = await sql`select ${2 ** 40} as i, ${1.5} as r, ${2n ** 50n} as b`.execute(db);
    expect(rows.rows).toEqual([{ i: 2 ** 40, r: 1.5, b: 2 ** 50 }]);
  });

  it('refuses a value that it cannot bind, and only that statement', async () => {
    const results = await Promise.allSettled([
      insert('a').execute(),
      ...[true, undefined, new Date(0), { a: 1 }, () => 1].map((value) =>
        db.executeQuery(CompiledQuery.raw('select ?', [value])),
      ),
      insert('b').execute(),
    ]);
    expect(results.slice(1, -1)).toEqual(
      Array.from({ length: 5 }, () => ({
        status: 'rejected',
        reason: new TypeError('SQLite can only bind numbers, strings, bigints, buffers, and null'),
      })),
    );
    expect(await names()).toEqual(['a', 'b']);
  });

  describe('a transaction', () => {
    it('has the database for itself until it ends; others come after it, in order', async () => {
      const tx = await db.startTransaction().execute();
      const order: string[] = [];
      const others = Promise.all([
        insert('outside')
          .execute()
          .then(() => order.push('outside')),
        db
          .transaction()
          .execute((other) => other.insertInto('items').values({ name: 'another' }).execute())
          .then(() => order.push('another')),
      ]);
      await tx.insertInto('items').values({ name: 'inside' }).execute();
      // Each is a way there and back, in which the others would have had their turn.
      for (let i = 0; i < 20; i++) await tx.selectFrom('items').select('id').execute();
      await tx.insertInto('items').values({ name: 'inside too' }).execute();
      const seen = await tx.selectFrom('items').select('name').execute();
      expect(seen.map(({ name }) => name)).toEqual(['inside', 'inside too']);
      expect(order).toEqual([]);
      await tx.commit().execute();
      await others;
      expect(order).toEqual(['outside', 'another']);
      expect(await names()).toEqual(['inside', 'inside too', 'outside', 'another']);
    });

    it('is undone when its callback fails, and a failed statement alone does not undo it', async () => {
      const failing = db.transaction().execute(async (tx) => {
        await tx.insertInto('items').values({ name: 'a' }).execute();
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('items').values({ name: 'b' }).execute();
        const again = tx.insertInto('items').values({ name: 'b' }).execute();
        await expect(again).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
        await expect(sql`commit`.execute(tx)).rejects.toThrow('control of a transaction');
      });
      expect(await names()).toEqual(['b']);
    });

    it('has savepoints', async () => {
      const tx = await db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'a' }).execute();
      const after = await tx.savepoint('a "quoted" one').execute();
      await after.insertInto('items').values({ name: 'b' }).execute();
      await after.rollbackToSavepoint('a "quoted" one').execute();
      await after.releaseSavepoint('a "quoted" one').execute();
      await tx.commit().execute();
      expect(await names()).toEqual(['a']);
    });

    it('does not go on after SQLite has rolled it back', async () => {
      const failing = db.transaction().execute(async (tx) => {
        await tx.insertInto('items').values({ name: 'a' }).execute();
        await tx
          .insertInto('items')
          .orRollback()
          .values({ name: 'a' })
          .execute()
          .catch(() => undefined);
        await tx.insertInto('items').values({ name: 'alone' }).execute();
      });
      await expect(failing).rejects.toMatchObject({ code: 'SQLITE_ABORT_ROLLBACK' });
      expect(await names()).toEqual([]);
    });

    it('that cannot be committed is undone, and holds nobody up', async () => {
      await sql`create table parents (id integer primary key)`.execute(db);
      await sql`create table children (parent integer references parents (id) deferrable initially deferred)`.execute(
        db,
      );
      const tx = await db.startTransaction().execute();
      await tx.insertInto('children').values({ parent: 7 }).execute();
      await expect(tx.commit().execute()).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
      await insert('a').execute();
      const late = tx.insertInto('items').values({ name: 'late' }).execute();
      await expect(late).rejects.toMatchObject({ code: 'SQLITE_ABORT_ROLLBACK' });
      await tx.rollback().execute();
      expect(await db.selectFrom('children').selectAll().execute()).toEqual([]);
      expect(await names()).toEqual(['a']);
    });

    it('is rolled back when its connection is given back without an end', async () => {
      const driver = opened.dialect.createDriver();
      const connection = await driver.acquireConnection();
      await driver.beginTransaction(connection, {});
      await connection.executeQuery(insert('a').compile());
      await driver.releaseConnection(connection);
      expect(await names()).toEqual([]);
    });
  });

  it('brings a migration about whole or not at all', async () => {
    const failing = {
      up: async (on: Kysely<unknown>) => {
        await on.schema.createTable('half').addColumn('id', 'integer').execute();
        await sql`insert into nowhere values (1)`.execute(on);
      },
    };
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ failing }) } });
    const { error } = await migrator.migrateToLatest();
    expect(error).toMatchObject({ code: 'SQLITE_ERROR' });
    const tables = await db.introspection.getTables();
    expect(tables.map(({ name }) => name)).not.toContain('half');
  });

  describe('the file', () => {
    it('belongs to one at a time', async () => {
      await expect(openSqliteThread(file)).rejects.toMatchObject({
        code: 'JOURNAL_UNAVAILABLE',
        retry: 'never',
        message: expect.stringContaining('in use by another process') as unknown,
      });
      await insert('a').execute();
      await opened.close();
      opened = await openSqliteThread(file);
      db = new Kysely<Tables>({ dialect: opened.dialect });
      expect(await names()).toEqual(['a']);
    });

    it('that cannot be opened is told of', async () => {
      writeFileSync(join(directory, 'text'), 'not a database, and long enough to be seen as none'.repeat(20));
      for (const path of [join(directory, 'text'), join(directory, 'text', 'in-a-file'), directory]) {
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
      const writes = Array.from({ length: 600 }, (_, i) => insert(`n${i}`).execute());
      await writes[0];
      const closing = opened.close();
      const late = guarded(() => insert('late').execute());
      await expect(late).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE', retry: 'safe' });
      expect(codes(await Promise.allSettled(writes))).toEqual(writes.map(() => 'done'));
      await closing;
      await opened.close();
      expect(readdirSync(join(directory, 'state'))).toEqual(['test.db']);
    });

    it('rolls back a transaction that is open, one that waits does not begin', async () => {
      await insert('a').execute();
      const tx = await db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'b' }).execute();
      const waiting = db.transaction().execute((other) => other.deleteFrom('items').execute());
      const outcome = expect(waiting).rejects.toThrow('closed');
      await tx.selectFrom('items').select('id').execute();
      await opened.close();
      await outcome;
      await expect(tx.commit().execute()).rejects.toThrow('the database is closed');
      const check = new Sqlite(file);
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
        Array.from({ length: count }, (_, i) => insert(`${String(i).padStart(6, '0')} ${'x'.repeat(2000)}`).execute()),
      );

    it('is a good database with all that was answered before, written while writes go on', async () => {
      await fill(2000);
      const before = await names();
      const to = join(directory, 'copy.db');
      let during = 0;
      const done = opened.backup(to).then(() => 'done');
      do await insert(`during ${++during}`).execute();
      while ((await Promise.race([done, Promise.resolve('going on')])) !== 'done');
      expect(during).toBeGreaterThan(3);
      const copied = read(to);
      expect(copied.slice(0, before.length)).toEqual(before);
      expect(copied.slice(before.length)).toEqual(Array.from(copied.slice(before.length), (_, i) => `during ${i + 1}`));
      expect(statSync(to).mode & 0o777).toBe(0o600);
      expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
    });

    it('has nothing of a transaction that is open', async () => {
      await fill(200);
      const to = join(directory, 'copy.db');
      const backup = opened.backup(to);
      const tx = await db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'uncommitted' }).execute();
      for (let i = 0; i < 50; i++) await tx.selectFrom('items').select('id').limit(1).execute();
      await tx.rollback().execute();
      await backup;
      expect(read(to)).toEqual(await names());
    });

    it('overwrites nothing, and leaves nothing when it fails', async () => {
      const to = join(directory, 'copy.db');
      writeFileSync(to, 'precious');
      await expect(opened.backup(to)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      expect(readFileSync(to, 'utf8')).toBe('precious');
      const nowhere = join(directory, 'missing', 'copy.db');
      await expect(opened.backup(nowhere)).rejects.toMatchObject({
        code: 'JOURNAL_UNAVAILABLE',
        message: expect.stringContaining(nowhere) as unknown,
      });
      expect(readdirSync(directory).sort()).toEqual(['copy.db', 'state']);
    });

    it('is complete before the database closes', async () => {
      await fill(1000);
      const before = await names();
      const to = join(directory, 'copy.db');
      const backup = opened.backup(to);
      await opened.close();
      await backup;
      expect(read(to)).toEqual(before);
    });
  });

  describe('when the thread dies', () => {
    it('everything that waits and everything later fails, and the file can be opened again', async () => {
      await insert('a').execute();
      await opened.close();
      const worker = startThread(file);
      const thread = await SqliteThread.attach(worker, file);
      await thread.begin(1);
      const waiting = [thread.run(0, 'select 1', []), thread.run(1, "insert into items (name) values ('b')", [])];
      const terminated = worker.terminate();
      for (const call of waiting) {
        await expect(guarded(() => call)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE', retry: 'safe' });
      }
      await terminated;
      await expect(thread.run(0, 'select 1', [])).rejects.toThrow('the thread of the database has ended');
      await expect(thread.backup(join(directory, 'copy.db'))).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
      await thread.close();
      opened = await openSqliteThread(file);
      db = new Kysely<Tables>({ dialect: opened.dialect });
      expect(await names()).toEqual(['a']);
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
      await expect(SqliteThread.attach(worker, file)).rejects.toMatchObject({ code: 'JOURNAL_UNAVAILABLE' });
    });
  });

  it('has on the disk whatever it has answered when the process is killed', async () => {
    await opened.close();
    const main = new URL('thread/main.mjs', import.meta.url).href;
    const script = `
      import { Worker } from 'node:worker_threads';
      import { writeSync } from 'node:fs';
      const workerData = { path: ${JSON.stringify(file)} };
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
      await eventually(() => output.split('\n').length > 500, 'five hundred answered writes');
    } finally {
      child.kill('SIGKILL');
    }
    await gone;
    const answered = output.split('\n').slice(0, -1).map(Number);
    opened = await openSqliteThread(file);
    db = new Kysely<Tables>({ dialect: opened.dialect });
    const rows = await db.selectFrom('items').select('id').execute();
    const found = new Set(rows.map(({ id }) => id));
    expect(answered.filter((id) => !found.has(id))).toEqual([]);
  });
});

/**
 * Transactions in a write-ahead log, read from its bytes: the last frame of each says how large the database is after it.
 * The format: https://sqlite.org/fileformat2.html#walformat
 */
function commitsIn(wal: string): number {
  const bytes = readFileSync(wal);
  const pageSize = bytes.readUInt32BE(8);
  const salt = bytes.subarray(16, 24);
  let commits = 0;
  for (let frame = 32; frame + 24 + pageSize <= bytes.length; frame += 24 + pageSize) {
    if (!bytes.subarray(frame + 8, frame + 16).equals(salt)) break;
    if (bytes.readUInt32BE(frame + 4) !== 0) commits++;
  }
  return commits;
}
