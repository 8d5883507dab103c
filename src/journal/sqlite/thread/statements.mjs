/**
 * @import Sqlite from 'better-sqlite3'
 * @import { Answer, Row, StatementJob } from '../protocol.js'
 * @typedef {Sqlite.Statement<unknown[], Row>} Statement
 */

/** Statements kept prepared. The journal has some dozens; more come from lists of varying length and filters. */
const KEPT = 500;

const COMMENTS = String.raw`^(?:\s|--.*\n|/\*[\s\S]*?\*/)*`;
/** Where a transaction begins and ends is decided by the queue; SQLite reports such statements as reads. */
const TRANSACTION_CONTROL = new RegExp(String.raw`${COMMENTS}(?:begin|commit|end|rollback(?!\s+to\b))\b`, 'i');
const SAVEPOINT_CONTROL = new RegExp(String.raw`${COMMENTS}(?:savepoint|release|rollback\s+to)\b`, 'i');

/** Runs statements, and keeps those prepared that were used last. */
export class Statements {
  #database;
  /** @type {Map<string, Statement>} in order of last use */
  #prepared = new Map();

  /** @param {Sqlite.Database} database */
  constructor(database) {
    this.#database = database;
  }

  /**
   * @type {(sql: string, where: 'in a transaction' | 'in a batch') => Statement}
   * @throws when it would begin or end a transaction, in a batch also a savepoint
   */
  prepare(sql, where) {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      if (TRANSACTION_CONTROL.test(sql)) throw new Error(`not a statement but control of a transaction: ${sql}`);
      statement = /** @type {Statement} */ (this.#database.prepare(sql));
    } else {
      this.#prepared.delete(sql);
    }
    if (where === 'in a batch' && SAVEPOINT_CONTROL.test(sql)) throw new Error(`needs a transaction: ${sql}`);
    this.#prepared.set(sql, statement);
    if (this.#prepared.size > KEPT) {
      const [oldest] = this.#prepared.keys();
      if (oldest !== undefined) this.#prepared.delete(oldest);
    }
    return statement;
  }

  /** @type {(statement: Statement, job: StatementJob) => Answer} */
  run(statement, [, id, , , parameters]) {
    if (statement.reader) return [id, null, statement.all(parameters)];
    const { changes, lastInsertRowid } = statement.run(parameters);
    return [id, null, [], changes, lastInsertRowid];
  }
}
