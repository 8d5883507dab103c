import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from 'kysely';
import type { Session } from './protocol.js';
import type { SqliteThread } from './sqlite-thread.js';

const NO_TRANSACTION: Session = 0;

/** Kysely on a database of which the thread has the only connection. */
export class ThreadDialect implements Dialect {
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  createDriver(): Driver {
    return new ThreadDriver(this.#thread);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new ThreadAdapter();
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

/** Kysely's own says no, although SQLite rolls back schema changes too: a migration happens whole or not at all. */
class ThreadAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  #lastSession = NO_TRANSACTION;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  async init(): Promise<void> {}

  /** There is always one: connections differ only in the transaction that they have open. */
  acquireConnection(): Promise<ThreadConnection> {
    return Promise.resolve(new ThreadConnection(this.#thread));
  }

  async beginTransaction(connection: ThreadConnection): Promise<void> {
    const session = ++this.#lastSession;
    await this.#thread.begin(session);
    connection.session = session;
  }

  async commitTransaction(connection: ThreadConnection): Promise<void> {
    await this.#thread.commit(connection.session);
    connection.session = NO_TRANSACTION;
  }

  async rollbackTransaction(connection: ThreadConnection): Promise<void> {
    await this.#thread.rollback(connection.session);
    connection.session = NO_TRANSACTION;
  }

  async savepoint(connection: ThreadConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`savepoint ${quoted(name)}`));
  }

  async rollbackToSavepoint(connection: ThreadConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`rollback to ${quoted(name)}`));
  }

  async releaseSavepoint(connection: ThreadConnection, name: string): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(`release ${quoted(name)}`));
  }

  async releaseConnection(connection: ThreadConnection): Promise<void> {
    if (connection.session !== NO_TRANSACTION) await this.rollbackTransaction(connection);
  }

  destroy(): Promise<void> {
    return this.#thread.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  /** The transaction that this connection has open. */
  session: Session = NO_TRANSACTION;
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changes, insertId } = await this.#thread.run(this.session, sql, parameters);
    return {
      rows: rows as R[],
      ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }),
      ...(insertId === undefined ? {} : { insertId: BigInt(insertId) }),
    };
  }

  /** All rows at once: they come from the thread in one message. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
