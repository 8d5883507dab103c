/**
 * What the service's thread and the database's thread say to each other. Both sides post lists: one message a turn of the
 * event loop, however many jobs or answers it holds. Jobs and answers are tuples, since each is copied from one thread to
 * the other.
 */

/** A parameter as SQLite can bind it. */
export type SqlValue = number | bigint | string | null | Uint8Array;

/** A row as better-sqlite3 gives it, but for blobs, which arrive as `Uint8Array`. */
export type Row = Record<string, unknown>;

/** The transaction a job belongs to; 0 for a statement by itself. */
export type Session = number;

/** One thing to do. Jobs are done in the order in which they were posted; those of the open transaction before all others. */
export type Job =
  | readonly [kind: 'run', id: number, session: Session, sql: string, parameters: readonly SqlValue[]]
  | readonly [kind: 'begin' | 'commit' | 'rollback', id: number, session: Session]
  | readonly [kind: 'backup', id: number, session: 0, to: string]
  | readonly [kind: 'close', id: number, session: 0];

export type StatementJob = Extract<Job, readonly ['run', ...unknown[]]>;

/** An error in parts: copied whole it would lose its code. */
export type Failure = readonly [name: string, message: string, code: string | undefined];

/** What became of a job: a failure, or rows and changes. An answer to a write is posted once the write is on the disk. */
export type Answer =
  | readonly [id: number, failure: Failure]
  | readonly [id: number, failure: null, rows: Row[], changes?: number | bigint, insertId?: number | bigint];

/** The first message of the database's thread: whether it could open the file. */
export type Opening = { readonly opened: true } | { readonly opened: false; readonly failure: Failure };

export interface ThreadData {
  readonly path: string;
}
