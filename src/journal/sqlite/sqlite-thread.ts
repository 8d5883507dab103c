import { types } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ComputeError, errorCodeOf, messageOf } from '../../common/errors/index.js';
import type { Log } from '../../common/log.js';
import type { Answer, Failure, Job, Opening, Row, Session, SqlValue, ThreadData } from './protocol.js';

/** Starts the thread that has the database of this path. */
export function startThread(path: string): Worker {
  const workerData: ThreadData = { path };
  // What the program was started with (a loader, a debugger's port) is not for this thread.
  return new Worker(new URL('./thread/main.mjs', import.meta.url), { name: 'sqlite', workerData, execArgv: [] });
}

/** What a statement gave. */
export interface StatementResult {
  readonly rows: Row[];
  readonly changes?: number | bigint | undefined;
  readonly insertId?: number | bigint | undefined;
}

interface Caller {
  resolve(result: StatementResult): void;
  reject(error: Error): void;
}

/** The service's end of the thread that has the database: it posts jobs and hands the answers to their callers. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #log: Log | undefined;
  readonly #callers = new Map<number, Caller>();
  #outbox: Job[] = [];
  #lastId = 0;
  /** Why nothing more can be asked of the thread. */
  #end: { readonly message: string; readonly code: string | undefined; readonly cause?: unknown } | undefined;
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker, log: Log | undefined) {
    this.#worker = worker;
    this.#log = log;
    worker.on('message', (answers: Answer[]) => this.#settle(answers));
    worker.on('messageerror', (error) => this.#die(error));
    worker.on('error', (error) => this.#die(error));
    worker.on('exit', (status) => {
      if (this.#closing === undefined) this.#die(new Error(`it ended with status ${status}`));
      else this.#rejectAll();
    });
    worker.unref();
  }

  /**
   * Waits until the thread has opened the file.
   *
   * @param log told when the thread ends by itself
   * @throws ComputeError JOURNAL_UNAVAILABLE when another process has the file, or it cannot be written
   */
  static async attach(worker: Worker, path: string, log?: Log): Promise<SqliteThread> {
    const opening = await new Promise<Opening>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (status) => reject(new Error(`its thread ended with status ${status}`)));
    }).catch((error: unknown) => {
      throw unopened(path, error);
    });
    if (!opening.opened) throw unopened(path, fromFailure(opening.failure));
    return new SqliteThread(worker, log);
  }

  /** Runs one statement: in the open transaction `session`, or together with others that wait when it is 0. */
  run(session: Session, sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    // One value that cannot be copied to the thread would spoil the whole message.
    if (!parameters.every(isSqlValue)) {
      return Promise.reject(new TypeError('SQLite can only bind numbers, strings, bigints, buffers, and null'));
    }
    return this.#ask((id) => ['run', id, session, sql, parameters]);
  }

  /** Waits for its turn; from then on until `commit` or `rollback` the database serves this session only. */
  async begin(session: Session): Promise<void> {
    await this.#ask((id) => ['begin', id, session]);
  }

  async commit(session: Session): Promise<void> {
    await this.#ask((id) => ['commit', id, session]);
  }

  async rollback(session: Session): Promise<void> {
    await this.#ask((id) => ['rollback', id, session]);
  }

  /**
   * Writes a copy of the database, as it stands when the copy is complete, while statements go on.
   *
   * @throws ComputeError ALREADY_EXISTS when there is a file of that name
   * @throws ComputeError JOURNAL_UNAVAILABLE when the copy could not be made; nothing of that name is left then
   */
  async backup(to: string): Promise<void> {
    try {
      await this.#ask((id) => ['backup', id, 0, to]);
    } catch (error) {
      if (errorCodeOf(error) === 'EEXIST') {
        throw new ComputeError('ALREADY_EXISTS', `${to} exists already; give the backup a name of its own`, {
          cause: error,
        });
      }
      const text = `cannot back the journal up to ${to}: ${messageOf(error)}`;
      throw new ComputeError('JOURNAL_UNAVAILABLE', text, { cause: error });
    }
  }

  /** Answers what was asked before, rolls back a transaction that is open, closes the file, and ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#end !== undefined) return;
    const exited = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    const closed = this.#ask((id) => ['close', id, 0]);
    this.#end = { message: 'the database is closed', code: 'SQLITE_MISUSE' };
    await closed;
    await exited;
  }

  #ask(jobWith: (id: number) => Job): Promise<StatementResult> {
    if (this.#end !== undefined) return Promise.reject(this.#ended());
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      // A call keeps the process alive until it is answered, an idle database does not.
      if (this.#callers.size === 0) this.#worker.ref();
      this.#callers.set(id, { resolve, reject });
      if (this.#outbox.push(jobWith(id)) === 1) setImmediate(() => this.#post());
    });
  }

  /** One message for all that was asked in this turn of the event loop. */
  #post(): void {
    const jobs = this.#outbox;
    this.#outbox = [];
    this.#worker.postMessage(jobs);
  }

  #settle(answers: readonly Answer[]): void {
    for (const [id, failure, rows = [], changes, insertId] of answers) {
      const caller = this.#callers.get(id);
      this.#callers.delete(id);
      if (failure === null) caller?.resolve({ rows, changes, insertId });
      else caller?.reject(fromFailure(failure));
    }
    // While it closes, the thread's exit is waited for.
    if (this.#callers.size === 0 && this.#closing === undefined) this.#worker.unref();
  }

  #die(error: unknown): void {
    if (this.#end !== undefined && this.#closing === undefined) return;
    const message = `the thread of the database has ended: ${messageOf(error)}`;
    this.#end = { message, code: errorCodeOf(error), cause: error };
    this.#log?.error('the thread of the database has ended; every call fails from here', { err: error });
    this.#rejectAll();
    void this.#worker.terminate();
  }

  #rejectAll(): void {
    const callers = [...this.#callers.values()];
    this.#callers.clear();
    for (const caller of callers) caller.reject(this.#ended());
  }

  #ended(): Error {
    const { message = 'the database is closed', code, cause } = this.#end ?? {};
    return Object.assign(new Error(message, { cause }), code === undefined ? {} : { code });
  }
}

function isSqlValue(value: unknown): value is SqlValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return true;
    default:
      return value === null || types.isUint8Array(value);
  }
}

function fromFailure([name, message, code]: Failure): Error {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  error.name = name;
  return error;
}

function unopened(path: string, error: unknown): ComputeError {
  const text =
    errorCodeOf(error) === 'SQLITE_BUSY'
      ? `the journal ${path} is in use by another process; one service at a time can have it`
      : `cannot open the journal ${path}: ${messageOf(error)}`;
  return new ComputeError('JOURNAL_UNAVAILABLE', text, { cause: error, retry: 'never' });
}
