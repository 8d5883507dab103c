import { readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CompiledQuery, Migrator, sql, type Kysely } from 'kysely';
import { SqliteItems, codes } from '../../../test/support/sqlite-items.js';

describe('statements on the thread of SQLite', () => {
  let items: SqliteItems;
  beforeEach(async () => {
    items = await SqliteItems.make();
  });
  afterEach(() => items.remove());

  describe('group commit', () => {
    it('commits together what waits together', async () => {
      const before = commitsIn(`${items.file}-wal`);
      await items.insert('alone').execute();
      expect(commitsIn(`${items.file}-wal`) - before).toBe(1);
      await Promise.all(Array.from({ length: 200 }, (_, i) => items.insert(`n${i}`).execute()));
      expect(commitsIn(`${items.file}-wal`) - before).toBeLessThan(10);
      expect(await items.names()).toHaveLength(201);
    });

    it('needs no commit for reads', async () => {
      const before = statSync(`${items.file}-wal`).size;
      await Promise.all([items.names(), items.names(), sql`pragma user_version`.execute(items.db)]);
      expect(statSync(`${items.file}-wal`).size).toBe(before);
    });

    it('lets a statement fail by itself, whole', async () => {
      const results = await Promise.allSettled([
        items.insert('a').execute(),
        items.insert('a').execute(),
        items.db
          .insertInto('items')
          .values([{ name: 'b' }, { name: 'c' }, { name: 'a' }])
          .execute(),
        sql`insert into nowhere values (1)`.execute(items.db),
        items.insert('d').execute(),
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
      expect(await items.names()).toEqual(['a', 'd']);
    });

    it('keeps the order in which it was asked', async () => {
      const [, first, , second, updated, third] = await Promise.all([
        items.insert('a', 1).execute(),
        items.names(),
        items.insert('b', 2).execute(),
        items.names(),
        items.db.updateTable('items').set({ name: 'z' }).where('name', '=', 'a').executeTakeFirstOrThrow(),
        items.names(),
      ]);
      expect([first, second, third]).toEqual([['a'], ['a', 'b'], ['z', 'b']]);
      expect(updated.numUpdatedRows).toBe(1n);
    });

    it('takes more than one commit holds', async () => {
      await Promise.all(Array.from({ length: 1000 }, (_, i) => items.insert(`n${i}`).execute()));
      expect(await items.names()).toEqual(Array.from({ length: 1000 }, (_, i) => `n${i}`));
    });

    it('fails all that a rollback by SQLite itself undoes, and what comes after it goes on', async () => {
      await items.insert('a').execute();
      const results = await Promise.allSettled([
        items.insert('b').execute(),
        items.insert('a').orRollback().execute(),
        items.insert('c').execute(),
      ]);
      expect(codes(results)).toEqual(['SQLITE_ABORT_ROLLBACK', 'SQLITE_CONSTRAINT_UNIQUE', 'done']);
      expect(await items.names()).toEqual(['a', 'c']);
    });

    it('fails the whole batch when it cannot be committed', async () => {
      await sql`create table parents (id integer primary key)`.execute(items.db);
      await sql`create table children (parent integer references parents (id) deferrable initially deferred)`.execute(
        items.db,
      );
      const results = await Promise.allSettled([
        items.insert('a').execute(),
        items.db.insertInto('children').values({ parent: 7 }).execute(),
        items.names(),
      ]);
      expect(codes(results)).toEqual(Array.from({ length: 3 }, () => 'SQLITE_CONSTRAINT_FOREIGNKEY'));
      await items.insert('b').execute();
      expect(await items.names()).toEqual(['b']);
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
        items.insert('a').execute(),
        ...controls.map((text) => sql.raw(text).execute(items.db)),
        items.insert('b').execute(),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        ...controls.map(() => 'rejected'),
        'fulfilled',
      ]);
      expect(await items.names()).toEqual(['a', 'b']);
    });
  });

  it('binds and returns values as better-sqlite3 does', async () => {
    const data = Buffer.from([0, 1, 255]);
    const { insertId, numInsertedOrUpdatedRows } = await items.db
      .insertInto('items')
      .values({ id: 40, name: 'ä €', size: 2 ** 40, data })
      .executeTakeFirstOrThrow();
    expect([insertId, numInsertedOrUpdatedRows]).toEqual([40n, 1n]);
    const row = await items.db.updateTable('items').set({ size: null }).returningAll().executeTakeFirstOrThrow();
    expect(row).toEqual({ id: 40, name: 'ä €', size: null, data: new Uint8Array(data) });
    const rows = await sql`select ${2 ** 40} as i, ${1.5} as r, ${2n ** 50n} as b`.execute(items.db);
    expect(rows.rows).toEqual([{ i: 2 ** 40, r: 1.5, b: 2 ** 50 }]);
  });

  it('refuses a value that it cannot bind, and only that statement', async () => {
    const results = await Promise.allSettled([
      items.insert('a').execute(),
      ...[true, undefined, new Date(0), { a: 1 }, () => 1].map((value) =>
        items.db.executeQuery(CompiledQuery.raw('select ?', [value])),
      ),
      items.insert('b').execute(),
    ]);
    expect(results.slice(1, -1)).toEqual(
      Array.from({ length: 5 }, () => ({
        status: 'rejected',
        reason: new TypeError('SQLite can only bind numbers, strings, bigints, buffers, and null'),
      })),
    );
    expect(await items.names()).toEqual(['a', 'b']);
  });

  describe('a transaction', () => {
    it('has the database for itself until it ends; others come after it, in order', async () => {
      const tx = await items.db.startTransaction().execute();
      const order: string[] = [];
      const others = Promise.all([
        items
          .insert('outside')
          .execute()
          .then(() => order.push('outside')),
        items.db
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
      expect(await items.names()).toEqual(['inside', 'inside too', 'outside', 'another']);
    });

    it('is undone when its callback fails, and a failed statement alone does not undo it', async () => {
      const failing = items.db.transaction().execute(async (tx) => {
        await tx.insertInto('items').values({ name: 'a' }).execute();
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await items.db.transaction().execute(async (tx) => {
        await tx.insertInto('items').values({ name: 'b' }).execute();
        const again = tx.insertInto('items').values({ name: 'b' }).execute();
        await expect(again).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
        await expect(sql`commit`.execute(tx)).rejects.toThrow('control of a transaction');
      });
      expect(await items.names()).toEqual(['b']);
    });

    it('has savepoints', async () => {
      const tx = await items.db.startTransaction().execute();
      await tx.insertInto('items').values({ name: 'a' }).execute();
      const after = await tx.savepoint('a "quoted" one').execute();
      await after.insertInto('items').values({ name: 'b' }).execute();
      await after.rollbackToSavepoint('a "quoted" one').execute();
      await after.releaseSavepoint('a "quoted" one').execute();
      await tx.commit().execute();
      expect(await items.names()).toEqual(['a']);
    });

    it('does not go on after SQLite has rolled it back', async () => {
      const failing = items.db.transaction().execute(async (tx) => {
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
      expect(await items.names()).toEqual([]);
    });

    it('that cannot be committed is undone, and holds nobody up', async () => {
      await sql`create table parents (id integer primary key)`.execute(items.db);
      await sql`create table children (parent integer references parents (id) deferrable initially deferred)`.execute(
        items.db,
      );
      const tx = await items.db.startTransaction().execute();
      await tx.insertInto('children').values({ parent: 7 }).execute();
      await expect(tx.commit().execute()).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
      await items.insert('a').execute();
      const late = tx.insertInto('items').values({ name: 'late' }).execute();
      await expect(late).rejects.toMatchObject({ code: 'SQLITE_ABORT_ROLLBACK' });
      await tx.rollback().execute();
      expect(await items.db.selectFrom('children').selectAll().execute()).toEqual([]);
      expect(await items.names()).toEqual(['a']);
    });

    it('is rolled back when its connection is given back without an end', async () => {
      const driver = items.opened.dialect.createDriver();
      const connection = await driver.acquireConnection();
      await driver.beginTransaction(connection, {});
      await connection.executeQuery(items.insert('a').compile());
      await driver.releaseConnection(connection);
      expect(await items.names()).toEqual([]);
    });
  });

  it('brings a migration about whole or not at all', async () => {
    const failing = {
      up: async (on: Kysely<unknown>) => {
        await on.schema.createTable('half').addColumn('id', 'integer').execute();
        await sql`insert into nowhere values (1)`.execute(on);
      },
    };
    const migrator = new Migrator({ db: items.db, provider: { getMigrations: () => Promise.resolve({ failing }) } });
    const { error } = await migrator.migrateToLatest();
    expect(error).toMatchObject({ code: 'SQLITE_ERROR' });
    const tables = await items.db.introspection.getTables();
    expect(tables.map(({ name }) => name)).not.toContain('half');
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
