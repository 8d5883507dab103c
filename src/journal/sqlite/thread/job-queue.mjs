import { writeBackup } from './backup.mjs';
import { failureOf } from './failure.mjs';
import { Statements } from './statements.mjs';

/**
 * @import Sqlite from 'better-sqlite3'
 * @import { Answer, Failure, Job, Session, StatementJob } from '../protocol.js'
 */

/** @type {Session} of a statement by itself */
const NO_TRANSACTION = 0;

/** Statements of one commit. It bounds how long the first of them waits, and how much the other thread gets at once. */
const MAX_BATCH = 256;

/** @type {Failure} */
const ROLLED_BACK = [
  'SqliteError',
  'SQLite rolled back the transaction that this statement was part of',
  'SQLITE_ABORT_ROLLBACK',
];

/**
 * Does jobs in their order. Statements that wait together share one transaction, hence one fsync, and are answered after
 * it. There is no savepoint around each: SQLite undoes a statement that fails, and no more than that, by itself.
 *
 * Two things concern the whole transaction and so every statement of the batch, which then all fail: `OR ROLLBACK` and
 * constraints that are checked at the commit. The journal uses neither.
 */
export class JobQueue {
  #database;
  #statements;
  #post;
  #closed;
  /** @type {Job[]} */
  #waiting = [];
  /** @type {Session | undefined} whose transaction is open; all others wait */
  #open;
  /** @type {Set<Promise<void>>} */
  #backups = new Set();
  #turnIsDue = false;
  #isClosing = false;

  /**
   * @param {Sqlite.Database} database
   * @param {(answers: Answer[]) => void} post
   * @param {() => void} closed called once the database is closed
   */
  constructor(database, post, closed) {
    this.#database = database;
    this.#statements = new Statements(database);
    this.#post = post;
    this.#closed = closed;
  }

  /** @param {readonly Job[]} jobs */
  take(jobs) {
    /** @type {Answer[]} */
    const answers = [];
    for (const job of jobs) {
      if (job[2] !== NO_TRANSACTION && job[0] !== 'begin') {
        answers.push(this.#withinTransaction(job));
        continue;
      }
      this.#waiting.push(job);
      if (job[0] === 'close') {
        // Nothing is posted after it, so nobody would end the transaction.
        this.#isClosing = true;
        this.#rollBack();
      }
    }
    if (answers.length > 0) this.#post(answers);
    this.#next();
  }

  /**
   * What is posted during a turn arrives, all of it, before the next one: Node empties the port, then runs immediates.
   * So a batch grows with the load, and a backup gets its share between two.
   */
  #next() {
    if (this.#turnIsDue || this.#open !== undefined || this.#waiting.length === 0) return;
    this.#turnIsDue = true;
    setImmediate(() => {
      this.#turnIsDue = false;
      this.#turn();
      this.#next();
    });
  }

  #turn() {
    const statements = this.#takeStatements();
    if (statements.length > 0) {
      this.#post(this.#batch(statements));
      return;
    }
    const job = this.#waiting.shift();
    if (job === undefined) return;
    if (job[0] === 'backup') void this.#backUp(job[1], job[3]);
    else if (job[0] === 'close') void this.#close(job[1]);
    else this.#post([this.#begin(job)]);
  }

  /** @returns {StatementJob[]} those at the head of the queue */
  #takeStatements() {
    /** @type {StatementJob[]} */
    const statements = [];
    for (const job of this.#waiting) {
      if (job[0] !== 'run' || statements.length === MAX_BATCH) break;
      statements.push(job);
    }
    this.#waiting.splice(0, statements.length);
    return statements;
  }

  /** @type {(jobs: readonly StatementJob[]) => Answer[]} */
  #batch(jobs) {
    /** @type {Answer[]} */
    const answers = [];
    /** Where in `answers` the transaction begins; reads before the first write need none. */
    let begun = jobs.length;
    for (const job of jobs) {
      try {
        const statement = this.#statements.prepare(job[3], 'in a batch');
        if (!statement.readonly && !this.#database.inTransaction) {
          this.#database.exec('BEGIN IMMEDIATE');
          begun = answers.length;
        }
        answers.push(this.#statements.run(statement, job));
      } catch (error) {
        if (begun < answers.length && !this.#database.inTransaction) failFrom(answers, begun, ROLLED_BACK);
        begun = this.#database.inTransaction ? begun : jobs.length;
        answers.push([job[1], failureOf(error)]);
      }
    }
    if (!this.#database.inTransaction) return answers;
    try {
      this.#database.exec('COMMIT');
    } catch (error) {
      failFrom(answers, begun, failureOf(error));
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    }
    return answers;
  }

  /** @type {(job: Job) => Answer} */
  #begin([, id, session]) {
    return attempt(id, () => {
      if (this.#isClosing) throw new Error('the database is being closed');
      this.#database.exec('BEGIN IMMEDIATE');
      this.#open = session;
      return [id, null, []];
    });
  }

  /** @type {(job: Job) => Answer} */
  #withinTransaction(job) {
    const [kind, id, session] = job;
    if (kind === 'rollback') {
      if (session === this.#open) this.#rollBack();
      return [id, null, []];
    }
    // SQLite ends a transaction by itself after some errors; what follows would be committed alone.
    if (session !== this.#open || !this.#database.inTransaction) return [id, ROLLED_BACK];
    if (kind === 'run') {
      return attempt(id, () => this.#statements.run(this.#statements.prepare(job[3], 'in a transaction'), job));
    }
    const answer = attempt(id, () => {
      this.#database.exec('COMMIT');
      return [id, null, []];
    });
    // What could not be committed is not left open: others wait.
    this.#rollBack();
    return answer;
  }

  /** Ends the transaction that is open, if one is; undoes what is not committed of it. */
  #rollBack() {
    if (this.#open === undefined) return;
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    this.#open = undefined;
  }

  /** @type {(id: number, to: string) => Promise<void>} */
  async #backUp(id, to) {
    const backup = writeBackup(this.#database, to).then(
      () => this.#post([[id, null, []]]),
      (/** @type {unknown} */ error) => this.#post([[id, failureOf(error)]]),
    );
    this.#backups.add(backup);
    await backup;
    this.#backups.delete(backup);
  }

  /** @type {(id: number) => Promise<void>} */
  async #close(id) {
    await Promise.all(this.#backups);
    // Moves what is in the write-ahead log into the database's file, and removes the log.
    const answer = attempt(id, () => {
      this.#database.close();
      return [id, null, []];
    });
    this.#post([answer]);
    this.#closed();
  }
}

/** @type {(id: number, work: () => Answer) => Answer} */
function attempt(id, work) {
  try {
    return work();
  } catch (error) {
    return [id, failureOf(error)];
  }
}

/** @type {(answers: Answer[], start: number, failure: Failure) => void} */
function failFrom(answers, start, failure) {
  for (const [i, [id, failed]] of answers.entries()) {
    if (i >= start && failed === null) answers[i] = [id, failure];
  }
}
