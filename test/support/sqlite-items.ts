import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, sql, type Generated } from 'kysely';
import { openSqliteThread, type OpenSqlite } from '../../src/journal/sqlite/index.js';

interface Tables {
  items: { id: Generated<number>; name: string; size: number | null; data: Uint8Array | null };
  parents: { id: number };
  children: { parent: number };
}

/** A SQLite file of one's own on its thread, with a table of items. */
export class SqliteItems {
  private constructor(
    readonly directory: string,
    readonly file: string,
    private thread: OpenSqlite,
    private database: Kysely<Tables>,
  ) {}

  static async make(): Promise<SqliteItems> {
    const directory = mkdtempSync(join(tmpdir(), 'zenova-sqlite-'));
    const file = join(directory, 'state', 'test.db');
    const opened = await openSqliteThread(file);
    const items = new SqliteItems(directory, file, opened, new Kysely<Tables>({ dialect: opened.dialect }));
    await sql`create table items (id integer primary key, name text not null unique, size integer, data blob)`.execute(
      items.db,
    );
    return items;
  }

  get opened(): OpenSqlite {
    return this.thread;
  }

  get db(): Kysely<Tables> {
    return this.database;
  }

  /** Opens the file again, once it is closed. */
  async reopen(): Promise<void> {
    this.thread = await openSqliteThread(this.file);
    this.database = new Kysely<Tables>({ dialect: this.thread.dialect });
  }

  insert(name: string, size: number | null = null) {
    return this.db.insertInto('items').values({ name, size });
  }

  /** Of all items, in order. */
  async names(): Promise<string[]> {
    const rows = await this.db.selectFrom('items').select('name').orderBy('id').execute();
    return rows.map(({ name }) => name);
  }

  async remove(): Promise<void> {
    await this.thread.close();
    rmSync(this.directory, { recursive: true });
  }
}

/** The code of each failure, and "done". */
export function codes(results: readonly PromiseSettledResult<unknown>[]): (string | undefined)[] {
  return results.map((result) => (result.status === 'fulfilled' ? 'done' : (result.reason as { code?: string }).code));
}
